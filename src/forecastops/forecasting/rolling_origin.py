"""Rolling-origin forecasts: from every origin of a window, `horizon` steps, by one Kalman pass.

The filter over the whole series already holds each origin's predicted state and covariance, and neither depends on
a later observation. So one pass and `horizon` small matrix products give what statsmodels' ``apply`` followed by
``get_forecast`` gives, without filtering once for each origin. (Durbin and Koopman, Time Series Analysis by State
Space Methods, 2nd ed., section 4.11, forecasting.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.forecasting.forecaster import Forecaster, interval, point_forecast

__all__ = ["RollingForecasts", "actuals", "forecast_moments", "rolling_forecasts", "seasonal_naive", "window_origins"]

Array = npt.NDArray[np.float64]
Origins = npt.NDArray[np.intp]


@dataclass(frozen=True)
class RollingForecasts:
    """Forecasts of one model, each array of shape (origins, horizon), on the scale of the data."""

    mean: Array
    lower: dict[int, Array]
    upper: dict[int, Array]


def window_origins(rows: int, window: int, horizon: int) -> Origins:
    """Return the origins whose whole horizon lies in the last ``window`` of ``rows`` observations.

    An origin o stands for the first o observations: forecasts from it are of positions o to o + horizon - 1.
    """
    return np.arange(rows - window, rows - horizon + 1)


def actuals(values: pd.Series[float], origins: Origins, horizon: int) -> Array:
    """Return what came after each origin, shape (origins, horizon)."""
    known: Array = np.asarray(values, dtype=float)
    ahead: Array = known[origins[:, None] + np.arange(horizon)]
    return ahead


def rolling_forecasts(
    forecaster: Forecaster, origins: Origins, horizon: int, levels: tuple[int, ...]
) -> RollingForecasts:
    """Return forecasts from every origin, with the forecaster's parameters as they are: the mean of its members'."""
    moments, errors = [], []
    first = int(origins.min())
    for member in forecaster.states(first):
        mean, variance = forecast_moments(member.results, origins - first, horizon)
        moments.append((member.unit * mean, member.unit**2 * variance, member.log))
        errors.append(member.errors)
    widths = forecaster.widths(levels, origins, errors)
    return _averaged([_on_data_scale(mean, variance, widths, log=log) for mean, variance, log in moments])


def forecast_moments(results: Any, origins: Origins, horizon: int) -> tuple[Array, Array]:
    """Return mean and variance of each forecast on the scale of the results, shapes (origins, horizon).

    Args:
        results: statsmodels' filter results over a series that reaches to the last target.
        origins: numbers of observations known at each origin.
        horizon: steps.
    """
    filtered = results.filter_results
    design, transition = _constant(filtered.design), _constant(filtered.transition)
    selection, observation_noise = _constant(filtered.selection), _constant(filtered.obs_cov)
    state_noise = selection @ _constant(filtered.state_cov) @ selection.T
    state = filtered.predicted_state[:, origins].T
    spread = filtered.predicted_state_cov[:, :, origins].transpose(2, 0, 1)
    mean = np.empty((len(origins), horizon))
    variance = np.empty((len(origins), horizon))
    for step in range(horizon):
        mean[:, step] = state @ design[0] + _at(filtered.obs_intercept, origins + step)[:, 0]
        variance[:, step] = (spread @ design[0]) @ design[0] + observation_noise[0, 0]
        state = state @ transition.T + _at(filtered.state_intercept, origins + step)
        spread = transition @ spread @ transition.T + state_noise
    return mean, variance


def seasonal_naive(
    values: pd.Series[float], origins: Origins, horizon: int, season: int, levels: tuple[int, ...]
) -> RollingForecasts:
    """Return the last season's values again, with intervals from the seasonal differences known at each origin.

    Where a value of the last season is missing, the one of a season before stands for it, else its neighbour's.

    The variance at step h is that of the differences times ``floor((h - 1) / season) + 1`` (Hyndman and
    Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.5). Needs ``season + 1`` observations
    before the first origin.
    """
    known = np.asarray(values, dtype=float)
    steps = np.arange(horizon)
    mean = _carried(known, season)[origins[:, None] - season + steps % season]
    differences = known[season:] - known[:-season]
    squares, counts = np.cumsum(np.nan_to_num(differences) ** 2), np.cumsum(~np.isnan(differences))
    mean_square = squares[origins - season - 1] / np.maximum(counts[origins - season - 1], 1)
    normal = {level: np.ones(len(origins)) for level in levels}
    return _on_data_scale(mean, mean_square[:, None] * (steps // season + 1), normal, log=False)


def _averaged(members: list[RollingForecasts]) -> RollingForecasts:
    """Return equal means of forecasts and bounds."""
    levels = members[0].lower
    return RollingForecasts(
        mean=np.mean([one.mean for one in members], axis=0),
        lower={level: np.mean([one.lower[level] for one in members], axis=0) for level in levels},
        upper={level: np.mean([one.upper[level] for one in members], axis=0) for level in levels},
    )


def _carried(known: Array, season: int) -> Array:
    """Return values whose gaps hold the newest value one, two, ... seasons before; else the neighbour's."""
    carried = known.copy()
    for position in range(season, len(carried)):
        if np.isnan(carried[position]):
            carried[position] = carried[position - season]
    return np.asarray(pd.Series(carried).ffill().bfill(), dtype=float)


def _on_data_scale(mean: Array, variance: Array, widths: dict[int, Array], *, log: bool) -> RollingForecasts:
    """Return forecasts with an interval for each level, as many times as wide as the normal's, shape (origins,)."""
    bounds = {level: interval(mean, variance, level, log=log, width=width[:, None]) for level, width in widths.items()}
    return RollingForecasts(
        mean=point_forecast(mean, variance, log=log),
        lower={level: lower for level, (lower, _) in bounds.items()},
        upper={level: upper for level, (_, upper) in bounds.items()},
    )


def _constant(matrix: Array) -> Array:
    if matrix.shape[-1] != 1:
        raise ValueError("a system matrix that changes over time is not an ARIMA's")
    first: Array = matrix[..., 0]
    return first


def _at(intercept: Array, positions: Origins) -> Array:
    """Return the intercepts at each position, shape (positions, k); a trend makes them change over time."""
    if intercept.shape[-1] == 1:
        positions = np.zeros_like(positions)
    chosen: Array = intercept[:, positions].T
    return chosen
