"""The Azure ML pipeline: validated by Azure's own SDK, offline, and run step by step as the service would."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient
from packaging.requirements import Requirement

import panel_kills
from command import Command
from forecastops.core.errors import ConfigError
from forecastops.usecases.panels.pieces import work_on_piece
from pipeline_rehearsal.forked_command import forked_command
from repository import ROOT

FOLDER = ROOT / "azureml"
COMPONENTS = sorted((FOLDER / "components").glob("*.yml"))
MODEL = "transactions-forecast"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the SDK's own libraries


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def require_valid(entity: Any) -> None:
    """What the SDK itself checks before it sends anything."""
    result = entity._validate()
    assert result.passed, result.error_messages


def test_the_sdk_accepts_every_file() -> None:
    # The SDK takes seconds to import, which the other workers need not spend.
    from azure.ai.ml import load_component, load_compute, load_environment, load_job
    from azure.ai.ml.entities import AmlCompute, CronTrigger, PipelineJob
    from azure.ai.ml.entities._load_functions import load_schedule

    for path in COMPONENTS:
        component = load_component(path)
        require_valid(component)
        assert not component.is_deterministic, "Azure ML would answer with the outputs of an earlier job"
    pipeline = load_job(FOLDER / "pipeline.yml")
    assert isinstance(pipeline, PipelineJob)
    require_valid(pipeline)
    require_valid(load_job(FOLDER / "renew.yml"))
    panel = load_job(FOLDER / "panel.yml")
    assert isinstance(panel, PipelineJob)
    require_valid(panel)
    assert [(name, node.type) for name, node in panel.jobs.items()][:3] == [
        ("cut", "command"),
        ("work", "parallel"),
        ("train", "command"),
    ]
    assert list(pipeline.jobs) == ["train", "evaluate", "promote", "verify"]
    for name, jobs in (("schedule", list(pipeline.jobs)), ("schedule-renew", ["renew", "verify"])):
        schedule = load_schedule(FOLDER / f"{name}.yml")
        require_valid(schedule)
        assert list(schedule.create_job.jobs) == jobs
        assert isinstance(schedule.trigger, CronTrigger)
        assert schedule.trigger.expression.split()[2:4] == ["*", "*"], "Azure ML ignores day and month"
    compute = load_compute(FOLDER / "compute.yml")
    assert isinstance(compute, AmlCompute)
    assert compute.min_instances == 0, "it would cost money while nothing runs"
    assert load_environment(FOLDER / "environment.yml").conda_file == read(FOLDER / "conda.yaml")


def test_the_steps_wait_for_each_other_and_the_last_one_for_the_verdict() -> None:
    steps = read(FOLDER / "pipeline.yml")["jobs"]
    waits = {name: re.findall(r"parent\.jobs\.(\w+)", str(step["inputs"])) for name, step in steps.items()}
    judged = {"evaluate": ["train"], "promote": ["evaluate"], "verify": ["promote"]}
    assert waits == {"train": []} | judged
    panel = read(FOLDER / "panel.yml")["jobs"]
    waits = {name: re.findall(r"parent\.jobs\.(\w+)", str(step["inputs"])) for name, step in panel.items()}
    assert waits == {"cut": [], "work": ["cut"], "train": ["work"]} | judged
    renew = read(FOLDER / "renew.yml")["jobs"]
    assert re.findall(r"parent\.jobs\.(\w+)", str(renew["verify"]["inputs"])) == ["renew"]


@pytest.mark.parametrize(
    ("conda", "lock_name"),
    [("conda.yaml", "requirements.lock"), ("parallel/conda.yaml", "requirements-parallel.lock")],
)
def test_a_job_installs_what_the_lock_names(conda: str, lock_name: str) -> None:
    *_, packages = read(FOLDER / conda)["dependencies"]
    lock = (ROOT / lock_name).read_text("utf-8")
    surroundings = {"python_full_version": "3.11.9", "python_version": "3.11", "platform_machine": "x86_64"}
    wanted = {}
    for line in re.findall(r"(?m)^[a-z].*==.*$", lock):
        requirement = Requirement(line.removesuffix("\\").strip())
        if requirement.marker is None or requirement.marker.evaluate(surroundings | {"sys_platform": "linux"}):
            wanted[requirement.name] = str(requirement.specifier)
    found = {}
    for line in packages["pip"]:
        pin, *hashes = line.split()
        assert hashes, line
        assert all(one.removeprefix("--hash=sha256:") in lock for one in hashes), line
        found[Requirement(pin).name] = str(Requirement(pin).specifier)
    assert found == wanted


@dataclass
class Service:
    """Runs the steps in their order, each with a snapshot of the code, folders for its outputs and a run of its own."""

    folder: Path
    forecastops: Command
    experiment: str
    programs: Path

    def run(
        self,
        name: str,
        inputs: dict[str, str],
        shell: Callable[[str, str, Path, dict[str, str]], None],
        pipeline: str = "pipeline",
    ) -> Any:
        """Run the whole pipeline with these inputs; what each step has written, by step."""
        found: dict[str, Any] = {}
        known = {f"parent.inputs.{key}": value for key, value in inputs.items()}
        for step, node in read(FOLDER / f"{pipeline}.yml")["jobs"].items():
            component = FOLDER / node["component"]
            document = read(component)
            bound = {key: value.removeprefix("${{").removesuffix("}}") for key, value in node["inputs"].items()}
            given = {f"inputs.{key}": known[value] for key, value in bound.items() if value in known}
            (output,) = document["outputs"]
            made = self.folder / name / step / output
            made.mkdir(parents=True)
            given[f"outputs.{output}"] = known[f"parent.jobs.{step}.outputs.{output}"] = str(made)
            code = _snapshot((component.parent / document["code"]).resolve(), self.folder / "code")
            run = MlflowClient(self.forecastops.environment["MLFLOW_TRACKING_URI"]).create_run(self.experiment)
            shell(step, _resolved(document["command"], given), code, {"MLFLOW_RUN_ID": run.info.run_id})
            (written,) = made.iterdir()
            found[step] = json.loads(written.read_text("utf-8"))
        return found

    def bash(self, step: str, command: str, code: Path, more: dict[str, str]) -> None:
        """The command as it stands, by a shell; the snapshot's code in the first two steps, forked in those after."""
        programs = Path(sys.executable).parent if step in ("train", "evaluate") else self.programs
        path = f"{programs}:{self.forecastops.environment['PATH']}"
        environment = self.forecastops.environment | {"PATH": path} | more
        subprocess.run(["bash", "-c", command], cwd=code, env=environment, check=True, timeout=600)

    def preloaded(self, _: str, command: str, code: Path, more: dict[str, str]) -> None:
        """The same arguments in a process that has the imports behind it, which takes a tenth of the time."""
        words = shlex.split(command)
        *arguments, redirection, target = words[words.index("forecastops") + 1 :]
        assert redirection == ">"
        result = self.forecastops(*arguments, before=partial(_enter, code, more))
        assert result.code == 0, result.stderr
        Path(target).write_text(result.stdout, "utf-8")


def _enter(code: Path, more: dict[str, str]) -> None:
    os.chdir(code)
    os.environ.update(more)


def _resolved(command: str, given: dict[str, str]) -> str:
    """The command as the shell gets it: optional parts without a value go, each placeholder must have one."""

    def optional(match: re.Match[str]) -> str:
        return match[1] if set(re.findall(r"\$\{\{(.+?)\}\}", match[1])) <= given.keys() else ""

    command = re.sub(r"\$\[\[(.+?)\]\]", optional, command)
    return re.sub(r"\$\{\{(.+?)\}\}", lambda match: given[match[1]], command)


def _snapshot(code: Path, folder: Path) -> Path:
    """The files that the SDK would upload."""
    from azure.ai.ml._utils._asset_utils import get_ignore_file, get_upload_files_from_folder

    shutil.rmtree(folder, ignore_errors=True)
    files: list[tuple[str, str]] = get_upload_files_from_folder(code, ignore_file=get_ignore_file(code))  # type: ignore[assignment]
    for source, name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    assert {path.name for path in folder.iterdir()} == {"src", "configs", "azureml"}
    assert [path.name for path in (folder / "azureml").iterdir()] == ["parallel"]
    return folder


@pytest.fixture
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a `python` that runs `-m forecastops` forked."""
    folder = tmp_path_factory.mktemp("programs")
    with forked_command(folder) as program:
        python = folder / "python"
        python.write_text(f'#!/bin/sh\n[ "$1 $2" = "-m forecastops" ] || exit 9\nshift 2\nexec {program} "$@"\n')
        python.chmod(0o755)
        yield folder


def test_the_service_runs_the_pipelines_to_a_promotion_a_renewal_and_a_hold(
    forecastops: Command, programs: Path
) -> None:
    client = MlflowClient(forecastops.environment["MLFLOW_TRACKING_URI"])
    # That of the model, where new runs are made: by default its artifacts would lie in the folder of one job.
    experiment = client.create_experiment(MODEL, (forecastops.folder / "artifacts").as_uri())
    service = Service(forecastops.folder / "service", forecastops, experiment, programs)
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    whole, data, more = (forecastops.folder / f"data/{name}.csv" for name in ("transaction_ts2013", "data", "more"))
    header, *rows = whole.read_text("utf-8").splitlines(keepends=True)
    for path, part in ((data, rows[:100]), (more, rows[100:])):
        path.write_text("".join([header, *part]), "utf-8")
    config = {"config": "configs/default.yaml"}

    first = service.run("first", {"data": str(data), "more": str(more)} | config, service.bash)
    assert first["train"]["data"]["rows"] == 154
    assert (first["evaluate"]["verdict"], first["promote"]["version"]) == ("PROMOTE", "1")
    assert first["promote"]["run_id"] == first["evaluate"]["run_id"] == first["train"]["run_id"]
    jobs = {found.info.run_id: found.data.tags for found in client.search_runs([experiment])}
    assert len(jobs) == 4, "each step logs into the run of its own job"
    assert first["verify"]["consistent"] is True
    assert first["verify"]["champion"]["version"] == "1"
    assert [tags["forecastops.promoted"] for tags in jobs.values() if "forecastops.promoted" in tags] == ["true"]

    # The same data once more, now in one file: nothing is proven, and the last step changes nothing.
    second = service.run("second", {"data": str(whole)} | config, service.preloaded)
    assert second["train"]["data"]["sha256"] == first["train"]["data"]["sha256"]
    assert (second["evaluate"]["verdict"], second["promote"]["promoted"]) == ("HOLD", False)
    assert [str(found.version) for found in client.search_model_versions(f"name='{MODEL}'")] == ["1"]

    newest = forecastops.folder / "data/newest.csv"
    past, now = (forecastops.folder / f"data/transaction_ts{year}.csv" for year in (2013, 2014))
    header, *rows = (forecastops.folder / "data/transaction_ts.csv").read_text("utf-8").splitlines(keepends=True)
    newest.write_text("".join([header, *rows[-158:-120]]), "utf-8")  # from a week before 2014 to the end of January
    done = service.run("daily", {"data": str(newest)} | config, service.preloaded, "renew")
    daily = done["renew"]
    assert done["verify"]["forecasts_from"] == "2014-01-31"
    assert (daily["renewed"], daily["version"], daily["previous_version"]) == (True, "2", "1")
    run = next(found for found in client.search_runs([experiment]) if found.data.tags.get("forecastops.renewed"))
    assert (run.data.tags["forecastops.renewed"], run.data.tags["forecastops.version"]) == ("true", "2")
    assert client.get_model_version(MODEL, "2").run_id != run.info.run_id, "the job's own run holds no model"

    strict = forecastops.folder / "strict.yaml"
    strict.write_text(json.dumps({"gate": {"same_spec_improvement": 0.5, "min_improvement": 0.5}}))
    third = service.run("third", {"data": str(past), "more": str(now), "config": str(strict)}, service.preloaded)
    assert (third["evaluate"]["verdict"], third["promote"]["promoted"]) == ("HOLD", False)
    assert (third["promote"]["renewed"], third["promote"]["version"]) == (True, "3")
    assert third["verify"]["endpoint"]["version"] == "3"


def test_a_file_that_names_no_run_is_refused(forecastops: Command) -> None:
    (forecastops.folder / "train.json").write_text("[]")
    for name in ("train.json", "missing.json"):
        refused = forecastops("evaluate", "--run-id", f"@{name}")
        assert refused.code == 2
        assert f"{name} is no file that names a run_id" in refused.stderr


# As the service does it: it loads the script by its path in a process of its own, beside arguments of the service.
SERVICE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("entry", sys.argv.pop(1))
entry = importlib.util.module_from_spec(spec)
spec.loader.exec_module(entry)
entry.init()
for line in sys.stdin:
    batch = line.split()
    assert len(entry.run(batch)) == len(batch)
"""


def test_the_parallel_job_leaves_what_the_pool_leaves_and_training_fits_nothing_more(
    forecastops: Command, programs: Path
) -> None:
    folder = forecastops.folder
    data, config = _panel(folder)
    code = _snapshot(ROOT, folder / "code")
    shutil.copytree(data, folder / "elsewhere")  # each job has its inputs mounted at a place of its own

    def run(step: str, **given: Path) -> str:
        document = read(FOLDER / f"components/{step}.yml")
        kinds = {name: kind for kind in ("inputs", "outputs") for name in document[kind]}
        found = {f"{kinds[name]}.{name}": str(path) for name, path in (given | {"config": config}).items()}
        environment = forecastops.environment | {"PATH": f"{programs}:{forecastops.environment['PATH']}"}
        command = ["bash", "-c", _resolved(document["command"], found)]
        done = subprocess.run(
            command, cwd=code, env=environment, check=True, timeout=600, capture_output=True, text=True
        )
        return done.stdout

    cut = json.loads(run("cut", data=data, pieces=folder / "pieces"))
    pieces = sorted((folder / "pieces").iterdir())
    assert (cut["pieces"], cut["series"]) == (len(pieces), 6)
    assert len(pieces) > 1

    work = read(FOLDER / "components/work.yml")
    arguments = _resolved(work["task"]["program_arguments"], {"outputs.results": str(folder / "results")}).split()
    entry = code / work["task"]["entry_script"]
    batches = [*([str(piece)] for piece in pieces), list(map(str, pieces))]  # the last ones are there already
    subprocess.run(
        [sys.executable, "-c", SERVICE, str(entry), "--mini_batch_size", "1", *arguments, "--result_limit", "9"],
        cwd=folder,
        env={name: value for name, value in forecastops.environment.items() if name != "PYTHONPATH"},
        input="\n".join(map(" ".join, batches)),
        text=True,
        check=True,
        timeout=600,
    )
    results = {path.name: path.read_bytes() for path in (folder / "results").iterdir()}
    assert len(results) == len(pieces)
    times = {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()}

    (folder / "trained").mkdir()
    run("train_panel", data=folder / "elsewhere", results=folder / "results", trained=folder / "trained")
    assert {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()} == times, "it fitted something"
    trained = read(folder / "trained/train.json")

    (folder / "pool").mkdir()
    options = ["--data", "data", "--work", str(folder / "pool"), "--config", str(config), "--json"]
    pool = forecastops("train", *options, before=partial(_enter, code, {}))
    assert pool.code == 0, pool.stderr
    assert {path.name: path.read_bytes() for path in (folder / "pool").iterdir()} == results
    assert (trained["counts"], trained["data"]) == (pool.json["counts"], pool.json["data"])

    altered = pieces[0].rename(pieces[0].with_name(f"000000-{'0' * 64}.piece"))
    with pytest.raises(ConfigError, match="was cut by another version of forecastops or its libraries"):
        work_on_piece(altered, folder / "results")


def _panel(folder: Path) -> tuple[Path, Path]:
    """A folder with a long table, and a configuration under which a series takes a moment."""
    data = folder / "data"
    data.mkdir()
    table = panel_kills.long_table(6)
    table.iloc[:300].to_csv(data / "one.csv", index=False)
    table.iloc[300:].to_csv(data / "two.csv", index=False)
    settings = {
        "data": {"series_column": "shop", "date_column": "day", "value_column": "sold"},
        "model": {"order": [0, 1, 1]},
        "evaluation": {"horizon": 7, "window": 28},
        "panel": {"bucket_size": 2},
    }
    config = folder / "panel.yaml"
    config.write_text(json.dumps(settings), "utf-8")
    return data, config
