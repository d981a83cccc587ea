"""Whether all rows that are newer are plausible together, not the last of them and each by itself alone.

A broken feed that has recovered ends with a good row, and leaves a run of equal values or a cloud of wild ones behind
it: the last run is short, the median of the newest is small, and each row lies within the bound of a single one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.iso_dates import iso_date
from forecastops.forecasting.model import Model
from forecastops.gate.evidence import AlarmRecord

__all__ = ["FAR", "longest_run", "stuck_stretch", "wild_alarm", "wild_rows"]

Array = npt.NDArray[np.float64]
Which = npt.NDArray[np.bool_]

# Measured on clean series (docs/gate.md).
_LONGER, _SHORTEST_RUN = 2, 2  # runs so long may always be, and twice as long as any before
FAR = 5.0  # standard deviations of the one-step forecast
_BY_CHANCE = 0.001  # how likely a run may be among the newer rows, if values repeat as often as they did
_WILD = 3  # rows that may lie as far among as many as the horizon has, or twice as many as did before


class _Counted(NamedTuple):
    """How many, how many there may be, and the place of the last of them."""

    number: int
    allowed: int
    place: int


def stuck_stretch(model: Model, accepted: int, revised: Which | None = None) -> AlarmRecord | None:
    """Return the alarm where the rows after the first ``accepted``, or those ``revised``, are in a run of equal values.

    Args:
        model: with the state that the rows would give it.
        accepted: how many rows its state has seen.
        revised: which of them had another value there, shape (n,).
    """
    found = longest_run(np.asarray(model.observed, dtype=float), accepted, revised)
    return _alarm("constant_stretch", found, model)


def wild_alarm(model: Model, accepted: int, revised: Which | None = None) -> AlarmRecord | None:
    """Return the alarm where many such rows lie far off that each could be right; the arguments as above."""
    found = wild_rows(np.abs(model.standardised_errors()), accepted, model.horizon, revised)
    return _alarm("wild_rows", found, model)


def longest_run(known: Array, accepted: int, revised: Which | None = None) -> _Counted | None:
    """Return the first run of equal values with newer rows in it that is too long; what is missing ends none.

    Args:
        known: shape (n,), NaN where one is missing.
        accepted: how many of them were there before.
        revised: which of those had another value, shape (n,): they are as newer ones.
    """
    rows = np.flatnonzero(~np.isnan(known))
    values, there = known[rows], ~_newer(len(known), accepted, revised)[rows]
    longest, chance = {True: 0, False: 0}, _run_by_chance(values[there], int(np.sum(~there)))
    counted = np.concatenate([[0], np.cumsum(there)])
    for start, end in _runs(values):
        length, before, is_zero = end - start, int(counted[end] - counted[start]), bool(values[start] == 0)
        # Zeros are no measure for other values: a shop that is closed says nothing of a sensor that is stuck.
        usual = max(longest.values()) if is_zero else longest[False]
        allowed = max(_LONGER * usual, _SHORTEST_RUN, chance)
        if before > allowed:  # a person has accepted it so far
            allowed = _LONGER * before
        if before < length and length > allowed:
            return _Counted(length, allowed, int(rows[end - 1]))
        longest[is_zero] = max(longest[is_zero], before)
    return None


def _runs(values: Array) -> Iterable[tuple[int, int]]:
    """Return where each run of equal values starts and ends; those of one value are left out, being no measure."""
    ends = np.flatnonzero(np.append(values[1:] != values[:-1], True)) + 1 if len(values) else np.empty(0, dtype=int)
    starts = np.concatenate([[0], ends[:-1]])[: len(ends)]
    several = ends - starts > 1
    return zip(starts[several].tolist(), ends[several].tolist(), strict=True)


def _run_by_chance(before: Array, newer: int) -> int:
    """Return how long a run chance may make among so many newer rows: counts of a few things repeat often."""
    if len(before) < 2 or not newer:
        return 0
    repeats = (float(np.sum(before[1:] == before[:-1])) + 1) / (len(before) + 1)
    return int(1 + np.log(max(newer * (1 - repeats), 1e-9) / _BY_CHANCE) / -np.log(min(repeats, 0.999)))


def _newer(number: int, accepted: int, revised: Which | None) -> Which:
    after: Which = np.arange(number) >= accepted
    return after if revised is None else after | revised


def wild_rows(errors: Array, accepted: int, horizon: int, revised: Which | None = None) -> _Counted | None:
    """Return the first window, accepted rows in it or not, in which too many rows lie far off.

    Args:
        errors: absolute, standardised, of one step, shape (n,), NaN where a value is missing.
        accepted: how many of them were there before.
        horizon: how many rows are looked at together.
        revised: which of those had another value, shape (n,): they are as newer ones.
    """
    newer = _newer(len(errors), accepted, revised)
    among = _in_windows(errors > FAR, horizon)  # NaN is not
    # Rows that are looked at together with the newest are no measure for them: one a day would let in ever more.
    before = np.concatenate([np.zeros(horizon, dtype=int), np.maximum.accumulate(among)])[: len(among)]
    allowed = np.maximum(_WILD, _LONGER * before)
    taken = _in_windows((errors > FAR) & ~newer, horizon)
    if accepted and taken[accepted - 1] > allowed[accepted - 1]:  # a person has accepted them
        allowed = np.maximum(allowed, _LONGER * taken[accepted - 1])
    beyond = np.flatnonzero(newer & (among > allowed))
    if not len(beyond):
        return None
    place = int(beyond[0])
    return _Counted(int(among[place]), int(allowed[place]), place)


def _in_windows(which: Which, rows: int) -> npt.NDArray[np.intp]:
    """Return how many of the ``rows`` up to each one there are."""
    total = np.cumsum(np.concatenate([[0], which]))
    ends = np.arange(1, len(which) + 1)
    found: npt.NDArray[np.intp] = total[ends] - total[np.maximum(ends - rows, 0)]
    return found


def _alarm(rule: str, counted: _Counted | None, model: Model) -> AlarmRecord | None:
    if counted is None:
        return None
    index = pd.DatetimeIndex(model.values.index)
    return AlarmRecord(
        rule=rule,  # type: ignore[arg-type]  # pydantic checks it
        value=float(counted.number),
        threshold=float(counted.allowed),
        date=iso_date(index[counted.place]),
    )
