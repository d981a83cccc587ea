"""How the champion as served has forecast: measured when newer data arrive, before they become its state, and logged.

No model is kept with the data that it had on each day, so the error cannot be found later; it is measured as served.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from datetime import datetime

from forecastops.adapters.mlflow_store.recorder import RunRecorder
from forecastops.config import Config
from forecastops.core.errors import ForecastopsError
from forecastops.core.tags import LIVE
from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.live_error import LiveError, LivePoint, live_error

__all__ = ["live_points", "log_live_error", "measured_live_error", "record_live_error"]

_LOG = logging.getLogger(__name__)


def measured_live_error(config: Config, champion: Forecaster, series: Series) -> LiveError | None:
    """Compare what the champion as served has forecast with the newer rows of the series; None where that cannot be."""
    try:
        season = config.evaluation_of(champion.frequency).season_length
        return live_error(champion, series.observed, season)
    except (ForecastopsError, ValueError, ArithmeticError) as error:  # nothing waits for it, and nothing rests on it
        _LOG.warning("the champion's live error was not measured: %s", error)
        return None


def record_live_error(recorder: RunRecorder, version: str, found: LiveError) -> None:
    """Log it on the run that brings the data: as metrics by steps ahead, and as a tag by dates.

    Args:
        recorder: of the run.
        version: that served.
        found: its error.
    """
    recorder.metrics({"live.rmse": found.rmse, "live.seasonal_naive.rmse": found.naive_rmse})
    by_step = {"live.error": found.errors, "live.seasonal_naive.error": found.naive_errors}
    recorder.steps({name: dict(zip(found.steps, errors, strict=True)) for name, errors in by_step.items()})
    points = [[point.date, point.rows, _short(point.rmse), _short(point.naive_rmse)] for point in found.points()]
    recorder.tags({LIVE: json.dumps({"version": version, "points": points})})


def log_live_error(
    recorder: RunRecorder, config: Config, version: str, champion: Forecaster, challenger: Forecaster
) -> None:
    """Log how the champion has forecast the rows that a challenger brings; what fails is said.

    Args:
        recorder: of the challenger's run.
        config: with the season of the seasonal naive.
        version: the champion's.
        champion: its model, as served.
        challenger: which knows the rows.
    """
    try:
        series = Series(challenger.values, filled=challenger.interpolated)
        if found := measured_live_error(config, champion, series):
            record_live_error(recorder, version, found)
    except ForecastopsError as error:
        _LOG.warning("the champion's live error was not logged: %s", error)


def live_points(tags: Mapping[str, str]) -> list[LivePoint]:
    """Return what a run's tag records; none where there is none, or it is no such record."""
    try:
        document = json.loads(tags.get(LIVE, '{"points": []}'))
        found = [
            LivePoint(str(date), int(rows), float(rmse), float(naive)) for date, rows, rmse, naive in document["points"]
        ]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return [point for point in found if _is_sound(point)]


def _is_sound(point: LivePoint) -> bool:
    """Tell whether the point can be drawn: whoever may write tags can write anything."""
    try:
        dated = datetime.fromisoformat(point.date).tzinfo is None
    except ValueError:
        return False
    return dated and point.rows > 0 and math.isfinite(point.rmse) and math.isfinite(point.naive_rmse)


def _short(number: float) -> float:
    return float(f"{number:.6g}")
