"""Tracking servers and registries that fail: retried where that is safe, then given up in one line, nothing changed."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import Command
from faulty_proxy import FaultyProxy, faulty_proxy
from local_endpoint_support import stop_endpoints
from servers import mlflow_server
from stories import require_settled
from workshop import FIXED, WHOLE, Stage, Workshop

QUICK = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "2",
}
ALWAYS = float("inf")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[tuple[Workshop, FaultyProxy]]:
    """Trained runs on a server that is reached through the proxy."""
    folder = tmp_path_factory.mktemp("proxied")
    database = folder / "mlflow.db"
    database.write_bytes(empty_database.read_bytes())
    with mlflow_server(f"sqlite:///{database}", folder) as server, faulty_proxy(server) as proxy:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "FORECASTOPS"))}
        home = {"FORECASTOPS_HOME": str(folder / "home"), "MLFLOW_TRACKING_URI": proxy.address}
        yield Workshop.build(Command(folder, kept | QUICK | home)), proxy
        stop_endpoints(folder / "home")


@pytest.fixture
def stage(proxied: tuple[Workshop, FaultyProxy], request: pytest.FixtureRequest) -> Iterator[Stage]:
    workshop, proxy = proxied
    proxy.clear()
    yield workshop.stage(re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:100].rstrip("-"))
    proxy.clear()


@pytest.fixture
def proxy(proxied: tuple[Workshop, FaultyProxy]) -> FaultyProxy:
    return proxied[1]


@pytest.mark.parametrize("kind", [429, 500, 503, "drop", "lost"])
def test_a_passing_fault_at_every_request_in_turn_is_survived(
    stage: Stage, proxy: FaultyProxy, kind: int | str
) -> None:
    for path in (
        "runs/get",
        "registered-models/search",
        "registered-models/create",
        "model-versions/create",
        "model-versions/set-tag",
        "registered-models/alias",
        "artifacts",
    ):
        proxy.fail(path, kind)
    stage.evaluate(stage.workshop.first)
    moved = stage.promote(stage.workshop.first)
    assert any(entry[2] == kind for entry in proxy.seen)
    proxy.clear()
    assert stage.versions() == {moved["version"]: stage.workshop.first}
    assert stage.champion() == moved["version"]
    assert stage.ok("status")["consistent"]


@pytest.mark.parametrize("path", ["model-versions/create", "model-versions/set-tag", "registered-models/alias"])
def test_a_lasting_fault_changes_nothing(stage: Stage, proxy: FaultyProxy, path: str) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second)
    before = stage.ok("status"), stage.tags("1")
    proxy.fail(path, 503, ALWAYS)
    started = time.monotonic()
    failed = stage.run("promote", "--run-id", stage.workshop.second)
    assert time.monotonic() - started < 100
    assert failed.code == 1
    assert proxy.address in failed.error
    proxy.clear()
    assert (stage.ok("status"), stage.tags("1")) == before
    assert stage.versions() == {"1": stage.workshop.first}


def test_pictures_and_report_that_are_refused_are_warnings_of_a_line_each(stage: Stage, proxy: FaultyProxy) -> None:
    for name in ("/pictures/", "report.html"):
        proxy.fail(name, 403, ALWAYS)
    made = stage.run("evaluate", "--run-id", stage.workshop.first)
    assert made.code == 0, made.stderr
    assert made.json["verdict"] == "PROMOTE"
    assert sum(entry[2] == 403 for entry in proxy.seen) == 2  # given up at once
    warnings = [line for line in made.stderr.splitlines() if line.startswith("warning: ")]
    assert [re.sub("not logged: .*", "not logged", line) for line in warnings] == [
        "warning: the decision stands, but its pictures were not logged",
        "warning: the decision stands, but its report was not logged",
    ]
    assert stage.promote(stage.workshop.first)["promoted"]
    proxy.fail("/looks/", 403, ALWAYS)
    looked = stage.run("monitor", "--data", WHOLE)
    assert looked.code == 0, looked.stderr
    (line,) = [line for line in looked.stderr.splitlines() if "not kept" in line]
    assert line.startswith("warning: the look stands, but its files were not kept: ")


def test_a_lasting_fault_after_the_pointer_has_moved_is_told(stage: Stage, proxy: FaultyProxy) -> None:
    run_id = stage.workshop.first
    stage.evaluate(run_id)
    proxy.fail("model-versions/set-tag", 503, ALWAYS, word="forecastops.served")
    failed = stage.run("promote", "--run-id", run_id)
    assert failed.code == 1
    assert "is the champion already" in failed.error
    assert f"to complete it, run `forecastops promote --run-id {run_id}`" in failed.error
    assert (stage.champion(), stage.served()) == ("1", "1")
    (problem,) = stage.ok("status")["problems"]
    assert "was interrupted" in problem
    proxy.clear()
    stage.promote(run_id)
    require_settled(stage, "1")
    # The same of what is told to the run of `mlflow run`.
    run = stage.client.create_run("0").info.run_id
    proxy.fail("runs/log-batch", 503, ALWAYS, word="forecastops.promoted")
    command = stage.workshop.forecastops
    under_mlflow = Command(command.folder, command.environment | {"MLFLOW_RUN_ID": run})
    failed = under_mlflow("promote", "--run-id", run_id, *stage.options())
    assert failed.code == 1
    assert "version 1: is the champion already" in failed.error


def test_a_role_that_is_missing_is_named_before_the_fit(stage: Stage, proxy: FaultyProxy) -> None:
    """Also where the body says something else than the status."""
    for path in ("runs/create", "experiments/get-by-name"):
        proxy.fail(path, 403, ALWAYS)
        failed = stage.run("train", "--data", WHOLE, *FIXED, "-v")
        proxy.clear()
        assert failed.code == 1
        assert "it lacks the role to do this" in failed.error
        assert proxy.address in failed.error
        assert "fitting" not in failed.stderr
    stage.first_champion()
    stage.evaluate(stage.workshop.second)
    proxy.fail("registered-models/alias", 403, ALWAYS, method="POST")
    failed = stage.run("promote", "--run-id", stage.workshop.second)
    assert failed.code == 1
    assert "it lacks the role to do this" in failed.error
    proxy.clear()
    require_settled(stage, "1")


def test_a_server_that_answers_with_a_failure_is_not_said_to_be_unreachable(stage: Stage, proxy: FaultyProxy) -> None:
    proxy.fail("runs/get", 503, ALWAYS)
    failed = stage.run("evaluate", "--run-id", stage.workshop.first)
    assert failed.code == 1
    assert proxy.address in failed.error
    assert "that the server answers" not in failed.error


def test_a_server_that_does_not_answer_is_given_up_in_bounded_time(stage: Stage, proxy: FaultyProxy) -> None:
    proxy.fail("", "slow", ALWAYS)
    started = time.monotonic()
    failed = stage.run("evaluate", "--run-id", stage.workshop.first)
    assert time.monotonic() - started < 100
    assert failed.code == 1
    assert proxy.address in failed.error


def test_a_server_that_is_gone_is_named(stage: Stage) -> None:
    environment = stage.workshop.forecastops.environment | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    gone = Command(stage.workshop.forecastops.folder, environment)
    away = dataclasses.replace(stage, workshop=dataclasses.replace(stage.workshop, forecastops=gone))
    for command in (["status"], ["evaluate", "--run-id", "x"], ["forecast"], ["rollback", "--reason", "x"]):
        failed = away.run(*command)
        assert failed.code == 1
        assert "127.0.0.1:9" in failed.error
        assert failed.stdout == ""
