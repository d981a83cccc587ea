"""Promotion, rollback and status through the command: what changes, what is refused, and what stays as it was."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path
from typing import Any

import requests
from mlflow.deployments import get_deploy_client

from stories import HOLD
from workshop import SPRING, Stage


def test_the_first_champion_is_registered_tagged_and_served(stage: Stage) -> None:
    run_id = stage.workshop.first
    stage.evaluate(run_id)
    assert stage.versions() == {}
    moved = stage.promote(run_id)
    assert moved | {"endpoint": None, "note": ""} == {
        "run_id": run_id,
        "promoted": True,
        "renewed": False,
        "version": "1",
        "previous_version": None,
        "endpoint": None,
        "reason": None,
        "verdict": "PROMOTE",
        "note": "",
    }
    assert moved["endpoint"]["name"] == stage.model
    assert (stage.champion(), stage.served()) == ("1", "1")
    tags = stage.tags("1")
    assert {"RMSE", "R2", "run_id"} <= tags.keys()
    assert json.loads(tags["forecastops.journal"])["outcome"] == "done"

    again = stage.promote(run_id)
    assert (again["version"], again["promoted"]) == ("1", True)
    assert "already" in again["note"]
    assert stage.tags("1") == tags
    assert list(stage.versions()) == ["1"]


def test_hold_registers_nothing_of_the_challenger_renews_the_champion_and_ends_green(stage: Stage) -> None:
    stage.first_champion()
    # The champion against itself: nothing is proven, and nothing changes.
    assert stage.evaluate(stage.workshop.first)["verdict"] == "HOLD"
    before = stage.ok("status")
    assert "already" in stage.promote(stage.workshop.first)["note"]
    assert stage.ok("status") == before

    stage.evaluate(stage.workshop.second, *HOLD)
    held = stage.run("promote", "--run-id", stage.workshop.second, *HOLD)
    assert held.code == 0
    assert (held.json["promoted"], held.json["renewed"], held.json["verdict"]) == (False, True, "HOLD")
    assert (held.json["version"], held.json["previous_version"], held.json["reason"]) == ("2", "1", None)
    assert held.json["run_id"] == stage.workshop.second
    assert "HOLD" in held.json["note"]
    assert "renewed through 2014-05-31" in held.json["note"]
    assert stage.workshop.second not in stage.versions().values()
    assert (stage.champion(), stage.served()) == ("2", "2")
    required = stage.run("promote", "--run-id", stage.workshop.second, "--require-promote", *HOLD)
    assert required.code == 3
    assert required.json["renewed"] is False
    assert "has these data already, through 2014-05-31" in required.json["reason"]
    assert stage.versions().keys() == {"1", "2"}


def test_reject_names_the_guardrail_and_registers_nothing(stage: Stage) -> None:
    judged = stage.evaluate(stage.workshop.first, "--set", "gate.max_step_ratio=0.1")
    assert judged["verdict"] == "REJECT"
    assert "worst_step" in judged["summary"]
    assert [check["name"] for check in judged["checks"] if not check["passed"]] == ["worst_step"]
    told = stage.promote(stage.workshop.first, "--set", "gate.max_step_ratio=0.1")
    assert told["promoted"] is False
    assert f"forecastops promote --run-id {stage.workshop.first} --force --reason" in told["note"]
    assert stage.client.search_registered_models(f"name='{stage.model}'") == []
    assert stage.served() is None


def test_a_champion_is_renewed_after_a_reject_that_is_not_of_the_data(stage: Stage) -> None:
    stage.first_champion()
    strict = ["--set", "gate.max_step_ratio=0.1"]
    assert stage.evaluate(stage.workshop.second, *strict)["verdict"] == "REJECT"
    moved = stage.promote(stage.workshop.second, *strict)
    assert (moved["promoted"], moved["renewed"], moved["verdict"], moved["version"]) == (False, True, "REJECT", "2")
    assert stage.tags("2")["forecastops.parameters_of"] == "1"
    assert stage.ok("status")["forecasts_from"] == "2014-05-31"


def test_force_overrides_the_verdict_and_is_recorded(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second, *HOLD)
    moved = stage.promote(stage.workshop.second, *HOLD, "--force", "--reason", "the board wants it")
    assert (moved["promoted"], moved["version"], moved["previous_version"]) == (True, "2", "1")
    tags = stage.client.get_model_version(stage.model, "2").tags
    assert tags["forecastops.forced_reason"] == "the board wants it"
    assert "@" in tags["forecastops.promoted_by"]
    journal = json.loads(tags["forecastops.journal"])
    assert (journal["forced"], journal["reason"], journal["previous"]) == (True, "the board wants it", "1")


def test_a_decision_against_another_champion_is_refused(stage: Stage) -> None:
    lenient = ["--set", "gate.beat_seasonal_naive=false", "--set", "gate.max_step_ratio=null"]
    assert stage.evaluate(stage.workshop.second, *lenient)["verdict"] == "PROMOTE"
    stage.first_champion()
    refused = stage.run("promote", "--run-id", stage.workshop.second, *lenient)
    assert refused.code == 1
    assert "against champion none, which is now version 1" in refused.error
    assert "evaluate" in refused.error
    forced = stage.run("promote", "--run-id", stage.workshop.second, *lenient, "--force", "--reason", "hurry")
    assert forced.code == 1
    assert list(stage.versions()) == ["1"]
    assert stage.champion() == "1"


def test_a_decision_by_another_policy_is_refused(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first, "--set", "gate.max_step_ratio=50.0")
    refused = stage.run("promote", "--run-id", stage.workshop.first)
    assert refused.code == 1
    assert "by policy" in refused.error
    assert stage.versions() == {}


def test_a_decision_that_was_altered_is_refused(stage: Stage) -> None:
    judged = stage.evaluate(stage.workshop.second, "--set", "gate.max_step_ratio=0.1")
    assert judged["verdict"] == "REJECT"
    path = stage.decision_file(stage.workshop.second)
    path.write_text(path.read_text().replace('"REJECT"', '"PROMOTE"'))
    refused = stage.run("promote", "--run-id", stage.workshop.second, "--set", "gate.max_step_ratio=0.1")
    assert refused.code == 1
    assert "decision.json is not the one that was logged last" in refused.error


def test_rollback_there_and_back_again(stage: Stage) -> None:
    assert stage.both() == ("1", "2")
    back = stage.ok("rollback", "--reason", "it overshoots")
    assert (back["promoted"], back["version"], back["previous_version"]) == (True, "3", "2")
    assert back["run_id"] == stage.workshop.first
    assert (stage.champion(), stage.served()) == ("3", "3")
    tags = stage.tags("3")
    assert (tags["forecastops.kind"], tags["forecastops.parameters_of"]) == ("renewal", "1")
    status = stage.ok("status")
    assert (status["champion"]["model_version"], status["forecasts_from"]) == ("1", "2014-05-31")
    mark = json.loads(stage.tags("2")["forecastops.rolled_back"])
    assert (mark["reason"], mark["to"]) == ("it overshoots", "3")
    assert "@" in mark["actor"]

    # A job that is run again goes back once.
    again = stage.ok("rollback", "--reason", "it overshoots")
    assert again["version"] == "3"
    assert "already" in again["note"]
    refused = stage.run("rollback", "--reason", "another incident")
    assert refused.code == 1
    assert "records no predecessor" in refused.error
    assert "--to-version" in refused.error
    assert stage.champion() == "3"

    refused = stage.run("promote", "--run-id", stage.workshop.second)
    assert refused.code == 1
    assert "rolled back" in refused.error

    forward = stage.ok("rollback", "--reason", "it did not overshoot", "--to-version", "2")
    assert (forward["version"], forward["previous_version"]) == ("2", "3")
    assert (stage.champion(), stage.served()) == ("2", "2")
    assert "forecastops.rolled_back" not in stage.tags("2")
    assert {"1", "3"} <= {version for version in stage.versions() if "forecastops.rolled_back" in stage.tags(version)}
    assert stage.ok("status")["consistent"]

    # By number it is exactly that version, with the data that it has.
    exact = stage.ok("rollback", "--reason", "as it was", "--to-version", "1")
    assert exact["version"] == "1"
    assert sorted(stage.versions()) == ["1", "2", "3"]
    status = stage.ok("status")
    assert status["forecasts_from"] == "2013-12-31"
    (problem,) = status["problems"]
    assert "data through 2014-05-31" in problem


def test_rollback_from_a_renewal_goes_to_the_model_before_with_its_data(stage: Stage) -> None:
    stage.first_champion()
    stage.renew(SPRING)
    stage.evaluate(stage.workshop.second)
    assert stage.promote(stage.workshop.second)["previous_version"] == "2"
    assert stage.tags("3")["forecastops.predecessor"] == "2"
    longer = stage.workshop.forecastops.folder / "data/june.csv"
    rows = (longer.parent / "transaction_ts.csv").read_text()
    longer.write_text(rows + "2014-06-01,430\n2014-06-02,440\n")
    assert stage.renew("data/june.csv")["version"] == "4"
    assert stage.tags("4")["forecastops.predecessor"] == "2"
    back = stage.ok("rollback", "--reason", "the new one overshoots")
    assert (back["version"], back["previous_version"], back["run_id"]) == ("5", "4", stage.workshop.first)
    status = stage.ok("status")
    assert status["consistent"], status["problems"]
    assert (status["champion"]["model_version"], status["forecasts_from"]) == ("1", "2014-06-02")
    # Of the model it is said that it was rolled back, whichever of its versions is asked.
    assert all("forecastops.rolled_back" in stage.tags(version) for version in ("3", "4"))
    refused = stage.run("promote", "--run-id", stage.workshop.second)
    assert refused.code == 1
    assert "rolled back" in refused.error


def test_rollback_to_a_version_that_does_not_load_or_exist_changes_nothing(stage: Stage) -> None:
    stage.both()
    source = Path(str(stage.client.get_model_version(stage.model, "1").source).removeprefix("file://"))
    series = source / "data/forecaster/series.csv"
    original = series.read_text()
    try:
        series.write_text(original.replace("2013-08-01,", "2013-08-01,1"))
        refused = stage.run("rollback", "--reason", "back")
        assert refused.code == 1
        assert "its files are not those that were logged at training" in refused.error
        pickled = source / "python_model.pkl"
        pickled.write_bytes(b"\x80\x04N.")
        refused = stage.run("rollback", "--reason", "back")
        assert "python_model.pkl, which is no part of a forecastops model" in refused.error
        pickled.unlink()
    finally:
        series.write_text(original)
    assert (stage.champion(), stage.served()) == ("2", "2")
    assert stage.ok("status")["consistent"]

    stage.client.delete_model_version(stage.model, "1")
    for extra in ([], ["--to-version", "1"], ["--to-version", "99"], ["--to-version", "one"]):
        refused = stage.run("rollback", "--reason", "gone", *extra)
        assert refused.code == 1
        assert "does not exist" in refused.error
    assert (stage.champion(), stage.served()) == ("2", "2")


def test_a_champion_known_only_by_its_stage_is_recognised(stage: Stage) -> None:
    client = stage.client
    run = client.get_run(stage.workshop.first)
    client.create_registered_model(stage.model)
    client.create_model_version(stage.model, f"{run.info.artifact_uri}/model", stage.workshop.first)
    client.transition_model_version_stage(stage.model, "1", "Production")
    assert stage.ok("status")["champion"] == {
        "version": "1",
        "run_id": stage.workshop.first,
        "model_version": "1",
        "pointer": "stage",
    }
    assert stage.ok("status")["forecasts_from"] == "2013-12-31"  # no tag says it, the files do
    judged = stage.evaluate(stage.workshop.second)
    assert (judged["champion"]["version"], judged["verdict"]) == ("1", "PROMOTE")
    moved = stage.promote(stage.workshop.second)
    assert (moved["version"], moved["previous_version"]) == ("2", "1")
    assert stage.champion() == "2"
    stages = {str(v.version): v.current_stage for v in client.search_model_versions(f"name='{stage.model}'")}
    assert stages == {"2": "Production", "1": "Archived"}
    assert stage.ok("status")["consistent"]


def test_status_names_each_disagreement_and_its_command_mends_it(stage: Stage) -> None:
    stage.both()
    endpoints = get_deploy_client("forecastops-local")
    endpoints.update_deployment(stage.model, f"models:/{stage.model}/1")
    found = stage.ok("status")
    assert not found["consistent"]
    (problem,) = found["problems"]
    assert "serves version 1, the champion is version 2" in problem
    assert "rollback --to-version 2" in problem
    mended = stage.ok("rollback", "--to-version", "2", "--reason", "mend the endpoint")
    assert mended["version"] == "2"
    assert stage.ok("status")["consistent"]

    endpoints.delete_deployment(stage.model)
    (problem,) = stage.ok("status")["problems"]
    assert "has no endpoint" in problem
    stage.promote(stage.workshop.second)
    assert stage.served() == "2"
    assert stage.ok("status")["consistent"]

    stage.client.transition_model_version_stage(stage.model, "1", "Production")
    (problem,) = stage.ok("status")["problems"]
    assert "stage Production names version 1" in problem
    assert "rollback --to-version 2" in problem
    stage.ok("rollback", "--to-version", "2", "--reason", "mend the stage")
    assert stage.ok("status")["consistent"]


def test_a_failed_deployment_leaves_nothing_behind(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = f"deployment.settings.port={taken.getsockname()[1]}"
        failed = stage.run("promote", "--run-id", stage.workshop.first, "--set", port)
    assert failed.code == 1
    assert "in use" in failed.error
    assert stage.client.search_registered_models(f"name='{stage.model}'") == []
    nothing: dict[str, Any] = dict.fromkeys(
        ("champion", "files", "endpoint", "forecasts_from", "newest_data", "newest_data_run")
    )
    found = stage.ok("status")
    assert {name: found[name] for name in nothing} == nothing
    # Nothing was trained under this name, and there are others: it may be misspelt.
    assert all("there is no model" in problem for problem in found["problems"])


def test_a_failed_replacement_leaves_the_champion_serving(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second)
    failed = stage.run("promote", "--run-id", stage.workshop.second, "--set", "deployment.timeout_seconds=0.05")
    assert failed.code == 1
    assert list(stage.versions()) == ["1"]
    assert (stage.champion(), stage.served()) == ("1", "1")
    assert stage.ok("status")["consistent"]


def test_an_endpoint_that_answers_otherwise_than_evaluated_is_not_promoted(stage: Stage) -> None:
    """The decision's golden forecast is altered together with its digest: only the smoke test can tell."""
    import hashlib

    stage.evaluate(stage.workshop.first)
    client = stage.client
    path = stage.decision_file(stage.workshop.first)
    document = json.loads(path.read_text())
    document["golden"]["mean"][3] *= 1 + 1e-5
    path.write_text(json.dumps(document))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    client.set_tag(stage.workshop.first, "forecastops.decision.sha256", digest)
    refused = stage.run("promote", "--run-id", stage.workshop.first)
    assert refused.code == 1
    assert "differ from those evaluated in 'mean'" in refused.error
    forced = stage.run("promote", "--run-id", stage.workshop.first, "--force", "--reason", "anyway")
    assert forced.code == 1
    assert client.search_registered_models(f"name='{stage.model}'") == []
    assert stage.served() is None


def test_an_unreadable_registry_is_an_error_and_never_no_champion(stage: Stage, tmp_path: Path) -> None:
    stage.first_champion()
    database = Path(stage.workshop.forecastops.environment["MLFLOW_TRACKING_URI"].removeprefix("sqlite:///"))
    with sqlite3.connect(database) as connection:
        connection.execute("ALTER TABLE registered_model_aliases RENAME TO hidden")
    try:
        failed = stage.run("evaluate", "--run-id", stage.workshop.second)
        assert failed.code == 1
        assert failed.stdout == ""
        assert "registered model" in failed.error
    finally:
        with sqlite3.connect(database) as connection:
            connection.execute("ALTER TABLE hidden RENAME TO registered_model_aliases")
    assert stage.champion() == "1"


def test_callers_need_the_token_and_the_smoke_test_brings_it(stage: Stage) -> None:
    token, path = "s3same-and-more", stage.workshop.forecastops.folder / "token"
    path.write_text(token)
    first = stage.first_champion()
    guarded = ["--set", "deployment.settings.token_file=token"]
    # A token that is asked for only now is not in force yet: `status` says so, and the same promotion again brings it.
    unguarded = stage.run("status", "--check", *guarded)
    assert unguarded.code == 1
    assert "answers without the token of deployment.settings.token_file" in unguarded.error
    promoted = stage.promote(stage.workshop.first, *guarded)
    assert (promoted["version"], "its endpoint was repaired" in promoted["note"]) == (first, True)
    ask = f"{promoted['endpoint']['url']}/invocations"
    assert requests.post(ask, json={"inputs": []}, timeout=300).status_code == 401
    answer = requests.post(ask, json={"inputs": []}, headers={"Authorization": f"Bearer {token}"}, timeout=300)
    assert answer.status_code == 200
    # The deployment remembers where its token is.
    checked = stage.run("status", "--check")
    assert checked.code == 0, checked.stderr
    path.write_text("another")
    assert "is Unhealthy (/ping answers 401); to deploy the champion again" in stage.run("status", "--check").error
    path.write_text(token)
    tags = str(stage.tags("1"))
    assert token not in tags + checked.stdout + checked.stderr
