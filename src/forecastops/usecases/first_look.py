"""A first look at the newest data, by a model that is estimated for it in a moment."""

from __future__ import annotations

from forecastops.data.series import Series
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.quick_model import quick_model
from forecastops.gate.data_sense import doubts
from forecastops.reporting.sentences.obstacles import doubt_sentence

__all__ = ["first_doubts"]


def first_doubts(series: Series, evaluation: Evaluation) -> tuple[str, ...]:
    """Return what is odd about the newest rows, as `train` would say it; nothing where no model can be had."""
    found = quick_model(series, evaluation)
    if found is None:
        return ()
    model, season = found
    part = Series(model.values, filled=series.filled)
    return tuple(doubt_sentence(doubt) for doubt in doubts(part, model, season))
