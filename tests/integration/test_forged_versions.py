"""Versions that somebody registers by hand, with our marks and tags on them: named, and not trusted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mlflow.deployments import get_deploy_client

from forecastops.release.entry import Entry, Kind
from stories import require_settled
from workshop import WHOLE, Stage

JOURNAL, SERVED = "forecastops.journal", "forecastops.served"


def journal_of(stage: Stage, **changes: Any) -> str:
    """The journal of a promotion on another machine, under way; forged as asked."""
    entry = Entry(
        kind=Kind.PROMOTE, previous="1", reason=None, alias="champion", endpoint=stage.model, domain="elsewhere"
    )
    return json.dumps(entry.model_dump(mode="json") | changes)


def registered(stage: Stage, domain: str = "elsewhere/registry", **tags: str) -> str:
    """A version of the third run's files, described as one of ours, made on some machine."""
    client, run_id = stage.client, stage.workshop.third
    source = f"{client.get_run(run_id).info.artifact_uri}/model"
    description = f"promoted by forecastops from {domain}"
    version = client.create_model_version(stage.model, source, run_id, description=description, tags=tags).version
    return str(version)


@pytest.mark.parametrize(
    "changes",
    [
        {"touched": "yesterday"},
        {"started": "\u0662\u0660\u0661\u0664"},
        {"placeholder": "one"},
        {"kind": "delete"},
        {"steps": {"point": "perhaps"}},
        {"limit": "long"},
    ],
)
def test_a_tag_that_is_no_journal_is_named(stage: Stage, changes: dict[str, Any]) -> None:
    version = stage.first_champion()
    stage.evaluate(stage.workshop.second)
    forged = registered(stage, **{JOURNAL: journal_of(stage, **changes)})
    for command in (["promote", "--run-id", stage.workshop.second], ["renew", "--data", WHOLE], ["status"]):
        told = stage.run(*command)
        assert (told.code, f"its tag {JOURNAL} is not a journal" in told.error) == (1, True), told.error
        assert f"version {forged}" in told.error
    stage.client.delete_model_version(stage.model, forged)
    require_settled(stage, version)


def test_no_journal_keeps_others_out_for_ever(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second)
    forged = registered(stage, **{JOURNAL: journal_of(stage, limit=1e15)})
    refused = stage.run("promote", "--run-id", stage.workshop.second)
    assert refused.code == 1
    seconds = int(refused.error.rpartition("or after ")[2].split()[0])
    assert seconds <= 86_500
    assert stage.champion() == "1"
    stage.client.set_model_version_tag(
        stage.model, forged, JOURNAL, journal_of(stage, limit=1e15, touched="2999-01-01T00:00:00+00:00")
    )
    version = str(stage.promote(stage.workshop.second)["version"])
    require_settled(stage, version)
    assert forged not in stage.versions()


def test_a_journal_that_somebody_wrote_takes_no_endpoint_away(stage: Stage) -> None:
    """It says that there was no endpoint when another's champion was about to be replaced."""
    stage.first_champion()
    endpoints, domain = get_deploy_client("forecastops-local"), json.loads(stage.tags("1")[JOURNAL])["domain"]
    before = endpoints.get_deployment(stage.model)["supervisor_pid"]
    steps = {"deploy": "begun"}
    journal = journal_of(stage, domain=domain, legacy_endpoint="unserved", steps=steps)
    forged = registered(stage, domain, **{JOURNAL: journal})
    stage.promote(stage.workshop.first)
    assert endpoints.get_deployment(stage.model)["supervisor_pid"] == before
    assert forged not in stage.versions()
    require_settled(stage, "1")


def test_what_a_version_says_of_its_run_is_no_command(stage: Stage) -> None:
    stage.first_champion()
    description = f"promoted by forecastops from {json.loads(stage.tags('1')[JOURNAL])['domain']}"
    stage.client.create_model_version(stage.model, "/nowhere", "x; touch /tmp/x", description=description)
    said = " ".join(stage.ok("status")["problems"])
    assert "--run-id 'x; touch /tmp/x'" in said
    stage.client.delete_model_version(stage.model, "2")


def test_what_somebody_has_pointed_to_is_not_said_to_have_been_proven(stage: Stage) -> None:
    stage.first_champion()
    forged = registered(stage, json.loads(stage.tags("1")[JOURNAL])["domain"])
    stage.client.set_registered_model_alias(stage.model, "champion", forged)
    said = stage.ok("status")
    assert not said["consistent"]
    assert any(f"serves version 1, the champion is version {forged}" in problem for problem in said["problems"])
    assert stage.run("status", "--check").code == 1
    back = stage.ok("rollback", "--to-version", "1", "--reason", "nobody promoted that")
    assert back["version"] == "1"
    assert SERVED not in stage.tags(forged)
    refused = stage.run("rollback", "--to-version", forged, "--reason", "try")
    assert "never was in production" in refused.error
    # By its mark it is something that was begun here and never went on: the next command clears it away.
    stage.ok("rollback", "--to-version", "1", "--reason", "again")
    assert forged not in stage.versions()
    require_settled(stage, "1")


@pytest.mark.parametrize("end", ["soon", "2014-05-31T00:00:00+00:00", "0000-00-00"])
def test_a_tag_that_is_no_date_is_passed_over(stage: Stage, end: str) -> None:
    version = stage.first_champion()
    stage.client.set_model_version_tag(stage.model, version, "forecastops.data.end", end)
    assert stage.ok("status")["forecasts_from"] == "2013-12-31"
