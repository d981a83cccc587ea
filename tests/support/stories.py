"""Operations that can be interrupted and repeated, the way back to where each began, and what must hold after."""

from __future__ import annotations

import functools
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlflow.deployments import get_deploy_client

from workshop import FIXED, PAST, SPRING, WHOLE, Stage, Workshop

__all__ = [
    "CHAINS",
    "HOLD",
    "HOLDS",
    "MOVES",
    "RENEWALS",
    "STORIES",
    "Story",
    "mend_as_told",
    "require_settled",
    "require_told",
    "spring_run",
]

END = {PAST: "2013-12-31", SPRING: "2014-03-31", WHOLE: "2014-05-31"}


@dataclass(frozen=True)
class Story:
    """``begin`` brings a stage to the start for the first time, ``reset`` brings it back; then ``command`` is run.

    ``model`` is the run whose model is in production once it has been carried out (None: one of its own), ``data`` the
    file that it then has. Of ``every`` so many changes one is killed before: more than one where the transitions are
    those of other stories, and only their order is new.
    This process must see the stage's FORECASTOPS_HOME and MLFLOW_TRACKING_URI.
    """

    begin: Callable[[Stage], None]
    reset: Callable[[Stage], None]
    command: Callable[[Stage], list[str]]
    model: Callable[[Workshop], str] | None
    data: str
    promotes: bool = True
    every: int = 1

    def require_done(self, stage: Stage, said: Any) -> None:
        """After the rerun, which said this: the story's end, whichever of the two calls has brought it."""
        version = stage.champion()
        assert version is not None
        status = require_settled(stage, version)
        model = self.model(stage.workshop) if self.model else stage.versions()[version]
        assert status["champion"]["run_id"] == model, status
        assert status["forecasts_from"] == END[self.data], status
        assert said["promoted"] == self.promotes, said
        if self.promotes or said["renewed"]:
            assert said["version"] == version, said
        else:
            assert "has these data already" in said["reason"], said
        require_renewals_as_their_models(stage)


def require_renewals_as_their_models(stage: Stage) -> None:
    """Each renewal says of itself what the version says that brought its model in."""
    found = {version: stage.tags(version) for version in stage.versions()}
    for tags in found.values():
        if tags.get("forecastops.kind") == "renewal":
            origin = found[tags["forecastops.parameters_of"]]
            assert "forecastops.parameters_of" not in origin
            for name in ("RMSE", "R2", "run_id"):
                assert tags[name] == origin[name]


@functools.cache
def spring_run(workshop: Workshop) -> str:
    """A challenger whose data end in March 2014."""
    return str(workshop.forecastops.ok("train", "--data", SPRING, *FIXED)["run_id"])


def _judge_first(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first)


def _clear(stage: Stage) -> None:
    if stage.versions():
        get_deploy_client("forecastops-local").delete_deployment(stage.model)
        stage.client.delete_registered_model(stage.model)


def _judge_second(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second)


def _return_to_first(stage: Stage) -> None:
    _return_to(stage, "1")


def _promote_both(stage: Stage) -> None:
    stage.both()


def _return_to_second(stage: Stage) -> None:
    """Wherever the stage is, to version 1 replaced by the second run's."""
    second = next((version for version, run in stage.versions().items() if run == stage.workshop.second), None)
    if second is None:
        stage.promote(stage.workshop.second)
    elif stage.champion() != second:
        _return_to(stage, second, "1")
        stage.client.delete_model_version_tag(stage.model, second, "forecastops.rolled_back")


def _first_champion(stage: Stage) -> None:
    stage.first_champion()


def _renewed_by_spring(stage: Stage) -> None:
    stage.first_champion()
    stage.renew(SPRING)


def _return_to_spring(stage: Stage) -> None:
    """Wherever the stage is, to version 1 renewed through March."""
    if stage.status()["forecasts_from"] != END[SPRING]:
        _return_to(stage, "1")
        stage.renew(SPRING)


HOLD = ["--set", "gate.min_improvement=0.9", "--set", "gate.same_spec_improvement=0.9"]


def _hold_second(stage: Stage) -> None:
    stage.first_champion()
    assert stage.evaluate(stage.workshop.second, *HOLD)["verdict"] == "HOLD"


def _newer_than_its_challenger(stage: Stage) -> None:
    stage.first_champion()
    stage.renew(WHOLE)
    assert stage.evaluate(spring_run(stage.workshop))["verdict"] == "PROMOTE"


def _return_to_the_newer(stage: Stage) -> None:
    _return_to(stage, "2", "1")


def _return_to(stage: Stage, version: str, *kept: str) -> None:
    """Production as it was with that version, and nothing left of what was registered and logged since."""
    if stage.champion() != version:
        get_deploy_client("forecastops-local").update_deployment(stage.model, f"models:/{stage.model}/{version}")
        stage.client.set_registered_model_alias(stage.model, "champion", version)
    for other in stage.versions().keys() - {version, *kept}:
        stage.client.delete_model_version(stage.model, other)
    experiments = [found.experiment_id for found in stage.client.search_experiments()]
    condition = f"tags.`forecastops.model.name` = '{stage.model}'"
    needed = set(stage.versions().values())
    for run in stage.client.search_runs(experiments, condition):
        if run.info.run_id not in needed:
            stage.client.delete_run(run.info.run_id)


_first: Callable[[Workshop], str] = lambda workshop: workshop.first  # noqa: E731
_second: Callable[[Workshop], str] = lambda workshop: workshop.second  # noqa: E731

STORIES = {
    "first": Story(_judge_first, _clear, lambda stage: ["promote", "--run-id", stage.workshop.first], _first, PAST),
    "replacement": Story(
        _judge_second, _return_to_first, lambda stage: ["promote", "--run-id", stage.workshop.second], _second, WHOLE
    ),
    # To the first model with the newest data: a version of its own.
    "rollback": Story(
        _promote_both, _return_to_second, lambda _: ["rollback", "--reason", "it overshoots"], _first, WHOLE
    ),
    "renewal": Story(
        _first_champion, _return_to_first, lambda _: ["renew", "--data", SPRING], _first, SPRING, promotes=False
    ),
    # The renewal before it is removed at its end.
    "renewal again": Story(
        _renewed_by_spring,
        _return_to_spring,
        lambda _: ["renew", "--data", WHOLE, "--set", "registry.keep_renewals=1"],
        _first,
        WHOLE,
        promotes=False,
        every=2,
    ),
    "held": Story(
        _hold_second,
        _return_to_first,
        lambda stage: ["promote", "--run-id", stage.workshop.second, *HOLD],
        _first,
        WHOLE,
        promotes=False,
        every=2,
    ),
    "refit": Story(
        _hold_second,
        _return_to_first,
        lambda stage: ["promote", "--run-id", stage.workshop.second, *HOLD, "--set", "deployment.on_hold=refit"],
        None,
        WHOLE,
        promotes=False,
        every=4,
    ),
    # Of a challenger whose data are older than the champion's: promoted, then brought up to date.
    "lagging": Story(
        _newer_than_its_challenger,
        _return_to_the_newer,
        lambda stage: ["promote", "--run-id", spring_run(stage.workshop)],
        spring_run,
        WHOLE,
        every=3,
    ),
}
# In turn on one stage: where one ends the next begins, or both begin at the same place.
MOVES = (["first"], ["replacement", "rollback"])
RENEWALS = (["renewal", "renewal again"],)
HOLDS = (["held", "refit"], ["lagging"])
CHAINS = (*MOVES, *RENEWALS, *HOLDS)


def require_told(stage: Stage) -> dict[str, list[str]]:
    """After a kill: all agrees, or `status` says what does not. The command that it names for each kind of problem."""
    status = stage.status()
    if status["consistent"]:
        served = status["endpoint"] and status["endpoint"]["version"]
        assert served == stage.champion(), status
    told = {}
    for problem in status["problems"]:
        if problem.startswith("there is no model") and stage.champion() is None:
            continue  # nothing was registered yet, and other models are: the name may be misspelt
        found = re.fullmatch(r"(.*): ((?:forecastops|mlflow) .*)", problem)
        assert found, problem
        assert "(" not in found[2], problem
        told[re.sub(r"[0-9a-f]{32}|\d+|\(.*\)", "N", found[1])] = shlex.split(found[2])
    return told


def mend_as_told(stage: Stage, kind: str, file: str) -> None:
    """Run the command that `status` names for that kind of problem, after which it no longer has it."""
    program, *arguments = (file if word == "FILE" else word for word in require_told(stage)[kind])
    if program == "forecastops":
        stage.ok(*arguments)
    else:
        ended = stage.workshop.forecastops.start(*arguments, program=program).result()
        assert ended.code == 0, ended.stderr
    assert kind not in require_told(stage)


def require_settled(stage: Stage, version: str) -> Any:
    """After the rerun: pointer, endpoint and journal name the version, and nothing is left over; what `status` says."""
    status = stage.status()
    assert status["consistent"], status["problems"]
    assert stage.champion() == version == status["endpoint"]["version"], status
    runs = list(stage.versions().values())
    assert len(runs) == len(set(runs)), runs
    for found in stage.client.search_model_versions(f"name='{stage.model}'"):
        journal = found.tags.get("forecastops.journal")
        assert journal is None or json.loads(journal)["outcome"] is not None, journal
    return status
