"""A champion that older scripts registered: not created by forecastops, but in production."""

from __future__ import annotations

import re
import signal
from functools import partial
from pathlib import Path

import mlflow
import pytest
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException

from forecastops.core.tags import PREDECESSOR
from interruptions import DEPLOYED, kill_before
from stories import require_settled
from workshop import PAST, Stage, Workshop

OLD_SCRIPT = """
import mlflow
import pandas as pd


class Constant(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"paid": [500.0]})


mlflow.models.set_model(Constant())
"""


@pytest.fixture
def stage(workshop: Workshop, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    """A model whose version 1, in stage Production with the tags of the older scripts, is none of ours."""
    for name in ("FORECASTOPS_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, workshop.forecastops.environment[name])
    stage = workshop.stage(request.node.name.removeprefix("test_")[:60])
    script = tmp_path / "old_script.py"
    script.write_text(OLD_SCRIPT)
    mlflow.pyfunc.save_model(tmp_path / "model", python_model=script, pip_requirements=["mlflow"])
    client = stage.client
    run = client.create_run("0")
    client.log_artifacts(run.info.run_id, str(tmp_path / "model"), "model")
    client.create_registered_model(stage.model)
    client.create_model_version(stage.model, f"{run.info.artifact_uri}/model", run.info.run_id)
    for key, value in {"RMSE": "511.1", "R2": "nan", "run_id": run.info.run_id}.items():
        client.set_model_version_tag(stage.model, "1", key, value)
    client.transition_model_version_stage(stage.model, "1", "Production")
    client.delete_run(run.info.run_id)
    return stage


def stage_of(stage: Stage, version: str) -> str:
    return str(stage.client.get_model_version(stage.model, version).current_stage)


def test_a_legacy_champion_is_replaced_by_rule(stage: Stage) -> None:
    run_id, hold = stage.workshop.first, ["--set", "gate.legacy_champion=hold"]
    (problem,) = stage.ok("status")["problems"]
    assert "version 1 has no endpoint" in problem
    assert "was not created by forecastops" in problem
    shown = stage.workshop.forecastops("status", *stage.options()).stdout
    assert re.search(r"champion  version 1 \(by \w+\), not made by forecastops, of (no run|run \w+)\n", shown), shown
    assert "files     not made by forecastops: nothing says what they must be" in shown
    held = stage.evaluate(run_id, *hold)
    assert (held["verdict"], held["champion"]["version"]) == ("HOLD", "1")
    assert "gate.legacy_champion hold" in held["summary"]
    stays = stage.promote(run_id, *hold)
    assert (stays["promoted"], stays["renewed"], stays["version"]) == (False, False, None)
    assert "not made by forecastops, so it cannot be renewed" in stays["reason"]
    assert stage.ok("status")["forecasts_from"] is None
    refused = stage.run("renew", "--data", PAST)
    assert refused.code == 1
    assert "was not created by forecastops" in refused.error
    assert stage.versions().keys() == {"1"}

    judged = stage.evaluate(run_id, "--set", "gate.beat_seasonal_naive=false")
    assert judged["verdict"] == "PROMOTE"
    assert "cannot be scored" in judged["summary"]
    assert judged["champion"]["recorded"] == {"RMSE": 511.1, "R2": None}
    assert judged["metrics"]["champion"] is None
    assert [check["passed"] for check in judged["checks"] if check["name"] == "beats_seasonal_naive"] == [True]
    shown = stage.workshop.forecastops("evaluate", "--run-id", run_id, *stage.options()).stdout
    assert "note  champion version 1 was not made by forecastops" in shown
    assert "recorded of it: RMSE 511.1, R2 none, on a window of its own, so not comparable" in shown

    assert "was not created by forecastops" in stage.run("forecast").error
    # Killed once the endpoint was made, then failing: undone means none, although the second call has found one.
    killed = stage.run("promote", "--run-id", run_id, before=partial(kill_before, DEPLOYED))
    assert killed.code == -signal.SIGKILL
    status = stage.ok("status")
    assert (status["champion"]["version"], status["endpoint"]["version"]) == ("1", "2")
    failed = stage.run("promote", "--run-id", run_id, "--set", "deployment.timeout_seconds=0.05")
    assert failed.code == 1, failed.stdout
    assert stage.versions().keys() == {"1"}
    assert (stage.ok("status")["endpoint"], stage_of(stage, "1")) == (None, "Production")

    moved = stage.promote(run_id)
    version = moved["version"]
    assert moved["previous_version"] == stage.client.get_model_version(stage.model, version).tags[PREDECESSOR] == "1"
    assert (stage_of(stage, "1"), stage_of(stage, version)) == ("Archived", "Production")
    require_settled(stage, version)
    refused = stage.run("rollback", "--reason", "back to the old scripts")
    assert refused.code == 1
    assert "version 1 of" in refused.error
    assert "was not created by forecastops, so it can be neither rebuilt nor verified" in refused.error
    require_settled(stage, version)


def test_a_legacy_champion_is_not_loaded_by_our_endpoint(stage: Stage) -> None:
    """Nothing says what its files must be, and its code came along with them."""
    with pytest.raises(MlflowException, match=f"models:/{stage.model}/1 carries no digest of its files"):
        get_deploy_client("forecastops-local").create_deployment(stage.model, f"models:/{stage.model}/1")
    run_id = stage.workshop.first
    stage.evaluate(run_id)
    moved = stage.promote(run_id)
    assert moved["previous_version"] == "1"
    stage.client.set_registered_model_alias(stage.model, "champion", "1")
    back = stage.ok("rollback", "--to-version", moved["version"], "--reason", "it was taken away by hand")
    assert back["previous_version"] == "1"
    require_settled(stage, moved["version"])


def test_a_model_of_ours_that_lost_its_marks_is_no_legacy_champion(stage: Stage, tmp_path: Path) -> None:
    """Registered anew from its files by hand, without run and tags: only the files still say what it is."""
    client, first = stage.client, stage.workshop.first
    copy = client.create_run("0")
    folder = mlflow.artifacts.download_artifacts(run_id=first, artifact_path="model", dst_path=str(tmp_path))
    client.log_artifacts(copy.info.run_id, folder, "model")
    client.create_model_version(stage.model, f"{copy.info.artifact_uri}/model", copy.info.run_id)
    client.transition_model_version_stage(stage.model, "2", "Production", archive_existing_versions=True)
    refused = stage.run("evaluate", "--run-id", stage.workshop.second)
    assert refused.code == 1
    assert "version 2 of" in refused.error
    assert "carries no digest" in refused.error
    assert all(found["name"] != stage.model for found in get_deploy_client("forecastops-local").list_deployments())
