"""Operations that can be interrupted and repeated, the way back to where each began, and what must hold after."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from mlflow.deployments import get_deploy_client

from workshop import Stage

__all__ = ["STORIES", "Story", "mend_as_told", "require_settled", "require_told"]


@dataclass(frozen=True)
class Story:
    """``begin`` brings a stage to the start for the first time, ``reset`` brings it back; then ``command`` is run.

    This process must see the stage's FORECASTOPS_HOME and MLFLOW_TRACKING_URI.
    """

    begin: Callable[[Stage], None]
    reset: Callable[[Stage], None]
    command: Callable[[Stage], list[str]]


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
    if stage.champion() != "1":
        _point(stage, "1")
    for version in stage.versions().keys() - {"1"}:
        stage.client.delete_model_version(stage.model, version)


def _promote_both(stage: Stage) -> None:
    stage.both()


def _return_to_second(stage: Stage) -> None:
    if stage.champion() != "1":
        return
    version = max(stage.versions(), key=int)
    if version == "1":
        stage.promote(stage.workshop.second)
    else:
        _point(stage, version)
        stage.client.delete_model_version_tag(stage.model, version, "forecastops.rolled_back")


def _point(stage: Stage, version: str) -> None:
    get_deploy_client("forecastops-local").update_deployment(stage.model, f"models:/{stage.model}/{version}")
    stage.client.set_registered_model_alias(stage.model, "champion", version)


# A replacement ends where its rollback begins, and the other way round: in turn on one stage, they need no way back.
STORIES = {
    "first": Story(_judge_first, _clear, lambda stage: ["promote", "--run-id", stage.workshop.first]),
    "replacement": Story(_judge_second, _return_to_first, lambda stage: ["promote", "--run-id", stage.workshop.second]),
    "rollback": Story(_promote_both, _return_to_second, lambda _: ["rollback", "--reason", "it overshoots"]),
}


def require_told(stage: Stage) -> dict[str, list[str]]:
    """After a kill: all agrees, or `status` says what does not. The command that it names for each kind of problem."""
    status = stage.ok("status")
    if status["consistent"]:
        served = status["endpoint"] and status["endpoint"]["version"]
        assert served == stage.champion(), status
    told = {}
    for problem in status["problems"]:
        found = re.fullmatch(r"(.*): ((?:forecastops|mlflow) .*)", problem)
        assert found, problem
        told[re.sub(r"\d+|\(.*\)", "N", found[1])] = shlex.split(found[2])
    return told


def mend_as_told(stage: Stage, kind: str) -> None:
    """Run the command that `status` names for that kind of problem, after which it no longer has it."""
    program, *arguments = require_told(stage)[kind]
    if program == "forecastops":
        stage.ok(*arguments)
    else:
        environment = os.environ | stage.workshop.forecastops.environment
        subprocess.run([sys.executable, "-m", program, *arguments], check=True, env=environment)
    assert kind not in require_told(stage)


def require_settled(stage: Stage, version: str) -> None:
    """After the rerun: pointer, endpoint and journal name the version, and nothing is left over."""
    status = stage.ok("status")
    assert status["consistent"], status["problems"]
    assert stage.champion() == version == status["endpoint"]["version"], status
    runs = list(stage.versions().values())
    assert len(runs) == len(set(runs)), runs
    for found in stage.client.search_model_versions(f"name='{stage.model}'"):
        journal = found.tags.get("forecastops.journal")
        assert journal is None or json.loads(journal)["outcome"] is not None, journal
