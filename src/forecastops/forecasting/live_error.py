"""The live error: what the champion as served has forecast, against what came later and the seasonal naive."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.iso_dates import iso_dates
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.rolling_origin import seasonal_naive

__all__ = ["LiveError", "LivePoint", "live_error"]

Array = npt.NDArray[np.float64]
_LONGEST = 1000  # steps that a model forecasts at most
_POINTS = 100  # more would not fit into a tag


@dataclass(frozen=True)
class LivePoint:
    """A few rows that came one after the other, mostly one: the newest's ISO date, and both RMSEs, in data units."""

    date: str
    rows: int
    rmse: float
    naive_rmse: float


@dataclass(frozen=True)
class LiveError:
    """Errors (value minus forecast) of one forecast, where there is a value, each of shape (n,).

    Attributes:
        dates: ISO dates.
        steps: how many steps ahead each was forecast, from 1 on.
        errors: of the model, in the data's unit; ``naive_errors`` those of the seasonal naive from the same origin.
    """

    dates: tuple[str, ...]
    steps: tuple[int, ...]
    errors: Array
    naive_errors: Array

    @property
    def rmse(self) -> float:
        """The model's RMSE over all rows, in the data's unit."""
        return _rms(self.errors)

    @property
    def naive_rmse(self) -> float:
        """The seasonal naive's RMSE over the same rows, in the data's unit."""
        return _rms(self.naive_errors)

    def points(self) -> tuple[LivePoint, ...]:
        """Return the rows one by one; where they are many, a few at a time."""
        size = math.ceil(len(self.dates) / _POINTS)
        starts = range(0, len(self.dates), size or 1)
        return tuple(self._point(slice(start, start + size)) for start in starts)

    def _point(self, rows: slice) -> LivePoint:
        dates = self.dates[rows]
        return LivePoint(dates[-1], len(dates), _rms(self.errors[rows]), _rms(self.naive_errors[rows]))


def live_error(model: Forecaster, observed: pd.Series[float], season: int) -> LiveError | None:
    """Compare the model's forecast from its own newest observation with what came after it.

    Args:
        model: with the state from which it was served.
        observed: shape (n,), on the model's grid, NaN where nothing may be scored.
        season: observations in a season of the seasonal naive.

    Returns:
        None where nothing is newer than the state, or a season is longer than it.
    """
    known = len(model.values)
    newer = observed[observed.index > model.values.index[-1]].iloc[:_LONGEST]
    if newer.notna().sum() == 0 or known <= season:
        return None
    forecast = model.forecast(len(newer), ())
    dates = iso_dates(pd.DatetimeIndex(newer.index))
    if forecast["date"].tolist() != dates:  # another grid
        return None
    errors = np.asarray(newer, dtype=float) - np.asarray(forecast["mean"], dtype=float)
    naive = seasonal_naive(model.values, np.array([known]), len(newer), season, ()).mean[0]
    naive_errors = np.asarray(newer, dtype=float) - naive
    rows = np.flatnonzero(np.isfinite(errors) & np.isfinite(naive_errors))
    if not len(rows):
        return None
    steps = tuple(int(row) + 1 for row in rows)
    return LiveError(tuple(dates[row] for row in rows), steps, errors[rows], naive_errors[rows])


def _rms(errors: Array) -> float:
    return float(np.sqrt(np.mean(errors**2)))
