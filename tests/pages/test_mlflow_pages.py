"""What MLflow's own pages tell, as a person sees them: `mlflow server` on what the commands have left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from browser import Browser, Page, open_page, outside, screenshot
from servers import mlflow_server
from stories import HOLD
from workshop import Stage, Workshop

MODEL = "transactions-forecast"
PICTURES = ("forecast_fan", "window_comparison", "error_by_step", "residuals")
ML = "?workflowType=machine_learning#"


class Story(NamedTuple):
    """A model that was promoted twice and then held, and the server with its pages."""

    stage: Stage
    address: str

    def run(self, run_id: str, rest: str = "") -> str:
        experiment = self.stage.client.get_run(run_id).info.experiment_id
        return f"{self.address}/{ML}/experiments/{experiment}/runs/{run_id}{rest}"


@pytest.fixture(scope="module")
def story(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    stage = workshop.stage(MODEL)
    stage.both()
    stage.evaluate(workshop.third, *HOLD)
    with mlflow_server(workshop.store, tmp_path_factory.mktemp("server")) as address:
        yield Story(stage, address)


def test_the_experiment_opens_with_runs_that_say_what_became_of_them(story: Story, browser: Browser) -> None:
    (experiment,) = story.stage.client.search_experiments(filter_string=f"name = '{MODEL}'")
    with open_page(browser, f"{story.address}/{ML}/experiments/{experiment.experiment_id}/runs", width=1600) as page:
        # The table cuts names off that are wider than its column, but holds them whole.
        for what in ("PROMOTE", "HOLD"):
            page.get_by_text(f"{MODEL} · 2014-05-31 · {what}").first.wait_for()
        page.get_by_text(f"What forecastops did for the model {MODEL}.").first.wait_for()
        screenshot(page, "experiment", whole=False)
        assert outside(page) == []


def test_the_page_of_a_run_says_what_was_decided_and_shows_it(story: Story, browser: Browser) -> None:
    run_id = story.stage.workshop.second
    folder = story.stage.client.get_run(run_id).data.tags["forecastops.decision"]
    with open_page(browser, story.run(run_id), height=1400) as page:
        page.get_by_text(f"{MODEL} · 2014-05-31 · PROMOTE").first.wait_for()
        page.get_by_text("the challenger is better than the champion").first.wait_for()
        page.get_by_text("Against champion version 1, from 43 origins").first.wait_for()
        page.get_by_text("challenger.rmse_by_step").first.wait_for()
        screenshot(page, "run", whole=False)
    for name in PICTURES:
        with open_page(browser, story.run(run_id, f"/artifacts/{folder}/pictures/{name}.png")) as page:
            require_picture(page)
            screenshot(page, f"run-{name}", whole=False)
    with open_page(browser, story.run(run_id, f"/artifacts/{folder}/evaluation.json")) as page:
        page.get_by_text("seasonal_naive").first.wait_for()
        screenshot(page, "run-table", whole=False)


def require_picture(page: Page) -> None:
    """One that has been loaded, and is large enough to be looked at."""
    page.wait_for_function("[...document.images].some(image => image.naturalWidth > 800 && image.width > 300)")


def test_the_page_of_a_run_that_was_held_says_what_it_lacks(story: Story, browser: Browser) -> None:
    with open_page(browser, story.run(story.stage.workshop.third), height=1400) as page:
        page.get_by_text(f"{MODEL} · 2014-05-31 · HOLD").first.wait_for()
        page.get_by_text("not proven better than the champion").first.wait_for()
        page.get_by_text("Show more").first.click()
        page.get_by_text("needed:").first.wait_for()
        screenshot(page, "run-held", whole=False)


def test_the_page_of_a_version_says_why_it_was_let_in(story: Story, browser: Browser) -> None:
    with open_page(browser, f"{story.address}/{ML}/models/{MODEL}/versions/2", height=1400) as page:
        page.get_by_text("the challenger is better than the champion").first.wait_for()
        page.get_by_text("forecastops.gate.champion").first.wait_for()
        screenshot(page, "version", whole=False)


def test_tables_steps_and_models_are_what_mlflow_reads(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", story.stage.workshop.store)  # load_table asks nobody else
    client, run_id = story.stage.client, story.stage.workshop.second
    run = client.get_run(run_id)
    (table,) = json.loads(run.data.tags["mlflow.loggedArtifacts"])
    shown = client.load_table(run.info.experiment_id, table["path"], [run_id])
    assert (len(shown), table["type"]) == (43 * 14, "table")
    assert list(shown.columns) == ["origin", "date", "step", "actual", "challenger", "champion", "seasonal_naive"]
    for model in ("challenger", "champion", "seasonal_naive"):
        found = client.get_metric_history(run_id, f"{model}.rmse_by_step")
        assert [metric.step for metric in found] == list(range(1, 15))
    listed = client.search_logged_models([run.info.experiment_id])
    (entry,) = [one for one in listed if one.source_run_id == run_id]
    assert entry.tags["forecastops.model.sha256"] == run.data.tags["forecastops.model.sha256"]
    # It has no files: those of the run are the only ones, and nothing else can be taken for the model.
    assert not Path(entry.artifact_location.removeprefix("file://")).exists()
