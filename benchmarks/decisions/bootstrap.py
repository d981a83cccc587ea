"""Means over series, and how sure they are: one bootstrap for every table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Summary", "summary"]

_RESAMPLES, _SEED = 2000, 1


@dataclass(frozen=True)
class Summary:
    """Of ratios, one a series: their geometric mean with its 95 % interval, their median, the largest, their number."""

    mean: float
    lower: float
    upper: float
    median: float
    worst: float
    series: int

    def __str__(self) -> str:
        """The mean and its interval, e.g. ``0.905 (0.88-0.93)``."""
        return f"{self.mean:.3f} ({self.lower:.3f}-{self.upper:.3f})" if self.series else "-"


def summary(ratios: npt.ArrayLike) -> Summary:
    """Summarise ratios, shape (series,). Series are resampled, since days of one series depend on one another."""
    found = np.asarray(ratios, dtype=float)
    if not len(found):
        return Summary(np.nan, np.nan, np.nan, np.nan, np.nan, 0)
    logs = np.log(found)
    chosen = np.random.default_rng(_SEED).integers(len(logs), size=(_RESAMPLES, len(logs)))
    lower, upper = np.exp(np.quantile(logs[chosen].mean(axis=1), [0.025, 0.975]))
    return Summary(
        mean=float(np.exp(logs.mean())),
        lower=float(lower),
        upper=float(upper),
        median=float(np.median(found)),
        worst=float(found.max()),
        series=len(found),
    )
