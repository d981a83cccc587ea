"""The seasonal naive of a series that has nothing better: a forecaster like any other, so panels have no holes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastops.core.iso_dates import iso_date
from forecastops.data.series import Series
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster
from forecastops.forecasting.training import calibrated_forecaster

__all__ = ["seasonal_naive_model"]

_SMALLEST = 1e-9  # share of the largest value that its errors have at least: a filter needs some variance


def seasonal_naive_model(series: Series, evaluation: Evaluation) -> Forecaster:
    """Return the model that repeats the last season, or the last value where there is no whole season.

    Args:
        series: at least two values.
        evaluation: season, horizon and levels; the window is held back from the estimation, where that leaves enough.
    """
    season = evaluation.season_length
    held_back = series.values.iloc[: -evaluation.window]
    known = held_back if len(held_back) > season + 1 else series.values
    if season == 1 or len(known) <= season:
        order, seasonal_order, lag = (0, 1, 0), (0, 0, 0, 0), 1
    else:
        order, seasonal_order, lag = (0, 0, 0), (0, 1, 0, season), season
    member = Arima(order, seasonal_order, None, False, {"sigma2": _variance(known, lag)})
    fit = Fit((member,), iso_date(known.index[-1]), converged=True, start_gap=0.0)
    return calibrated_forecaster(fit, series, evaluation)


def _variance(known: pd.Series[float], lag: int) -> float:
    values = np.asarray(known, dtype=float)
    squares = (values[lag:] - values[:-lag]) ** 2
    least = (_SMALLEST * float(np.nanmax(np.abs(values)))) ** 2 or 1e-18
    return max(float(np.nanmean(squares)) if np.isfinite(squares).any() else 0.0, least)
