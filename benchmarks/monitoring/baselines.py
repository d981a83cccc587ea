"""What others watch: the raw values of the newest 30 days against those of the training days."""

from __future__ import annotations

import numpy as np

from forecastops.monitoring.distribution import kolmogorov_smirnov

DAYS = 30


def raw_ks(values: np.ndarray, start: int) -> np.ndarray:
    """Shape (years, days)."""
    return np.array([kolmogorov_smirnov(row[:start][np.isfinite(row[:start])], row[start:], DAYS) for row in values])


def raw_psi(values: np.ndarray, start: int) -> np.ndarray:
    """Shape (years, days); 0 where fewer than 30 days have passed."""
    return np.array([_psi(row, start) for row in values])


def _psi(row: np.ndarray, start: int) -> np.ndarray:
    edges = np.quantile(row[:start], np.arange(1, 10) / 10)
    places = np.searchsorted(edges, row)
    counted = np.cumsum(places[:, None] == np.arange(10), axis=0)
    usual = np.maximum(counted[start - 1] / start, 1e-4)
    found = np.zeros(len(row) - start)
    for day in range(DAYS - 1, len(found)):
        last = start + day
        now = np.maximum((counted[last] - counted[last - DAYS]) / DAYS, 1e-4)
        found[day] = np.sum((now - usual) * np.log(now / usual))
    return found
