"""Whether missing dates follow a pattern: the weekdays on which somebody is closed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from forecastops.data.weekmask import mask_name

__all__ = ["ClosedDays", "closed_days"]

_FEWEST = 3  # of a weekday, before a pattern is called one
_SHARE = 0.95  # of a weekday's dates that are missing: some are open before a holiday
_OTHERS = 0.2  # of the other days that may be missing
_NAMES = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


class ClosedDays(NamedTuple):
    """Weekdays that are missing, and what to ask about them."""

    weekmask: str
    question: str


def closed_days(values: pd.Series[float]) -> ClosedDays | None:
    """Return the weekdays of a daily series that are nearly always missing; None without a pattern."""
    index = pd.DatetimeIndex(values.index)
    if index.freqstr not in ("D", "B") or len(index) < 7 * _FEWEST:
        return None
    missing = np.asarray(values.isna(), dtype=bool)
    totals = np.bincount(index.dayofweek, minlength=7)
    counts = np.bincount(index.dayofweek, weights=missing, minlength=7).astype(int)
    closed = [day for day in range(7) if totals[day] >= _FEWEST and counts[day] >= _SHARE * totals[day]]
    others = [day for day in range(7) if day not in closed and totals[day]]
    if not closed or not others or sum(counts[others]) > _OTHERS * sum(totals[others]):
        return None
    mask = mask_name(tuple(others))
    kinds = " and ".join(f"{counts[day]} of {totals[day]} {_NAMES[day]}" for day in closed)
    opened = [day for day in closed if counts[day] < totals[day]]
    if opened:
        question = f"{kinds} are missing: closed, or zero? Set data.gaps=zero for zero."
    else:
        question = (
            f"{kinds} are missing: closed, or zero? Set data.weekmask={mask!r} for closed, data.gaps=zero for zero."
        )
    return ClosedDays(mask, question)
