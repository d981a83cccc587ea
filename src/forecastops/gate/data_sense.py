"""What a person should look at in the newest data before a model learns from them.

The rule of the guardrail ``plausible_data`` comes first; these are warnings where it does not refuse.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

import numpy as np
import numpy.typing as npt

from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Forecaster

__all__ = ["doubts"]

Array = npt.NDArray[np.float64]

_FAR = 5.0  # standard deviations of the one-step forecast
_SHORTEST_RUN = 3
_BEFORE = 28  # values before a jump that say what was usual
_TENTH = 0.12  # how near the logarithm of a jump must be to a whole number: a factor of 1.3
_PART = 0.6  # of the smallest of the same season, below which a last period is perhaps not complete
_SEASONS = 8


def doubts(series: Series, model: Forecaster, season: int) -> tuple[str, ...]:
    """What is odd about the newest rows, a sentence each.

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
        found.append(f"{alarm}: the gate refuses such data (plausible_data).")
    if alarm is None or alarm.rule != "constant_run":
        found += _run(values[rows], dates[int(rows[-1])])
    return tuple(found)


def _far_off(values: Array, date: str, model: Forecaster, season: int) -> Iterator[str]:
    """The last value where it lies far outside its one-step interval."""
    error = float(model.one_step_errors()[-1])
    size = float(model.standardised_errors()[-1])
    if math.isnan(size) or abs(size) < _FAR:
        return
    last, expected = float(values[-1]), float(values[-1]) - error
    spread = 1.96 * abs(error / size)
    where = f"{last:.6g} of {date} lies far outside its one-step interval, {expected - spread:.6g} to "
    where += f"{expected + spread:.6g} (95 %)"
    part = "; is its period complete? data.drop_last=1 leaves it out" if _is_part(values, season) else ""
    yield f"the newest value {where}{part}."


def _is_part(values: Array, season: int) -> bool:
    """Whether the last value is a part only of what its place in the season usually has."""
    same = values[-1 - season :: -season][:_SEASONS] if len(values) > season else values[:0]
    same = same[~np.isnan(same)]
    return len(same) >= 2 and 0 <= values[-1] < _PART * float(np.min(same))


def _run(known: Array, date: str) -> Iterator[str]:
    """A run of equal values at the end that is longer than any before."""
    *runs, (last, length) = [(value, len(list(group))) for value, group in groupby(known.tolist())]
    longest = max((count for _, count in runs), default=0)
    if length >= _SHORTEST_RUN and length > longest:
        before = f"before, at most {longest} in a row were the same"
        yield f"the last {length} values, to {date}, are all {last:.6g}; {before}: a stuck sensor?"


def _jump(known: Array, dates: list[str]) -> Iterator[str]:
    """A factor of a power of ten between the newest values and those before them: another unit."""
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
            factor = f"{10.0**power:g}"
            yield f"from {dates[-length]} on, values are about {factor} times those before: another unit?"
            return
