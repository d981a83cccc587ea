"""The series and models that are measured; this file is read in the peers' environment too, and imports numpy alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["FITTED", "HORIZON", "LENGTHS", "MODELS", "ORIGINS", "cpu_seconds", "simulated"]

LENGTHS = (249, 730, 1800)  # days
ORIGINS, HORIZON = 91, 14
Order = tuple[int, int, int]
Seasonal = tuple[int, int, int, int]
MODELS: tuple[tuple[Order, Seasonal], ...] = (
    ((1, 0, 1), (1, 0, 1, 7)),
    ((1, 0, 1), (0, 1, 1, 7)),
    ((0, 1, 1), (0, 1, 1, 7)),
    ((2, 0, 2), (0, 0, 0, 0)),
)
FITTED: tuple[Order, Seasonal] = ((0, 1, 1), (0, 1, 1, 7))  # whose rolling origins are measured


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
