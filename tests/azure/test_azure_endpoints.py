"""Deployments to Azure: the command and the real client over TLS, against the stand-in, which serves what it gets."""

from __future__ import annotations

import copy
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from command import Command, Result, Running
from forecastops.adapters.endpoint.azure.container_instance import ContainerInstance
from forecastops.adapters.endpoint.azure.online_endpoint import OnlineEndpoint
from forecastops.adapters.endpoint.interface import BoundVersion
from repository import ROOT
from standin.container_instances import Service
from standin.workspace import Workspace
from stories import require_settled
from workshop import Stage, Workshop

GUIDE = (ROOT / "docs/azure.md").read_text("utf-8")
CONFIGS = ROOT / "configs"
ALWAYS = float("inf")


@pytest.fixture(scope="module")
def shop(azure: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Trained runs in the workspace."""
    folder = tmp_path_factory.mktemp("shop")
    command = Command(folder, azure.environment() | {"FORECASTOPS_HOME": str(folder / "home")})
    # Of the older Python, so that both kinds of endpoint can serve them.
    python = ["--set", "deployment.settings.computeType=aci"]
    return Workshop.build(command, f"sqlite:///{azure.folder / 'mlflow.db'}", python)


@dataclass(frozen=True)
class AzureStage(Stage):
    """A model whose endpoint is one of the workspace, of the kind that a shipped configuration names."""

    azure: Workspace
    kind: str
    encrypted: bool = True

    def options(self) -> list[str]:
        """The configuration, with this model's name, and a certificate where one is wanted."""
        pem = self.azure.folder / "server.pem"
        tls = [f"settings.sslCertificate={pem}", f"settings.sslKey={pem}", "settings.cname=localhost"]
        tls = tls if self.encrypted else ["settings.sslEnabled=false"]
        settings = [f"name={self.model}", *(tls if self.kind == "aci" else [])]
        overrides = [f"registry.model_name={self.model}", *(f"deployment.{setting}" for setting in settings)]
        return ["--config", str(CONFIGS / f"{self.kind}.yaml"), *(part for one in overrides for part in ("--set", one))]

    @property
    def unforked(self) -> AzureStage:
        """The same, with the process that calls Azure started as users do."""
        command = self.workshop.forecastops
        return replace(
            self, workshop=replace(self.workshop, forecastops=Command(command.folder, command.environment, False))
        )

    @property
    def service(self) -> Service:
        """The container instance."""
        return self.azure.services.services[self.model]

    def failed(self, *args: str) -> str:
        """The line of a promotion of the second run that must fail and leave the first in production."""
        ended = self.run("promote", "--run-id", self.workshop.second, *args)
        assert ended.code == 1, ended.stderr
        self.require_first_still(ended)
        return ended.error

    def require_first_still(self, ended: Result) -> None:
        """Nothing is left of what failed."""
        ((version, run_id),) = self.versions().items()
        assert (run_id, self.champion(), self.served()) == (self.workshop.first, version, version), ended.stderr

    def served(self) -> str | None:
        """The version that the stand-in serves to callers."""
        if self.kind == "aci":
            return self.service.model[1] if self.service.state == "Healthy" else None
        endpoint = self.azure.endpoints.endpoints[self.model]
        (colour,) = [colour for colour, share in endpoint.traffic.items() if share]
        return str(endpoint.deployments[colour].asked["properties"]["model"]).rpartition("/")[2]

    def on_its_way(self) -> bool:
        """Whether Azure is deploying."""
        if self.kind == "aci":
            return self.service.state == "Transitioning"
        return any(one.state == "Creating" for one in self.azure.endpoints.endpoints[self.model].deployments.values())

    def asked(self) -> list[float]:
        """The forecast that a caller gets."""
        return [row["mean"] for row in self.answer(["horizon"], [[3]]).json()]

    def caller(self) -> dict[str, str]:
        """Where a caller asks, and with which key."""
        if self.kind == "aci":
            return {"SCORING_URI": f"{self.service.url}/score", "KEY": self.service.keys["primaryKey"]}
        key = self.azure.endpoints.endpoints[self.model].keys["primaryKey"]
        return {"SCORING_URI": f"https://{self.azure.address}/online/{self.model}/score", "KEY": key}

    def answer(self, columns: list[str], rows: list[list[Any]]) -> requests.Response:
        """What a caller with the endpoint's key gets."""
        return requests.post(
            self.caller()["SCORING_URI"],
            json={"input_data": {"columns": columns, "index": list(range(len(rows))), "data": rows}},
            headers={"Authorization": f"Bearer {self.caller()['KEY']}"},
            verify=str(self.azure.certificate),
            timeout=300,
        )

    def log(self) -> str:
        """What the container that serves has printed."""
        if self.kind == "aci":
            container = self.service.container
        else:
            endpoint = self.azure.endpoints.endpoints[self.model]
            container = next(
                endpoint.deployments[colour] for colour, share in endpoint.traffic.items() if share
            ).container
        assert container is not None
        return container.log()

    def forecast_of(self, version: str) -> list[float]:
        """What it should get."""
        found = self.ok("forecast", "--horizon", "3")
        assert found["version"] == version
        return [row["mean"] for row in found["forecast"]]


@contextmanager
def arguments_seen() -> Iterator[set[str]]:
    """The command lines of all processes that call Azure while the block runs."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes().decode().replace("\0", " ")
                except OSError:
                    continue
                if line.startswith(sys.executable) and "endpoint.azure.worker" in line:
                    seen.add(line)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


def require_no_secret(azure: Workspace, folder: Path) -> None:
    """In what the commands printed and left behind, and in the registry."""
    for path in [*folder.rglob("*"), azure.folder / "mlflow.db"]:
        if path.is_file():
            data = path.read_bytes()
            assert not [secret for secret in azure.secrets() if secret.encode() in data], path


def test_container_instance_first_champion_replacement_and_rollback(shop: Workshop, azure: Workspace) -> None:
    stage = AzureStage(shop, "aci-story", azure, "aci")
    stage.evaluate(shop.first)
    azure.faults.fail("/services", "lost", method="POST")  # it is made, and nobody says so
    with arguments_seen() as seen:
        assert stage.unforked.promote(shop.first)["endpoint"]["url"] == f"{stage.service.url}/score"
    assert seen
    assert not [secret for secret in azure.secrets() if secret in "".join(seen)]
    assert (stage.champion(), stage.served()) == ("1", "1")
    assert stage.asked() == pytest.approx(stage.forecast_of("1"), rel=1e-9)
    settings = stage.service.settings
    assert settings["containerResourceRequirements"] == {"cpu": 1.0, "memoryInGB": 1.5}
    assert settings["authEnabled"] is settings["sslEnabled"] is True
    refused = requests.post(f"{stage.service.url}/score", json={}, verify=str(azure.certificate), timeout=300)
    assert refused.status_code == 401

    stage.evaluate(shop.second)
    azure.services.hidden = 1  # it seems to be absent, and its creation is refused: then it is updated
    replaced = stage.run("promote", "--run-id", shop.second)
    assert replaced.code == 0, replaced.stderr
    assert "Building image" in replaced.stderr
    assert (stage.champion(), stage.served()) == ("2", "2")
    assert stage.asked() == pytest.approx(stage.forecast_of("2"), rel=1e-9)

    assert stage.ok("rollback", "--reason", "it overshoots")["version"] == "3"  # the first model, with the newest data
    require_settled(stage, "3")
    assert stage.tags("3")["forecastops.parameters_of"] == "1"
    assert stage.asked() == pytest.approx(stage.forecast_of("3"), rel=1e-9)
    require_no_secret(azure, shop.forecastops.folder)
    assert azure.connected_hosts() <= {"localhost", "127.0.0.1"}


def test_container_instance_that_fails_gives_way_to_what_was_there(shop: Workshop, azure: Workspace) -> None:
    stage = AzureStage(shop, "aci-failures", azure, "aci")
    stage.evaluate(shop.first)
    azure.services.outcomes = ["crash"]
    first = stage.run("promote", "--run-id", shop.first)
    assert "version 1 did not become healthy: it is Failed" in first.error
    assert re.search(r"its log ends with: .*series.csv", first.error), first.error
    assert "primaryKey=***" in first.error
    assert (stage.versions(), azure.services.services.get(stage.model)) == ({}, None)

    stage.promote(shop.first)
    stage.evaluate(shop.second)
    azure.services.outcomes = ["crash"]
    assert "Your container application crashed" in stage.failed()
    azure.services.outcomes = ["Unhealthy"]
    assert "it is Unhealthy: Failed Your container application crashed" in stage.failed()
    stage.service.settings["kvTags"]["forecastops.owner"] = "another"
    assert "was deployed by hand or from another registry" in stage.run("promote", "--run-id", shop.second).error
    azure.faults.fail("/services/", 403, ALWAYS)
    assert "role AzureML Data Scientist" in stage.run("status").error
    azure.faults.clear()
    require_no_secret(azure, shop.forecastops.folder)


@pytest.mark.parametrize("ending", ["Cancelled", "TimedOut", "silent"])
def test_a_container_instance_says_why_it_failed_whatever_its_operation_says(
    shop: Workshop, azure: Workspace, ending: str
) -> None:
    stage = AzureStage(shop, f"aci-{ending.lower()}", azure, "aci")
    stage.first_champion()
    stage.evaluate(shop.second)
    stage.asked()
    azure.services.outcomes = [ending]
    told = stage.failed()  # with half an hour left of its time limit
    assert f"it is Failed: The deployment was ended by the platform ({ending})" in told
    assert ("its operation ended" in told) is (ending != "silent")
    assert "its log ends with" not in told  # that of the old container, which has done nothing wrong


@pytest.mark.parametrize("kind", ["aci", "online-endpoint"])
def test_what_is_under_way_is_waited_for_and_never_deleted(shop: Workshop, azure: Workspace, kind: str) -> None:
    stage = AzureStage(shop, f"held-{kind}", azure, kind)
    stage.first_champion()
    stage.evaluate(shop.second)
    places: Any = azure.services if kind == "aci" else azure.endpoints
    keys = stage.caller()["KEY"]
    places.going_on.clear()
    places.outcomes = ["held"]
    azure.faults.seen.clear()
    promoting = stage.start("promote", "--run-id", shop.second)
    wait_until(stage.on_its_way, promoting)
    os.kill(promoting.process.pid, signal.SIGTERM)
    again = "waiting for its end" if kind == "aci" else "green of endpoint held-online-endpoint is Creating"
    wait_until(lambda: again in promoting.error_so_far(), promoting)
    places.going_on.set()
    interrupted = promoting.result()
    assert interrupted.code == 130, interrupted.stderr
    stage.require_first_still(interrupted)
    assert stage.caller()["KEY"] == keys
    deleted = [path for method, path, _ in azure.faults.seen if method == "DELETE"]
    assert not [path for path in deleted if "/services/" in path or path.endswith(f"/{stage.model}")]


def test_a_conflict_at_the_end_of_the_time_limit_is_an_error(shop: Workshop, azure: Workspace) -> None:
    stage = AzureStage(shop, "aci-conflict", azure, "aci")
    stage.first_champion()
    stage.evaluate(shop.second)
    azure.services.going_on.clear()
    azure.services.outcomes = ["held"]
    azure.services.begin_again(stage.model)
    threading.Timer(22, azure.services.going_on.set).start()
    told = stage.failed("--set", "deployment.timeout_seconds=15")
    assert "ServiceInTransition" in told or "has not ended the operation in time" in told  # by the machine's speed


def test_a_container_instance_without_tls_is_replaced_and_restored(shop: Workshop, azure: Workspace) -> None:
    stage = AzureStage(shop, "aci-clear", azure, "aci", encrypted=False)
    stage.first_champion()
    assert stage.service.url.startswith("http://")
    stage.evaluate(shop.second)
    azure.services.outcomes = ["crash"]
    assert "Your container application crashed" in stage.failed()
    number = str(stage.promote(shop.second)["version"])
    require_settled(stage, number)
    assert stage.asked() == pytest.approx(stage.forecast_of(number), rel=1e-9)


@pytest.mark.parametrize("kind", ["aci", "online-endpoint"])
def test_what_serves_something_else_fails_the_check_though_it_is_healthy(
    shop: Workshop, azure: Workspace, kind: str
) -> None:
    stage = AzureStage(shop, f"checked-{kind}", azure, kind)
    first, _ = stage.both()
    before = len(azure.faults.seen)
    assert stage.ok("status", "--check")["consistent"]
    asked = [path for _, path, _ in azure.faults.seen[before:]]
    assert len([path for path in asked if "model-versions/search" in path]) == 1
    places: Any = azure.services if kind == "aci" else azure.endpoints
    places.serve_instead(stage.model, first)
    assert stage.ok("status")["consistent"]  # by what Azure says
    refused = stage.run("status", "--check")
    assert refused.code == 1
    assert "its forecasts differ from those evaluated" in refused.error


@pytest.mark.parametrize("kind", ["aci", "online-endpoint"])
def test_a_promotion_asks_no_more_than_it_needs(shop: Workshop, azure: Workspace, kind: str) -> None:
    stage = AzureStage(shop, f"frugal-{kind}", azure, kind)
    stage.first_champion()
    stage.evaluate(shop.second)
    azure.faults.seen.clear()
    stage.promote(shop.second)
    made = [f"{method} {path}" for method, path, _ in azure.faults.seen]
    # How often an operation is looked at depends on its time, and how many files are fetched on the model.
    looks = [one for one in made if "/operations/" in one or "/arm-operations/" in one]
    files = [one for one in made if one.startswith(("GET /history/", "GET /account.blob"))]
    print(f"{len(made)} requests, {len(looks)} of them looks and {len(files)} for files")  # noqa: T201
    # Seen: 67 requests, 1 look, 21 for files; 88, 7 and 21; and since then three tags with the gate's scores. Files are
    # fetched twice, and their addresses as often.
    assert len(made) - len(looks) - len(files) <= {"aci": 58, "online-endpoint": 70}[kind], "\n".join(made)
    assert len(files) <= 24, "\n".join(files)
    assert len([one for one in made if "registered-models/get" in one]) <= 1


def wait_until(met: Any, running: Running) -> None:
    """Wait for something that the command brings about."""
    deadline = time.monotonic() + 300
    while not met():
        assert time.monotonic() < deadline, running.error_so_far()
        time.sleep(0.05)


def test_online_endpoint_moves_its_traffic_after_the_smoke_test_and_back(shop: Workshop, azure: Workspace) -> None:
    stage = AzureStage(shop, "online-story", azure, "online-endpoint")
    azure.endpoints.moves.clear()
    stage.evaluate(shop.first)
    stage.unforked.promote(shop.first)
    endpoint = azure.endpoints.endpoints[stage.model]
    assert (stage.champion(), stage.served()) == ("1", "1")
    assert stage.asked() == pytest.approx(stage.forecast_of("1"), rel=1e-9)

    stage.evaluate(shop.second)
    azure.endpoints.outcomes = ["crash"]
    told = stage.failed()
    assert "deployment green is Failed" in told
    assert re.search(r"its log ends with: .*series.csv", told), told
    assert (azure.endpoints.moves, list(endpoint.deployments)) == ([{"blue": 100}], ["blue"])

    azure.endpoints.moves.clear()
    azure.faults.fail("transition-stage", 400)  # after the traffic was moved
    assert "injected" in stage.failed()
    assert azure.endpoints.moves[:2] == [{"green": 100}, {"blue": 100}]
    assert list(endpoint.deployments) == ["blue"]

    azure.endpoints.asked.clear()
    number = str(stage.promote(shop.second)["version"])
    assert azure.endpoints.asked == [("green", {"blue": 100})]
    assert (endpoint.traffic, list(endpoint.deployments)) == ({"green": 100}, ["green"])
    require_settled(stage, number)
    assert stage.asked() == pytest.approx(stage.forecast_of(number), rel=1e-9)
    require_no_secret(azure, shop.forecastops.folder)


@pytest.mark.parametrize("kind", ["aci", "online-endpoint"])
def test_a_renewal_and_newer_observations_in_a_request(shop: Workshop, azure: Workspace, kind: str) -> None:
    stage = AzureStage(shop, f"renewed-{kind}", azure, kind)
    stage.evaluate(shop.first)
    stage.promote(shop.first)
    header, *rows = (shop.forecastops.folder / "data/transaction_ts.csv").read_text("utf-8").splitlines()
    rows = rows[-158:]  # from a week before 2014 on
    data = shop.forecastops.folder / f"{kind}.csv"
    data.write_text("\n".join([header, *rows[:38]]), "utf-8")

    (azure.services if kind == "aci" else azure.endpoints).outcomes = ["Unhealthy" if kind == "aci" else "crash"]
    failed = stage.run("renew", "--data", str(data))
    assert (failed.code, "did not become healthy" in failed.error) == (1, True)
    stage.require_first_still(failed)
    assert stage.asked() == pytest.approx(stage.forecast_of("1"), rel=1e-9)

    azure.faults.fail("model-versions/create", "lost")
    renewed = stage.ok("renew", "--data", str(data))
    number = renewed["version"]
    assert (renewed["promoted"], renewed["renewed"], renewed["previous_version"]) == (False, True, "1")
    assert stage.versions().keys() == {"1", number}  # of two that a lost answer has made, one is left
    require_settled(stage, number)
    assert stage.asked() == pytest.approx(stage.forecast_of(number), rel=1e-9)
    assert stage.ok("status", "--check", "--require-champion", shop.first)["forecasts_from"] == "2014-01-31"
    assert stage.ok("renew", "--data", str(data))["reason"].startswith("the champion has these data already")

    more = shop.forecastops.folder / f"{kind}-more.csv"
    more.write_text("\n".join([header, *rows[:40]]), "utf-8")
    expected = [row["mean"] for row in stage.ok("forecast", "--horizon", "3", "--data", str(more))["forecast"]]
    newest: list[list[Any]] = [[date, float(value), 3] for date, value in (row.split(",") for row in rows[38:40])]
    answer = stage.answer(["date", "value", "horizon"], newest)
    assert answer.status_code == 200, answer.text
    assert [row["date"] for row in answer.json()] == ["2014-02-03", "2014-02-04", "2014-02-05"]
    assert [row["mean"] for row in answer.json()] == pytest.approx(expected, rel=1e-9)
    assert stage.asked() == pytest.approx(stage.forecast_of(number), rel=1e-9)  # nothing of it was kept

    # The guide's own example, in which months are missing in between.
    (asking,) = re.findall(r"(?m)^    curl .*\"\$SCORING_URI\"(?:.*\n)+?(?=\n)", GUIDE)
    known = os.environ | stage.caller() | {"CURL_CA_BUNDLE": str(azure.certificate)}
    shown = subprocess.run(["bash", "-c", asking], env=known, capture_output=True, text=True, timeout=300, check=True)
    assert [row["date"] for row in json.loads(shown.stdout)] == [f"2014-06-0{day}" for day in range(3, 10)], (
        shown.stdout
    )

    refused = stage.answer(["date", "value", "horizon"], [["2014-02-01", 1000 * newest[0][1], 3]])
    assert refused.status_code == (500 if kind == "aci" else 424)  # Azure's servers tell callers no more than this
    assert re.search(r"row 1: the value of 2014-02-01 lies [\d.]+ standard deviations or more", stage.log())
    # Somebody has deployed that renewal elsewhere, too: it stays when newer ones come.
    places: dict[str, Any] = azure.services.services if kind == "aci" else azure.endpoints.endpoints
    kept = copy.copy(places[stage.model])
    if kind != "aci":
        kept.deployments = dict(kept.deployments)
    places[f"by-hand-{kind}"] = kept
    try:
        newest_version = stage.ok("renew", "--data", str(more), "--set", "registry.keep_renewals=1")["version"]
        assert stage.versions().keys() == {"1", number, newest_version}
    finally:
        del places[f"by-hand-{kind}"]
    require_no_secret(azure, shop.forecastops.folder)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("deployment.settings.cname=''", "TLS needs sslCertificate, sslKey and cname"),
        ("deployment.settings.sslKey=/nowhere/key.pem", "file /nowhere/key.pem cannot be read"),
        ("deployment.settings.memory=0", "deployment.settings.memory: Input should be greater than 0"),
        ("deployment.settings.cores=1", "deployment.settings.cores: Extra inputs are not permitted"),
        ("deployment.settings.computeType=ACI", "deployment.settings: Input tag 'ACI'"),
        ("deployment.name=My_Service", "Azure does not take 'My_Service' as an endpoint's name"),
    ],
)
def test_settings_that_azure_would_refuse_are_refused_before(
    shop: Workshop, azure: Workspace, setting: str, told: str
) -> None:
    stage = AzureStage(shop, "aci-settings", azure, "aci")
    assert told in shop.forecastops("status", *stage.options(), "--set", setting).error


def change_once_staged(kind: type, loader: Path) -> None:
    """Let somebody change the files while Azure builds: after the first look, before the second."""
    deploy = kind.deploy  # type: ignore[attr-defined]

    def wrapped(self: Any, bound: BoundVersion, **more: Any) -> None:
        deploy(self, bound, **more)
        if bound.version == "2":
            loader.write_text(loader.read_text("utf-8") + "\nprint('anything')\n", encoding="utf-8")

    setattr(kind, deploy.__name__, wrapped)


def change_while_staging(environment: Path) -> None:
    """Let somebody change the environment after the first look, and put it back before the second."""
    deploy, before = ContainerInstance.deploy, environment.read_text("utf-8")

    def wrapped(self: Any, bound: BoundVersion, **more: Any) -> None:
        environment.write_text(before.replace("- pip:", "- pip:\n  - evil==1.0"), encoding="utf-8")
        try:
            deploy(self, bound, **more)
        finally:
            environment.write_text(before, encoding="utf-8")

    setattr(ContainerInstance, deploy.__name__, wrapped)


def test_the_image_is_described_by_the_files_that_were_proven(shop: Workshop, azure: Workspace) -> None:
    stage = AzureStage(shop, "aci-described", azure, "aci")
    stage.evaluate(shop.first)
    environment = azure.artifacts.path(shop.first, "model/conda.yaml")
    azure.artifacts.gives_out_together = False  # which the client knows, and no documentation promises
    try:
        promoted = stage.run("promote", "--run-id", shop.first, before=partial(change_while_staging, environment))
    finally:
        azure.artifacts.gives_out_together = True
    assert promoted.code == 0, promoted.stderr
    described = json.dumps(stage.service.image["environment"])
    assert "pandas" in described
    assert "evil" not in described
    require_settled(stage, "1")


def test_a_journal_that_somebody_wrote_has_nothing_unproven_deployed(shop: Workshop, azure: Workspace) -> None:
    """It says that the champion was made by others, who could not be asked for a proof."""
    stage = AzureStage(shop, "aci-forged", azure, "aci")
    version, source = stage.first_champion(), f"{stage.client.get_run(shop.third).info.artifact_uri}/model"
    theirs = json.loads(stage.tags(version)["forecastops.journal"])
    made = stage.client.create_model_version(stage.model, source, shop.third)
    stage.client.update_model_version(stage.model, made.version, f"promoted by forecastops from {theirs['domain']}")
    forged = theirs | {"previous": version, "incumbent": "served", "outcome": None, "steps": {"deploy": "begun"}}
    stage.client.set_model_version_tag(stage.model, made.version, "forecastops.journal", json.dumps(forged))
    loader = azure.artifacts.path(shop.first, "model/code/forecastops_model.py")
    before, operation = loader.read_bytes(), stage.service.operation
    try:
        loader.write_bytes(before + b"\nprint('anything')\n")
        refused = stage.run("promote", "--run-id", shop.first)
        assert refused.code == 1
        assert "its files are not those that were logged" in refused.error
        assert stage.service.operation == operation
    finally:
        loader.write_bytes(before)
    stage.promote(shop.first)
    require_settled(stage, version)


@pytest.mark.parametrize("kind", ["aci", "online-endpoint"])
def test_files_that_change_while_azure_builds_are_found_out(shop: Workshop, azure: Workspace, kind: str) -> None:
    stage = AzureStage(shop, f"changed-{kind}"[:32], azure, kind)
    stage.evaluate(shop.first)
    stage.promote(shop.first)
    stage.evaluate(shop.second)
    loader = azure.artifacts.path(shop.second, "model/code/forecastops_model.py")
    before = loader.read_bytes()
    where = {"aci": ContainerInstance, "online-endpoint": OnlineEndpoint}[kind]
    try:
        failed = stage.run("promote", "--run-id", shop.second, before=partial(change_once_staged, where, loader))
        assert failed.code == 1, failed.stderr
        assert f"version 2 of {stage.model}" in failed.error
        assert "its files are not those that were logged" in failed.error
        stage.require_first_still(failed)
    finally:
        loader.write_bytes(before)
    assert stage.ok("status")["files"]["state"] == "verified"
