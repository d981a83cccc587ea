"""A model that is estimated in a moment, to say what is usual of a series before anything is trained."""

from __future__ import annotations

from forecastops.core.errors import ModelError
from forecastops.data.series import Series
from forecastops.forecasting.config import LONGEST_SEASON, Evaluation, ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Fit, Forecaster

__all__ = ["quick_model"]

_MOST_ROWS = 400


def quick_model(series: Series, evaluation: Evaluation) -> tuple[Forecaster, int] | None:
    """Return a forecaster of the newest part of a series, and its season (1 for none); None where none can be had.

    Its estimation has not seen the last ``evaluation.horizon`` values.
    """
    season, held_back = evaluation.season_length, evaluation.horizon
    part = Series(series.values.iloc[-max(_MOST_ROWS, 4 * season * (season <= LONGEST_SEASON)) :], filled=series.filled)
    seasonal = 1 < season <= LONGEST_SEASON and part.rows > 3 * season + held_back
    spec = ModelSpec(order=(1, 0, 1), seasonal_order=(0, 1, 1, season)) if seasonal else ModelSpec(order=(0, 1, 1))
    try:
        found = estimate(part.values.iloc[:-held_back], spec)
    except ModelError:
        return None
    fit = Fit((found.member,), found.estimated_through, found.converged)
    model = Forecaster(fit, part.values, interpolated=part.filled, horizon=held_back)
    return model, season if seasonal else 1
