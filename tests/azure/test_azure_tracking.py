"""Tracking, registry and credentials of Azure ML: the command and the real client over TLS, against the stand-in."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.tracking._model_registry.client import ModelRegistryClient

from command import Command
from local_endpoint_support import stop_endpoints
from mlproject import finish, start
from pipeline_rehearsal.forked_command import forked_command
from standin.workspace import Workspace
from stories import require_settled, require_told
from workshop import Stage, Workshop

QUICK = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
}
ALWAYS = float("inf")
LOOPBACK = {"localhost", "127.0.0.1"}
_REQUESTS_UNTIL_DEPLOYED = 24


@pytest.fixture(scope="module")
def shop(azure: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Trained runs in the workspace."""
    folder = tmp_path_factory.mktemp("shop")
    command = Command(folder, azure.environment() | QUICK | {"FORECASTOPS_HOME": str(folder / "home")})
    yield Workshop.build(command, f"sqlite:///{azure.folder / 'mlflow.db'}")
    stop_endpoints(folder / "home")


@pytest.fixture
def stage(shop: Workshop, azure: Workspace, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A model without versions, named after the test."""
    azure.faults.clear()
    yield shop.stage(re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:60].strip("-"))
    azure.faults.clear()


def test_pictures_of_a_decision_cost_few_requests_and_can_be_logged_again(stage: Stage, azure: Workspace) -> None:
    run_id = stage.workshop.first
    azure.faults.seen.clear()
    assert stage.evaluate(run_id)["verdict"] == "PROMOTE"
    files = [(method, path) for method, path, _ in azure.faults.seen if "/pictures/" in path]
    assert len(files) <= 10, files
    # The same artifacts again are a conflict, wherever they do not have a folder of their own.
    assert stage.evaluate(run_id)["verdict"] == "PROMOTE"


def test_the_cycle_and_back_under_faults(stage: Stage, azure: Workspace) -> None:
    first_champion_despite_passing_faults(stage, azure)
    number = replacement_despite_lasting_faults(stage, azure)

    assert stage.evaluate(stage.workshop.second)["verdict"] == "HOLD"
    back = ["rollback", "--reason", "it overshoots", "--to-version", "1"]
    assert stage.run(*back, before=kill_after_the_pointer_has_moved).code == -signal.SIGKILL
    # The rollback has registered a placeholder too, which the next call removes.
    assert stage.stages().items() >= {"1": "Production", number: "Production"}.items()
    require_told(stage)
    assert stage.ok(*back)["version"] == "1"
    require_settled(stage, "1")
    assert stage.stages() == {"1": "Production", number: "Archived"}
    status = stage.ok("status")
    assert (status["pointer"], status["champion"]["pointer"]) == ("stage", "stage")
    told = stage.workshop.forecastops("status", *stage.options())
    assert "stage Production: the registry has no aliases" in told.stdout
    assert stage.ok("forecast", "--horizon", "3")["version"] == "1"
    assert azure.connected_hosts() <= LOOPBACK
    require_no_secret(azure, stage.workshop.forecastops.folder)


def first_champion_despite_passing_faults(stage: Stage, azure: Workspace) -> None:
    run_id = stage.workshop.first
    assert azure.artifacts.path(run_id, "model/MLmodel").is_file()
    before = set(azure.artifacts.entries[run_id])
    stage.evaluate(run_id)
    stage.evaluate(run_id)  # a second decision is an artifact of another name
    made = set(azure.artifacts.entries[run_id]) - before
    for name in ("decision.json", "evaluation.csv", "report.html"):
        assert len([path for path in made if path.endswith(f"/{name}") or path == name]) == 2
    for path, kind in (
        ("runs/get", 429),
        ("/history/", 503),
        ("registered-models/create", "lost"),
        ("model-versions/create", "lost"),
        ("model-versions/get", "slow"),
        ("model-versions/set-tag", 500),
        ("model-versions/search", "drop"),
        ("model-versions/transition-stage", "lost"),
    ):
        azure.faults.fail(path, kind)
    assert stage.promote(run_id)["version"] == "1"
    assert [fault for fault in azure.faults.faults if fault.times] == []
    azure.faults.clear()
    require_settled(stage, "1")
    assert stage.versions() == {"1": run_id}  # of two that a lost answer has made, one is left
    assert {"RMSE", "R2", "run_id"} <= stage.client.get_model_version(stage.model, "1").tags.keys()


def replacement_despite_lasting_faults(stage: Stage, azure: Workspace) -> str:
    judged = stage.evaluate(stage.workshop.second)
    assert (judged["champion"]["version"], judged["verdict"]) == ("1", "PROMOTE")
    for path, kind, method in (
        ("registered-models/alias", 503, "GET"),  # not an answer: whether there are aliases is never guessed
        ("model-versions/create", 404, "POST"),
        ("model-versions/set-tag", 503, "POST"),
        ("/history/", "drop", "GET"),
    ):
        azure.faults.fail(path, kind, ALWAYS, method)
        failing(stage, "promote", "--run-id", stage.workshop.second)
        azure.faults.clear()
        require_told(stage)
        assert stage.stages()["1"] == "Production"
    # A token that is revoked is not renewed: what was begun cannot even be undone, and the next call finishes it.
    azure.faults.fail("/mlflow/", 401, ALWAYS, after=_REQUESTS_UNTIL_DEPLOYED)
    failing(stage, "promote", "--run-id", stage.workshop.second)
    azure.faults.clear()
    status = stage.ok("status")
    assert status["endpoint"]["version"] != status["champion"]["version"] == "1"
    require_told(stage)
    moved = stage.promote(stage.workshop.second)
    assert moved["previous_version"] == "1"
    require_settled(stage, moved["version"])
    assert stage.stages() == {"1": "Archived", moved["version"]: "Production"}
    return str(moved["version"])


def test_renewals_move_the_stage_and_leave_the_model(stage: Stage, azure: Workspace) -> None:
    champion = stage.first_champion()
    header, *rows = (stage.workshop.forecastops.folder / "data/transaction_ts.csv").read_text("utf-8").splitlines()
    rows = rows[-158:]  # from a week before 2014 on
    parts = []
    for days in (10, 20, 30):
        parts.append(stage.workshop.forecastops.folder / f"days-{days}.csv")
        parts[-1].write_text("\n".join([header, *rows[: 7 + days]]), "utf-8")

    for path, kind in (
        ("/history/", 503),
        ("runs/search", 500),
        ("model-versions/create", "lost"),
        ("model-versions/set-tag", 500),
        ("model-versions/transition-stage", "lost"),
    ):
        azure.faults.fail(path, kind)
    renewed = stage.ok("renew", "--data", str(parts[0]))
    azure.faults.clear()
    number = str(renewed["version"])
    assert stage.stages() == {champion: "Archived", number: "Production"}
    tags = stage.tags(number)
    lineage = {"forecastops.kind": "renewal", "forecastops.parameters_of": champion, "run_id": stage.workshop.first}
    assert tags.items() >= lineage.items()
    assert tags["forecastops.data.end"] == "2014-01-10"
    require_settled(stage, number)

    for path, kind, method in (
        ("runs/create", 503, "POST"),
        ("/history/", "drop", "GET"),
        ("model-versions/create", 404, "POST"),
        ("model-versions/set-tag", 503, "POST"),
        ("model-versions/transition-stage", 400, "POST"),
    ):
        azure.faults.fail(path, kind, ALWAYS, method)
        failing(stage, "renew", "--data", str(parts[1]))
        azure.faults.clear()
        require_told(stage)
        assert stage.stages()[number] == "Production", path
        assert stage.served() == number, path

    few = ["--set", "registry.keep_renewals=1"]
    for part in parts[1:]:
        number = str(stage.ok("renew", "--data", str(part), *few)["version"])
    assert stage.stages() == {champion: "Archived", number: "Production"}  # older renewals are gone, the model stays
    require_settled(stage, number)
    sound = stage.ok("status", "--check", "--require-champion", stage.workshop.first)
    assert sound["forecasts_from"] == sound["newest_data"] == "2014-01-30"

    run_id = stage.ok("train", "--data", "data/transaction_ts.csv")["run_id"]
    stale = stage.run("status", "--check")
    assert (stale.code, stale.json["newest_data"], stale.json["newest_data_run"]) == (1, "2014-05-31", run_id)
    assert f"production forecasts from 2014-01-30, and run {run_id} has brought data through" in stale.error


def kill_after_the_pointer_has_moved() -> None:
    """In a registry that archives the other version only afterwards."""
    move: Any = ModelRegistryClient.transition_model_version_stage

    def moved(*args: Any, **kwargs: Any) -> None:
        move(*args, **{**kwargs, "archive_existing_versions": False})
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(ModelRegistryClient, move.__name__, moved)


def failing(stage: Stage, *args: str) -> None:
    started = time.monotonic()
    failed = stage.run(*args)
    assert time.monotonic() - started < 100
    assert (failed.code, failed.stdout) == (1, "")
    assert failed.error


def require_no_secret(azure: Workspace, folder: Path) -> None:
    """In what commands printed and left behind, in the store, and in the artifacts."""
    for path in [*folder.rglob("*"), azure.folder / "mlflow.db", *azure.artifacts.folder.rglob("*")]:
        if path.is_file():
            data = path.read_bytes()
            assert not [secret for secret in azure.secrets() if secret.encode() in data], path


def test_a_legacy_champion_of_older_scripts_is_replaced_by_rule(stage: Stage, azure: Workspace) -> None:
    """Their model is no MLflow model either, but a pickle of its own."""
    client, first = stage.client, stage.workshop.first
    theirs = client.get_run(first).info
    run_id = client.create_run(theirs.experiment_id).info.run_id
    azure.artifacts.path(run_id, "model").mkdir(parents=True)
    azure.artifacts.path(run_id, "model/model.pkl").write_bytes(b"\x80\x04N.")
    azure.artifacts.entries[run_id] = {"model/model.pkl"}
    client.create_registered_model(stage.model)
    client.create_model_version(stage.model, f"{theirs.artifact_uri.replace(first, run_id)}/model", run_id)
    for key, value in {"RMSE": "511.1", "R2": "-0.099"}.items():
        client.set_model_version_tag(stage.model, "1", key, value)
    client.transition_model_version_stage(stage.model, "1", "Production")

    judged = stage.evaluate(first)
    assert (judged["verdict"], judged["champion"]["recorded"]) == ("PROMOTE", {"RMSE": 511.1, "R2": -0.099})
    moved = stage.promote(first)
    assert (moved["version"], moved["previous_version"]) == ("2", "1")
    assert stage.stages() == {"1": "Archived", "2": "Production"}
    refused = stage.run("rollback", "--reason", "back to the old scripts")
    assert refused.code == 1
    assert "version 1 of" in refused.error
    assert "was not created by forecastops" in refused.error
    assert stage.ok("status")["consistent"]


def credential(kind: str, azure: Workspace, folder: Path) -> dict[str, str]:
    """What leads to a token by that kind of credential, and by no other."""
    identity = azure.identity
    if kind == "service principal":
        # An authority that is none of Microsoft's is only taken as an ADFS.
        return {"AZURE_TENANT_ID": "adfs", "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": identity.secret}
    if kind == "managed identity":
        return {"IDENTITY_ENDPOINT": f"https://{azure.address}/msi/token", "IDENTITY_HEADER": identity.secret}
    if kind == "Azure CLI":
        token = {"accessToken": identity.new_token(), "expires_on": int(time.time()) + 3600}
        program = folder / "az"
        program.write_text(f"#!{sys.executable}\nprint({json.dumps(json.dumps(token))})\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return {"PATH": f"{folder}:/usr/bin:/bin"}
    assert kind == "workload identity"
    return azure.environment()


@pytest.mark.parametrize("kind", ["service principal", "managed identity", "Azure CLI", "workload identity"])
def test_every_credential_of_an_agent_works(azure: Workspace, tmp_path: Path, kind: str) -> None:
    environment = azure.environment(credential=False) | credential(kind, azure, tmp_path)
    assert Command(tmp_path, environment).ok("status")["champion"] is None


def test_a_process_of_its_own_connects_to_nobody_else(azure: Workspace, tmp_path: Path) -> None:
    azure.connections.unlink(missing_ok=True)
    command = [sys.executable, "-m", "forecastops", "status", "--json"]
    environment = azure.environment() | {"FORECASTOPS_HOME": str(tmp_path)}
    result = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True
    )
    assert result.stderr == ""
    assert json.loads(result.stdout)["pointer"] == "stage"
    time.sleep(0.2)
    assert azure.connected_hosts() == LOOPBACK


def test_the_cycle_by_mlflow_run(azure: Workspace, tmp_path: Path) -> None:
    # `mlflow run` itself, which is not ours, reports to MLflow's makers unless it is told not to.
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "FORECASTOPS_HOME": str(tmp_path / "home")}
    forecastops = Command(tmp_path, azure.environment() | quiet)
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    past, now = (tmp_path / f"data/transaction_ts{year}.csv" for year in (2013, 2014))
    client = MlflowClient(f"sqlite:///{azure.folder / 'mlflow.db'}")

    def entry(name: str, *parameters: str) -> Run:
        """Run it; the run that `mlflow run` has made for it."""
        # Forked where it is called: test_mlproject starts it as users do.
        code, output = finish(start(forecastops, name, *parameters, programs=program.parent))
        assert code == 0, output
        (experiment,) = client.search_experiments(filter_string="name = 'cycle'")
        by_name = f"tags.`mlflow.project.entryPoint` = '{name}'"
        return client.search_runs([experiment.experiment_id], by_name, order_by=["start_time DESC"])[0]

    with contextlib.ExitStack() as ending:
        ending.callback(stop_endpoints, tmp_path / "home")
        program = ending.enter_context(forked_command(tmp_path))
        for number, data in enumerate((past, f"{past},{now}"), start=1):
            run_id = entry("train", f"data={data}").info.run_id
            entry("evaluate", f"run_id={run_id}")
            entry("promote", f"run_id={run_id}")
            status = forecastops.ok("status", "--require-champion", run_id)
            assert status["champion"]["version"] == status["endpoint"]["version"] == str(number)
            assert status["champion"]["run_id"] == run_id
        made = entry("renew", f"data={now}").data.tags  # it has these
        assert (made["forecastops.renewed"], made["forecastops.version"]) == ("false", "none")
    assert azure.connected_hosts() <= LOOPBACK


def set_variables(changes: dict[str, str]) -> None:
    os.environ.update(changes)


def failure(azure: Workspace, folder: Path, changes: dict[str, str], *, credential: bool = True) -> str:
    started = time.monotonic()
    command = Command(folder, azure.environment(credential=credential) | QUICK)
    # Late, so that the plugin has found the stand-in's cloud: with Azure's own it has no need to ask.
    result = command("status", before=functools.partial(set_variables, changes))
    assert time.monotonic() - started < 100
    assert result.code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert not [secret for secret in azure.secrets() if secret in result.stderr]
    return result.error


def test_without_a_credential_one_line_comes_within_seconds(azure: Workspace, tmp_path: Path) -> None:
    azure.connections.unlink(missing_ok=True)
    error = failure(azure, tmp_path, {}, credential=False)
    assert "this machine has no credential for it" in error
    assert "AZURE_FEDERATED_TOKEN_FILE" in error
    # A managed identity would be at that address of the machine's own network.
    assert azure.connected_hosts() <= LOOPBACK | {"169.254.169.254"}
    azure.connections.unlink()


def test_what_is_wrong_with_a_credential_clock_proxy_or_certificate_is_named(azure: Workspace, tmp_path: Path) -> None:
    expired = tmp_path / "expired-token"
    expired.write_text("expired")
    error = failure(azure, tmp_path, {"AZURE_FEDERATED_TOKEN_FILE": str(expired)})
    assert "no token from WorkloadIdentityCredential" in error
    assert "AADSTS" in error

    azure.identity.skew_seconds = 1800.0
    try:
        error = failure(azure, tmp_path, {"AZURE_FEDERATED_TOKEN_FILE": str(expired)})
        assert "this machine's clock is 30 minutes behind that of the server" in error
    finally:
        azure.identity.skew_seconds = 0.0

    error = failure(azure, tmp_path, {"HTTPS_PROXY": "http://127.0.0.1:9"})
    assert "proxy" in error
    assert "HTTPS_PROXY" in error

    system = {"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"}
    error = failure(azure, tmp_path, system)
    assert "TLS certificate is not trusted" in error
    assert "REQUESTS_CA_BUNDLE" in error

    error = failure(azure, tmp_path, {"MLFLOW_TRACKING_URI": f"azureml://{azure.address}/mlflow"})
    assert "is not the tracking URI of an Azure ML workspace" in error

    azure.faults.fail("/api/2.0/", 401, ALWAYS)
    error = failure(azure, tmp_path, {})
    azure.faults.clear()
    assert "The access token is missing, wrong or expired" in error
    assert "check that its credential is good for it" in error
