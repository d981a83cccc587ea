"""Links, devices, pipes and boundless files in artifacts: refused by name on every path, and never read through."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException

from command import Command
from forecastops.core.artifact_files import MAX_FILE_BYTES
from forecastops_local.lifecycle import layout_of
from servers import mlflow_server
from stories import require_settled
from tampering import Tampering, files_of, tampered
from workshop import FIXED, PAST, WHOLE, Stage

SERIES = "data/forecaster/series.csv"


def to_device(folder: Path) -> None:
    _in_place(folder, SERIES).symlink_to("/dev/zero")


def to_its_own_content_elsewhere(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere.csv"
    shutil.copyfile(folder / SERIES, elsewhere)
    _in_place(folder, SERIES).symlink_to(elsewhere)


def to_folder_elsewhere(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    shutil.copytree(folder / "data", elsewhere, dirs_exist_ok=True)
    shutil.rmtree(folder / "data")
    (folder / "data").symlink_to(elsewhere)


def to_itself(folder: Path) -> None:
    (folder / "data/again").symlink_to(folder)


def pipe(folder: Path) -> None:
    os.mkfifo(_in_place(folder, "MLmodel"))


def boundless(folder: Path) -> None:
    os.truncate(folder / SERIES, MAX_FILE_BYTES + 1)  # sparse: it takes no room


def many_files(folder: Path) -> None:
    for number in range(1001):
        (folder / f"{number}").touch()


def deep(folder: Path) -> None:
    (folder / "/".join("d" * 40)).mkdir(parents=True)


def _in_place(folder: Path, name: str) -> Path:
    (folder / name).unlink()
    return folder / name


UNFIT = {
    to_device: "'data/forecaster/series.csv', which is a symbolic link",
    to_its_own_content_elsewhere: "'data/forecaster/series.csv', which is a symbolic link",
    to_folder_elsewhere: "'data', which is a symbolic link",
    to_itself: "'data/again', which is a symbolic link",
    pipe: "'MLmodel', which is a named pipe",
    boundless: "'data/forecaster/series.csv', which is larger than anything that forecastops writes (64 MiB)",
    many_files: "which is one of more than 1000 files",
    deep: "which is more than 16 folders deep",
}


def test_no_path_reads_what_is_no_regular_file_or_has_no_end(stage: Stage) -> None:
    version = stage.first_champion()
    folder, endpoints = files_of(stage.client, stage.workshop.first), get_deploy_client("forecastops-local")
    os.chdir(stage.workshop.forecastops.folder)
    commands = [("forecast",), ("evaluate", "--run-id", stage.workshop.second), ("renew", "--data", WHOLE)]
    for number, (change, said) in enumerate(UNFIT.items()):
        with tampered(folder, Tampering(said, change)):
            refused = stage.run(*commands[number % len(commands)])
            assert (refused.code, said in refused.error) == (1, True), refused.error
            assert version in refused.error
            with pytest.raises(MlflowException) as caught:
                endpoints.update_deployment(stage.model, f"models:/{stage.model}/{version}")
            assert said in str(caught.value)
            assert f"models:/{stage.model}/{version}" in str(caught.value)
    with tampered(folder, Tampering("", to_device)):
        found = stage.ok("status")
        assert found["files"]["state"] == "altered"
        assert "a symbolic link" in found["problems"][0]
    require_settled(stage, version)


def test_a_model_folder_that_is_a_link_is_not_followed(stage: Stage) -> None:
    stage.first_champion()
    folder = files_of(stage.client, stage.workshop.first)
    elsewhere = folder.with_name("moved")
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    try:
        for command in (["forecast"], ["evaluate", "--run-id", stage.workshop.first]):
            refused = stage.run(*command)
            assert (refused.code, "'model', which is a symbolic link" in refused.error) == (1, True), refused.error
    finally:
        folder.unlink()
        elsewhere.rename(folder)


def test_a_decision_is_read_only_where_it_is_a_file_of_its_run(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first)
    decision = stage.decision_file(stage.workshop.first)
    content = decision.read_bytes()
    elsewhere = decision.parents[3] / "decision.json"
    elsewhere.write_bytes(content)
    changes: list[tuple[Callable[[], None], str]] = [
        (lambda: decision.symlink_to(elsewhere), "a symbolic link"),
        (lambda: decision.symlink_to("/dev/zero"), "a symbolic link"),
        (lambda: os.mkfifo(decision), "a named pipe"),
        (lambda: _sparse(decision), "larger than anything that forecastops writes"),
    ]
    for change, said in changes:
        decision.unlink()
        change()
        refused = stage.run("promote", "--run-id", stage.workshop.first)
        assert (refused.code, said in refused.error) == (1, True), refused.error
        assert "decision.json" in refused.error
    decision.unlink()
    decision.write_bytes(content)
    stage.promote(stage.workshop.first)


def test_a_decision_that_says_two_things_is_refused(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first)
    decision = stage.decision_file(stage.workshop.first)
    before = decision.read_bytes()
    text = before.replace(b"{", b'{"verdict": "HOLD",', 1)
    decision.write_bytes(text)
    tag = "forecastops.decision.sha256"
    stage.client.set_tag(stage.workshop.first, tag, hashlib.sha256(text).hexdigest())
    try:
        refused = stage.run("promote", "--run-id", stage.workshop.first)
        assert (refused.code, "key 'verdict' stands twice" in refused.error) == (1, True), refused.error
    finally:
        decision.write_bytes(before)
        stage.client.set_tag(stage.workshop.first, tag, hashlib.sha256(before).hexdigest())


def test_the_endpoint_reads_no_link_in_its_own_copy(stage: Stage) -> None:
    version = stage.first_champion()
    (copy,) = layout_of(stage.model).models.iterdir()
    restart = ("deployments", "update", "-t", "forecastops-local", "--name", stage.model)
    with tampered(copy, Tampering("", to_its_own_content_elsewhere)):
        ended = stage.workshop.forecastops.start(*restart, program="mlflow").result()
        assert ended.code != 0
        assert "a symbolic link" in ended.stderr
    stage.promote(stage.workshop.first)
    require_settled(stage, version)


@pytest.fixture(scope="module")
def over_http(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[tuple[Command, Path]]:
    """The command before a server that keeps the artifacts, and the folder where it does."""
    from command import new_command
    from local_endpoint_support import stop_endpoints

    folder = tmp_path_factory.mktemp("http")
    command = new_command(folder, empty_database)
    with mlflow_server(command.environment["MLFLOW_TRACKING_URI"], folder) as address:
        command.environment["MLFLOW_TRACKING_URI"] = address
        yield command, folder
        stop_endpoints(folder / "home")


def test_a_store_that_never_ends_is_read_no_further_than_we_write(over_http: tuple[Command, Path]) -> None:
    command, kept = over_http
    command.ok("data", "sample", "transactions", "--out", "data")
    run_id = command.ok("train", "--data", PAST, *FIXED)["run_id"]
    (series,) = kept.glob(f"**/{run_id}/**/{SERIES}")
    content = series.read_bytes()
    changes: list[tuple[Callable[[], None], str]] = [
        (lambda: series.symlink_to("/dev/zero"), "Invalid path"),  # by MLflow's server
        (lambda: _sparse(series), "larger than anything that forecastops writes"),
    ]
    for change, said in changes:
        series.unlink()
        change()
        refused = command("evaluate", "--run-id", run_id, "--json")
        assert (refused.code, said in refused.error) == (1, True), refused.error
        assert "series.csv" in refused.error
    series.unlink()
    series.write_bytes(content)
    more = [series.parent / f"{number}.csv" for number in range(1000)]
    for path in more:
        path.touch()
    refused = command("evaluate", "--run-id", run_id, "--json")
    assert (refused.code, "one of more than 1000 files" in refused.error) == (1, True), refused.error
    for path in more:
        path.unlink()
    command.ok("evaluate", "--run-id", run_id)


def _sparse(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        path.touch()
    os.truncate(path, MAX_FILE_BYTES + 1)


def test_what_a_download_may_write_is_again_unbounded_afterwards() -> None:
    program = (
        "import resource\n"
        "from forecastops.core.bounded_writes import bounded_writes\n"
        "before = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "with bounded_writes():\n"
        "    with bounded_writes():\n"
        "        pass\n"
        "    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == 64 << 20\n"
        "assert resource.getrlimit(resource.RLIMIT_FSIZE) == before\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
