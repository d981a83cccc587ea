"""Renewing the champion through the command: what becomes its state, what does not, and what the endpoint serves."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pytest
import requests
from mlflow.deployments import get_deploy_client
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

from forecastops.adapters.model_artifact import folder_sha256
from forecastops_local.state import Layout
from interruptions import answer_otherwise
from local_endpoint_support import eventually, pids_of
from repository import ROOT
from stories import HOLD, require_settled, require_told, spring_run
from workshop import FIXED, PAST, SPRING, WHOLE, Stage

EARLIER = ROOT / "tests/support/earlier"
KEYS = {"promoted", "renewed", "version", "previous_version", "endpoint", "reason", "note"}

Rows = list[tuple[str, float]]


def known(stage: Stage, through: str = "2014-05-31", first: str = "2013-07-31") -> Rows:
    """The sample's rows between two dates."""
    lines = (stage.workshop.forecastops.folder / WHOLE).read_text("utf-8").splitlines()[1:]
    rows = [(date, float(value)) for date, value in (line.split(",") for line in lines)]
    return [(date, value) for date, value in rows if first <= date <= through]


def written(stage: Stage, name: str, rows: Rows) -> str:
    """A file of these rows, to be given to the command."""
    lines = ["TransactionDate,PaidAmount", *(f"{date},{value!r}" for date, value in rows)]
    (stage.workshop.forecastops.folder / name).write_text("\n".join(lines) + "\n")
    return name


def changed(rows: Rows, newest: int, change: Callable[[float], float]) -> Rows:
    """The same with the newest values changed."""
    return rows[:-newest] + [(date, change(value)) for date, value in rows[-newest:]]


def artifact(stage: Stage, version: str, name: str) -> str:
    """A file of a version's model."""
    source = Path(str(stage.client.get_model_version(stage.model, version).source).removeprefix("file://"))
    return (source / "data/forecaster" / name).read_text("utf-8")


def fits(stage: Stage, version: str) -> Any:
    return json.loads(artifact(stage, version, "model.json"))["fits"]


def ask(stage: Stage, **body: Any) -> requests.Response:
    url = stage.ok("status")["endpoint"]["url"]
    return requests.post(f"{url}/invocations", json={"inputs": []} | body, timeout=300)


def require_refused(stage: Stage, path: str, reason: str) -> None:
    """These data change nothing: exit 0, or 3 where that is asked for."""
    before, versions = stage.ok("status"), stage.versions()
    for options, code in ([], 0), (["--require-ok"], 3):
        said = stage.run("renew", "--data", path, *options)
        assert (said.code, said.json["renewed"], said.json["version"]) == (code, False, None), said.stderr
        assert said.json["reason"].startswith(reason), said.json
    assert stage.ok("status") == before
    assert stage.versions() == versions


def test_a_renewal_is_a_version_of_its_own_with_its_models_parameters(stage: Stage) -> None:
    first = stage.first_champion()
    moved = stage.renew(WHOLE, "--require-ok")
    assert moved.keys() == KEYS
    assert moved | {"endpoint": None, "note": ""} == {
        "promoted": False,
        "renewed": True,
        "version": "2",
        "previous_version": first,
        "endpoint": None,
        "reason": None,
        "note": "",
    }
    assert (moved["endpoint"]["state"], stage.champion(), stage.served()) == ("Healthy", "2", "2")
    ours, theirs = stage.tags("2"), stage.tags(first)
    assert (ours["forecastops.kind"], ours["forecastops.parameters_of"]) == ("renewal", first)
    assert [ours[name] for name in ("RMSE", "R2", "run_id")] == [theirs[name] for name in ("RMSE", "R2", "run_id")]
    assert (ours["forecastops.data.end"], ours["forecastops.predecessor"]) == ("2014-05-31", "none")
    assert "forecastops.accepted_data" not in ours
    journal = json.loads(ours["forecastops.journal"])
    assert (journal["kind"], journal["previous"], journal["outcome"]) == ("renew", first, "done")
    run = stage.client.get_run(stage.versions()["2"])
    assert run.info.run_id != stage.workshop.first
    assert run.info.status == "FINISHED"
    assert run.data.tags["forecastops.data.source"] == "transaction_ts.csv"
    assert fits(stage, "2") == fits(stage, first)
    assert artifact(stage, "2", "series.csv").splitlines()[-1].startswith("2014-05-31,")
    served = ask(stage, params={"horizon": 3}).json()["predictions"]
    assert [row["date"] for row in served] == ["2014-06-01", "2014-06-02", "2014-06-03"]
    means = [row["mean"] for row in stage.ok("forecast", "--horizon", "3")["forecast"]]
    assert [row["mean"] for row in served] == pytest.approx(means, rel=1e-9)

    # The same data once more, older ones, or those of which it knows the newest: nothing to do, and no refusal.
    settled = stage.ok("status")
    for path in (WHOLE, PAST, SPRING):
        said = stage.renew(path, "--require-ok")
        assert (said["renewed"], said["version"], said["previous_version"]) == (False, None, "2")
        about = "has these data already" if path == WHOLE else "has newer data, through 2014-05-31"
        assert about in said["reason"]
    assert stage.ok("status") == settled
    assert stage.versions().keys() == {"1", "2"}
    assert stage.run("status", "--require-champion", stage.workshop.first, "--check").code == 0
    other = stage.run("status", "--require-champion", stage.workshop.second)
    assert other.code == 1
    require_settled(stage, "2")


def test_newest_rows_are_joined_to_what_the_champion_knows(stage: Stage) -> None:
    stage.first_champion()
    # Rows that share no date with the champion's say nothing of whether they are the same series.
    apart = known(stage, first="2014-01-03", through="2014-01-31")
    require_refused(stage, written(stage, "apart.csv", apart), "comparable_data: ")
    # That nothing varies in the newest part is for the alarm to say, not an error in the file.
    dead = [(date, 0.0) for date, _ in known(stage, first="2014-01-01", through="2014-01-10")]
    require_refused(stage, written(stage, "dead.csv", dead), "comparable_data")
    joined = known(stage, first="2013-12-31", through="2013-12-31") + dead
    require_refused(stage, written(stage, "joined.csv", joined), "plausible_data: ")
    early = written(stage, "early.csv", known(stage, first="2013-12-31", through="2013-12-31") + apart)
    assert stage.renew(early)["version"] == "2"
    lines = artifact(stage, "2", "series.csv").splitlines()
    assert [lines[1][:10], lines[-1][:10]] == ["2013-07-31", "2014-01-31"]
    assert [line for line in lines if line.endswith(",")] == ["2014-01-01,", "2014-01-02,"]
    assert stage.renew(written(stage, "late.csv", known(stage, first="2013-12-30")))["version"] == "3"
    whole = stage.renew(WHOLE)
    assert (whole["renewed"], "has these data already" in whole["reason"]) == (False, True)
    assert stage.ok("status")["forecasts_from"] == "2014-05-31"
    assert stage.tags("3")["forecastops.parameters_of"] == "1"


def test_a_decision_stays_valid_while_the_champions_model_does(stage: Stage) -> None:
    stage.first_champion()
    for run_id in (stage.workshop.second, stage.workshop.third):
        stage.evaluate(run_id)
    stage.renew(SPRING)
    moved = stage.promote(stage.workshop.second)
    assert (moved["promoted"], moved["renewed"], moved["version"], moved["previous_version"]) == (True, False, "3", "2")
    refused = stage.run("promote", "--run-id", stage.workshop.third)
    assert refused.code == 1
    assert "against champion version 1, which is now version 3" in refused.error
    require_settled(stage, "3")


def test_a_challenger_older_than_the_champions_state_is_promoted_and_brought_up_to_date(stage: Stage) -> None:
    run_id = spring_run(stage.workshop)
    stage.first_champion()
    stage.renew(WHOLE)
    assert stage.evaluate(run_id)["verdict"] == "PROMOTE"
    moved = stage.promote(run_id)
    assert (moved["promoted"], moved["renewed"], moved["version"], moved["previous_version"]) == (True, True, "4", "2")
    assert stage.tags("4")["forecastops.parameters_of"] == "3"
    assert [stage.tags(version)["forecastops.predecessor"] for version in ("3", "4")] == ["2", "2"]
    assert stage.ok("status")["forecasts_from"] == "2014-05-31"
    assert stage.run("status", "--require-champion", run_id, "--check").code == 0
    again = stage.promote(run_id)
    assert (again["promoted"], again["version"]) == (True, "4")
    back = stage.ok("rollback", "--reason", "it overshoots")
    assert (back["version"], stage.ok("status")["champion"]["model_version"]) == ("2", "1")
    require_settled(stage, "2")


def test_revised_history_passes_when_rounded_and_is_refused_when_it_is_another_series(stage: Stage) -> None:
    stage.first_champion()
    rounded = written(stage, "rounded.csv", [(date, float(round(value))) for date, value in known(stage, "2014-02-28")])
    assert stage.renew(rounded)["renewed"]
    other = [(date, 900 - value) for date, value in known(stage, "2014-03-31")]
    path = written(stage, "other.csv", other)
    require_refused(stage, path, "comparable_data: on ")
    # Bare data can lift neither itself nor what it was refused for.
    assert stage.run("renew", "--data", path, "--accept-data").code == 2
    assert stage.run("renew", "--data", path, "--reason", "it is right").code == 2
    assert stage.run("renew", "--data", path, "--accept-data", "--reason", " ").code == 2
    taken = stage.renew(path, "--accept-data", "--reason", "net of tax from now on", "--require-ok")
    assert (taken["renewed"], taken["version"]) == (True, "3")
    tags = stage.tags("3")
    assert (tags["forecastops.accepted_data"], tags["forecastops.parameters_of"]) == ("net of tax from now on", "1")
    assert json.loads(tags["forecastops.journal"])["reason"] == "net of tax from now on"
    # Afterwards they are what the champion knows.
    longer = [(date, 900 - value) for date, value in known(stage, "2014-04-10")]
    assert stage.renew(written(stage, "longer.csv", longer), "--require-ok")["version"] == "4"
    assert "forecastops.accepted_data" not in stage.tags("4")
    require_refused(stage, WHOLE, "comparable_data: on ")
    require_settled(stage, "4")


IMPLAUSIBLE: dict[str, Callable[[Rows], Rows]] = {
    "another unit": lambda rows: changed(rows, 1, lambda value: 1000 * value),
    "all in another unit": lambda rows: changed(rows, 20, lambda value: 1000 * value),
    "a dead feed": lambda rows: changed(rows, 5, lambda _: 0.0),
    "stuck": lambda rows: changed(rows, 14, lambda _: 431.5),
}


REVISED: dict[str, Callable[[Rows], Rows]] = {
    "the newest in another unit": lambda rows: changed(rows, 1, lambda value: 1000 * value),
    "one before in another unit": lambda rows: changed(rows[:-30], 1, lambda value: 1000 * value) + rows[-30:],
    "the newest stuck": lambda rows: changed(rows, 6, lambda _: 431.5),
}


def test_implausible_newest_rows_change_nothing_until_they_are_accepted(stage: Stage) -> None:
    stage.first_champion()
    for name, spoilt in IMPLAUSIBLE.items():
        path = written(stage, f"{name.replace(' ', '-')}.csv", spoilt(known(stage, "2014-02-10")))
        require_refused(stage, path, "plausible_data: ")
    for name, spoilt in REVISED.items():  # of five months; a revision of a few of them is no other series
        path = written(stage, f"{name.replace(' ', '-')}.csv", spoilt(known(stage, "2013-12-31")))
        require_refused(stage, path, "plausible_data: ")
    taken = stage.renew("stuck.csv", "--accept-data", "--reason", "a strike", "--require-ok")
    assert (taken["version"], stage.tags("2")["forecastops.accepted_data"]) == ("2", "a strike")
    # No lock-in: what follows is judged from there, and what was accepted may be corrected.
    after = known(stage, "2014-02-10")[:-14] + [(date, 431.5) for date, _ in known(stage, "2014-02-10")[-14:]]
    assert stage.renew(written(stage, "after.csv", after + known(stage, "2014-02-20", "2014-02-11")))["version"] == "3"
    assert stage.renew(WHOLE, "--accept-data", "--reason", "the strike's days were delivered")["version"] == "4"
    assert stage.renew(written(stage, "same.csv", known(stage)))["renewed"] is False
    require_settled(stage, "4")


def test_a_short_outage_or_a_shift_that_the_data_show_is_no_refusal(stage: Stage) -> None:
    stage.first_champion()
    rows = known(stage, "2014-02-10")
    assert stage.renew(written(stage, "gap.csv", rows[:-6] + rows[-2:]))["renewed"]
    assert stage.renew(written(stage, "filled.csv", changed(rows, 1, lambda value: 1.3 * value)))["renewed"]


def test_data_that_can_never_be_its_state_are_refused_whoever_accepts_them(stage: Stage) -> None:
    run_id = stage.workshop.forecastops.ok("train", "--data", PAST, *FIXED, "--set", "model.log=true")["run_id"]
    stage.evaluate(run_id)
    stage.promote(run_id, *(["--force", "--reason", "a log"] if not stage.versions() else []))
    weekly = written(stage, "weekly.csv", known(stage)[::7])
    negative = written(stage, "negative.csv", changed(known(stage), 1, lambda value: -value))
    before, versions = stage.ok("status"), stage.versions()
    for path, part in (weekly, "frequency"), (negative, "not positive"):
        require_refused(stage, path, "comparable_data: ")
        refused = stage.run("renew", "--data", path, "--accept-data", "--reason", "because")
        assert (refused.code, refused.stdout) == (1, "")
        assert part in refused.error
        assert path in refused.error
    assert (stage.ok("status"), stage.versions()) == (before, versions)
    assert stage.renew(WHOLE)["renewed"]


def test_without_a_champion_there_is_nothing_to_renew(stage: Stage) -> None:
    refused = stage.run("renew", "--data", WHOLE)
    assert refused.code == 1
    assert "has no champion to renew" in refused.error
    assert "promote a model first" in refused.error
    assert stage.run("status", "--check").code == 1
    assert stage.client.search_registered_models(f"name='{stage.model}'") == []


def test_a_renewal_that_answers_otherwise_or_does_not_start_leaves_production_as_it_was(stage: Stage) -> None:
    stage.first_champion()
    failed = stage.run("renew", "--data", SPRING, before=answer_otherwise)
    assert failed.code == 1
    assert "differ from those evaluated in 'mean'" in failed.error
    slow = stage.run("renew", "--data", SPRING, "--set", "deployment.timeout_seconds=0.05")
    assert slow.code == 1
    held = stage.evaluate(stage.workshop.second, *HOLD)
    assert held["verdict"] == "HOLD"
    failed = stage.run("promote", "--run-id", stage.workshop.second, *HOLD, before=answer_otherwise)
    assert failed.code == 1
    assert (list(stage.versions()), stage.champion(), stage.served()) == (["1"], "1", "1")
    # The data have come, and production has not got them: that is what is to be mended.
    (problem,) = stage.ok("status")["problems"]
    assert "production forecasts from 2013-12-31" in problem
    done = stage.renew(WHOLE)
    require_settled(stage, done["version"])
    assert stage.versions().keys() == {"1", done["version"]}


def test_on_hold_refit_estimates_the_champions_specification_on_the_new_data(stage: Stage) -> None:
    stage.first_champion()
    refit = ["--set", "deployment.on_hold=refit", *HOLD]
    for run_id in (stage.workshop.second, stage.workshop.third):
        assert stage.evaluate(run_id, *HOLD)["verdict"] == "HOLD"
    moved = stage.promote(stage.workshop.second, *refit)
    assert (moved["promoted"], moved["renewed"], moved["version"], moved["previous_version"]) == (False, True, "2", "1")
    tags = stage.tags("2")
    # It is the same specification: a rollback would lead to the one before, of which there is none.
    assert (tags["forecastops.kind"], tags["forecastops.predecessor"]) == ("refit", "none")
    assert "forecastops.parameters_of" not in tags
    assert tags["RMSE"] != stage.tags("1")["RMSE"]
    assert tags["run_id"] == stage.versions()["2"]
    ours, theirs = fits(stage, "2")["judged"]["members"], fits(stage, "1")["judged"]["members"]
    assert [one["order"] for one in ours] == [one["order"] for one in theirs]
    assert [one["params"] for one in ours] != [one["params"] for one in theirs]
    require_settled(stage, "2")
    # It is another model: what was decided against the one before no longer holds.
    refused = stage.run("promote", "--run-id", stage.workshop.third, *HOLD, "--force", "--reason", "hurry")
    assert refused.code == 1
    assert "against champion version 1, which is now version 2" in refused.error
    again = stage.promote(stage.workshop.second, *refit)
    assert (again["renewed"], again["version"]) == (False, None)
    told = stage.run("rollback", "--reason", "the estimate before was better").error
    assert "has the specification of version 1, refitted, and no other was in production before it" in told
    assert "name another with --to-version (there are: 1)" in told
    back = stage.ok("rollback", "--reason", "the estimate before was better", "--to-version", "1")
    assert "it forecasts from 2013-12-31, not from 2014-05-31" in back["note"]
    assert "forecastops renew --data FILE" in back["note"]
    assert (back["version"], stage.ok("status")["forecasts_from"]) == ("1", "2013-12-31")
    # After a rejection it is the same: what failed is the challenger.
    strict = ["--set", "gate.max_step_ratio=0.1", "--set", "deployment.on_hold=refit"]
    assert stage.evaluate(stage.workshop.third, *strict)["verdict"] == "REJECT"
    kept = stage.promote(stage.workshop.third, *strict)
    assert (kept["promoted"], kept["renewed"]) == (False, True)
    assert stage.tags(kept["version"])["forecastops.kind"] == "refit"


def test_a_refit_that_does_not_converge_leaves_the_parameters_and_renews(stage: Stage) -> None:
    stage.first_champion()
    short = ["--set", "deployment.on_hold=refit", "--set", "model.max_iterations=1", *HOLD]
    stage.evaluate(stage.workshop.second, *HOLD)
    kept = stage.promote(stage.workshop.second, *short)
    assert kept["renewed"]
    tags = stage.tags(kept["version"])
    assert (tags["forecastops.kind"], tags["forecastops.parameters_of"]) == ("renewal", "1")


def test_on_hold_nothing_leaves_the_champion_as_it_is(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second, *HOLD)
    moved = stage.promote(stage.workshop.second, *HOLD, "--set", "deployment.on_hold=nothing")
    assert (moved["promoted"], moved["renewed"], moved["version"], moved["reason"]) == (False, False, None, None)
    require_settled(stage, "1")
    assert stage.versions().keys() == {"1"}


def test_retrain_says_what_was_renewed_and_what_was_refused(stage: Stage) -> None:
    stage.first_champion()
    made = stage.ok("retrain", "--data", WHOLE, *FIXED, *HOLD)
    assert (made["evaluate"]["verdict"], made["promote"]) == ("HOLD", None)
    assert made["renew"].keys() == KEYS
    assert (made["renew"]["renewed"], made["renew"]["version"]) == (True, "2")
    assert stage.ok("status")["consistent"]
    rows = [*known(stage), ("2014-06-01", 430_000.0)]
    refused = stage.run("retrain", "--data", written(stage, "spoilt.csv", rows), *FIXED)
    assert (refused.code, refused.json["renew"], refused.json["promote"]) == (0, None, None)
    assert refused.json["evaluate"]["verdict"] == "REJECT"
    assert "was not renewed: the data were refused (plausible_data)" in refused.json["note"]
    # A run whose data were refused makes nothing stale.
    require_settled(stage, "2")
    assert stage.run("status", "--check").code == 0
    made = stage.ok("retrain", "--data", WHOLE, *FIXED, *HOLD)
    assert (made["promote"], made["renew"]) == (None, None)
    assert "has these data already" in made["note"]


# What status says of it.


def test_status_is_stale_after_a_training_and_fresh_again_after_the_renewal(stage: Stage) -> None:
    stage.first_champion()
    assert stage.run("status", "--check").code == 0
    run_id = stage.ok("train", "--data", SPRING, *FIXED)["run_id"]
    found = stage.ok("status")
    assert (found["forecasts_from"], found["newest_data"], found["newest_data_run"]) == (
        "2013-12-31",
        "2014-03-31",
        run_id,
    )
    assert found["consistent"] is False
    require_told(stage)
    checked = stage.run("status", "--check")
    assert (checked.code, checked.json) == (1, found)
    assert "forecasts from 2013-12-31" in checked.error
    # Whose model serves is another question.
    assert stage.run("status", "--require-champion", stage.workshop.first).code == 0
    stage.renew(SPRING)
    found = stage.ok("status")
    assert (found["forecasts_from"], found["newest_data"], found["consistent"]) == ("2014-03-31", "2014-03-31", True)
    assert stage.run("status", "--check").code == 0

    # A date that no data can have yet: the run goes, and with it what it said.
    wrong = [*known(stage, "2014-03-31"), ("2014-04-01", 430.0), ("2014-04-02", 440.0)]
    run_id = stage.ok("train", "--data", written(stage, "wrong.csv", wrong), *FIXED)["run_id"]
    assert stage.run("status", "--check").code == 1
    stage.client.delete_run(run_id)
    assert stage.run("status", "--check").code == 0


def test_status_names_data_that_are_too_old_only_when_a_bound_is_set(stage: Stage) -> None:
    stage.first_champion()
    old = ["--set", "deployment.max_age_days=30.5"]
    (problem,) = stage.ok("status", *old)["problems"]
    assert "production forecasts from 2013-12-31" in problem
    assert "days ago, and deployment.max_age_days is 30.5" in problem
    assert stage.run("status", "--check", *old).code == 1
    assert stage.run("status", "--check", "--set", "deployment.max_age_days=1000000").code == 0


def test_check_fails_when_the_endpoint_is_dead_serves_another_version_or_answers_otherwise(stage: Stage) -> None:
    stage.first_champion()
    stage.renew(WHOLE)
    endpoints = get_deploy_client("forecastops-local")
    otherwise = stage.run("status", "--check", before=answer_otherwise)
    assert otherwise.code == 1
    assert "differ from those evaluated in 'mean'" in otherwise.error
    endpoints.update_deployment(stage.model, f"models:/{stage.model}/1")
    checked = stage.run("status", "--check")
    assert checked.code == 1
    assert "serves version 1, the champion is version 2" in checked.error
    assert stage.renew(WHOLE)["reason"].endswith("its endpoint was repaired")
    assert stage.run("status", "--check").code == 0

    layout = Layout(Path(os.environ["FORECASTOPS_HOME"]) / "endpoints" / stage.model)
    for pid in pids_of(layout):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not pids_of(layout))
    checked = stage.run("status", "--check")
    assert checked.code == 1
    assert checked.json["consistent"] is False
    stage.renew(WHOLE)
    assert stage.run("status", "--check").code == 0
    endpoints.delete_deployment(stage.model)
    assert "has no endpoint" in stage.run("status", "--check").error
    stage.promote(stage.workshop.first)
    assert (stage.run("status", "--check").code, stage.champion()) == (0, "2")


# Newer observations, which are not kept.


def test_a_request_may_bring_newer_observations(stage: Stage) -> None:
    stage.first_champion()
    newer = known(stage, first="2013-12-30", through="2014-01-05")
    rows = [{"date": date, "value": value} for date, value in newer]
    answer = ask(stage, inputs=rows, params={"horizon": 2})
    assert answer.status_code == 200, answer.text
    found = answer.json()["predictions"]
    assert [row["date"] for row in found] == ["2014-01-06", "2014-01-07"]
    path = written(stage, "newer.csv", newer)
    said = stage.ok("forecast", "--horizon", "2", "--data", path)
    assert (said["version"], [row["date"] for row in said["forecast"]]) == ("1", ["2014-01-06", "2014-01-07"])
    assert [row["mean"] for row in found] == pytest.approx([row["mean"] for row in said["forecast"]], rel=1e-9)
    # Nothing was kept: the next request starts where the model's own data end.
    assert ask(stage, params={"horizon": 1}).json()["predictions"][0]["date"] == "2014-01-01"
    assert stage.ok("status")["forecasts_from"] == "2013-12-31"
    assert stage.renew(path)["version"] == "2"
    renewed = ask(stage, params={"horizon": 2}).json()["predictions"]
    assert [row["mean"] for row in renewed] == pytest.approx([row["mean"] for row in found], rel=1e-9)
    columns = ask(stage, inputs=[{"date": "2014-01-06", "value": None, "horizon": 4}])
    assert [row["date"] for row in columns.json()["predictions"]] == [f"2014-01-{day:02}" for day in range(7, 11)]


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"date": "2014-01-02", "value": 430_000.0}, "standard deviations"),
    ({"date": "2013-12-30", "value": 1.0}, "renew the model"),
    ({"date": "2014-01-01", "value": 430.0}, "stands in row 1 already"),
    ({"date": "2014-01-02T12:00:00", "value": 430.0}, "frequency"),
    ({"date": "2010-01-01", "value": 430.0}, "before the model's data"),
]


def test_a_request_with_a_row_that_does_not_fit_is_answered_with_400_and_its_number(stage: Stage) -> None:
    stage.first_champion()
    for row, part in UNFIT:
        answer = ask(stage, inputs=[{"date": "2014-01-01", "value": 440.0}, row])
        assert answer.status_code == 400, answer.text
        assert "row 2" in answer.text
        assert part in answer.text
    # What is no date at all never reaches the model: its signature refuses it, and names the value.
    answer = ask(stage, inputs=[{"date": "2014-01-01", "value": 440.0}, {"date": "next Monday", "value": 430.0}])
    assert answer.status_code == 400, answer.text
    assert "next Monday" in answer.text
    assert stage.run("status", "--check").code == 0


def test_a_forecast_from_data_that_do_not_fit_is_refused(stage: Stage) -> None:
    stage.first_champion()
    rows = known(stage, "2014-01-20")
    cases = {
        "standard deviations": changed(rows, 1, lambda value: 1000 * value),
        "renew the model": [(rows[0][0], rows[0][1] + 50), *rows[1:]],
        "frequency": rows[::7],
    }
    for part, spoilt in cases.items():
        refused = stage.run("forecast", "--data", written(stage, "spoilt.csv", spoilt))
        assert (refused.code, refused.stdout) == (1, "")
        assert part in refused.error
    older = stage.ok("forecast", "--data", written(stage, "older.csv", rows[:60]))
    assert older == stage.ok("forecast")


# Old renewals.


def test_old_renewals_go_unless_somebody_needs_them(stage: Stage) -> None:
    client, model = stage.client, stage.model
    stage.first_champion()

    def renewed(day: int, *args: str) -> str:
        path = written(stage, "daily.csv", known(stage, f"2014-01-{day:02}"))
        return str(stage.renew(path, *args)["version"])

    aliased, staged, tagged, described, deployed, journalled, plain = (renewed(day) for day in range(1, 8))
    client.set_registered_model_alias(model, "staging", aliased)
    client.transition_model_version_stage(model, staged, "Staging")
    client.set_model_version_tag(model, tagged, "approved_by", "Kim")
    version = client.get_model_version(model, described)
    client.update_model_version(model, described, f"{version.description}; the audit's")
    hand = f"{model}-by-hand"
    ended = stage.workshop.forecastops.start(
        *("deployments", "create", "-t", "forecastops-local", "--name", hand, "-m", f"models:/{model}/{deployed}"),
        program="mlflow",
    ).result()
    assert ended.code == 0, ended.stderr
    # Another alias of the model is on its way from that version.
    other = client.create_model_version(model, str(version.source), stage.workshop.second)
    journal = {"kind": "promote", "previous": journalled, "reason": None, "alias": "shadow", "endpoint": "shadow"}
    client.set_model_version_tag(model, str(other.version), "forecastops.journal", json.dumps(journal))
    # And one that a promotion has replaced.
    replaced = renewed(8)
    stage.evaluate(stage.workshop.third)
    moved = stage.promote(stage.workshop.third)
    assert moved["previous_version"] == replaced
    june = [*known(stage), ("2014-06-01", 430.0)]
    last = stage.renew(written(stage, "june.csv", june), "--set", "registry.keep_renewals=2")["version"]
    runs = stage.versions()
    assert plain not in runs
    kept = {aliased, staged, tagged, described, deployed, journalled, replaced}
    assert kept | {"1", str(other.version), moved["version"], last} == runs.keys()

    # Once nobody needs them any more, they go; the run of each stays.
    client.delete_registered_model_alias(model, "staging")
    client.transition_model_version_stage(model, staged, "None")
    client.delete_model_version_tag(model, tagged, "approved_by")
    get_deploy_client("forecastops-local").delete_deployment(hand)
    newest = stage.renew(
        written(stage, "june.csv", [*june, ("2014-06-02", 440.0)]), "--set", "registry.keep_renewals=1"
    )["version"]
    kept = {described, journalled, replaced}
    assert kept | {"1", str(other.version), moved["version"], newest} == stage.versions().keys()
    for gone in (aliased, staged, tagged, deployed, last):
        assert client.get_run(runs[gone]).info.lifecycle_stage == "active"
    back = stage.ok("rollback", "--reason", "back to the model before")
    assert stage.ok("status")["champion"]["model_version"] == "1", back


# Champions of earlier versions.

SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec("long", "horizon", required=False)]),
    outputs=Schema(
        [
            ColSpec("string" if name == "date" else "double", name)
            for name in ("date", "mean", "lower_80", "upper_80", "lower_95", "upper_95")
        ]
    ),
    params=ParamSchema([ParamSpec("horizon", "long", 14), ParamSpec("levels", "long", [80, 95], shape=(-1,))]),
)


def earlier_champion(stage: Stage, form: int, folder: Path) -> None:
    """Register and deploy a model as a version of forecastops did that wrote that format."""
    data, code = folder / "forecaster", folder / "forecastops_model.py"
    data.mkdir()
    code.write_text((EARLIER / "forecastops_model.txt").read_text("utf-8"), encoding="utf-8")
    (data / "series.csv").write_text((EARLIER / "series.csv").read_text("utf-8"), encoding="utf-8")
    (data / "model.json").write_text((EARLIER / f"model-{form}.json").read_text("utf-8"), encoding="utf-8")
    model = folder / "model"
    mlflow.pyfunc.save_model(
        str(model),
        loader_module="forecastops_model",
        data_path=str(data),
        code_paths=[str(code)],
        signature=SIGNATURE,
        conda_env={"name": "forecastops-model", "dependencies": ["python=3.10", "pip", {"pip": ["mlflow"]}]},
    )
    client, digest = stage.client, folder_sha256(model)
    run = client.create_run("0")
    run_id, source = run.info.run_id, f"{run.info.artifact_uri}/model"
    client.log_artifacts(run_id, str(model), "model")
    client.set_tag(run_id, "forecastops.model.sha256", digest)
    client.set_terminated(run_id)
    client.create_registered_model(stage.model, description="Forecasts promoted by forecastops.")
    client.create_model_version(stage.model, source, run_id, description="promoted by forecastops from here")
    tags = {
        "RMSE": "48.1",
        "R2": "0.2",
        "run_id": run_id,
        "forecastops.model.sha256": digest,
        "forecastops.verdict": "PROMOTE",
        "forecastops.promoted_by": "kim@laptop",
        "forecastops.promoted_at": "2026-01-01T00:00:00+00:00",
        "forecastops.predecessor": "none",
        "forecastops.served": "2026-01-01T00:00:00+00:00",
    }
    for key, value in tags.items():
        client.set_model_version_tag(stage.model, "1", key, value)
    client.set_registered_model_alias(stage.model, "champion", "1")
    tracking = stage.workshop.forecastops.environment["MLFLOW_TRACKING_URI"]
    owner = hashlib.sha256(f"{tracking}\0{stage.model}".encode()).hexdigest()[:16]
    get_deploy_client("forecastops-local").create_deployment(
        stage.model, f"models:/{stage.model}/1", config={"owner": owner}
    )


@contextmanager
def answered_without_a_gap(url: str) -> Iterator[None]:
    """Ask the endpoint all the while; each request must be answered."""
    failed: list[str] = []
    asked, over = [0], threading.Event()

    def ask_on() -> None:
        while not over.is_set():
            try:
                answer = requests.post(f"{url}/invocations", json={"inputs": []}, timeout=300)
                if answer.status_code != 200:
                    failed.append(answer.text)
            except requests.RequestException as error:
                failed.append(str(error))
            asked[0] += 1
            time.sleep(0.02)

    caller = threading.Thread(target=ask_on)
    caller.start()
    try:
        yield
    finally:
        over.set()
        caller.join()
    assert not failed, failed[0]
    assert asked[0] > 5


@pytest.mark.parametrize("form", [1, 2])
def test_a_champion_of_an_earlier_format_is_renewed_and_later_replaced(stage: Stage, form: int, tmp_path: Path) -> None:
    earlier_champion(stage, form, tmp_path)
    assert stage.run("status", "--check").code == 0
    found = stage.ok("status")
    assert (found["forecasts_from"], found["champion"]["model_version"]) == ("2013-12-31", "1")
    lines = (EARLIER / "series.csv").read_text("utf-8").splitlines()[1:]
    rows = [(date, float(value)) for date, value in (line.split(",") for line in lines)]
    # Four weeks more, as those before.
    later = [(f"2014-01-{day:02}", value) for day, (_, value) in zip(range(1, 29), rows[-28:], strict=True)]
    path = written(stage, f"later-{form}.csv", rows + later)
    said = stage.ok("forecast", "--horizon", "2", "--data", path)
    with answered_without_a_gap(found["endpoint"]["url"]):
        assert stage.renew(path)["version"] == "2"
        assert stage.tags("2")["RMSE"] == "48.1"
        assert stage.run("status", "--check").code == 0
        document = json.loads(artifact(stage, "2", "model.json"))
        assert document["format"] == (1 if form == 1 else 3)
        rows_served = ask(stage, params={"horizon": 2}).json()["predictions"]
        assert [row["mean"] for row in rows_served] == pytest.approx([row["mean"] for row in said["forecast"]])
        answer = ask(stage, inputs=[{"date": "2014-01-29", "value": 500.0}], params={"horizon": 1})
        assert answer.json()["predictions"][0]["date"] == "2014-01-30"

        run_id = stage.ok("train", "--data", path, *FIXED)["run_id"]
        judged = stage.evaluate(run_id)
        assert judged["champion"]["version"] == "2"
        moved = stage.promote(run_id, "--force", "--reason", "the new format")
        assert moved["promoted"]
        require_settled(stage, moved["version"])
    back = stage.ok("rollback", "--reason", "the model of old was better")
    assert stage.ok("status")["champion"]["model_version"] == "1", back
    assert stage.run("status", "--check").code == 0


def test_a_rollback_leaves_the_data_behind_that_a_forced_promotion_brought(stage: Stage) -> None:
    first = stage.first_champion()
    other_unit = written(stage, "other-unit.csv", [(date, 1000 * value) for date, value in known(stage)])
    run = str(stage.ok("train", "--data", other_unit, *FIXED)["run_id"])
    assert stage.evaluate(run)["verdict"] == "REJECT"
    kept = stage.promote(run)
    assert (kept["promoted"], kept["renewed"]) == (False, False)
    assert "comparable_data" in kept["reason"]
    forced = stage.promote(run, "--force", "--reason", "somebody insists")
    assert forced["promoted"]
    back = stage.run("rollback", "--reason", "it was the wrong unit")
    assert (back.code, back.json["version"]) == (0, first)
    assert "returns with its own data" in back.stderr
    assert stage.champion() == first
