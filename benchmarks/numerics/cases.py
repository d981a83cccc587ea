"""The series that are measured, and how."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["cpu_seconds", "simulated"]


def simulated(rows: int, season: int) -> npt.NDArray[np.float64]:
    """Return a level that wanders, a season that does not, and noise; seeded by the length."""
    random = np.random.default_rng(rows)
    level = np.cumsum(random.normal(size=rows))
    cycle = 100 * np.sin(2 * np.pi * np.arange(rows) / season)
    return 500 + 2 * level + cycle + 10 * random.normal(size=rows)


def cpu_seconds(call: Callable[[], object], runs: int = 3) -> float:
    """Return the least CPU seconds of one call, after one that is not counted."""
    call()
    found = []
    for _ in range(runs):
        started = time.process_time()
        call()
        found.append(time.process_time() - started)
    return min(found)
