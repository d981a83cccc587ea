"""All signals of simulated years, as the product computes them, on all years at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastops.monitoring.distribution import kolmogorov_smirnov
from forecastops.monitoring.scores import FARTHEST_SQUARED, clipped, persistence_error
from forecastops.monitoring.sums import correlation_evidence, level_evidence, season_evidence, spread_evidence

SIGNALS = (
    "level",
    "spread",
    "season",
    "correlation",
    "distribution",
    "error_vs_promise",
    "error_vs_naive",
    "pinball",
    "coverage",
)
YEAR, WEEK = 365, 7


@dataclass(frozen=True)
class Statistics:
    """Shapes (years,), (years,) and (years, days)."""

    persistence_error: np.ndarray
    follows: np.ndarray
    signals: dict[str, np.ndarray]

    def errors(self, signal: str) -> np.ndarray:
        """By which the signal's threshold grows, as ``Watched.bound`` has it."""
        return np.where(self.follows, 0.0, self.persistence_error) if signal == "level" else self.persistence_error


def statistics(years: dict[str, np.ndarray]) -> Statistics:
    innovations, losses = years["innovations"], years["losses"]
    start = innovations.shape[1] - YEAR
    scores = clipped(innovations, start)
    known = [row[:start][np.isfinite(row[:start])] for row in scores]
    follows = years["follows"] > 0
    signals = {
        "level": np.abs(level_evidence(scores, start, follows).value),
        "spread": np.abs(spread_evidence(clipped(innovations, start, FARTHEST_SQUARED), start).value),
        "season": season_evidence(scores, start, WEEK).value,
        "correlation": np.abs(correlation_evidence(scores, start).value),
        "distribution": np.array(
            [kolmogorov_smirnov(before, row[start:]) for before, row in zip(known, scores, strict=True)]
        ),
        "error_vs_promise": losses[:, 0],
        "error_vs_naive": losses[:, 1],
        "pinball": losses[:, 2],
        "coverage": coverage_shortfall(losses[:, 3:5], (80, 95)),
    }
    return Statistics(
        persistence_error(years["values"], start, WEEK),
        follows,
        {name: np.nan_to_num(value, nan=-np.inf) for name, value in signals.items()},
    )


def coverage_shortfall(shortfalls: np.ndarray, levels: tuple[int, ...]) -> np.ndarray:
    """The largest shortfall over the levels, each in binomial deviations of one origin."""
    spreads = np.array([np.sqrt(level / 100 * (1 - level / 100)) for level in levels])
    return np.max(shortfalls / spreads[:, None], axis=1)


def largest(values: np.ndarray, every: int = 1) -> np.ndarray:
    return np.max(values[:, every - 1 :: every], axis=1)
