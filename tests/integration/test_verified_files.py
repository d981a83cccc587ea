"""Only verified bytes are loaded: whatever is done to a model's files, none of it runs, and production stays."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException

from forecastops.adapters.endpoint.local_target import LocalTarget
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.commands.main import main
from forecastops_local.lifecycle import layout_of
from interruptions import answer_otherwise
from local_endpoint_support import eventually, pids_of
from stories import require_settled
from tampering import LOADER, Tampering, files_of, payload, tampered, tamperings
from workshop import WHOLE, Stage


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that is there once code of an artifact has run."""
    return tmp_path / "mark"


def with_a_line_more(mark: Path) -> Tampering:
    """A loader that forecasts as it did, and does something else besides."""

    def do(folder: Path) -> None:
        with (folder / LOADER).open("a") as loader:
            loader.write(payload(mark))

    return Tampering("a line more", do)


def reboot(stage: Stage) -> None:
    """End the endpoint's processes as a reboot does: nothing of them is told."""
    layout = layout_of(stage.model)
    for pid in pids_of(layout):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not pids_of(layout))


def in_process(stage: Stage, *args: str) -> Any:
    """A command that ends before it would start a process, in this one: a hundred of them take seconds."""
    return CliRunner().invoke(main, [args[0], *stage.options(), *args[1:], "--json"])


# What was seen: each of these ran the code.


def test_an_altered_champion_is_not_loaded_when_its_endpoint_is_mended(stage: Stage, mark: Path) -> None:
    version = stage.first_champion()
    reboot(stage)
    with tampered(files_of(stage.client, stage.workshop.first), with_a_line_more(mark)):
        for command in (
            ["promote", "--run-id", stage.workshop.first],
            ["rollback", "--to-version", version, "--reason", "mend"],
        ):
            refused = stage.run(*command)
            assert refused.code == 1
            assert f"{stage.model}/{version}" in refused.error or f"version {version} of {stage.model}" in refused.error
            assert "its files are not those that were logged" in refused.error
            assert stage.ok("status")["endpoint"]["state"] == "Stopped"
        found = stage.ok("status")
        assert not found["consistent"]
        assert found["files"]["state"] == "altered"
        assert f"the files of champion version {version} are not to be trusted" in found["problems"][0]
        assert stage.run("status", "--check").code == 1
    assert not mark.exists()
    stage.promote(stage.workshop.first)
    require_settled(stage, version)
    assert stage.ok("status")["files"]["state"] == "verified"


def test_an_altered_champion_is_not_what_a_failed_promotion_puts_back(stage: Stage, mark: Path) -> None:
    version = stage.first_champion()
    before = stage.ok("forecast")
    stage.evaluate(stage.workshop.second)
    with tampered(files_of(stage.client, stage.workshop.first), with_a_line_more(mark)):
        failed = stage.run("promote", "--run-id", stage.workshop.second, before=answer_otherwise)
        assert failed.code == 1
        assert "differ from those evaluated" in failed.error
        # The endpoint has kept what served, proven; so nothing is needed of the registry.
        assert (stage.champion(), stage.served(), list(stage.versions())) == (version, version, [version])
        assert not mark.exists()
    require_settled(stage, version)
    assert stage.ok("forecast") == before


def test_files_that_change_between_the_check_and_the_deployment_are_not_loaded(stage: Stage, mark: Path) -> None:
    version = stage.first_champion()
    stage.evaluate(stage.workshop.second)
    folder = files_of(stage.client, stage.workshop.second)
    with tampered(folder, Tampering("nothing yet", lambda _: None)):
        change = functools.partial(change_when_registered, folder, mark)
        failed = stage.run("promote", "--run-id", stage.workshop.second, before=change)
        assert failed.code == 1
        assert f"models:/{stage.model}/2" in failed.error
        assert "its files are not those that were logged" in failed.error
    assert not mark.exists()
    assert list(stage.versions()) == [version]
    require_settled(stage, version)


def change_when_registered(folder: Path, mark: Path) -> None:
    """Let somebody change the files once the command has checked them."""
    register: Callable[..., Any] = ModelRegistry.register

    def wrapped(*args: Any, **more: Any) -> Any:
        with_a_line_more(mark).do(folder)
        return register(*args, **more)

    vars(ModelRegistry)  # the class of the forked command alone
    setattr(ModelRegistry, "register", wrapped)  # noqa: B010


@pytest.mark.parametrize("path", ["renew", "rollback", "rollback exactly", "mend"])
def test_files_that_change_before_they_are_deployed_are_loaded_on_no_path(stage: Stage, mark: Path, path: str) -> None:
    if path in ("renew", "mend"):
        version = stage.first_champion()
        command = ["renew", "--data", WHOLE] if path == "renew" else ["promote", "--run-id", stage.workshop.first]
    else:
        first, version = stage.both()
        command = ["rollback", "--reason", "any", *(["--to-version", first] if path == "rollback exactly" else [])]
    before = stage.versions()
    if path == "mend":
        reboot(stage)
        assert "to start what it served: forecastops serve; " in stage.ok("status")["problems"][0]
    with tampered(files_of(stage.client, stage.workshop.first), Tampering("nothing yet", lambda _: None)):
        failed = stage.run(*command, before=functools.partial(change_when_deployed, mark))
        assert failed.code == 1
        assert "its files are not those that were logged" in failed.error
    assert not mark.exists()
    assert stage.versions() == before
    if path == "mend":
        stage.promote(stage.workshop.first)
    if path == "renew":  # whose run is left, and has brought newer data
        assert (stage.champion(), stage.served()) == (version, version)
        return
    require_settled(stage, version)


def change_when_deployed(mark: Path) -> None:
    """Let somebody change the files once the endpoint is asked for them, and the command has checked them."""
    deploy: Callable[..., Any] = LocalTarget.deploy

    def wrapped(self: LocalTarget, bound: Any, **more: Any) -> Any:
        if not more.get("restoring"):
            with_a_line_more(mark).do(files_of(MlflowClient(), bound.run_id))
        return deploy(self, bound, **more)

    setattr(LocalTarget, deploy.__name__, wrapped)


def test_a_version_whose_files_lie_elsewhere_is_not_adopted(stage: Stage, mark: Path, tmp_path: Path) -> None:
    client, run_id = stage.client, stage.workshop.second
    version = stage.first_champion()
    stage.evaluate(run_id)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(files_of(client, run_id), elsewhere)
    with_a_line_more(mark).do(elsewhere)
    for description in ("", "promoted by forecastops from anywhere"):
        foreign = client.create_model_version(stage.model, str(elsewhere), run_id, description=description)
        refused = stage.run("promote", "--run-id", run_id)
        assert refused.code == 1
        assert f"version {foreign.version}" in refused.error
        assert (stage.champion(), stage.served()) == (version, version)
        client.delete_model_version(stage.model, foreign.version)
    foreign = client.create_model_version(stage.model, str(elsewhere), run_id)
    refused = stage.run("promote", "--run-id", run_id)
    assert f"was not made by forecastops, but names run {run_id}" in refused.error
    assert str(elsewhere) in refused.error
    client.delete_model_version(stage.model, foreign.version)
    assert not mark.exists()
    require_settled(stage, version)


# Every file, every way, every path.


def test_no_tampering_with_the_registrys_copy_is_loaded_by_anything(stage: Stage, mark: Path) -> None:
    first, second = stage.both()
    client, endpoints = stage.client, get_deploy_client("forecastops-local")
    folder, other = (files_of(client, run) for run in (stage.workshop.second, stage.workshop.first))
    before, served = stage.ok("status"), endpoints.get_deployment(stage.model)
    assert before["consistent"]
    commands = itertools.cycle(
        [
            ["evaluate", "--run-id", stage.workshop.third],
            ["evaluate", "--run-id", stage.workshop.second],
            ["renew", "--data", WHOLE],
            ["rollback", "--to-version", second, "--reason", "again"],
            ["promote", "--run-id", stage.workshop.second, "--force", "--reason", "again"],
        ]
    )
    os.chdir(stage.workshop.forecastops.folder)
    count = 0
    for tampering in tamperings(folder, other, mark):
        with tampered(folder, tampering):
            # Plain MLflow, without a digest, and the champion's forecast.
            with pytest.raises(MlflowException) as caught:
                endpoints.update_deployment(stage.model, f"models:/{stage.model}/{second}")
            assert f"models:/{stage.model}/{second}" in str(caught.value), tampering.name
            told = in_process(stage, "forecast")
            assert (told.exit_code, f"version {second} of {stage.model}" in told.output) == (1, True), tampering.name
            command = next(commands)
            if command[0] != "promote":  # which has the endpoint already, and touches nothing
                refused = in_process(stage, *command)
                assert refused.exit_code == 1, (tampering.name, command, refused.output)
                assert second in refused.output or stage.workshop.second in refused.output
            count += 3
        assert not mark.exists(), tampering.name
    assert count >= 180
    assert endpoints.get_deployment(stage.model) == served
    assert stage.ok("status") == before
    require_settled(stage, second)
    assert sorted(stage.versions()) == [first, second]


def test_no_tampering_with_the_endpoints_own_copy_survives_a_restart(stage: Stage, mark: Path) -> None:
    version = stage.first_champion()
    layout = layout_of(stage.model)
    (copy,) = layout.models.iterdir()
    other = files_of(stage.client, stage.workshop.second)
    every = list(tamperings(copy, other, mark))
    chosen = [one for one in every if "byte" not in one.name and "emptied" not in one.name] + every[1::6]
    restart = ("deployments", "update", "-t", "forecastops-local", "--name", stage.model)
    for tampering in chosen:
        reboot(stage)
        with tampered(copy, tampering):
            ended = stage.workshop.forecastops.start(*restart, program="mlflow").result()
            assert ended.code != 0, tampering.name
            assert f"models:/{stage.model}/{version}" in ended.stderr
        assert not mark.exists(), tampering.name
    assert stage.workshop.forecastops.start(*restart, program="mlflow").result().code == 0
    require_settled(stage, version)


def test_a_server_that_dies_is_not_started_from_altered_files(stage: Stage, mark: Path) -> None:
    version = stage.first_champion()
    layout = layout_of(stage.model)
    (copy,) = layout.models.iterdir()
    with tampered(copy, with_a_line_more(mark)):
        os.kill(get_deploy_client("forecastops-local").get_deployment(stage.model)["pid"], signal.SIGKILL)
        assert eventually(lambda: "its files are not those" in layout.log.read_text("utf-8", errors="replace"))
    assert not mark.exists()
    stage.promote(stage.workshop.first)
    require_settled(stage, version)


# Whoever may write tags and artifacts both passes a digest, and still runs nothing.


def test_a_loader_that_was_never_shipped_is_refused_though_every_digest_fits(stage: Stage, mark: Path) -> None:
    from forecastops.adapters.model_artifact import folder_sha256

    version = stage.first_champion()
    client, run_id, endpoints = stage.client, stage.workshop.first, get_deploy_client("forecastops-local")
    folder, digest = files_of(client, run_id), stage.tags(version)["forecastops.model.sha256"]
    requirement = b"forecastops-evil @ https://example.org/evil.tar.gz\n"
    changes = {
        "its loader code/forecastops_model.py": with_a_line_more(mark),
        "requirements.txt asks for": Tampering("", lambda root: append(root / "requirements.txt", b"\n" + requirement)),
        "MLmodel does not name": Tampering("", another_flavor),
        "key 'format' stands twice": Tampering("", format_twice),
        "key 'flavors' stands twice": Tampering("", lambda root: append(root / "MLmodel", b"flavors: {}\n")),
    }
    for said, tampering in changes.items():
        with tampered(folder, tampering):
            altered = folder_sha256(folder)
            client.set_model_version_tag(stage.model, version, "forecastops.model.sha256", altered)
            try:
                with pytest.raises(MlflowException, match=said):
                    endpoints.update_deployment(stage.model, f"models:/{stage.model}/{version}")
                refused = in_process(stage, "forecast")
                assert (refused.exit_code, said in refused.output) == (1, True), refused.output
            finally:
                client.set_model_version_tag(stage.model, version, "forecastops.model.sha256", digest)
    assert not mark.exists()
    require_settled(stage, version)


def another_flavor(folder: Path) -> None:
    text = (folder / "MLmodel").read_text("utf-8")
    (folder / "MLmodel").write_text(
        text.replace("    loader_module:", "    python_model: python_model.pkl\n    loader_module:")
    )


def format_twice(folder: Path) -> None:
    path = folder / "data/forecaster/model.json"
    path.write_text(path.read_text("utf-8").replace("{", '{"format": 1,', 1))


def append(path: Path, data: bytes) -> None:
    path.write_bytes(path.read_bytes() + data)
