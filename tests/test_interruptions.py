"""kill -9 before every change that promote and rollback make: after one rerun, everything agrees."""

from __future__ import annotations

import inspect
import json
import signal
from collections.abc import Callable

import pytest
from mlflow.deployments import get_deploy_client

from forecastops.adapters.endpoint import Endpoint
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from interruptions import CHANGES, READS, interruptions
from workshop import Stage, Workshop


@pytest.fixture
def stage(workshop: Workshop, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A model named after the test; this process sees the same tracking server and endpoints."""
    for name in ("FORECASTOPS_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, workshop.forecastops.environment[name])
    return workshop.stage(request.node.name.removeprefix("test_")[:60])


def test_every_method_that_changes_something_is_known() -> None:
    for adapter in (ModelRegistry, Endpoint):
        public = {name for name, _ in inspect.getmembers(adapter, inspect.isfunction) if not name.startswith("_")}
        assert public == {*CHANGES[adapter], *READS[adapter]}


def test_first_promotion(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first)

    def clear() -> None:
        if stage.versions():
            get_deploy_client("forecastops-local").delete_deployment(stage.model)
            stage.client.delete_registered_model(stage.model)

    killed = kill_everywhere(stage, clear, ["promote", "--run-id", stage.workshop.first])
    assert killed >= 14


def test_replacement(stage: Stage) -> None:
    first = stage.first_champion()
    stage.evaluate(stage.workshop.second)

    def return_to_first() -> None:
        champion = stage.champion()
        if champion != first:
            get_deploy_client("forecastops-local").update_deployment(stage.model, f"models:/{stage.model}/{first}")
            stage.client.set_registered_model_alias(stage.model, "champion", first)
            stage.client.delete_model_version(stage.model, str(champion))

    killed = kill_everywhere(stage, return_to_first, ["promote", "--run-id", stage.workshop.second])
    assert killed >= 13


def test_rollback(stage: Stage) -> None:
    _first, second = stage.both()

    def return_to_second() -> None:
        if stage.champion() != second:
            get_deploy_client("forecastops-local").update_deployment(stage.model, f"models:/{stage.model}/{second}")
            stage.client.set_registered_model_alias(stage.model, "champion", second)
            stage.client.delete_model_version_tag(stage.model, second, "forecastops.rolled_back")

    killed = kill_everywhere(stage, return_to_second, ["rollback", "--reason", "it overshoots"])
    assert killed >= 11


def kill_everywhere(stage: Stage, prepare: Callable[[], None], command: list[str]) -> int:
    """Kill ``command`` before each of its changes, rerun it, and require the invariants; how often it was killed."""
    for number, before in interruptions():
        prepare()
        result = stage.run(*command, before=before)
        if result.code == 0:
            assert "already" in stage.ok(*command)["note"]
            return number - 1
        assert result.code == -signal.SIGKILL, result.stderr
        require_told(stage)
        done = stage.ok(*command)
        assert done["promoted"]
        require_settled(stage, done["version"])
    raise AssertionError


def require_told(stage: Stage) -> None:
    """After a kill: all agrees, or `status` says what does not, and by which command it is mended."""
    status = stage.ok("status")
    champion = stage.champion()
    if status["consistent"]:
        served = status["endpoint"] and status["endpoint"]["version"]
        assert served == champion
    else:
        assert all("forecastops " in problem or "mlflow " in problem for problem in status["problems"])


def require_settled(stage: Stage, version: str) -> None:
    """After the rerun: pointer, endpoint and journal name the version, and nothing is left over."""
    status = stage.ok("status")
    assert status["consistent"], status["problems"]
    assert stage.champion() == version == status["endpoint"]["version"]
    runs = list(stage.versions().values())
    assert len(runs) == len(set(runs))
    for found in stage.client.search_model_versions(f"name='{stage.model}'"):
        journal = found.tags.get("forecastops.journal")
        assert journal is None or json.loads(journal)["outcome"] is not None
