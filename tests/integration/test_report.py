"""The command report: any run's decision, or what happened by it, as one file; and evaluate logs it by itself."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path
from typing import Any

import pytest

from workshop import SPRING, WHOLE, Stage

HOLD = ["--set", "gate.min_improvement=0.9", "--set", "gate.same_spec_improvement=0.9"]
REASON = 'it <script>overshoots</script> "badly" \u202e'


def artifact(stage: Stage, run_id: str, name: str) -> Path:
    uri = str(stage.client.get_run(run_id).info.artifact_uri)
    return Path(uri.removeprefix("file://")) / name


def reported(stage: Stage, run_id: str, *args: str) -> tuple[dict[str, Any], str]:
    """What the command says, and the page."""
    path = stage.workshop.forecastops.folder / f"{stage.model}.html"
    said = stage.ok("report", "--run-id", run_id, "--output", str(path), *args)
    page = path.read_text("utf-8")
    assert said["bytes"] == len(page.encode()) < 2_000_000
    assert said["path"] == str(path)
    return said, page


def test_every_kind_of_run_has_its_report(stage: Stage) -> None:
    first, second = stage.workshop.first, stage.workshop.second
    stage.first_champion()
    _, page = reported(stage, first)
    assert "No model is in production yet" in page
    assert "1, which is in production now" in page

    renewed = stage.renew(SPRING)["version"]
    said, page = reported(stage, stage.versions()[renewed])
    assert said["verdict"] is None
    assert "RENEWED: the model in production has newer data" in page
    assert "Its data end on 2014-03-31; before, on 2013-12-31." in page

    assert stage.evaluate(second, *HOLD)["verdict"] == "HOLD"
    said, page = reported(stage, second)
    assert said["verdict"] == "HOLD"
    assert "an error lower by another" in page
    assert page.count("<figure>") == 4
    assert "is not in the registry" in page

    stage.promote(second, *HOLD, "--force", "--reason", REASON)
    stage.ok("rollback", "--reason", REASON)
    _, page = reported(stage, second)
    assert "promoted against the verdict" in page
    assert "Rolled back" in page
    assert "<script" not in page
    back = stage.champion()
    assert back is not None
    _, page = reported(stage, stage.versions()[back])
    assert "ROLLED BACK: an earlier model is in production again" in page
    assert "it &lt;script&gt;overshoots" in page


def with_a_full_disk() -> None:
    """In the process of the command, before it starts: no file can have more than 2 KB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def test_a_full_disk_is_one_line_and_leaves_the_earlier_page(stage: Stage) -> None:
    stage.first_champion()
    folder = stage.workshop.forecastops.folder
    path = folder / "kept.html"
    path.write_text("<!doctype html><p>before")
    first = ["report", "--run-id", stage.workshop.first, "--output", str(path)]
    for words in (first, ["history", "--html", str(path)]):
        failed = stage.run(*words, before=with_a_full_disk)
        assert failed.code == 1, failed.stdout
        assert failed.error.count("\n") == 0
        assert path.read_text() == "<!doctype html><p>before"
        assert [found.name for found in folder.glob("*kept*")] == ["kept.html"]


def test_refused_data_have_a_report_that_says_what_to_do(stage: Stage) -> None:
    stage.first_champion()
    rows = (stage.workshop.forecastops.folder / WHOLE).read_text("utf-8").splitlines(keepends=True)
    bad = stage.workshop.forecastops.folder / "bad.csv"
    bad.write_text("".join([*rows, "2014-06-01,90000000\n"]))
    assert not stage.renew("bad.csv")["renewed"]
    experiment = stage.client.get_experiment_by_name("forecastops") or stage.client.get_experiment_by_name(stage.model)
    assert experiment is not None
    runs = stage.client.search_runs(
        [experiment.experiment_id],
        f"tags.`forecastops.kind` = 'alarm' and tags.`forecastops.model.name` = '{stage.model}'",
    )
    _, page = reported(stage, runs[0].info.run_id)
    assert "DATA REFUSED: the model in production stays as it was" in page
    assert "--accept-data" in page


def test_evaluate_logs_the_report_and_each_later_one_apart(stage: Stage) -> None:
    run_id = stage.workshop.third
    before = set(artifact(stage, run_id, "").rglob("report.html"))
    for count in (1, 2):
        verdict = stage.evaluate(run_id)["verdict"]
        found = set(artifact(stage, run_id, "").rglob("report.html")) - before
        newest = str(stage.client.get_run(run_id).data.tags["forecastops.report"])
        assert artifact(stage, run_id, newest) in {*found, *before}
        assert verdict in artifact(stage, run_id, newest).read_text("utf-8")
        assert artifact(stage, run_id, "report.html").read_text("utf-8").startswith("<!doctype html>")
        assert len(found) >= count


def test_a_report_that_cannot_be_logged_delays_no_decision(stage: Stage) -> None:
    run_id = stage.workshop.first
    stage.evaluate(run_id)
    folder = artifact(stage, run_id, "reports")
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    try:
        result = stage.run("evaluate", "--run-id", run_id)
    finally:
        folder.unlink()
    assert result.code == 0
    assert result.json["verdict"] == "PROMOTE"
    assert "the decision stands, but its report was not logged" in result.stderr


@pytest.mark.parametrize("there", ["a folder", "another file"])
def test_nothing_but_a_page_is_written_over(stage: Stage, there: str, tmp_path: Path) -> None:
    stage.evaluate(stage.workshop.first)
    path = tmp_path / "here"
    if there == "a folder":
        path.mkdir()
    else:
        path.write_text("mine")
    result = stage.run("report", "--run-id", stage.workshop.first, "--output", str(path))
    assert result.code == 1
    assert str(path) in result.error
    assert there == "a folder" or path.read_text() == "mine"


def test_what_has_no_report_says_what_to_do(stage: Stage) -> None:
    run_id = str(stage.workshop.forecastops.ok("train", "--data", WHOLE, "--set", "model.order=[0,1,0]")["run_id"])
    result = stage.run("report", "--run-id", run_id)
    assert result.code == 1
    assert f"forecastops evaluate --run-id {run_id}" in result.error
    assert stage.run("report", "--run-id", "nonsense").code == 1
