"""Whether the newest rows follow the season as if their dates were a few rows too early or too late.

A feed that skips or repeats some rows delivers values that are each plausible, under dates that are not theirs. No row
lies far enough from its forecast to be an alarm by itself; together they fit another place in the season.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.iso_dates import iso_date
from forecastops.forecasting.model import Model, forecasts_of, season_of
from forecastops.gate.evidence import AlarmRecord

__all__ = ["LATELY", "accepted_displaced", "displaced_lately", "displaced_rows", "displacements", "first_newer"]

Array = npt.NDArray[np.float64]

# Measured on clean and on shifted daily series (docs/gate.md): 1 in 1,000 clean looks is an alarm.
_SHORTEST, _LONGEST = 3, 14  # rows that are looked at together
LATELY = 2 * _LONGEST  # newest rows that count: in many more, a displacement is found by chance
_SEASONS = range(3, 13)  # of fewer rows there is no place to mistake; of more, too many
_FAR = 2.5  # standard deviations of the forecast from which on a row is out of place
_ROWS_OUT_OF_PLACE = 3
_LEFT = 0.2  # of the squared deviations, at most, where the dates are put right
_LEFT_OF_LEVEL = 0.3  # of those that are left where a level that has moved explains them instead
_LEVEL = 80  # whose bound gives the standard deviation
_BOUND = 1.2816  # standard deviations to that bound


def displaced_rows(champion: Model, values: pd.Series[float], accepted: int) -> AlarmRecord | None:
    """Return the alarm where rows newer than the first ``accepted`` are out of place in the season.

    Where rows were accepted lately although they were out of place, those after them do not raise it again.

    Args:
        champion: a model.
        values: shape (n,), NaN where one is missing.
        accepted: how many rows its state has seen.
    """
    ends = range(max(0, accepted - _LONGEST), len(values) + 1)
    found = displacements(champion, values, ends)
    place = first_newer(found, accepted - ends[0])
    if place is None:
        return None
    date = iso_date(values.index[ends[place] - 1])
    return AlarmRecord(rule="displaced_season", value=float(found[place]), threshold=0.0, date=date)


def displaced_lately(champion: Model, values: pd.Series[float], accepted: int) -> bool:
    """Tell whether rows that its state has seen lately are out of place, and so were accepted."""
    return any(displacements(champion, values, range(max(0, accepted - _LONGEST), accepted + 1)))


def first_newer(found: Sequence[int], accepted: int) -> int | None:
    """Return the place of the first displacement that is an alarm; None where there is none.

    Only the newest ``LATELY`` rows count.

    Args:
        found: displacements by number of rows, ascending.
        accepted: the place of the number of rows that were accepted.
    """
    if accepted_displaced(found, accepted):
        return None
    start = max(accepted + 1, len(found) - LATELY)
    return next((place for place in range(start, len(found)) if found[place]), None)


def accepted_displaced(found: Sequence[int], accepted: int) -> bool:
    """Tell whether rows out of place were accepted lately; the arguments are those of ``first_newer``."""
    return any(found[max(0, accepted - _LONGEST) : accepted + 1])


def displacements(champion: Model, values: pd.Series[float], ends: range) -> list[int]:
    """Return for each number of rows by how many the last of them are shifted; 0 where they are not.

    Positive where values come under dates that are too late. Forecasts from before the rows say what was due on which
    date.

    Args:
        champion: a model, whose parameters forecast.
        values: shape (n,), NaN where one is missing.
        ends: numbers of rows, ascending by one.
    """
    season = season_of(champion)
    first = ends[0] - _LONGEST
    if season not in _SEASONS or first <= 2 * season:
        return [0] * len(ends)
    due = _Due.of(champion, values, np.arange(first, ends[-1]), season // 2)
    return [due.shift(end) for end in ends]


class _Shift(NamedTuple):
    """One way to put dates right, and what is left of the deviations then, shape (rows,)."""

    rows: int
    left: Array


@dataclass(frozen=True)
class _Due:
    """What was due on each date.

    Args:
        known: all values, shape (n,).
        first: the first origin.
        furthest: the largest shift.
        mean: forecasts from each origin, shape (origins, steps).
        deviation: their standard deviations.
    """

    known: Array
    first: int
    furthest: int
    mean: Array
    deviation: Array

    @classmethod
    def of(cls, champion: Model, values: pd.Series[float], origins: npt.NDArray[np.intp], furthest: int) -> _Due:
        """Forecast from each origin, by values before it alone."""
        steps = _LONGEST + furthest
        index = pd.DatetimeIndex(values.index)
        whole = pd.date_range(index[0], periods=int(origins[-1]) + steps, freq=index.freq)
        found = forecasts_of(champion.with_data(values.reindex(whole)), origins, steps, (_LEVEL,))
        deviation = (found.upper[_LEVEL] - found.mean) / _BOUND
        return cls(np.asarray(values, dtype=float), int(origins[0]), furthest, found.mean, deviation)

    def shift(self, end: int) -> int:
        """Return by how many rows some of the newest before ``end`` are shifted; 0 for none."""
        for rows in range(_SHORTEST, _LONGEST + 1):
            if found := self._shift_of(end - rows, rows):
                return found
        return 0

    def _shift_of(self, start: int, rows: int) -> int:
        """Return the shift that all ``rows`` from ``start`` on have in common; 0 for none."""
        path, scale = self.mean[start - self.first], self.deviation[start - self.first, :rows]
        came = self.known[start : start + rows]
        line = np.concatenate([self.known[start - self.furthest : start], path])
        off = (came - line[self.furthest : self.furthest + rows]) / scale
        if np.sum(np.abs(off) > _FAR) < _ROWS_OUT_OF_PLACE:
            return 0
        shifts = [
            _Shift(by, (came - line[self.furthest - by : self.furthest - by + rows]) / scale)
            for by in range(-self.furthest, self.furthest + 1)
            if by
        ]
        best = min(shifts, key=lambda shift: float(np.nansum(shift.left**2)))
        righted = (np.abs(off) > _FAR) & (np.abs(best.left) < np.abs(off) / 2)
        left = float(np.nansum(best.left**2))
        if left > _LEFT * np.nansum(off**2) or left > _LEFT_OF_LEVEL * _beside_level(off, scale):
            return 0
        return best.rows if np.sum(righted) >= _ROWS_OUT_OF_PLACE else 0


def _beside_level(off: Array, scale: Array) -> float:
    """Return the squared deviations that one level for all rows leaves: a world that moved is no wrong calendar."""
    known = ~np.isnan(off)
    level = np.sum((off / scale)[known]) / np.sum(1 / scale[known] ** 2)
    return float(np.sum((off - level / scale)[known] ** 2))
