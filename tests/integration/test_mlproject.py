"""`mlflow run` on the repository: the entry points, and what they leave in the run that MLflow made."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run

from command import Command
from forecastops.commands.main import main
from mlproject import finish, start
from repository import ROOT

ENTRY_POINTS: dict[str, Any] = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
MODEL = "transactions-forecast"


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_an_entry_point_calls_the_command_of_its_name_with_options_that_it_has(name: str) -> None:
    entry = ENTRY_POINTS[name]
    parameters = {parameter: f"<{parameter}>" for parameter in entry["parameters"]}
    program, command, *arguments = shlex.split(entry["command"].format(**parameters))
    assert (program, command) == ("forecastops", name)
    found = main.get_command(click.Context(main), name)
    assert found is not None
    parsed = found.make_context(name, list(arguments))
    given = {str(value if isinstance(value, str | Path) else value[0]) for value in parsed.params.values() if value}
    assert given == set(parameters.values())


def test_the_default_configuration_of_the_entry_points_exists() -> None:
    for entry in ENTRY_POINTS.values():
        assert (ROOT / entry["parameters"]["config"]["default"]).is_file()


def test_the_cycle_by_mlflow_run(forecastops: Command) -> None:
    client = MlflowClient(forecastops.environment["MLFLOW_TRACKING_URI"])
    experiment = client.create_experiment("cycle", (forecastops.folder / "artifacts").as_uri())
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    data = str(forecastops.folder / "data/transaction_ts2013.csv")
    missing = str(forecastops.folder / "missing one.csv")

    known: set[str] = set()

    def new_runs() -> list[Run]:
        """The runs made since the last call, the oldest first."""
        found = client.search_runs([experiment], order_by=["start_time"])
        new = [run for run in found if run.info.run_id not in known]
        known.update(run.info.run_id for run in new)
        return new

    failing = start(forecastops, "train", f"data={missing}")
    training = start(forecastops, "train", f"data={data}", "set=model.max_iterations=400")
    code, output = finish(failing)
    assert code == 1
    assert f"forecastops: error: {missing}: cannot be read: No such file or directory; name an existing" in output
    code, output = finish(training)
    assert code == 0, output
    failed, trained = sorted(new_runs(), key=lambda run: str(run.info.status))
    assert failed.info.status == "FAILED"
    assert client.list_artifacts(failed.info.run_id) == []
    run_id = trained.info.run_id
    assert trained.info.status == "FINISHED"
    ours = {"model.max_iterations": "400", "evaluation.window": "56", "data.rows": "154"}
    assert trained.data.params.items() >= (ours | {"config": "configs/default.yaml"}).items()
    assert shlex.split(trained.data.params["data"]) == [data]
    assert trained.data.tags["mlflow.project.entryPoint"] == "train"
    assert {"RMSE", "R2"} <= trained.data.metrics.keys()
    assert {found.path for found in client.list_artifacts(run_id)} >= {"model", "metric.json"}

    code, output = finish(start(forecastops, "evaluate", f"run_id={run_id}"))
    assert code == 0, output
    verdict = client.get_run(run_id).data.tags["forecastops.verdict"]
    (judging,) = new_runs()
    assert judging.info.status == "FINISHED"
    assert judging.data.tags["forecastops.challenger"] == run_id
    assert (judging.data.tags["forecastops.verdict"], verdict) == ("PROMOTE", "PROMOTE")
    assert client.search_registered_models() == []
    # Each names the other, and MLflow's pages show the one as the other's parent.
    challenger = client.get_run(run_id)
    assert challenger.data.tags["forecastops.evaluate_run"] == judging.info.run_id
    assert judging.data.tags["mlflow.parentRunId"] == run_id
    assert f"](#/experiments/{experiment}/runs/{run_id})" in judging.data.tags["mlflow.note.content"]
    assert challenger.info.run_name == f"{MODEL} · 2013-12-31 · PROMOTE"
    assert judging.info.run_name == f"{MODEL} · 2013-12-31 · evaluation: PROMOTE"
    for run in (challenger, judging):
        folder = f"{run.data.tags['forecastops.decision']}/pictures"
        assert f"{folder}/forecast_fan.png" in {one.path for one in client.list_artifacts(run.info.run_id, folder)}

    code, output = finish(start(forecastops, "promote", f"run_id={run_id}"))
    assert code == 0, output
    (promoting,) = new_runs()
    assert promoting.info.status == "FINISHED"
    assert promoting.data.tags["forecastops.promoted"] == "true"
    assert promoting.data.tags["forecastops.version"] == "1"
    assert promoting.info.run_name == f"{MODEL} · 2013-12-31 · promotion: version 1"
    assert promoting.data.tags["mlflow.parentRunId"] == run_id
    assert client.get_run(run_id).data.tags["forecastops.promote_run"] == promoting.info.run_id
    assert client.get_run(run_id).info.run_name == challenger.info.run_name
    assert int(client.get_registered_model(MODEL).aliases["champion"]) == 1
    status = forecastops.ok("status")
    assert status["consistent"], status["problems"]
    assert (status["champion"]["run_id"], status["endpoint"]["state"]) == (run_id, "Healthy")
    assert [found.name for found in client.search_experiments()] == ["cycle", "Default"]

    newest = str(forecastops.folder / "data/transaction_ts.csv")
    code, output = finish(start(forecastops, "renew", f"data={newest}"))
    assert code == 0, output
    assert "version 2, renewed through 2014-05-31, serves at" in output
    # What came of it is told to the run of `mlflow run`; the renewal is a run of its own, in the same experiment.
    asked, _ = sorted(new_runs(), key=lambda run: "forecastops.renewed" not in run.data.tags)
    assert asked.info.status == "FINISHED"
    told = {"forecastops.renewed": "true", "forecastops.version": "2"}
    assert asked.data.tags.items() >= told.items()
    assert client.list_artifacts(asked.info.run_id) == []
    version = client.get_model_version(MODEL, "2")
    renewal = client.get_run(str(version.run_id))
    assert renewal.info.run_id not in (run_id, asked.info.run_id)
    assert renewal.data.tags["forecastops.kind"] == "renewal"
    assert renewal.data.tags["forecastops.parameters_of"] == "1"
    assert renewal.info.experiment_id == experiment
    assert renewal.data.tags["mlflow.parentRunId"] == asked.info.run_id
    assert renewal.info.run_name == f"{MODEL} · 2014-05-31 · renewal"
    assert asked.info.run_name == f"{MODEL} · 2014-05-31 · renewal: version 2"
    assert "The parameters of version 1, with data through 2014-05-31." in str(version.description)
    status = forecastops.ok("status", "--check", "--require-champion", run_id)
    assert (status["champion"]["version"], status["newest_data"]) == ("2", "2014-05-31")
