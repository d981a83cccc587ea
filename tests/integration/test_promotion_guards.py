"""What a promotion must not touch and must not believe: other registries, others' versions, lost pointers."""

from __future__ import annotations

import time
from pathlib import Path

from mlflow.deployments import get_deploy_client

from command import Command
from forecastops_local.lifecycle import layout_of
from stories import require_settled
from workshop import FIXED, PAST, WHOLE, Stage, Workshop


def test_an_interrupted_deployment_does_not_arrive_later(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second)
    running = stage.start("promote", "--run-id", stage.workshop.second)
    request, deadline = layout_of(stage.model).request, time.monotonic() + 300
    while f"models:/{stage.model}/2" not in request.read_text("utf-8"):
        assert time.monotonic() < deadline, running.error_so_far()
        time.sleep(0.01)
    # The supervisor is told, and the new server is loading.
    running.process.terminate()
    assert running.result().code == 130
    time.sleep(5)
    require_settled(stage, "1")
    assert list(stage.versions()) == ["1"]


def test_an_endpoint_of_another_registry_is_not_touched(stage: Stage, empty_database: Path, tmp_path: Path) -> None:
    """Two projects with the defaults share a model name, an endpoint name, and a home."""
    from command import new_command

    stage.first_champion()
    other = new_command(tmp_path, empty_database)
    other.environment["FORECASTOPS_HOME"] = stage.workshop.forecastops.environment["FORECASTOPS_HOME"]
    theirs = Workshop.build(other).stage(stage.model)
    theirs.evaluate(theirs.workshop.first)
    refused = theirs.run("promote", "--run-id", theirs.workshop.first)
    assert refused.code == 1
    assert "from another registry" in refused.error
    assert "deployment.name" in refused.error
    assert theirs.client.search_registered_models() == []
    assert "from another registry" not in " ".join(stage.ok("status")["problems"])
    require_settled(stage, "1")


def test_a_deployment_made_by_hand_survives_a_failed_first_promotion(stage: Stage) -> None:
    run = stage.client.get_run(stage.workshop.first)
    digest = run.data.tags["forecastops.model.sha256"]
    by_hand = get_deploy_client("forecastops-local")
    by_hand.create_deployment(stage.model, f"{run.info.artifact_uri}/model", config={"model_sha256": digest})
    stage.evaluate(stage.workshop.first)
    refused = stage.run("promote", "--run-id", stage.workshop.first)
    assert refused.code == 1
    assert "by hand" in refused.error
    assert get_deploy_client("forecastops-local").get_deployment(stage.model)["state"] == "Healthy"
    assert stage.client.search_registered_models(f"name='{stage.model}'") == []


def test_versions_that_somebody_else_registered_are_neither_adopted_nor_deleted(stage: Stage) -> None:
    client, run_id = stage.client, stage.workshop.first
    client.create_registered_model(stage.model, description="ours")
    source = f"{client.get_run(run_id).info.artifact_uri}/model"
    for _ in range(2):
        client.create_model_version(stage.model, source, run_id)
    client.set_registered_model_alias(stage.model, "staging", "2")
    stage.evaluate(run_id)
    refused = stage.run("promote", "--run-id", run_id)
    assert refused.code == 1
    assert f"version 1 of '{stage.model}'" in refused.error
    assert source in refused.error
    assert sorted(stage.versions()) == ["1", "2"]
    assert stage.ok("status")["endpoint"] is None
    for version in ("1", "2"):
        client.delete_model_version(stage.model, version)
    assert stage.promote(run_id)["version"] == "3"
    assert client.get_registered_model(stage.model).description == "ours"


def test_an_empty_registered_model_survives_a_failed_first_promotion(stage: Stage) -> None:
    stage.client.create_registered_model(stage.model, description="made by the platform team")
    stage.evaluate(stage.workshop.first)
    assert stage.run("promote", "--run-id", stage.workshop.first, "--set", "deployment.timeout_seconds=0.05").code == 1
    assert stage.versions() == {}
    assert stage.client.get_registered_model(stage.model).description == "made by the platform team"


def test_a_lost_pointer_is_an_error_that_rollback_mends(stage: Stage) -> None:
    stage.both()
    stage.client.delete_registered_model_alias(stage.model, "champion")
    require_lost_pointer_mended(stage, "2")
    stage.client.delete_model_version(stage.model, "2")
    require_lost_pointer_mended(stage, "1")


def require_lost_pointer_mended(stage: Stage, version: str) -> None:
    for command in ("evaluate", "promote"):
        refused = stage.run(command, "--run-id", stage.workshop.first)
        assert refused.code == 1
        assert "rollback --to-version" in refused.error
    status = stage.ok("status")
    assert not status["consistent"]
    assert "rollback --to-version" in status["problems"][0]
    mended = stage.ok("rollback", "--to-version", version, "--reason", "the pointer was lost")
    assert mended["version"] == version
    require_settled(stage, version)


def test_a_version_that_never_was_in_production_is_no_target_of_a_rollback(stage: Stage) -> None:
    stage.first_champion()
    run_id = stage.workshop.second
    uri = stage.client.get_run(run_id).info.artifact_uri
    stage.client.create_model_version(stage.model, f"{uri}/model", run_id)
    refused = stage.run("rollback", "--to-version", "2", "--reason", "a way around the gate")
    assert refused.code == 1
    assert "never was in production" in refused.error
    require_settled(stage, "1")


def test_a_file_that_was_changed_after_the_evaluation_is_not_deployed(stage: Stage) -> None:
    run_id = stage.workshop.third
    stage.evaluate(run_id)
    uri = stage.client.get_run(run_id).info.artifact_uri
    loader = Path(uri.removeprefix("file://")) / "model/code/forecastops_model.py"
    original = loader.read_text()
    loader.write_text(original + "\nprint('anything')\n")
    try:
        refused = stage.run("promote", "--run-id", run_id, "--force", "--reason", "hurry")
        assert refused.code == 1
        assert "its files are not those that were logged at training" in refused.error
        assert stage.versions() == {}
    finally:
        loader.write_text(original)


def test_a_decision_by_another_evaluation_is_refused(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first, "--set", "evaluation.horizon=2", "--set", "evaluation.window=40")
    refused = stage.run("promote", "--run-id", stage.workshop.first)
    assert refused.code == 1
    assert "it was judged on" in refused.error
    assert stage.versions() == {}


def test_another_unit_is_not_taken_for_the_same_series(forecastops: Command) -> None:
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    forecastops.ok("retrain", "--data", PAST, *FIXED)
    rows = (forecastops.folder / WHOLE).read_text().splitlines()
    scaled = [rows[0], *(f"{date},{float(value) * 1000}" for date, value in (row.split(",") for row in rows[1:]))]
    (forecastops.folder / "scaled.csv").write_text("\n".join(scaled) + "\n")
    made = forecastops.ok("retrain", "--data", "scaled.csv", *FIXED)
    assert (made["evaluate"]["verdict"], made["promote"], made["renew"]) == ("REJECT", None, None)
    (failed,) = (check for check in made["evaluate"]["checks"] if check["name"] == "comparable_data")
    assert "100.0 % of the dates" in failed["reason"]
    assert "was not renewed: the data were refused (comparable_data" in made["note"]
    assert forecastops.ok("status")["forecasts_from"] == "2013-12-31"
