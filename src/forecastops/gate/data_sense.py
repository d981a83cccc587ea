"""What a person should look at in the newest data before a model learns from them.

The rule of the guardrail ``plausible_data`` comes first; these are warnings where it does not refuse.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import numpy.typing as npt

from forecastops.data.series import Series
from forecastops.forecasting.model import Alarm, Model

__all__ = ["Doubt", "doubts"]

Array = npt.NDArray[np.float64]

_FAR = 5.0  # standard deviations of the one-step forecast
_SHORTEST_RUN = 3
_BEFORE = 28  # values before a jump that say what was usual
_TENTH = 0.12  # how near the logarithm of a jump must be to a whole number: a factor of 1.3
_PART = 0.6  # of the smallest of the same season, below which a last period is perhaps not complete
_SEASONS = 8
_PLACEHOLDERS = (99, 999, 9999, 99999, 999999, 9999999, 99.9, 999.9, 9999.9, 999.99, 9999.99)


@dataclass(frozen=True)
class Doubt:
    """One odd thing about the newest rows.

    Args:
        code: far_off, the last value far outside its one-step interval; alarm, what the guardrail refuses; stuck, a
            run of equal values at the end that is longer than any before; unit, a factor of a power of ten;
            placeholder, a number that seems to stand for a missing value.
        date: ISO date of the newest row concerned, or from which on the unit is another.
        value: the value, or the factor.
        low: lower end of the 95 % interval.
        high: its upper end.
        partial: whether the value is perhaps that of a period that is not over yet.
        length: how many values in a row, or placeholders, are the same.
        longest: how many were before, at most.
        alarm: what the guardrail says.
    """

    code: Literal["far_off", "alarm", "stuck", "unit", "placeholder"]
    date: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    partial: bool = False
    length: int = 0
    longest: int = 0
    alarm: Alarm | None = None


def doubts(series: Series, model: Model, season: int) -> tuple[Doubt, ...]:
    """Return what is odd about the newest rows.

    Args:
        series: the data.
        model: a model of this series, estimated without its newest rows.
        season: observations in a season, 1 for none.
    """
    values = np.asarray(series.observed, dtype=float)
    dates = series.iso_dates
    rows = np.flatnonzero(~np.isnan(values))
    found = [*_jump(values[rows], [dates[row] for row in rows])] or [*_far_off(values, dates[-1], model, season)]
    alarm = model.alarm(len(values) - model.horizon)
    if alarm is not None:
        found.append(Doubt("alarm", alarm.date, alarm=alarm))
    if alarm is None or alarm.rule != "constant_run":
        found += _run(values[rows], dates[int(rows[-1])])
    return (*_placeholder(values[rows], [dates[row] for row in rows]), *found)


def _placeholder(known: Array, dates: list[str]) -> Iterator[Doubt]:
    """Find a number such as -9999, far from all others, that stands for a missing value."""
    for value in np.unique(known[np.isin(np.abs(known), _PLACEHOLDERS)]):
        rows, others = np.flatnonzero(known == value), known[known != value]
        if len(others) < 2 or len(rows) < 2:
            continue
        low, high = float(np.min(others)), float(np.max(others))
        if value < low - (high - low) or value > high + (high - low):
            yield Doubt("placeholder", dates[rows[-1]], float(value), length=len(rows))


def _far_off(values: Array, date: str, model: Model, season: int) -> Iterator[Doubt]:
    """Yield the last value where it lies far outside its one-step interval."""
    error = float(model.one_step_errors()[-1])
    size = float(model.standardised_errors()[-1])
    if math.isnan(size) or abs(size) < _FAR:
        return
    last, expected = float(values[-1]), float(values[-1]) - error
    spread = 1.96 * abs(error / size)
    partial = _is_part(values, season)
    yield Doubt("far_off", date, last, low=expected - spread, high=expected + spread, partial=partial)


def _is_part(values: Array, season: int) -> bool:
    """Tell whether the last value is a part only of what its place in the season usually has."""
    same = values[-1 - season :: -season][:_SEASONS] if len(values) > season else values[:0]
    same = same[~np.isnan(same)]
    return len(same) >= 2 and 0 <= values[-1] < _PART * float(np.min(same))


def _run(known: Array, date: str) -> Iterator[Doubt]:
    """Yield a run of equal values at the end that is longer than any before."""
    *runs, (last, length) = [(value, len(list(group))) for value, group in groupby(known.tolist())]
    longest = max((count for _, count in runs), default=0)
    if length >= _SHORTEST_RUN and length > longest:
        yield Doubt("stuck", date, last, length=length, longest=longest)


def _jump(known: Array, dates: list[str]) -> Iterator[Doubt]:
    """Yield a factor of a power of ten between the newest values and those before them: another unit."""
    sizes = np.abs(known)
    for length in range(1, min(_BEFORE, len(sizes) // 2) + 1):
        before, after = sizes[-length - _BEFORE : -length], sizes[-length:]
        usual = float(np.median(before))
        if usual <= 0 or not (after > 0).all():
            return
        powers = np.log10(after / usual)
        power = round(float(np.median(powers)))
        apart = bool((np.abs(powers) > 0.5).all()) and bool(
            (np.abs(np.log10(np.maximum(before, 1e-300) / usual)) < 0.5).all()
        )
        if power and apart and abs(float(np.median(powers)) - power) < _TENTH:
            yield Doubt("unit", dates[-length], 10.0**power)
            return
