"""Series of known origin, without a change and with one, and the champions that the product estimates on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecastops.forecasting.config import ModelConfig, ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Fit, Forecaster
from forecastops.forecasting.members import combination

YEAR = 365
WEEK = 7


@dataclass(frozen=True)
class Process:
    """How a series comes about, and which champion is estimated on it."""

    name: str
    phi: float = 0.0
    seasonal: bool = False
    freedom: float | None = None  # of Student's t, None for a normal
    missing: float = 0.0
    rows: int = 300  # training days
    changed: bool = False  # whether the same years are lived through with each change too
    members: tuple[ModelSpec, ...] = (ModelSpec(order=(1, 0, 0)),)

    def years(self, asked: int) -> int:
        """How many are simulated: fewer of a mean of several models, whose estimation takes ten times as long."""
        return asked if len(self.members) == 1 else max(100, asked // 20)


SEASONAL = (ModelSpec(order=(1, 0, 1), seasonal_order=(0, 1, 1, WEEK)),)
COMBINATION = combination(ModelConfig(), WEEK, 300)
PATTERN = 1.5 * np.cos(2 * np.pi * np.arange(WEEK) / WEEK)
CHANGED_AT = 100  # day of the year
CHANGES = ("level 1", "level 2", "variance", "season")


def deviation(process: Process) -> float:
    """The series' own, around its week."""
    return float(1 / np.sqrt(1 - process.phi**2))


def noise(process: Process, rng: np.random.Generator, days: int, scale: np.ndarray | float = 1.0) -> np.ndarray:
    shocks = rng.standard_normal(days + 200)
    if process.freedom:
        shocks = rng.standard_t(process.freedom, days + 200) / np.sqrt(process.freedom / (process.freedom - 2))
    factors = np.ones(days + 200)
    factors[200:] *= scale
    values = np.zeros(days + 200)
    for day in range(1, days + 200):
        values[day] = process.phi * values[day - 1] + factors[day] * shocks[day]
    return values[200:]


def series(process: Process, rng: np.random.Generator, change: str | None = None, at: int = 0) -> np.ndarray:
    """One year after the training days; the change comes on live day ``at``."""
    days = process.rows + YEAR
    after = np.arange(days) >= process.rows + at
    scale = np.where(after, np.sqrt(2.0), 1.0) if change == "variance" else 1.0
    values = noise(process, rng, days, scale)
    if process.seasonal:
        week = PATTERN[np.arange(days) % WEEK]
        moved = PATTERN[(np.arange(days) + 2) % WEEK]
        values += np.where(after, moved, week) if change == "season" else week
    elif change == "season":
        values += np.where(after, PATTERN[np.arange(days) % WEEK] / 1.5, 0.0)
    if change in ("level 1", "level 2"):
        values += np.where(after, float(change[-1]) * deviation(process), 0.0)
    if process.missing:
        missing = rng.random(days) < process.missing
        missing[[process.rows - 1, -1]] = False  # the product's series end with a value
        values[missing] = np.nan
    return 100 + 10 * values


def indexed(values: np.ndarray) -> pd.Series:
    return pd.Series(values, pd.date_range("2020-01-01", periods=len(values), freq="D"), name="value")


def champion(process: Process, values: np.ndarray) -> Forecaster:
    """Estimated on the training days as the product does."""
    known = indexed(values[: process.rows])
    fitted = [estimate(known, spec) for spec in process.members]
    fit = Fit(tuple(one.member for one in fitted), fitted[0].estimated_through, converged=True)
    return Forecaster(fit, known, calibrated=True)
