"""How sure the figures of a panel are: a bootstrap over its series.

Series are drawn with replacement, each with all of its forecasts under every policy, so that what is hard for all
policies cancels (paired draws). It says what other series of the same kind would show; not what another year would.
Of few series a bootstrap is too sure of itself: its distances from the estimate, on the scale of logarithms, are
widened by what the variance of n draws falls short, n / (n - 1), and by the quantile of Student's t over the normal's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from forecastops.backtesting.intervals import Interval

__all__ = ["DRAWS", "DrawnSeries"]

Array = npt.NDArray[np.float64]
DRAWS = 1000
_SEED = 1


@dataclass(frozen=True, eq=False)
class DrawnSeries:
    """Figures of a panel and of what is drawn of it, by policy: weighted mean, mean and median of the series' errors.

    Attributes:
        figures: of the panel, shape (3, policies).
        drawn: of each draw, shape (draws, 3, policies).
        places: of the policies.
        number: of series.
    """

    figures: Array
    drawn: Array
    places: Mapping[str, int]
    number: int

    @classmethod
    def of(cls, errors: Mapping[str, Array], weight: Array) -> DrawnSeries:
        """Draw series; the same ones for the same number.

        Args:
            errors: by policy each series' error, shape (n,).
            weight: of each series, shape (n,).
        """
        matrix = np.stack(list(errors.values()), axis=1)
        random, number = np.random.default_rng(_SEED), len(weight)
        drawn = np.full((DRAWS if number > 1 else 0, 3, matrix.shape[1]), np.nan)
        for draw in range(len(drawn)):
            rows = random.integers(number, size=number)
            drawn[draw] = _figures(matrix[rows], weight[rows])
        return cls(_figures(matrix, weight), drawn, {name: place for place, name in enumerate(errors)}, number)

    def interval(self, kind: int, policy: str, level: float) -> Interval:
        """Return a figure with its interval; ``kind`` 0 is the weighted mean, 1 the mean, 2 the median."""
        place = self.places[policy]
        return _interval(float(self.figures[kind, place]), self.drawn[:, kind, place], level, self.number)

    def ratio(self, policy: str, to: str, level: float) -> Interval:
        """Return the ratio of two policies' weighted errors, on the same draws."""
        ours, theirs = self.places[policy], self.places[to]
        with np.errstate(divide="ignore", invalid="ignore"):
            estimate = self.figures[0, ours] / self.figures[0, theirs]
            drawn = self.drawn[:, 0, ours] / self.drawn[:, 0, theirs]
        return _interval(float(estimate), drawn, level, self.number)


def _figures(errors: Array, weight: Array) -> Array:
    if not len(weight):
        return np.full((3, errors.shape[1]), np.nan)
    total = weight.sum()
    weighted = weight @ errors / total if total > 0 else np.full(errors.shape[1], np.nan)
    return np.stack([weighted, errors.mean(axis=0), np.median(errors, axis=0)])


def _interval(estimate: float, drawn: Array, level: float, number: int) -> Interval:
    if not np.isfinite(estimate):
        return Interval(None, None, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs, at = np.log(drawn), np.log(estimate)
    finite, tail = logs[np.isfinite(logs)], (1 - level) / 2
    if not len(finite) or not np.isfinite(at):
        return Interval(estimate, None, None)
    below, above = np.quantile(finite, [tail, 1 - tail]) - at
    width = _widening(number, level)
    low, high = at + width * min(below, 0.0), at + width * max(above, 0.0)
    return Interval(estimate, float(np.exp(low)), float(np.exp(high)))


def _widening(number: int, level: float) -> float:
    from scipy import stats

    upper = 1 - (1 - level) / 2
    uncertain = float(stats.t.ppf(upper, number - 1)) / NormalDist().inv_cdf(upper)
    return uncertain * float(np.sqrt(number / (number - 1)))
