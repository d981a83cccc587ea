"""What is drawn of a decision: once it is logged, in a folder of its own, and never at its cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from forecastops.reporting.pictures.album import Album
from forecastops.reporting.pictures.export import svg
from workshop import Stage

PICTURES = {"error_by_step.png", "forecast_fan.png", "residuals.png", "window_comparison.png"}


def pictures_of(stage: Stage, run_id: str) -> Path:
    return stage.decision_file(run_id).parent / "pictures"


def without_matplotlib() -> None:
    """In the process of the command, before it starts: the library that draws cannot be imported."""
    for name in [name for name in sys.modules if name.startswith(("matplotlib", "forecastops.reporting.pictures"))]:
        del sys.modules[name]
    sys.modules["matplotlib"] = None  # type: ignore[assignment]


def test_a_decision_is_drawn_from_facts_that_are_kept(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second)
    folder = pictures_of(stage, stage.workshop.second)
    assert {path.name for path in folder.iterdir()} == {*PICTURES, "facts.json"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))
    album = Album.read((folder / "facts.json").read_bytes())
    assert album.document() == (folder / "facts.json").read_text()
    assert list(album.steps.rmse_by_step) == ["challenger", "champion", "seasonal_naive"]
    assert len(album.window.origins) == 43
    assert sum(len(fan.mean) for fan in album.fan.past) == 56  # end to end over the window
    assert {f"{picture.name}.png" for picture in album.pictures()} == PICTURES
    assert all(svg(picture).startswith("<svg") for picture in album.pictures())


def test_a_first_model_is_drawn_without_a_champion(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first)
    album = Album.read((pictures_of(stage, stage.workshop.first) / "facts.json").read_bytes())
    assert list(album.window.forecasts) == ["challenger", "seasonal_naive"]


def test_what_cannot_be_drawn_is_a_warning_and_the_decision_stands(stage: Stage) -> None:
    made = stage.run("evaluate", "--run-id", stage.workshop.first, before=without_matplotlib)
    assert made.code == 0, made.stderr
    assert made.json["verdict"] == "PROMOTE"
    (line,) = [line for line in made.stderr.splitlines() if "pictures" in line]
    assert line.startswith("warning: the decision stands, but its pictures were not logged: ")
    assert not list(pictures_of(stage, stage.workshop.first).glob("*.png"))
    assert stage.promote(stage.workshop.first)["promoted"]


def test_a_later_look_at_a_served_model_changes_neither_its_name_nor_its_description(stage: Stage) -> None:
    stage.both()
    run = stage.workshop.second
    before = stage.client.get_run(run)
    looks = pictures_of(stage, run).parent.parent
    drawn = len(list(looks.glob("*/pictures/window_comparison.png")))
    stage.evaluate(run)
    after = stage.client.get_run(run)
    assert after.info.run_name == before.info.run_name == f"{stage.model} · 2014-05-31 · PROMOTE"
    for tag in ("mlflow.note.content", "mlflow.loggedArtifacts", "forecastops.decision"):
        assert after.data.tags[tag] == before.data.tags[tag]
    assert len(list(looks.glob("*/pictures/window_comparison.png"))) == drawn + 1


def test_a_replay_draws_nothing(stage: Stage) -> None:
    stage.evaluate(stage.workshop.first)
    folders = stage.decision_file(stage.workshop.first).parent.parent
    before = sorted(path.name for path in folders.rglob("*"))
    assert stage.ok("evaluate", "--replay", stage.workshop.first)["replayed"]
    assert sorted(path.name for path in folders.rglob("*")) == before


def test_only_drawing_imports_what_draws() -> None:
    code = """
import sys
from forecastops.commands.main import main
try:
    main(["evaluate", "--help"])
except SystemExit:
    pass
import forecastops.usecases.evaluate, forecastops.usecases.train, forecastops.usecases.promote
assert "matplotlib" not in sys.modules
"""
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
