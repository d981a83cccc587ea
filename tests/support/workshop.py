"""Two trained runs on generated data, to be judged and promoted under a model name of each test's own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from mlflow import MlflowClient

import forecastops as fo
from command import Command, Result, Running

__all__ = ["FIXED", "PAST", "SPRING", "WHOLE", "Stage", "Workshop"]

FIXED = ["--set", "model.selection=fixed"]
# The sample to the end of 2013, of March and of May 2014.
PAST, SPRING, WHOLE = "data/transaction_ts2013.csv", "data/spring.csv", "data/transaction_ts.csv"


@dataclass(frozen=True)
class Workshop:
    """The command, the run of a model of 2013, and those of two that may succeed it."""

    forecastops: Command
    first: str
    second: str
    third: str
    store: str  # the store behind the tracking server, to look behind the command

    @classmethod
    def build(cls, forecastops: Command, store: str | None = None, options: Sequence[str] = ()) -> Workshop:
        """Train all three, of one specification whatever the default is."""
        forecastops.ok("data", "sample", "transactions", "--out", "data")
        rows = (forecastops.folder / WHOLE).read_text("utf-8").splitlines(keepends=True)
        (forecastops.folder / SPRING).write_text("".join([rows[0], *(row for row in rows[1:] if row < "2014-04")]))
        first, second, third = (
            str(forecastops.ok("train", "--data", path, *FIXED, *options)["run_id"]) for path in (PAST, WHOLE, WHOLE)
        )
        return cls(forecastops, first, second, third, store or forecastops.environment["MLFLOW_TRACKING_URI"])

    def copied(self, forecastops: Command) -> Workshop:
        """The same runs for another command, whose database is a copy of this one's."""
        here, there = self.forecastops.folder, forecastops.folder
        for name in ("data", "mlruns"):
            shutil.copytree(here / name, there / name)
        with sqlite3.connect(there / "mlflow.db") as database:
            for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
                database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", [f"{here}/", f"{there}/"])
        database.close()
        return replace(self, forecastops=forecastops, store=forecastops.environment["MLFLOW_TRACKING_URI"])

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
        return MlflowClient(self.workshop.store)

    def options(self) -> list[str]:
        """What names this model to every command; a champion that stays keeps its parameters unless a test says so."""
        return ["--set", f"registry.model_name={self.model}", "--set", "deployment.on_hold=renew"]

    def run(self, *args: str, **rest: Any) -> Result:
        """A command on this model, however it ends; what a test sets comes after what every command is told."""
        return self.workshop.forecastops(args[0], *self.options(), *args[1:], "--json", **rest)

    def start(self, *args: str) -> Running:
        """A command on this model, started."""
        return self.workshop.forecastops.start(args[0], *self.options(), *args[1:], "--json")

    def ok(self, *args: str) -> Any:
        """A command on this model that must succeed; a plain `status` is asked for as below."""
        return self.status() if args == ("status",) else self._ok(*args)

    def _ok(self, *args: str) -> Any:
        return self.workshop.forecastops.ok(args[0], *self.options(), *args[1:])

    def status(self) -> Any:
        """What `status` says, asked from this process, which need not be started for it; but of a workspace, which only
        commands are led to. That both say the same is asserted at the end of each story of test_interruptions.
        """
        if self.workshop.forecastops.environment["MLFLOW_TRACKING_URI"].startswith("azureml"):
            return self._ok("status")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.workshop.forecastops.environment.items():
                if name.startswith(("FORECASTOPS", "MLFLOW")):
                    patch.setenv(name, value)
            return fo.status(fo.load_config(overrides=self.options()[1::2])).to_dict()

    def evaluate(self, run_id: str, *args: str) -> Any:
        """Judge a run against this model's champion."""
        return self.ok("evaluate", "--run-id", run_id, *args)

    def promote(self, run_id: str, *args: str) -> Any:
        """Promote a run, which must succeed."""
        return self.ok("promote", "--run-id", run_id, *args)

    def renew(self, path: str, *args: str) -> Any:
        """Renew the champion by a file, which must succeed, whether or not it was renewed."""
        return self.ok("renew", "--data", path, *args)

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
        """The version under the alias, else the one in stage Production, from MLflow."""
        if not self.client.search_registered_models(f"name='{self.model}'"):
            return None
        found = self.client.get_registered_model(self.model).aliases.get("champion")
        return str(found) if found else next((name for name, at in self.stages().items() if at == "Production"), None)

    def stages(self) -> dict[str, str]:
        """Stages by version."""
        found = self.client.search_model_versions(f"name='{self.model}'")
        return {str(version.version): str(version.current_stage) for version in found}

    def decision_file(self, run_id: str) -> Path:
        """The newest decision about a run, where artifacts are files."""
        run = self.client.get_run(run_id)
        folder = Path(str(run.info.artifact_uri).removeprefix("file://"))
        return folder / str(run.data.tags["forecastops.decision"]) / "decision.json"

    def versions(self) -> dict[str, str]:
        """Run ids by version."""
        return {
            str(found.version): str(found.run_id) for found in self.client.search_model_versions(f"name='{self.model}'")
        }

    def tags(self, version: str) -> dict[str, str]:
        """The tags of a version, from MLflow."""
        return dict(self.client.get_model_version(self.model, version).tags)

    def served(self) -> str | None:
        """The model that the endpoint names in its answer; None where there is no endpoint."""
        endpoint = self.ok("status")["endpoint"]
        if endpoint is None:
            return None
        return requests.get(f"{endpoint['url']}/ping", timeout=300).headers["X-Forecastops-Model"].rpartition("/")[2]
