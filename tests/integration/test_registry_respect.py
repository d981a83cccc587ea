"""Other people's databases, runs and registries are left as they are; what is wrong with them is named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command as alembic
from mlflow import MlflowClient
from mlflow.deployments import get_deploy_client
from mlflow.store.db.utils import _get_alembic_config, _get_latest_schema_revision
from mlflow.store.tracking.dbmodels.initial_models import Base
from sqlalchemy import create_engine

from command import Command, Result, new_command
from forecastops.core.identity import identify
from local_endpoint_support import stop_endpoints
from stories import HOLD, require_settled
from test_bad_input import require_parts
from workshop import FIXED, PAST, WHOLE, Stage, Workshop

OF_2_9 = "acf3f17fdcc7"  # the newest revision that MLflow 2.9 knew
COMMANDS = (
    ["status"],
    ["train", "--data", PAST, *FIXED],
    ["evaluate", "--run-id", "any"],
    ["evaluate", "--replay", "any"],
    ["promote", "--run-id", "any"],
    ["renew", "--data", PAST],
    ["rollback", "--reason", "any"],
    ["forecast"],
)


def refused(result: Result, *parts: str, code: int = 1) -> None:
    assert result.code == code, result.stdout
    require_parts(result.error, *parts)
    assert "unexpected error" not in result.error
    assert "Warning" not in result.stderr


@pytest.fixture
def folder(workshop: Workshop, tmp_path: Path) -> Iterator[Command]:
    """A command with a database and a home of its own, and the workshop's data."""
    shutil.copytree(workshop.forecastops.folder / "data", tmp_path / "data")
    kept = workshop.forecastops.environment
    yield Command(tmp_path, kept | {"FORECASTOPS_HOME": str(tmp_path / "home"), "MLFLOW_TRACKING_URI": ""})
    stop_endpoints(tmp_path / "home")


def at(forecastops: Command, **variables: str) -> Command:
    return Command(forecastops.folder, forecastops.environment | variables)


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


KILLED_WRITER = """
import os, signal, sqlite3, sys
writer = sqlite3.connect(sys.argv[1], isolation_level=None)
writer.execute("PRAGMA cache_size = 1")  # so that the file holds a part of it before the transaction ends
writer.execute("BEGIN IMMEDIATE")
writer.execute("CREATE TABLE half (bytes)")
writer.executemany("INSERT INTO half VALUES (randomblob(4096))", [()] * 500)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_half_written_is_undone_by_whoever_comes_next(forecastops: Command) -> None:
    database = forecastops.folder / "mlflow.db"
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(database)], check=False)
    assert database.with_name("mlflow.db-journal").stat().st_size
    assert forecastops.ok("status")["champion"] is None
    with sqlite3.connect(database) as found:
        assert not found.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall()


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"])
def test_a_database_of_an_older_mlflow_is_not_touched(
    folder: Command, empty_database: Path, tmp_path: Path, variable: str
) -> None:
    older = tmp_path / "older.db"
    engine = create_engine(f"sqlite:///{older}")
    Base.metadata.create_all(engine)
    engine.dispose()
    alembic.upgrade(_get_alembic_config(f"sqlite:///{older}"), OF_2_9)
    shutil.copyfile(empty_database, tmp_path / "own.db")
    away = at(folder, **{"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/own.db", variable: f"sqlite:///{older}"})
    before = content(older), sorted(os.listdir(tmp_path))
    for running in [away.start(*arguments) for arguments in COMMANDS]:
        refused(running.result(), str(older), OF_2_9, "older MLflow", f"mlflow db upgrade sqlite:///{older}")
    left = [name for name in sorted(os.listdir(tmp_path)) if not name.startswith(".output")]
    assert (content(older), left) == (before[0], [name for name in before[1] if not name.startswith(".output")])


def test_a_database_of_a_newer_mlflow_is_not_touched_and_one_without_tables_only_filled_by_train(
    folder: Command, empty_database: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.db"
    shutil.copyfile(empty_database, newer)
    with sqlite3.connect(newer) as connection:
        connection.execute("update alembic_version set version_num = 'f00dfeedcafe'")
    before = content(newer)
    away = at(folder, MLFLOW_TRACKING_URI=f"sqlite:///{newer}")
    for running in [away.start(*arguments) for arguments in COMMANDS]:
        refused(running.result(), str(newer), "f00dfeedcafe", "a newer one made them", "install that MLflow")
    assert content(newer) == before
    nothing = tmp_path / "nothing.db"
    nothing.touch()
    refused(at(folder, MLFLOW_TRACKING_URI=f"sqlite:///{nothing}")("status"), str(nothing), "train first")
    assert nothing.stat().st_size == 0


def test_a_separate_registry_is_made_like_the_tracking_store(folder: Command, tmp_path: Path) -> None:
    both = {name: f"sqlite:///{tmp_path}/{name}.db" for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")}
    away = at(folder, **both)
    run_id = away.ok("train", "--data", PAST, *FIXED)["run_id"]
    assert away.ok("evaluate", "--run-id", run_id)["verdict"] == "PROMOTE"
    moved = away.ok("promote", "--run-id", run_id)
    assert moved["promoted"]
    assert away.ok("status")["consistent"]
    with sqlite3.connect(tmp_path / "MLFLOW_REGISTRY_URI.db") as connection:
        assert connection.execute("select version_num from alembic_version").fetchone() == (
            _get_latest_schema_revision(),
        )
        assert connection.execute("select count(*) from model_versions").fetchone() == (1,)
    # What the registry does not answer is the registry's fault, and named so.
    os.remove(tmp_path / "MLFLOW_REGISTRY_URI.db")
    refused(away("status"), "MLFLOW_REGISTRY_URI.db", "there is no such database")
    dead = at(folder, **both | {"MLFLOW_REGISTRY_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    refused(dead("status"), "at http://127.0.0.1:9", "check MLFLOW_REGISTRY_URI")


def test_a_run_that_carries_a_model_or_has_ended_is_never_written_to(stage: Stage) -> None:
    stage.first_champion()
    client, workshop = stage.client, stage.workshop
    before = client.get_run(workshop.first)
    ended = client.create_run("0").info.run_id
    client.set_terminated(ended)
    deleted = client.create_run("0").info.run_id
    client.delete_run(deleted)
    cases = {workshop.first: "carries a model", ended: "has ended (FINISHED)", deleted: "was deleted", "0" * 32: ""}
    count = len(client.search_runs(["0", before.info.experiment_id]))
    for run_id, reason in cases.items():
        left = at(workshop.forecastops, MLFLOW_RUN_ID=run_id)
        for arguments in (["train", "--data", WHOLE, *FIXED], ["renew", "--data", WHOLE]):
            said = left(*arguments, *stage.options(), "-v")
            refused(said, run_id, "which MLFLOW_RUN_ID names", reason, "unset MLFLOW_RUN_ID")
            assert "fitting" not in said.stderr
        refused(left("evaluate", "--run-id", workshop.second, *stage.options()), run_id, "unset MLFLOW_RUN_ID")
    after = client.get_run(workshop.first)
    assert (after.data.tags, after.info.end_time) == (before.data.tags, before.info.end_time)
    assert len(client.search_runs(["0", before.info.experiment_id])) == count
    require_settled(stage, "1")


def test_what_a_promotion_rested_on_stays_when_its_run_is_judged_again(stage: Stage) -> None:
    first, client = stage.workshop.forecastops.ok("train", "--data", PAST, *FIXED)["run_id"], stage.client
    stage.evaluate(first, *HOLD, "--set", "gate.max_step_ratio=0.01")
    assert client.get_run(first).data.tags["forecastops.verdict"] == "REJECT"
    stage.evaluate(first)
    stage.promote(first)
    before = client.get_run(first).data
    assert stage.evaluate(first)["verdict"] == "HOLD"
    after = client.get_run(first).data
    added = {name: json.loads(tag) for name, tag in after.tags.items() if name not in before.tags}
    assert {name: after.tags[name] for name in before.tags} == before.tags
    assert after.metrics == before.metrics
    (event, told), (name, look) = sorted(added.items())
    assert (event.startswith("forecastops.event."), told["verdict"]) == (True, "HOLD")
    assert name.startswith("forecastops.later.")
    assert (look["verdict"], look["champion"]) == ("HOLD", "1")
    assert stage.ok("evaluate", "--replay", first)["verdict"] == "HOLD"
    # Replaced, it may return by a decision of its own, which is the newest.
    stage.evaluate(stage.workshop.third)
    stage.promote(stage.workshop.third)
    assert stage.evaluate(first)["verdict"] != "PROMOTE"
    assert not stage.promote(first)["promoted"]
    assert {name: client.get_run(first).data.tags[name] for name in before.tags} == before.tags


def test_experiments_are_those_that_the_environment_names(workshop: Workshop) -> None:
    forecastops, client = workshop.forecastops, MlflowClient(workshop.store)
    train = ["train", "--data", PAST, *FIXED]

    def experiment_of(command: Command, *more: str) -> str:
        run = client.get_run(command.ok(*train, *more)["run_id"])
        return str(client.get_experiment(run.info.experiment_id).name)

    assert experiment_of(at(forecastops, MLFLOW_EXPERIMENT_NAME="by name")) == "by name"
    number = client.create_experiment("by id")
    by_id = at(forecastops, MLFLOW_EXPERIMENT_ID=number)
    assert experiment_of(by_id) == "by id"
    assert experiment_of(by_id, "--set", "tracking.experiment=configured") == "configured"
    client.delete_experiment(number)
    for command, more in ((by_id, []), (forecastops, ["--set", "tracking.experiment=by id"])):
        said = command(*train, *more, "-v")
        refused(said, "was deleted", f"mlflow experiments restore --experiment-id {number}")
        assert "fitting" not in said.stderr
    refused(at(forecastops, MLFLOW_EXPERIMENT_ID="4711")(*train), "'4711'", "MLFLOW_EXPERIMENT_ID")


def test_a_champion_whose_files_are_gone_is_replaced_by_one_that_is_judged_without_it(stage: Stage) -> None:
    workshop = stage.workshop
    copy = workshop.forecastops.ok("train", "--data", PAST, *FIXED)["run_id"]
    stage.evaluate(copy)
    stage.promote(copy)
    run = stage.client.get_run(copy)
    stage.client.delete_run(copy)
    shutil.rmtree(Path(run.info.artifact_uri.removeprefix("file://")).parent)
    with sqlite3.connect(workshop.store.removeprefix("sqlite:///")) as connection:  # as `mlflow gc` leaves it
        for table in ("tags", "params", "metrics", "latest_metrics", "runs"):
            connection.execute(f"delete from {table} where run_uuid = ?", (copy,))
    refused(stage.run("renew", "--data", WHOLE), "its files are gone", "train a model and promote it")
    refused(stage.run("forecast"), "its files are gone", "train a model and promote it")
    kept = stage.evaluate(workshop.first, "--set", "gate.incumbent=hold")
    assert kept["verdict"] == "HOLD"
    stays = stage.promote(workshop.first, "--set", "gate.incumbent=hold")
    assert "its files are gone" in stays["reason"]
    judged = stage.evaluate(workshop.first)
    assert judged["verdict"] == "PROMOTE"
    assert "the champion's files are gone" in judged["summary"]
    assert judged["metrics"]["champion"] is None
    assert judged["champion"]["version"] == "1"
    assert "beats_seasonal_naive" in {check["name"] for check in judged["checks"]}
    assert stage.ok("evaluate", "--replay", workshop.first)["verdict"] == "PROMOTE"
    failed = stage.run("promote", "--run-id", workshop.first, "--set", "deployment.timeout_seconds=0.05")
    assert failed.code == 1
    assert stage.served() == "1"
    assert stage.versions().keys() == {"1"}
    moved = stage.promote(workshop.first)
    require_settled(stage, moved["version"])


def test_a_store_that_is_out_of_reach_is_no_champion_that_is_gone(stage: Stage) -> None:
    stage.first_champion()
    run = stage.client.get_run(stage.workshop.first)
    store = Path(run.info.artifact_uri.removeprefix("file://")).parents[1]
    store.rename(store.with_name("unmounted"))
    try:
        said = stage.run("forecast")
        assert said.code == 1
        assert "files are gone" not in said.error
        assert "artifact store can be reached" in said.error
    finally:
        store.with_name("unmounted").rename(store)


def test_a_misspelt_model_is_named_beside_those_that_there_are(stage: Stage, folder: Command) -> None:
    stage.first_champion()
    found = stage.workshop.forecastops("status", "--set", f"registry.model_name={stage.model}x")
    assert "all agree" not in found.stdout
    assert f"there is no model '{stage.model}x', but {stage.model}" in found.stdout
    checked = stage.workshop.forecastops("status", "--check", "--set", f"registry.model_name={stage.model}x")
    assert checked.code == 1
    # One that was trained and not promoted yet is no mistake.
    assert stage.workshop.forecastops.ok("status")["consistent"]


def test_homes_and_folders_that_cannot_be_are_one_line(stage: Stage, tmp_path: Path) -> None:
    stage.evaluate(stage.workshop.first)
    (tmp_path / "file").write_text("mine")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        away = at(stage.workshop.forecastops, FORECASTOPS_HOME=str(home))
        for arguments in (
            ["promote", "--run-id", stage.workshop.first],
            ["status"],
            ["rollback", "--reason", "any"],
            ["retrain", "--data", PAST, *FIXED],
        ):
            said = away(*arguments, *stage.options(), "-v")
            refused(said, str(home), "is no folder", "set FORECASTOPS_HOME", code=2)
            assert "fitting" not in said.stderr
    nobodys = at(stage.workshop.forecastops, FORECASTOPS_HOME="~nobody-of-that-name/home")
    refused(nobodys("status", *stage.options()), "FORECASTOPS_HOME ~nobody", "set FORECASTOPS_HOME", code=2)
    gone = tmp_path / "gone"
    gone.mkdir()
    left = stage.workshop.forecastops("status", *stage.options(), before=_Left(gone))
    refused(left, "the working directory: was deleted")
    program = [sys.executable, "-m", "forecastops", "config", "show"]
    with open("/dev/full", "w") as disk:
        full = subprocess.run(program, check=False, stdout=disk, stderr=subprocess.PIPE, text=True)
    assert full.returncode == 1
    (line,) = full.stderr.splitlines()
    require_parts(line, "No space left on device", "free space there")


class _Left:
    """Be in a folder that is deleted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self) -> None:
        os.chdir(self.folder)
        os.rmdir(self.folder)


def test_one_registry_is_one_however_it_is_spelled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MLFLOW_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    azure = (
        "azureml://westeurope.api.azureml.ms/mlflow/{}/subscriptions/0a1b/resourceGroups/{}/providers/"
        "Microsoft.MachineLearningServices/workspaces/shop"
    )
    for spellings in (
        [azure.format("v1.0", "Team"), azure.format("v1.0", "Team") + "?", azure.format("v2.0", "team")],
        ["http://Server:80/", "http://server", "http://robot:secret@server", "http://server?"],
        ["http://localhost:5000", "http://127.0.0.1:5000/", "http://[::1]:5000"],
        [f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/link/a.db", f"sqlite:///{tmp_path}/a.db?timeout=9"],
        ["postgresql://me@db/mlflow", "postgresql+psycopg2://you:secret@DB/mlflow"],
    ):
        assert len({identify(uri).name for uri in spellings}) == 1
        first = identify(spellings[0])
        assert all(first.owner("m") in identify(uri).owners("m") for uri in spellings)
    server = identify("http://server:5000")
    others = [identify("http://server:5001"), identify("https://server:5000"), identify("http://server:5000/other")]
    monkeypatch.setenv("MLFLOW_WORKSPACE", "team-a")
    others.append(identify("http://server:5000"))
    monkeypatch.setenv("MLFLOW_WORKSPACE", "team-b")
    others.append(identify("http://server:5000"))
    assert len({one.digest for one in (server, *others)}) == len(others) + 1
    assert all(server.owner("m") not in one.owners("m") for one in others)


def test_what_an_earlier_release_deployed_is_still_ours(stage: Stage) -> None:
    stage.first_champion()
    tracking = stage.workshop.forecastops.environment["MLFLOW_TRACKING_URI"]
    earlier = hashlib.sha256(f"{tracking}\0{stage.model}".encode()).hexdigest()[:16]
    get_deploy_client("forecastops-local").update_deployment(stage.model, config={"owner": earlier})
    assert stage.ok("status")["consistent"]
    link = stage.workshop.forecastops.folder / "link"
    link.symlink_to(stage.workshop.forecastops.folder)
    spelled = at(stage.workshop.forecastops, MLFLOW_TRACKING_URI=f"sqlite:///{link}/mlflow.db")
    assert spelled.ok("status", *stage.options())["consistent"]


def test_no_warning_of_stages_reaches_a_user(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first)
    said = stage.run("promote", "--run-id", stage.workshop.first, "--set", "registry.pointer=stage")
    assert said.code == 0, said.stderr
    assert "Warning" not in said.stderr
    assert stage.stages() == {"1": "Production"}


def test_nothing_new_is_left_in_the_folder(empty_database: Path, tmp_path: Path) -> None:
    command = new_command(tmp_path, empty_database)
    assert command("status").code == 0
    assert not (tmp_path / "home").exists()
