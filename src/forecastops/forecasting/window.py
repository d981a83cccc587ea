"""Whether a series, its window and what was estimated before it are enough to judge a model by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastops.core.errors import DataError, ModelError
from forecastops.core.iso_dates import iso_date
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.model import Model

__all__ = ["require_observed_window", "require_scorable", "require_season_before", "require_unseen"]

_LONGER_OR_SHORTER = "train on more data or set a shorter evaluation.window"


def require_observed_window(observed: pd.Series[float], evaluation: Evaluation, place: str) -> None:
    """Refuse a window of which less than half, or less than a horizon, was observed.

    Args:
        observed: the series, NaN where a value is missing or was interpolated.
        evaluation: the window, in observations.
        place: what messages call the series.

    Raises:
        DataError: counting what is observed.
    """
    known, needed = _observed(observed, evaluation)
    if known < needed:
        what = (
            f"only {known} of the newest {evaluation.window} values were observed, and {needed} are needed to judge by"
        )
        raise DataError(place, what, "bring newer data, set data.until before the gap, or a longer evaluation.window")


def require_scorable(observed: pd.Series[float], evaluation: Evaluation) -> None:
    """Refuse the same window of a challenger.

    Raises:
        ModelError: counting what is observed.
    """
    known, needed = _observed(observed, evaluation)
    if known < needed:
        what = f"has {known} observed values in the window of {evaluation.window}, and {needed} are needed"
        raise ModelError("the challenger", what, "give the missing values or set a longer evaluation.window")


def require_season_before(start: int, evaluation: Evaluation) -> None:
    """Refuse a window before which, at position ``start``, there is not a whole season to repeat.

    Raises:
        ModelError: counting what is there.
    """
    if start <= evaluation.season_length:
        needed = evaluation.season_length + 1
        what = f"has {start} observations before the window, and the seasonal naive needs {needed}"
        raise ModelError("the challenger", what, _LONGER_OR_SHORTER)


def require_unseen(challenger: Model, evaluation: Evaluation) -> None:
    """Refuse a challenger whose parameters have seen the window on which it would be scored.

    Raises:
        ModelError: naming the date through which it was estimated, or how many observations it has.
    """
    index = challenger.values.index
    if len(index) <= evaluation.window:
        what = f"has {len(index)} observations, no more than the window of {evaluation.window}"
        raise ModelError("the challenger", what, _LONGER_OR_SHORTER)
    start = index[len(index) - evaluation.window]
    through = pd.Timestamp(challenger.fit.estimated_through)
    if through >= start:
        inside = f"inside the window of {evaluation.window} that starts on {iso_date(start)}"
        what = f"was estimated through {iso_date(through)}, {inside}"
        raise ModelError("the challenger", what, "train it with the evaluation.window with which it is evaluated")


def _observed(observed: pd.Series[float], evaluation: Evaluation) -> tuple[int, int]:
    """Tell how many values of the window were observed, and how many must be."""
    window = np.asarray(observed, dtype=float)[-evaluation.window :]
    return int(np.isfinite(window).sum()), max(evaluation.window // 2, evaluation.horizon)
