"""When a change began: the day from which on the evidence for it is largest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecastops.monitoring.sums import Evidence

__all__ = ["began", "first_day_beyond"]

Array = npt.NDArray[np.float64]


def first_day_beyond(values: Array, bound: float) -> int | None:
    """Return the day on which the newest stay beyond the bound began; None where the newest day is within."""
    beyond = np.nan_to_num(values, nan=-np.inf) > bound
    if not len(beyond) or not beyond[-1]:
        return None
    within = np.flatnonzero(~beyond)
    return int(within[-1]) + 1 if len(within) else 0


def began(scores: Array, evidence: Evidence, alarm: int) -> int:
    """Return the day of the change that was first noticed on day ``alarm``, counted from the first one watched.

    Of the days that the alarm looked back to, and as many before, the one from which the mean to today deviates most:
    what came after the alarm says more about where it began.

    Args:
        scores: whose mean changed, of the days watched, NaN where there is none.
        evidence: of the same days.
        alarm: a day.
    """
    first = max(0, alarm + 1 - 2 * int(evidence.length[alarm]))
    known = np.nan_to_num(scores)
    total, count = np.cumsum(known[::-1])[::-1], np.cumsum(np.isfinite(scores)[::-1])[::-1]
    strength = np.abs(total) / np.sqrt(np.maximum(count, 1))
    return first + int(np.argmax(strength[first : alarm + 1]))
