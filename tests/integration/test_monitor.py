"""Watching the champion through the command: curves in MLflow, alerts, a page, and what follows for the data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

import forecastops as fo
from browser import DESKTOP, PHONE, Browser, axe_violations, open_page, screenshot
from receivers import Webhook, webhook
from workshop import PAST, WHOLE, Stage, Workshop

KEYS = {
    "retrain", "broken", "moved", "signals", "summary", "version", "run_id", "start", "end", "observations", "age_days",
    "too_old",
}  # fmt: skip
SIGNAL_KEYS = {"name", "group", "passed", "value", "threshold", "since", "reason"}


@pytest.fixture(scope="module")
def stage(workshop: Workshop) -> Stage:
    """The champion of 2013, watched by the tests one after the other."""
    found = workshop.stage("watched")
    found.first_champion()
    return found


def rows(stage: Stage, name: str, through: str, *more: str) -> str:
    """A file of the sample's rows to that day, and these."""
    head, *lines = (stage.workshop.forecastops.folder / WHOLE).read_text().splitlines()
    kept = [line for line in lines if line.partition(",")[0] <= through]
    (stage.workshop.forecastops.folder / name).write_text("\n".join([head, *kept, *more]) + "\n")
    return name


def run_of(stage: Stage) -> Run:
    (found,) = [run for run in runs_of(stage) if run.data.tags["forecastops.monitored.model"] == stage.model]
    return found


def runs_of(stage: Stage) -> list[Run]:
    experiments = [one.experiment_id for one in stage.client.search_experiments()]
    found = stage.client.search_runs(experiments, f"tags.forecastops.monitored.model = '{stage.model}'")
    return list(found)


def signals(found: Any) -> dict[str, Any]:
    return {one["name"]: one for one in found["signals"]}


def test_without_a_champion_there_is_nothing_to_watch(workshop: Workshop) -> None:
    empty = workshop.stage("nobody")
    said = empty.run("monitor", "--data", WHOLE)
    assert said.code == 1
    assert "has no champion to watch; promote a model first" in said.stderr
    found = empty.ok("monitor", "--data", WHOLE, "--first")
    assert (found["retrain"], found["signals"], found["version"], found["run_id"]) == (True, [], None, None)


def test_nothing_new_moves_nothing(stage: Stage) -> None:
    found = stage.ok("monitor", "--data", PAST)
    assert set(found) == KEYS
    assert (found["retrain"], found["broken"], found["moved"], found["observations"]) == (False, False, [], 0)
    assert all(set(one) == SIGNAL_KEYS for one in found["signals"])


def test_the_samples_shift_is_noticed_dated_and_explained(stage: Stage) -> None:
    before = stage.versions()
    found = stage.ok("monitor", "--data", WHOLE)
    assert found["retrain"]
    assert not found["broken"]
    assert found["start"] == "2014-01-01"
    moved = signals(found)
    assert set(found["moved"]) & {"level", "spread", "correlation", "distribution"}
    first = min(moved[name]["since"] for name in found["moved"] if moved[name]["since"])
    assert "2013-12-28" <= first <= "2014-01-25"  # it shifts on 2014-01-01
    assert found["summary"].startswith("Retrain: something has moved (")
    assert stage.versions() == before
    assert stage.run("monitor", "--data", WHOLE, "--require-ok").code == 3


def test_each_signal_is_a_curve_by_date_and_nothing_is_written_twice(stage: Stage) -> None:
    run = run_of(stage)
    history = stage.client.get_metric_history(run.info.run_id, "level")
    steps = [point.step for point in history]
    assert steps == sorted(set(steps))
    assert steps[-1] == 20140531
    thresholds = stage.client.get_metric_history(run.info.run_id, "level_threshold")
    assert [point.step for point in thresholds] == steps
    assert run.info.status == "FINISHED"
    assert run.data.tags["forecastops.monitor.retrain"] == "true"
    again = stage.ok("monitor", "--data", WHOLE)
    assert again["run_id"] == run.info.run_id
    assert stage.client.get_metric_history(run.info.run_id, "level") == history
    files = [one.path for one in stage.client.list_artifacts(run.info.run_id, "looks/2014-05-31")]
    assert files == ["looks/2014-05-31/look.json", "looks/2014-05-31/monitor.html"]


def test_a_renewal_goes_on_with_the_run_and_a_deleted_one_is_begun_anew(stage: Stage) -> None:
    first = run_of(stage).info.run_id
    stage.renew(rows(stage, "january.csv", "2014-01-31"))
    assert stage.ok("monitor", "--data", WHOLE)["run_id"] == first
    stage.client.delete_run(first)
    second = stage.ok("monitor", "--data", WHOLE)["run_id"]
    assert second != first
    assert len(stage.client.get_metric_history(second, "level")) > 100


def test_broken_data_retrain_nothing(stage: Stage) -> None:
    path = rows(stage, "broken.csv", "2014-05-30", "2014-05-31,400000")
    found = stage.ok("monitor", "--data", path)
    assert (found["retrain"], found["broken"]) == (False, True)
    assert not signals(found)["plausible_data"]["passed"]
    assert stage.run("monitor", "--data", path, "--require-ok").code == 3
    twice = rows(stage, "twice.csv", "2014-05-31", "2014-05-31,1")
    found = stage.ok("monitor", "--data", twice)
    assert found["broken"]
    assert "2014-05-31" in signals(found)["duplicates"]["reason"]


def test_lateness_counts_only_against_now(stage: Stage) -> None:
    assert signals(stage.ok("monitor", "--data", WHOLE, "--now", "2014-06-02"))["late"]["passed"]
    found = stage.ok("monitor", "--data", WHOLE, "--now", "2014-06-10")
    assert not signals(found)["late"]["passed"]
    assert found["broken"]
    assert not signals(stage.ok("monitor", "--data", WHOLE, "--now", "today"))["late"]["passed"]
    said = stage.run("monitor", "--data", WHOLE, "--now", "tomorrow")
    assert said.code == 2
    assert "now: is 'tomorrow'; give an ISO date" in said.stderr
    missing = stage.run("monitor", "--data", "nowhere.csv")
    assert missing.code == 1


@pytest.fixture
def hook(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as found:
        monkeypatch.setitem(stage.workshop.forecastops.environment, "FORECASTOPS_WEBHOOK", found.url)
        monkeypatch.setitem(stage.workshop.forecastops.environment, "FORECASTOPS_WEBHOOK_KEY", "a key")
        yield found


def test_alerts_are_told_once_and_taken_back(stage: Stage, hook: Webhook) -> None:
    """Told when something is new, kept from repeating, told again where it did not arrive, and all clear at the end."""
    ask = ["--set", "alerts.webhook=generic", "-vv"]

    def look(path: str) -> str:
        said = stage.run("monitor", "--data", path, *ask)
        assert said.code == 0, said.stderr
        assert "very-secret-path" not in said.stderr + said.stdout
        return said.stderr

    hook.answers = [404]
    assert "nobody was told by webhook: the webhook: answers with status 404" in look(WHOLE)
    look(WHOLE)
    look(WHOLE)
    assert [post.document["event"] for post in hook.posts] == ["moved", "moved"]
    assert hook.posts[1].headers["X-Forecastops-Signature"].startswith("sha256=")
    assert hook.posts[1].document["signals"]
    look(rows(stage, "early.csv", "2014-01-02"))
    assert hook.posts[-1].document["event"] in ("clear", "data")


def test_python_gets_the_same(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    command = stage.workshop.forecastops
    monkeypatch.setenv("FORECASTOPS_HOME", command.environment["FORECASTOPS_HOME"])
    config = {"tracking.tracking_uri": stage.workshop.store, "registry.model_name": stage.model}
    found = fo.monitor(command.folder / WHOLE, config)
    assert found.retrain
    assert found.to_frame().shape == (len(found.signals), 7)
    assert json.loads(json.dumps(found.to_dict())) == stage.ok("monitor", "--data", WHOLE)
    report = found.to_report()
    assert report is not None
    assert report.outputs == {"retrain": "true", "broken": "false", "too_old": "true"}
    assert report.warnings


@pytest.fixture(scope="module")
def page(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = next(run for run in runs_of(stage) if run.info.lifecycle_stage == "active")
    folder = tmp_path_factory.mktemp("page")
    return Path(MlflowClient(stage.workshop.store).download_artifacts(run.info.run_id, "looks", str(folder)))


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_is_well(browser: Browser, page: Path, width: int, dark: bool) -> None:
    address = (page / "2014-05-31" / "monitor.html").as_uri()
    with open_page(browser, address, width=width, dark=dark) as shown:
        assert shown.get_by_text("Retrain", exact=True).first.is_visible()
        assert axe_violations(shown) == []
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        screenshot(shown, f"monitor-{width}-{'dark' if dark else 'light'}")
