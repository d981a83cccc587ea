"""Two trained runs on generated data, to be judged and promoted under a model name of each test's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from mlflow import MlflowClient

from command import Command, Result, Running

__all__ = ["Stage", "Workshop"]


@dataclass(frozen=True)
class Workshop:
    """The command, the run of a model of 2013, and those of two that may succeed it."""

    forecastops: Command
    first: str
    second: str
    third: str

    @classmethod
    def build(cls, forecastops: Command) -> Workshop:
        """Train all three."""
        forecastops.ok("data", "sample", "transactions", "--out", "data")
        past, now = "data/transaction_ts2013.csv", "data/transaction_ts2014.csv"
        both = ["--data", past, "--data", now]
        runs = [forecastops.ok("train", *arguments)["run_id"] for arguments in (["--data", past], both, both)]
        return cls(forecastops, *runs)

    def stage(self, model: str) -> Stage:
        """A registered model of that name, still without versions."""
        return Stage(self, model)


@dataclass(frozen=True)
class Stage:
    """One registered model, its endpoint, and the commands on it."""

    workshop: Workshop
    model: str

    @property
    def client(self) -> MlflowClient:
        """MLflow itself, to look behind the command."""
        return MlflowClient(self.workshop.forecastops.environment["MLFLOW_TRACKING_URI"])

    def options(self) -> list[str]:
        """What names this model to every command."""
        return ["--set", f"registry.model_name={self.model}"]

    def run(self, *args: str, **rest: Any) -> Result:
        """A command on this model, however it ends."""
        return self.workshop.forecastops(*args, *self.options(), "--json", **rest)

    def start(self, *args: str) -> Running:
        """A command on this model, started."""
        return self.workshop.forecastops.start(*args, *self.options(), "--json")

    def ok(self, *args: str) -> Any:
        """A command on this model that must succeed."""
        return self.workshop.forecastops.ok(*args, *self.options())

    def evaluate(self, run_id: str, *args: str) -> Any:
        """Judge a run against this model's champion."""
        return self.ok("evaluate", "--run-id", run_id, *args)

    def promote(self, run_id: str, *args: str) -> Any:
        """Promote a run, which must succeed."""
        return self.ok("promote", "--run-id", run_id, *args)

    def first_champion(self) -> str:
        """Judge and promote the first run; its version."""
        self.evaluate(self.workshop.first)
        return str(self.promote(self.workshop.first)["version"])

    def both(self) -> tuple[str, str]:
        """Promote both runs, one after the other; their versions."""
        first = self.first_champion()
        self.evaluate(self.workshop.second)
        return first, str(self.promote(self.workshop.second)["version"])

    def champion(self) -> str | None:
        """The alias, from MLflow."""
        if not self.client.search_registered_models(f"name='{self.model}'"):
            return None
        found = self.client.get_registered_model(self.model).aliases.get("champion")
        return None if found is None else str(found)

    def versions(self) -> dict[str, str]:
        """Run ids by version."""
        return {
            str(found.version): str(found.run_id) for found in self.client.search_model_versions(f"name='{self.model}'")
        }

    def served(self) -> str | None:
        """The model that the endpoint names in its answer; None where there is no endpoint."""
        endpoint = self.ok("status")["endpoint"]
        if endpoint is None:
            return None
        return requests.get(f"{endpoint['url']}/ping", timeout=10).headers["X-Forecastops-Model"].rpartition("/")[2]
