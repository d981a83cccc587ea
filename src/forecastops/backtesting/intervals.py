"""How sure a live error is: a block bootstrap over the days of one series.

Forecasts from successive days share most of their targets, and models stay for a while, so days are drawn in blocks of
successive ones, the last day being followed by the first (circular block bootstrap: Politis and Romano (1992), A
circular block-resampling procedure for stationary data; after Kuensch (1989), The jackknife and the bootstrap for
general stationary observations). Two policies are compared on the same draws, so that what is hard for both cancels.

A past holds few blocks, and the bootstrap is then too sure of itself, for two reasons that lengths alone tell. Blocks
of b days see less than the whole of how ``horizon`` overlapping steps depend on one another, and vary around their own
mean; and a spread that is estimated from n / b blocks is uncertain itself. So its distances from the estimate are
widened: by the root of what the variance of a mean of such overlapping paths falls short, as Harvey, Leybourne and
Newbold (1997) make up for it in a test, and by the quantile of Student's t over the normal's, with 1.5 n / b degrees of
freedom, which are those of the Bartlett weights that blocks amount to. ``tests/unit/backtesting/test_intervals.py``
holds the intervals to their level.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = ["Interval", "Resampled", "block_length"]

Array = npt.NDArray[np.float64]
_DRAWS, _SEED = 4000, 1


@dataclass(frozen=True)
class Interval:
    """An estimate and its bounds; None where it has none."""

    estimate: float | None
    low: float | None
    high: float | None


def block_length(days: int, horizon: int) -> int:
    """Return how many successive days are drawn together: two horizons, but at least four blocks."""
    return max(1, min(2 * horizon, days // 4))


@dataclass(frozen=True, eq=False)
class Resampled:
    """The days of a past, drawn anew many times: the first day of each block, shape (draws, blocks)."""

    days: int
    horizon: int
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, days: int, horizon: int) -> Resampled:
        """Draw days; the same ones for the same lengths."""
        blocks = -(-days // block_length(days, horizon))
        return cls(days, horizon, np.random.default_rng(_SEED).integers(days, size=(_DRAWS, blocks)))

    def error(self, squares: Array, targets: Array, level: float = 0.95) -> Interval:
        """Return a root mean square with its interval.

        Args:
            squares: of each day, the sum of its squared errors, shape (days,).
            targets: of each day, how many values that are.
            level: of the interval.
        """
        if not targets.sum():
            return Interval(None, None, None)
        if not squares.sum():
            return Interval(0.0, 0.0, 0.0)
        logs = 0.5 * np.log(self._means(squares, targets))
        return self._interval(0.5 * np.log(squares.sum() / targets.sum()), logs, level)

    def ratio(self, ours: Array, theirs: Array, level: float = 0.95) -> Interval:
        """Return the ratio of two root mean squares over the same targets, with its interval.

        Args:
            ours: of each day, the sum of the squared errors, shape (days,).
            theirs: the same of what it is relative to.
            level: of the interval.
        """
        if not ours.sum() or not theirs.sum():
            return Interval(1.0, 1.0, 1.0) if ours.sum() == theirs.sum() else Interval(None, None, None)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = 0.5 * (np.log(self._drawn(ours)) - np.log(self._drawn(theirs)))
        return self._interval(0.5 * np.log(ours.sum() / theirs.sum()), logs, level)

    def _means(self, squares: Array, targets: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Array = self._drawn(squares) / self._drawn(targets)
        return found

    def _drawn(self, numbers: Array) -> Array:
        """Return the sum over the days of each draw, shape (draws,)."""
        block = block_length(self.days, self.horizon)
        sums = np.concatenate([[0.0], np.cumsum(np.concatenate([numbers, numbers[:block]]))])
        of_blocks = sums[block : block + self.days] - sums[: self.days]
        found: Array = of_blocks[self.starts].sum(axis=1)
        return found

    def _interval(self, estimate: float, logs: Array, level: float) -> Interval:
        finite, tail = logs[np.isfinite(logs)], (1 - level) / 2
        if not len(finite):
            return Interval(float(np.exp(estimate)), None, None)
        below, above = np.quantile(finite, [tail, 1 - tail]) - estimate
        width = self.widening(level)
        low, high = estimate + width * min(below, 0.0), estimate + width * max(above, 0.0)
        return Interval(float(np.exp(estimate)), float(np.exp(low)), float(np.exp(high)))

    def widening(self, level: float) -> float:
        """Return what the bootstrap's distances are multiplied by."""
        from scipy import stats

        block, upper = block_length(self.days, self.horizon), 1 - (1 - level) / 2
        freedom = max(2.0, 1.5 * self.days / block)
        uncertain = float(stats.t.ppf(upper, freedom)) / NormalDist().inv_cdf(upper)
        return uncertain * float(np.sqrt(_shortfall(self.days, block, self.horizon)))


def _shortfall(days: int, block: int, horizon: int) -> float:
    """Return how many times larger the variance of a mean of overlapping paths is than what its blocks show."""
    if days < 2:
        return 1.0
    whole = _variance(days, horizon)
    shown = (_variance(block, horizon) - whole) * block / days
    return max(1.0, whole / shown) if shown > 0 else float(days)


def _variance(number: int, horizon: int) -> float:
    """Return the variance of a mean of so many successive paths, their own being 1, which overlap linearly."""
    apart = np.arange(1, min(number, horizon))
    return float((number + 2 * np.sum((number - apart) * (1 - apart / horizon))) / number**2)
