"""What happened to a model, as registry and runs tell it, through the command and `fo.history`."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

import forecastops as fo
from interruptions import answer_otherwise
from workshop import FIXED, PAST, SPRING, WHOLE, Stage

KEYS = {
    *("at", "kind", "who", "what", "why", "version", "previous_version", "run_id", "verdict", "checks"),
    *("outcome", "forced", "reason", "data_end"),
}


def events(stage: Stage, *options: str) -> list[dict[str, Any]]:
    """The events that the command lists, the newest first."""
    found = stage.ok("history", *options)
    assert found.keys() == {"model_name", "events", "more", "live"}
    assert all(event.keys() == KEYS for event in found["events"])
    moments = [event["at"] for event in found["events"]]
    assert moments == sorted(moments, reverse=True)
    return list(found["events"])


def kinds(stage: Stage, *options: str) -> list[str]:
    return [event["kind"] for event in events(stage, *options)]


def implausible(stage: Stage) -> str:
    """A file whose newest row is a thousand times too large."""
    folder = stage.workshop.forecastops.folder
    *rows, last = (folder / WHOLE).read_text("utf-8").splitlines()
    date, value = last.split(",")
    (folder / "broken.csv").write_text("\n".join([*rows, f"{date},{float(value) * 1000}"]) + "\n")
    return "broken.csv"


def test_a_decision_is_told_of_in_the_moment_in_which_it_was_logged(stage: Stage) -> None:
    # In whole seconds it would stand before a promotion of the same second that it came after.
    stage.evaluate(stage.workshop.first)
    (decision,) = [event for event in events(stage) if event["kind"] == "decision"]
    tags = stage.client.get_run(stage.workshop.first).data.tags
    stamp = datetime.strptime(tags["forecastops.decision"].rpartition("/")[2], "%Y%m%dT%H%M%S.%fZ")
    logged = stamp.replace(tzinfo=timezone.utc, microsecond=stamp.microsecond // 1000 * 1000)
    assert datetime.fromisoformat(decision["at"]) >= logged


def test_every_change_and_every_alarm_is_told(stage: Stage) -> None:
    assert events(stage) == []
    first = stage.first_champion()
    assert kinds(stage) == ["promotion", "decision"]
    stage.renew(SPRING)
    assert not stage.renew(implausible(stage))["renewed"]
    stage.renew("broken.csv", "--accept-data", "--reason", "the <b>till</b> was counted twice")
    stage.ok("rollback", "--to-version", first, "--reason", "they were wrong after all")
    told = kinds(stage)
    assert sorted(told[1:3]) == ["accepted_data", "renewal"]
    assert [told[0], *told[3:]] == ["rollback", "alarm", "renewal", "promotion", "decision"]
    found = {event["kind"]: event for event in events(stage)}
    alarm = found["alarm"]
    assert alarm["checks"] == ["plausible_data"]
    assert "standard deviations" in alarm["why"]
    run = stage.client.get_run(alarm["run_id"])
    tags = run.data.tags
    assert (run.info.status, tags["forecastops.kind"], tags["forecastops.data.refused"]) == (
        *("FINISHED", "alarm", "plausible_data"),
    )
    assert not stage.client.list_artifacts(alarm["run_id"])
    assert found["accepted_data"]["reason"] == "the <b>till</b> was counted twice"
    back = found["rollback"]
    assert (back["version"], back["previous_version"], back["outcome"]) == (first, "3", "done")
    assert stage.client.get_run(back["run_id"]).data.tags["forecastops.kind"] == "rollback"
    assert all(event["who"] for event in found.values())
    # Nothing of it changes what status says of the data.
    assert stage.ok("status")["newest_data"] == "2014-05-31"


def test_what_is_pruned_overwritten_or_undone_is_still_told(stage: Stage) -> None:
    first, second = stage.both()
    stage.ok("rollback", "--to-version", first, "--reason", "one")
    stage.ok("rollback", "--to-version", second, "--reason", "two")
    stage.ok("rollback", "--to-version", first, "--reason", "three")
    assert [event["reason"] for event in events(stage) if event["kind"] == "rollback"] == ["three", "two", "one"]
    stage.evaluate(stage.workshop.third)
    assert stage.run("promote", "--run-id", stage.workshop.third, before=answer_otherwise).code == 1
    undone = events(stage)[0]
    assert (undone["kind"], undone["outcome"], undone["run_id"]) == ("promotion", "undone", stage.workshop.third)
    assert "differ" in undone["why"]
    for path in (SPRING, WHOLE):
        stage.renew(path, "--set", "registry.keep_renewals=1")
    assert next(event["version"] for event in events(stage) if event["kind"] == "renewal") in stage.versions()
    assert len([event for event in events(stage) if event["kind"] == "renewal"]) == 2
    assert len([event for event in events(stage) if event["kind"] == "promotion"]) == 3


def test_what_earlier_releases_have_left_is_told_as_well(stage: Stage) -> None:
    run_id = stage.ok("train", "--data", PAST, *FIXED)["run_id"]
    stage.evaluate(run_id)
    first = stage.promote(run_id)["version"]
    stage.renew(SPRING)
    stage.ok("rollback", "--to-version", first, "--reason", "too much")
    told = kinds(stage)
    assert told == ["rollback", "renewal", "promotion", "decision"]
    assert {run_id} == {event["run_id"] for event in events(stage) if event["kind"] in ("promotion", "decision")}
    client = stage.client
    experiment = client.get_run(run_id).info.experiment_id
    condition = f"tags.`forecastops.model.name` = '{stage.model}'"
    for run in client.search_runs([experiment], condition):
        if "forecastops.model.sha256" not in run.data.tags:
            client.delete_run(run.info.run_id)
            continue
        for name in run.data.tags:
            if name.startswith("forecastops.event."):
                client.delete_tag(run.info.run_id, name)
    found = {event["kind"]: event for event in events(stage)}
    assert sorted(found) == sorted(told)
    assert (found["rollback"]["version"], found["rollback"]["reason"]) == (first, "too much")
    assert (found["promotion"]["version"], found["promotion"]["outcome"]) == (first, "done")
    assert (found["decision"]["verdict"], found["decision"]["run_id"]) == ("PROMOTE", run_id)
    assert found["renewal"]["data_end"] == "2014-03-31"
    # Whoever may write tags can write anything.
    for name, text in {"event.x": "{", "event.y": '{"kind": "alarm", "at": "never"}', "live": '{"points": 1}'}.items():
        client.set_tag(run_id, f"forecastops.{name}", text)
    assert sorted(kinds(stage)) == sorted(told)


def test_an_evaluation_measures_how_the_champion_as_served_has_forecast(stage: Stage) -> None:
    version = stage.first_champion()
    forecast = {row["date"]: row["mean"] for row in stage.ok("forecast", "--horizon", "30")["forecast"]}
    assert not stage.ok("history")["live"]
    trained = stage.ok("train", "--data", f"{PAST},{SPRING}")
    stage.evaluate(trained["run_id"])
    live = {point["date"]: point["rmse"] for point in stage.ok("history")["live"]}
    lines = (stage.workshop.forecastops.folder / SPRING).read_text("utf-8").splitlines()[1:]
    actual = {date: float(value) for date, value in (line.split(",") for line in lines)}
    for date, mean in forecast.items():
        assert live[date] == pytest.approx(abs(actual[date] - mean), 1e-4)
    tags = stage.client.get_run(trained["run_id"]).data.tags
    assert json.loads(tags["forecastops.live"])["version"] == version


def test_the_champions_live_error_is_measured_as_served(stage: Stage) -> None:
    stage.first_champion()
    forecast = stage.ok("forecast", "--horizon", "90")["forecast"]
    moved = stage.renew(SPRING)
    lines = (stage.workshop.forecastops.folder / SPRING).read_text("utf-8").splitlines()[1:]
    actual = {date: float(value) for date, value in (line.split(",") for line in lines)}
    errors = {row["date"]: actual[row["date"]] - row["mean"] for row in forecast}
    live = {point["date"]: point for point in stage.ok("history")["live"]}
    assert live.keys() == errors.keys()
    assert [point["rmse"] for point in live.values()] == pytest.approx([abs(error) for error in errors.values()], 1e-4)
    run_id = stage.versions()[moved["version"]]
    metrics = stage.client.get_metric_history(run_id, "live.error")
    assert [one.step for one in metrics] == list(range(1, 91))
    assert [one.value for one in metrics] == pytest.approx(list(errors.values()))
    naive = [live[date]["seasonal_naive_rmse"] for date in list(live)[:8]]
    known = dict(line.split(",") for line in (stage.workshop.forecastops.folder / PAST).read_text("utf-8").splitlines())
    week = [float(known[f"2013-12-{day}"]) for day in range(25, 32)]
    assert naive == pytest.approx(
        [abs(actual[date] - week[step % 7]) for step, date in enumerate(list(live)[:8])], 1e-4
    )


def test_the_newest_are_found_without_reading_all(stage: Stage) -> None:
    stage.first_champion()
    stage.renew(SPRING)
    newest = events(stage, "--limit", "1")
    assert [event["kind"] for event in newest] == ["renewal"]
    assert stage.ok("history", "--limit", "1")["more"]
    assert events(stage, "--since", "2999-01-01") == []
    since = newest[0]["at"]
    assert events(stage, "--since", since) == newest
    for wrong in ("--since", "yesterday"), ("--limit", "0"):
        assert stage.run("history", *wrong).code == 2


def test_python_gets_the_same(stage: Stage) -> None:
    stage.first_champion()
    config = fo.load_config(overrides={"registry.model_name": stage.model})
    found = fo.history(config)
    assert found.to_dict() == stage.ok("history")
    assert [event.kind for event in found.events] == ["promotion", "decision"]
    assert found.to_frame()["kind"].tolist() == ["promotion", "decision"]
    assert ">promotion<" in found._repr_html_()
    assert "version 1 became the champion" in str(found)


def test_a_page_is_written_over_a_page_alone(stage: Stage) -> None:
    stage.first_champion()
    folder = stage.workshop.forecastops.folder
    for _ in range(2):
        stage.ok("history", "--html", "pages/history.html")
    assert "version 1 became the champion" in (folder / "pages/history.html").read_text("utf-8")
    error = stage.run("history", "--html", PAST).error
    assert "is there and is no HTML page" in error
    assert (folder / PAST).read_text("utf-8").startswith("TransactionDate")
