"""A first look at the newest data, by a model that is estimated for it in a moment."""

from __future__ import annotations

from forecastops.core.errors import ModelError
from forecastops.data.series import Series
from forecastops.forecasting.config import LONGEST_SEASON, Evaluation, ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Fit, Forecaster
from forecastops.gate.data_sense import doubts
from forecastops.reporting.sentences.obstacles import doubt_sentence

__all__ = ["first_doubts"]

_MOST_ROWS = 400


def first_doubts(series: Series, evaluation: Evaluation) -> tuple[str, ...]:
    """Return what is odd about the newest rows, as `train` would say it; nothing where no model can be had."""
    season, held_back = evaluation.season_length, evaluation.horizon
    part = Series(series.values.iloc[-max(_MOST_ROWS, 4 * season * (season <= LONGEST_SEASON)) :], filled=series.filled)
    seasonal = 1 < season <= LONGEST_SEASON and part.rows > 3 * season + held_back
    spec = ModelSpec(order=(1, 0, 1), seasonal_order=(0, 1, 1, season)) if seasonal else ModelSpec(order=(0, 1, 1))
    try:
        found = estimate(part.values.iloc[:-held_back], spec)
    except ModelError:
        return ()
    fit = Fit((found.member,), found.estimated_through, found.converged)
    model = Forecaster(fit, part.values, interpolated=part.filled, horizon=held_back)
    return tuple(doubt_sentence(doubt) for doubt in doubts(part, model, season if seasonal else 1))
