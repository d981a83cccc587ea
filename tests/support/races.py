"""Pairs of commands that two machines start at the same moment on one model; run by `make soak`, not by pytest.

    python tests/support/races.py --pairs 200 [--postgresql] [--seed 0]

Two machines are two homes, so that no lock is shared. The commands go through the public entry point, in processes that
have their imports behind them and wait for each other: at their start, before they register, and before they move the
pointer; in between they are slowed down at random. So their steps come in another order each time, and those that must
not meet do. Exits with 1 at the first violation.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from command import Command, Result
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from local_endpoint_support import stop_endpoints
from servers import mlflow_server, postgres
from stories import require_settled
from workshop import SPRING, WHOLE, Stage, Workshop

__all__ = ["PAIRS", "Machines", "require_one_winner_of_each"]

_HEAD_START = 0.6  # seconds until both processes have begun
_SETTLED = 9  # of so many pairs one is asked for its endpoint as well; no multiple of the number of kinds
_PATIENCE = 2.0  # seconds that one waits for the other, which may have given way

Arguments = Callable[[Workshop], list[str]]


def _promote_second(workshop: Workshop) -> list[str]:
    return ["promote", "--run-id", workshop.second]


def _promote_third(workshop: Workshop) -> list[str]:
    return ["promote", "--run-id", workshop.third]


def _renew_spring(_: Workshop) -> list[str]:
    return ["renew", "--data", SPRING]


def _renew_whole(_: Workshop) -> list[str]:
    return ["renew", "--data", WHOLE]


def _roll_back(_: Workshop) -> list[str]:
    return ["rollback", "--reason", "it overshoots"]


def _roll_back_exactly(_: Workshop) -> list[str]:
    return ["rollback", "--to-version", "1", "--reason", "it overshoots"]


# What is started at once, while version 2 is the champion, which has replaced version 1.
PAIRS: dict[str, tuple[Arguments, Arguments]] = {
    "two challengers": (_promote_second, _promote_third),
    "one challenger twice": (_promote_second, _promote_second),
    "two renewals": (_renew_spring, _renew_whole),
    "a challenger and a renewal": (_promote_third, _renew_whole),
    "a challenger and a rollback": (_promote_third, _roll_back_exactly),
    "a rollback with newer data and a challenger": (_roll_back, _promote_second),
    "one rollback twice": (_roll_back_exactly, _roll_back_exactly),
    "a rollback and a renewal": (_roll_back_exactly, _renew_whole),
}


@dataclass(frozen=True)
class Machines:
    """Two stages of one model on one registry, each with a home of its own."""

    here: Stage
    there: Stage

    @classmethod
    def build(cls, command: Command, model: str, store: str | None = None) -> Machines:
        """Bring version 2 into production, in place of version 1; and judge what may follow it."""
        here = Workshop.build(command, store).stage(model)
        away = command.environment | {"FORECASTOPS_HOME": f"{command.environment['FORECASTOPS_HOME']}-there"}
        there = replace(here, workshop=replace(here.workshop, forecastops=Command(command.folder, away)))
        again = command.ok("train", "--data", "data/transaction_ts2013.csv", "--set", "model.selection=fixed")["run_id"]
        here.first_champion()
        here.evaluate(again)
        here.promote(again, "--force", "--reason", "so that there is one to return to")
        for run_id in (here.workshop.second, here.workshop.third):
            assert here.evaluate(run_id)["verdict"] == "PROMOTE"
        return cls(here, there)

    def reset(self) -> None:
        """Production as it was with version 2, and nothing left of what was registered and logged since."""
        stage = self.here
        stage.client.set_registered_model_alias(stage.model, "champion", "2")
        for version in stage.versions().keys() - {"1", "2"}:
            stage.client.delete_model_version(stage.model, version)
        for version in ("1", "2"):
            if "forecastops.rolled_back" in stage.tags(version):
                stage.client.delete_model_version_tag(stage.model, version, "forecastops.rolled_back")
        for run_id in self.renewals():
            stage.client.delete_run(run_id)

    def renewals(self) -> list[str]:
        """The runs of models that renewals have logged."""
        stage = self.here
        experiments = [found.experiment_id for found in stage.client.search_experiments()]
        condition = f"tags.`forecastops.model.name` = '{stage.model}'"
        found = stage.client.search_runs(experiments, condition)
        return [run.info.run_id for run in found if "forecastops.model.sha256" in run.data.tags]


def require_one_winner_of_each(machines: Machines, name: str, chance: random.Random, *, settled: bool = True) -> str:
    """Start a pair at once. Who won: one, or both where the second began from what the first had brought.

    No two may have replaced the same champion. Whoever lost says so in one line and leaves nothing. Where both did,
    running them again, one after the other, brings one through.
    """
    machines.reset()
    meetings = Path(tempfile.mkdtemp())
    commands = [arguments(machines.here.workshop) for arguments in PAIRS[name]]
    at = time.time() + _HEAD_START
    running = [
        stage.workshop.forecastops.start(
            command[0],
            *stage.options(),
            *command[1:],
            "--json",
            before=functools.partial(hesitate, meetings, at, chance.random(), chance.choice([0.0, 0.02, 0.2])),
        )
        for stage, command in zip((machines.here, machines.there), commands, strict=True)
    ]
    results = [process.result() for process in running]
    shutil.rmtree(meetings)
    won = require_chain(machines, results, settled=settled)
    if won:
        return "one won" if won == 1 else "one after the other"
    stages = (machines.here, machines.there)
    again = [stage.run(*command) for stage, command in zip(stages, commands, strict=True)]
    assert require_chain(machines, again), [result.stderr for result in (*results, *again)]
    return "none won at first"


def require_chain(machines: Machines, results: list[Result], *, settled: bool = True) -> int:
    """How many have moved something: one after the other, from version 2 to what is in production now.

    ``settled`` asks the winner's `status` too, whether its endpoint agrees.
    """
    moved = []
    for result in results:
        assert result.code in (0, 1), result.stderr
        if result.code == 1:
            assert result.error
        elif (said := result.json)["version"] is not None and "already" not in said["note"]:
            moved.append(said["version"])
    stage, journals = machines.here, {}
    for version, tags in ((version, stage.tags(version)) for version in stage.versions()):
        if "forecastops.journal" in tags:
            journals[version] = json.loads(tags["forecastops.journal"])
            assert journals[version]["outcome"] == "done", (journals, [result.stderr for result in results])
    trail = {journals[version]["previous"]: version for version in moved}
    assert len(trail) == len(moved), ("two have replaced the same champion", journals, [r.stderr for r in results])
    at: str = "2"
    for _ in moved:
        at = trail[at]
    assert stage.champion() == at, (trail, stage.champion(), [result.stderr for result in results])
    left = stage.versions().keys() - {"1", "2", *moved}
    assert not left, (left, [result.stderr for result in results])
    strangers = set(machines.renewals()) - set(stage.versions().values())
    assert not strangers, strangers
    if moved and settled:
        winner = next(
            index for index, result in enumerate(results) if result.code == 0 and result.json["version"] == at
        )
        require_settled((machines.here, machines.there)[winner], at)
    return len(moved)


def hesitate(meetings: Path, at: float, seed: float, most: float) -> None:
    """Wait for the moment; then go as far as a meeting with the other, and on after a random time."""
    chance = random.Random(seed)

    def slowed(method: Callable[..., Any], meeting: Path | None) -> Callable[..., Any]:
        @functools.wraps(method)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if meeting:
                meet(meeting)
            time.sleep(chance.uniform(0.0, most))
            return method(*args, **kwargs)

        return wrapper

    for name in ("register", "tag", "versions", "point", "discard", "champion"):
        meeting = meetings / name if name in ("register", "point") else None
        setattr(ModelRegistry, name, slowed(getattr(ModelRegistry, name), meeting))
    time.sleep(max(0.0, at - time.time()))


def meet(place: Path) -> None:
    """Wait for the other to come here too, for a while; once."""
    with contextlib.suppress(FileExistsError):
        (place / str(os.getpid())).mkdir(parents=True)
        deadline = time.monotonic() + _PATIENCE
        while len(os.listdir(place)) < 2 and time.monotonic() < deadline:
            time.sleep(0.002)


def main() -> None:
    """Race, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=PAIRS, help="one kind of pair alone")
    parser.add_argument("--postgresql", action="store_true", help="an mlflow server with PostgreSQL instead of SQLite")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="forecastops-races-"))
    with contextlib.ExitStack() as servers:
        uri = f"sqlite:///{folder / 'mlflow.db'}"
        if options.postgresql:
            uri = servers.enter_context(mlflow_server(servers.enter_context(postgres()), folder))
        homes = {"FORECASTOPS_HOME": str(folder / "home"), "MLFLOW_TRACKING_URI": uri}
        os.environ |= homes
        for home in ("home", "home-there"):
            servers.callback(stop_endpoints, folder / home)
        machines = Machines.build(Command(folder, os.environ), "races")
        chance, seen = random.Random(options.seed), Counter[str]()
        kinds = [options.only] if options.only else list(PAIRS)
        for number in range(options.pairs):
            settled = number % _SETTLED == 0
            outcome = require_one_winner_of_each(machines, kinds[number % len(kinds)], chance, settled=settled)
            seen[outcome] += 1
            print(f"{number + 1} pairs: {dict(seen)}", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.pairs} pairs, 0 double wins, 0 in which both lost for good: {dict(seen)}", flush=True)


if __name__ == "__main__":
    main()
