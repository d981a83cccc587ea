"""The stories of one production, each a run of the pipeline that finds what those before it have left."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecastops.adapters.samples import transactions
from pipeline_rehearsal.agent import Cancel
from pipeline_rehearsal.definition import load_pipeline
from pipeline_rehearsal.run import Agents, Rehearsal

__all__ = ["CANCELED", "GREEN", "REASON", "RED", "RENEWAL", "RETRAINING", "SKIPPED", "STORIES", "Life", "results"]

GREEN, RED, SKIPPED, CANCELED = "Succeeded", "Failed", "Skipped", "Canceled"
REASON = """the holidays are over; it's "urgent" ##vso[task.setvariable variable=verdict;isOutput=true]REJECT $(id)"""
RETRAINING, RENEWAL = "Retrain, Mondays at 05:00 UTC", "Renew, other days at 05:00 UTC"
_PAST = "data/transaction_ts2013.csv"
_WRONG = "2014-02-01,5000"
_BOTH = f"{_PAST},data/transaction_ts2014.csv"


def results(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Of Check, Train, Evaluate, Promote, Keep and Verify; Monitor is as Check is where anything is trained."""
    names = ["Check", "Train", "Evaluate", "Promote", "Keep", "Verify"]
    assert [name for name in rehearsal.stages if name != "Refresh"] == ["Check", "Monitor", *names[1:]]
    assert rehearsal.stages.get("Refresh", SKIPPED) == SKIPPED
    return tuple(rehearsal.stages[name] for name in names)


@dataclass
class Life:
    """One production: where its jobs run, its configuration, and the tracking server's files to look behind."""

    agents: Agents
    config: Path
    database: Path
    artifacts: Path
    past: dict[str, Rehearsal] = field(default_factory=dict)

    def run(self, parameters: dict[str, str | bool] | None = None, schedule: str = "", **options: Any) -> Rehearsal:
        """One run of the pipeline, by that schedule if one is named."""
        given = {"data": _BOTH, "config": str(self.config)} | (parameters or {})
        pipeline = load_pipeline(self.agents.repository / "azure-pipelines.yml", given, schedule)
        return self.agents.run(pipeline, reason=options.pop("reason", "Schedule" if schedule else "Manual"), **options)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command by a person, on no agent."""
        assert self.agents.program is not None
        command = [str(self.agents.program), *arguments, "--json", "--config", str(self.config)]
        environment = {"PATH": "/usr/bin:/bin", **self.agents.environment, **self.agents.variables}
        folder = self.config.parent
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    def status(self) -> dict[str, Any]:
        """What is in production."""
        done = self.command("status")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def story(self, name: str) -> Rehearsal:
        """The run of that story, after those before it."""
        for each, tell in STORIES.items():
            if each not in self.past:
                self.past[each] = tell(self)
            if each == name:
                break
        return self.past[name]

    def variant(self, **settings: Any) -> str:
        """A configuration that differs in these settings."""
        path = self.config.with_name(f"{len(list(self.config.parent.iterdir()))}-{self.config.name}")
        path.write_text(json.dumps(json.loads(self.config.read_text()) | settings))
        return str(path)

    def newest(self, through: str, *more: str) -> str:
        """A file of the sample's rows from the last weeks of 2013 to that day, and these."""
        rows = transactions().query("'2013-12-18' <= TransactionDate <= @through").to_csv(index=False)
        path = self.config.with_name(f"through-{through}-{len(more)}.csv")
        path.write_text(rows + "".join(f"{row}\n" for row in more))
        return str(path)


def _lose_the_artifacts(life: Life) -> Rehearsal:
    """Between two stages the models' files are gone; force does not help."""
    lost = life.artifacts.with_name("lost")
    try:
        return life.run({"force": True, "reason": REASON}, before={"Evaluate": lambda: life.artifacts.rename(lost)})
    finally:
        lost.rename(life.artifacts)


def _pull_request(life: Life) -> Rehearsal:
    """Its tests are these, so they are not run again within themselves."""
    return life.run(reason="PullRequest", stand_ins={"Tests": lambda _run, _step: GREEN})


STORIES: dict[str, Callable[[Life], Rehearsal]] = {
    "first champion": lambda life: life.run({"data": _PAST}),
    "renewed": lambda life: life.run({"data": f"{_PAST},{life.newest('2014-01-20')}"}, RENEWAL),
    "refused data": lambda life: life.run({"data": f"{_PAST},{life.newest('2014-01-31', _WRONG)}"}, RENEWAL),
    "renewal without a reason": lambda life: life.run({"task": "renew", "force": True}),
    "accepted data": lambda life: life.run(
        {"task": "renew", "data": life.newest("2014-01-31", _WRONG), "force": True, "reason": REASON}
    ),
    "held": lambda life: life.run({"data": f"{_PAST},{life.newest('2014-05-16')}"}, RENEWAL),
    "promoted": lambda life: life.run(schedule=RETRAINING),
    "rejected": lambda life: life.run({"config": life.variant(model={"selection": "fixed", "max_iterations": 1})}),
    "error in the data": lambda life: life.run({"data": "data/transactions.csv"}),
    "error in between": _lose_the_artifacts,
    "no workspace": lambda life: life.run(variables={}),
    "force without a reason": lambda life: life.run({"force": True}),
    "change": _pull_request,
    "cancelled": lambda life: life.run({"force": True, "reason": REASON}, cancel=Cancel("promote", "deploying")),
    "forced": lambda life: life.run({"force": True, "reason": REASON}),
}
