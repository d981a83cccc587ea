from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from drawn import fan_facts, residual_facts, series, step_facts, timeline_facts, window_facts
from forecastops.reporting.pictures.curves import timeline
from forecastops.reporting.pictures.errors import autocorrelations, error_by_step, residuals
from forecastops.reporting.pictures.export import png, svg
from forecastops.reporting.pictures.facts import Event, Fan, FanFacts, Line, ResidualFacts, StepFacts, TimelineFacts
from forecastops.reporting.pictures.forecasts import forecast_fan, window_comparison
from forecastops.reporting.pictures.style import Picture, short

Draw = Callable[[], Picture]
NAMESPACE = "{http://www.w3.org/2000/svg}"

PICTURES: dict[str, Draw] = {
    "fan": lambda: forecast_fan(fan_facts()),
    "fan of many levels": lambda: forecast_fan(_of_many_levels()),
    "fan without a forecast ahead": lambda: forecast_fan(FanFacts(series(), fan_facts().past)),
    "window": lambda: window_comparison(window_facts()),
    "window without a champion": lambda: window_comparison(window_facts(champion=False)),
    "steps": lambda: error_by_step(step_facts()),
    "one step": lambda: error_by_step(step_facts(1)),
    "residuals": lambda: residuals(residual_facts()),
    "timeline": lambda: timeline(timeline_facts(Event(pd.Timestamp("2013-12-01"), "v2 promoted", "good"))),
    "empty timeline": lambda: timeline(TimelineFacts("Nothing yet", "There are no alarms.", "", {})),
}


def _of_many_levels() -> FanFacts:
    facts, levels = fan_facts(), range(5, 100, 5)
    many = [
        Fan(fan.dates, fan.mean, {n: fan.mean - n for n in levels}, {n: fan.mean + n for n in levels})
        for fan in facts.past
    ]
    return FanFacts(facts.observed, many, facts.ahead)


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_picture_can_stand_in_any_page(draw: Draw) -> None:
    picture = draw()
    text = svg(picture)
    root = ET.fromstring(text)
    elements = list(root.iter())
    assert root.tag == f"{NAMESPACE}svg"
    assert root.get("role") == "img"
    assert not {"width", "height", "style"} & root.attrib.keys()
    title, description = (root.find(f"{NAMESPACE}{name}") for name in ("title", "desc"))
    assert title is not None
    assert description is not None
    assert (title.text, description.text) == (picture.title, picture.description)
    assert root.attrib["aria-labelledby"] == f"{title.get('id')} {description.get('id')}"
    # Neither styles, which a content security policy may forbid, nor what would reach beyond the picture.
    tags = {element.tag.removeprefix(NAMESPACE) for element in elements}
    assert tags <= {"svg", "title", "desc", "g", "defs", "clipPath", "rect", "path", "use", "text"}
    assert not any("style" in element.attrib for element in elements)
    assert {element.attrib["href"][0] for element in elements if "href" in element.attrib} <= {"#"}
    # Every reference has its target, every id is referred to or names the picture, and colours are the page's to set.
    for element in elements:
        for key in ("clip-path", "href"):
            if key in element.attrib:
                assert f'id="{element.attrib[key].strip("url()").removeprefix("#")}"' in text
        for key in ("fill", "stroke"):
            assert element.get(key, "none") == "none" or element.attrib[key].startswith("var(--picture-"), (
                element.attrib
            )


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_same_facts_give_the_same_files(draw: Draw) -> None:
    picture, other = draw(), draw()
    first, image = svg(picture), png(picture)
    assert (png(other), svg(other)) == (image, first)
    assert svg(picture) == first
    headed = svg(picture, heading=True)
    assert headed != first
    assert picture.title in headed.partition("</desc>")[2]


def test_pictures_in_one_page_share_no_id() -> None:
    ids = [
        [element.attrib["id"] for element in ET.fromstring(svg(draw())).iter() if "id" in element.attrib]
        for draw in PICTURES.values()
    ]
    everything = [name for found in ids for name in found]
    assert len(everything) == len(set(everything))


def test_words_of_strangers_are_shown_as_they_are() -> None:
    evil = Event(pd.Timestamp("2013-12-01"), "<script>$x^2$</script>\x00\x1b[31m & more", "alarm")
    text = svg(timeline(timeline_facts(evil)))
    assert "&lt;script&gt;$x^2$&lt;/script&gt;[31m &amp; more" in text
    assert png(timeline(timeline_facts(evil))).startswith(b"\x89PNG")


def test_labels_of_events_do_not_lie_on_each_other() -> None:
    dates = pd.date_range("2013-12-01", periods=40)
    picture = timeline(timeline_facts(*(Event(date, f"version {number}") for number, date in enumerate(dates))))
    boxes = [text.get_window_extent() for text in picture.axes[0].texts]
    assert 3 <= len(boxes) < 40
    assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
    assert all(box.x0 >= 0 and box.x1 <= picture.bbox.width for box in boxes)


def test_what_is_missing_or_not_finite_is_drawn_as_nothing() -> None:
    line = series(60)
    nothing = Line(line.dates, np.full(60, np.nan))
    for picture in (
        residuals(ResidualFacts(nothing, line.dates[-10])),
        error_by_step(StepFacts({"challenger": np.array([1.0, np.nan, np.inf])})),
        forecast_fan(FanFacts(nothing, [])),
    ):
        ET.fromstring(svg(picture))
        assert png(picture).startswith(b"\x89PNG")


def test_long_series_make_small_pictures() -> None:
    assert len(svg(residuals(residual_facts(20_000)))) < 100_000
    assert len(png(residuals(residual_facts(20_000)))) < 200_000


def test_autocorrelations_are_those_of_what_was_observed() -> None:
    wave = np.tile([1.0, -1.0], 50)
    wave[10] = np.nan
    found = autocorrelations(wave, 2)
    assert found[0] == pytest.approx(-1, abs=0.02)
    assert found[1] == pytest.approx(1, abs=0.02)
    assert autocorrelations(np.full(10, 3.0), 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (-12.5, "\N{MINUS SIGN}12.5"), (12_500, "12.5k"), (2.5e6, "2.5M"), (0.00012, "0.00012")],
)
def test_short_numbers(value: float, shown: str) -> None:
    assert short(value) == shown


def test_drawing_leaves_the_process_as_it_was() -> None:
    """Neither pyplot nor matplotlib's settings are touched, nor do those of the process change what is drawn."""
    code = """
import sys
import matplotlib
from forecastops.reporting.pictures import errors, export
from drawn import step_facts
first = export.svg(errors.error_by_step(step_facts()))
matplotlib.rcParams.update({
    "axes.facecolor": "black", "axes.grid": True, "font.size": 30, "svg.fonttype": "path", "lines.linewidth": 9,
    "axes.prop_cycle": matplotlib.cycler(color=["red"]), "xtick.labelsize": 30, "grid.color": "red",
    "axes.labelsize": 30, "legend.frameon": True, "axes.spines.top": True, "figure.facecolor": "black",
})
before = matplotlib.rcParams.copy()
assert export.svg(errors.error_by_step(step_facts())) == first
export.png(errors.error_by_step(step_facts()))
assert "matplotlib.pyplot" not in sys.modules
assert all(before[key] == matplotlib.rcParams[key] for key in before if key != "backend")  # which looking would choose
"""
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})
    assert run.returncode == 0, run.stderr
