"""Pictures of a decision, drawn once it is logged: whatever becomes of them, it stands."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.surroundings import ignore_warnings, raise_levels
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.rolling_origin import RollingForecasts
from forecastops.gate.comparison import Comparison
from forecastops.gate.evidence import ModelEvidence, Number
from forecastops.gate.record import Decision
from forecastops.reporting.pages.picture import Picture as Shown
from forecastops.reporting.pictures.album import Album
from forecastops.reporting.pictures.facts import Array, Fan, FanFacts, Line, ResidualFacts, StepFacts, WindowFacts
from forecastops.usecases.decision_log import FACTS, PICTURES, Logged

__all__ = ["album_of", "illustrate", "shown"]

_LOG = logging.getLogger(__name__)
_MOST_ERRORS = 3000  # of the newest one-step errors: ten years of days, four months of hours


def illustrate(
    places: Sequence[Logged], decision: Decision, comparison: Comparison, challenger: Forecaster, season: int
) -> Sequence[Shown]:
    """Draw what a decision rests on and log it beside the decision, in one folder; what fails is a warning.

    Args:
        places: where the decision was logged.
        decision: as it was logged.
        comparison: that it was made of.
        challenger: its model.
        season: rows in a season.

    Returns:
        What was drawn, for pages.
    """
    drawn: list[Shown] = []
    try:
        album = album_of(decision, comparison, challenger, season)
        with tempfile.TemporaryDirectory() as folder:
            drawn += _draw(album, Path(folder))
            for place in places:
                place.recorder.folder(f"{place.folder}/{PICTURES}", Path(folder))
    except Exception as error:  # noqa: BLE001  (the decision is logged, and nothing of it may fail by its pictures)
        _LOG.warning("the decision stands, but its pictures were not logged: %s", " ".join(str(error).split()))
    return drawn


def shown(album: Album) -> list[Shown]:
    """Draw the pictures of a decision for a page; none where they cannot be drawn."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _draw(album, Path(folder))
    except Exception as error:  # noqa: BLE001  (the page says all of it in words as well)
        _LOG.warning("the page has no pictures: %s", " ".join(str(error).split()))
        return []


def album_of(decision: Decision, comparison: Comparison, challenger: Forecaster, season: int) -> Album:
    """Return the facts of a decision's pictures."""
    judged, evidence = challenger.as_judged(), decision.evidence
    observed, errors = judged.observed, judged.standardised_errors()
    index = pd.DatetimeIndex(observed.index)
    found = {
        "challenger": evidence.challenger,
        "champion": evidence.champion,
        "seasonal_naive": evidence.seasonal_naive,
    }
    models = {name: scores for name, scores in found.items() if scores and name in comparison.forecasts}
    return Album(
        _fan_facts(observed, comparison, decision.golden),
        _window_facts(observed, comparison, models),
        StepFacts({name: _finite(scores.rmse_by_step) for name, scores in models.items()}),
        ResidualFacts(Line(index[-_MOST_ERRORS:], errors[-_MOST_ERRORS:]), index[comparison.origins[0]], season),
    )


def _draw(album: Album, folder: Path) -> list[Shown]:
    """Write each picture as a file, and the facts that they can be drawn again from; return them for pages."""
    # It tells of fonts that it looks for, and of glyphs that it lacks.
    raise_levels(("matplotlib",), logging.ERROR)
    ignore_warnings((UserWarning, RuntimeWarning), r"(matplotlib|forecastops\.reporting\.pictures)(\..*)?")
    from forecastops.reporting.pictures.export import png, svg

    found = []
    (folder / FACTS).write_text(album.document(), encoding="utf-8")
    for picture in album.pictures():
        (folder / f"{picture.name}.png").write_bytes(png(picture))
        found.append(Shown(svg(picture), picture.title, picture.description))
    return found


def _fan_facts(observed: pd.Series[float], comparison: Comparison, golden: dict[str, list[Any]]) -> FanFacts:
    chosen = _paths(comparison)
    index, forecasts = pd.DatetimeIndex(observed.index), comparison.forecasts["challenger"]
    first = int(comparison.origins[0])
    start = max(0, 2 * first - len(observed))  # as much before the window as in it
    steps = np.arange(forecasts.mean.shape[1])
    past = [_fan(index[comparison.origins[path] + steps], forecasts, path) for path in chosen]
    return FanFacts(Line(index[start:], np.asarray(observed, dtype=float)[start:]), past, _ahead(golden))


def _fan(dates: pd.DatetimeIndex, forecasts: RollingForecasts, path: int) -> Fan:
    bounds = ({level: found[path] for level, found in side.items()} for side in (forecasts.lower, forecasts.upper))
    return Fan(dates, forecasts.mean[path], *bounds)


def _ahead(golden: dict[str, list[Any]]) -> Fan:
    """Return the forecast that the model's endpoint must give."""
    sides = {
        side: {
            int(name.removeprefix(f"{side}_")): np.array(found, dtype=float)
            for name, found in golden.items()
            if side in name
        }
        for side in ("lower", "upper")
    }
    return Fan(pd.DatetimeIndex(golden["date"]), np.array(golden["mean"], dtype=float), sides["lower"], sides["upper"])


def _window_facts(observed: pd.Series[float], comparison: Comparison, models: dict[str, ModelEvidence]) -> WindowFacts:
    index, origins = pd.DatetimeIndex(observed.index), comparison.origins
    first, chosen = int(origins[0]), _paths(comparison)
    rows = len(observed) - first
    return WindowFacts(
        Line(index[first:], np.asarray(observed, dtype=float)[first:]),
        {name: _tiled(comparison.forecasts[name], origins[chosen] - first, chosen, rows) for name in models},
        index[origins - 1],
        {name: np.sqrt(_finite(scores.loss_by_origin)) for name, scores in models.items()},
    )


def _paths(comparison: Comparison) -> npt.NDArray[np.intp]:
    """Return which paths lie end to end, back from the newest, so that there is one forecast for each date."""
    origins, horizon = comparison.origins, comparison.window.horizon
    return np.flatnonzero((origins[-1] - origins) % horizon == 0)


def _tiled(forecasts: RollingForecasts, starts: npt.NDArray[np.intp], paths: npt.NDArray[np.intp], rows: int) -> Array:
    """Return the paths end to end, shape (rows,); NaN before the first."""
    tiled = np.full(rows, np.nan)
    for start, path in zip(starts, paths, strict=True):
        tiled[start : start + forecasts.mean.shape[1]] = forecasts.mean[path][: rows - start]
    return tiled


def _finite(values: Sequence[Number]) -> Array:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
