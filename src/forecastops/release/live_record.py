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
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run
from forecastops.config import Config
from forecastops.core.errors import ForecastopsError
from forecastops.core.tags import LIVE
from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.live_error import LiveError, LivePoint, live_error
from forecastops.release.legacy_champion import champion_model
from forecastops.release.models import challenger_model
from forecastops.release.production import Production

__all__ = ["live_points", "log_replaced_champion", "measured_live_error", "record_live_error"]

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


def log_replaced_champion(production: Production, champion: ModelVersion | None, run: Run) -> None:
    """Log the live error of a champion that a challenger has replaced, on the challenger's run; what fails is said."""
    if champion is None:
        return
    try:
        served = champion_model(production.runs, production.registry, champion)
        challenger = challenger_model(production.runs, run)
        series = Series(challenger.values, filled=challenger.interpolated)
        found = measured_live_error(production.config, served, series) if served else None
        if found:
            record_live_error(production.runs.recorder(run.run_id), champion.version, found)
    except ForecastopsError as error:
        _LOG.warning("the replaced champion's live error was not logged: %s", error)


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
