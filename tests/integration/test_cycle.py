"""The cycle on real data, through the command: what is logged, judged, registered and served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import pytest
import requests
from mlflow import MlflowClient

from command import Command
from repository import ROOT
from workshop import FIXED

MODEL = "transactions-forecast"


def client_of(forecastops: Command) -> MlflowClient:
    return MlflowClient(forecastops.environment["MLFLOW_TRACKING_URI"])


def data(folder: Path, *years: str) -> list[str]:
    return [
        part for year in years for part in ("--data", str(folder / f"adventureworks/mlops_forecast_data{year}.csv"))
    ]


def artifact(forecastops: Command, run_id: str, name: str) -> Any:
    path = Path(client_of(forecastops).get_run(run_id).info.artifact_uri.removeprefix("file://")) / name
    return json.loads(path.read_text())


def test_the_whole_story_on_adventureworks(forecastops: Command, shared_data: Path) -> None:
    client = client_of(forecastops)

    first = forecastops.ok("train", *data(shared_data, "2013"), *FIXED)
    assert first["data"] | {"sha256": ""} == {"start": "2013-07-31", "end": "2013-12-31", "rows": 154, "sha256": ""}
    recorded = artifact(forecastops, first["run_id"], "metric.json")
    assert recorded["run_id"] == first["run_id"]
    assert recorded["model_name"] == MODEL
    assert recorded["RMSE"] == pytest.approx(511.1, abs=0.05)
    assert recorded["R2"] == pytest.approx(-0.099, abs=0.0005)
    assert client.search_registered_models() == []

    judged = forecastops.ok("evaluate", "--run-id", first["run_id"])
    assert judged["verdict"] == "PROMOTE"
    assert judged["champion"] is None
    assert judged["metrics"]["champion"] is None
    assert judged["window"] == {"start": "2013-11-06", "end": "2013-12-31", "origins": 43, "horizon": 14}
    assert judged["metrics"]["challenger"]["rmse"] == pytest.approx(470.3, rel=0.01)
    assert judged["metrics"]["seasonal_naive"]["rmse"] == pytest.approx(563.4, rel=0.01)
    assert client.search_registered_models() == []

    moved = forecastops.ok("promote", "--run-id", first["run_id"])
    assert (moved["promoted"], moved["version"], moved["previous_version"]) == (True, "1", None)
    assert moved["endpoint"]["state"] == "Healthy"

    second = forecastops.ok("train", *data(shared_data, "2013", "2014"), *FIXED)
    recorded = artifact(forecastops, second["run_id"], "metric.json")
    assert recorded["RMSE"] == pytest.approx(439.5, abs=0.05)
    assert recorded["R2"] == pytest.approx(0.069, abs=0.0005)
    judged = forecastops.ok("evaluate", "--run-id", second["run_id"])
    assert judged["verdict"] == "PROMOTE"
    assert judged["champion"] == {
        "version": "1",
        "model_version": "1",
        "run_id": first["run_id"],
        "re_estimated": False,
        "recorded": None,
        "gone": False,
    }
    found = {name: scores["rmse"] for name, scores in judged["metrics"].items()}
    assert found == pytest.approx({"challenger": 377.9, "champion": 433.4, "seasonal_naive": 376.0}, rel=0.01)
    floor = next(check for check in judged["checks"] if check["name"] == "beats_seasonal_naive")
    assert not floor["passed"]
    assert any("neither challenger nor champion beats the seasonal naive" in text for text in judged["warnings"])
    assert set(judged["checks"][0]) == {"name", "passed", "value", "threshold", "reason"}

    moved = forecastops.ok("promote", "--run-id", second["run_id"])
    assert (moved["version"], moved["previous_version"]) == ("2", "1")
    assert int(client.get_registered_model(MODEL).aliases["champion"]) == 2
    tags = client.get_model_version(MODEL, "2").tags
    assert float(tags["RMSE"]) == recorded["RMSE"]
    assert float(tags["R2"]) == recorded["R2"]
    assert tags["run_id"] == second["run_id"]

    status = forecastops.ok("status")
    assert status["consistent"], status["problems"]
    assert status["champion"]["version"] == status["endpoint"]["version"] == "2"

    rows = forecastops.ok("forecast", "--horizon", "5")
    assert rows["version"] == "2"
    answer = requests.post(
        f"{moved['endpoint']['url']}/invocations", json={"inputs": [], "params": {"horizon": 5}}, timeout=300
    ).json()
    served = answer["predictions"]
    assert [row["date"] for row in served] == [f"2014-06-0{day}" for day in range(1, 6)]
    assert [row["mean"] for row in served] == pytest.approx([row["mean"] for row in rows["forecast"]], rel=1e-9)

    # The same data, spec and champion once more: nothing is proven, and nothing changes.
    again = forecastops.ok("retrain", *data(shared_data, "2013", "2014"), *FIXED)
    assert again["evaluate"]["verdict"] == "HOLD"
    assert (again["promote"], again["renew"]) == (None, None)
    assert [int(version.version) for version in client.search_model_versions(f"name='{MODEL}'")] == [2, 1]
    held = forecastops("promote", "--run-id", again["train"]["run_id"], "--json")
    assert held.code == 0
    assert held.json["promoted"] is False
    assert forecastops("promote", "--run-id", again["train"]["run_id"], "--require-promote").code == 3
    settled = {"newest_data_run": ""}  # of several runs with the same data it may be any
    assert forecastops.ok("status") | settled == status | settled

    # The week after, by its rows and the last that is known: the same parameters, served from there.
    week = [f"2014-06-0{day},{value}" for day, value in enumerate((970, 1090, 720, 1210, 900, 830, 1050), start=1)]
    lines = (shared_data / "adventureworks/mlops_forecast_data2014.csv").read_text().splitlines()
    (forecastops.folder / "week.csv").write_text("\n".join([lines[0], lines[-1], *week]) + "\n")
    renewed = forecastops.ok("renew", "--data", "week.csv")
    assert (renewed["renewed"], renewed["version"], renewed["previous_version"]) == (True, "3", "2"), renewed
    tags = client.get_model_version(MODEL, "3").tags
    assert (tags["RMSE"], tags["run_id"]) == (str(recorded["RMSE"]), second["run_id"])
    assert forecastops.ok("forecast", "--horizon", "1")["forecast"][0]["date"] == "2014-06-08"
    assert forecastops("status", "--check", "--require-champion", second["run_id"]).code == 0


def test_a_run_is_what_an_mlflow_user_expects(forecastops: Command) -> None:
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    made = forecastops.ok("train", "--data", "data/transaction_ts2013.csv")
    client = client_of(forecastops)
    run = client.get_run(made["run_id"])
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == MODEL
    assert run.data.params["model.selection"] == "combination"
    assert "seasonal_order" in run.data.params["model.members"]
    assert run.data.tags["forecastops.model.name"] == MODEL
    assert run.data.params["evaluation.window"] == "56"
    assert {"RMSE", "R2", "converged"} <= run.data.metrics.keys()
    (entry,) = run.inputs.dataset_inputs
    assert made["data"]["sha256"].startswith(entry.dataset.digest)
    assert run.data.tags["forecastops.data.sha256"] == made["data"]["sha256"]
    folder = Path(run.info.artifact_uri.removeprefix("file://")) / "model"
    assert not [path for path in folder.rglob("*") if path.suffix in {".pkl", ".pickle"}]
    model = mlflow.pyfunc.load_model(str(folder))
    assert list(model.predict([], params={"horizon": 3, "levels": [50]}).columns) == [
        "date",
        "mean",
        "lower_50",
        "upper_50",
    ]
    assert model.metadata.get_params_schema() is not None


def test_several_files_are_one_series_however_they_are_named(forecastops: Command) -> None:
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    past, now = "data/transaction_ts2013.csv", "data/transaction_ts2014.csv"
    whole = forecastops.ok("data", "check", "data/transaction_ts.csv")
    for arguments in ([past, now], [now, past], [f"{past},{now}"]):
        joined = forecastops.ok("data", "check", *arguments)
        assert (joined["sha256"], joined["rows"]) == (whole["sha256"], 305)


def test_the_weekly_sample_with_gaps_goes_through_the_cycle(forecastops: Command) -> None:
    config = str(ROOT / "configs/co2.yaml")
    forecastops.ok("data", "sample", "co2", "--out", "data")
    report = forecastops.ok("data", "check", "data/co2.csv", "--config", config)
    assert (report["frequency"], report["missing"], report["filled"]) == ("W-SAT", 59, 0)
    made = forecastops.ok("retrain", "--data", "data/co2.csv", "--config", config)
    assert made["evaluate"]["verdict"] == "PROMOTE"
    assert forecastops.ok("status", "--config", config)["consistent"]
