"""What all signals are computed from: the champion on the newest data, and where its training ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.iso_dates import iso_dates
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.model import Model, follows_level, innovations_of
from forecastops.monitoring.config import MonitorConfig
from forecastops.monitoring.quality import Given
from forecastops.monitoring.scores import FARTHEST_SQUARED, FEWEST, clipped, persistence_error
from forecastops.monitoring.thresholds import rarity, threshold

__all__ = ["Watched"]

_YEAR = pd.Timedelta(days=365)


# No generated ==: comparing pandas objects gives arrays, not a truth value.
@dataclass(frozen=True, eq=False)
class Watched:
    """The champion, with its state through the newest observation.

    Attributes:
        model: the champion.
        start: position of the first observation that its training did not have.
        dates: ISO dates of all observations.
        evaluation: horizon, window, season, levels.
        config: the rate of false alarms.
    """

    model: Model
    start: int
    dates: tuple[str, ...]
    evaluation: Evaluation
    config: MonitorConfig

    @classmethod
    def of(cls, champion: Model, given: Given, evaluation: Evaluation, config: MonitorConfig) -> Watched:
        """Return the champion on the given data."""
        series = given.series
        model = champion.with_data(series.values, series.filled)
        start = int((series.index <= champion.known_through).sum())
        return cls(model, start, tuple(iso_dates(series.index)), evaluation, config)

    @property
    def days(self) -> int:
        """How many observations are watched, missing ones included."""
        return len(self.dates) - self.start

    @property
    def season(self) -> int:
        """Observations in a season, 1 for none."""
        return self.evaluation.season_length

    @cached_property
    def values(self) -> npt.NDArray[np.float64]:
        """All observations, NaN where one is missing."""
        return np.asarray(self.model.observed, dtype=float)

    @cached_property
    def scores(self) -> npt.NDArray[np.float64] | None:
        """The clipped innovations of all days; None where training has too few to say what is usual."""
        known = self._innovations[: self.start]
        if np.isfinite(known).sum() < FEWEST or np.nanstd(known) == 0:
            return None
        found = clipped(self._innovations, self.start)
        return found if np.isfinite(found[: self.start]).any() else None

    @property
    def far_scores(self) -> npt.NDArray[np.float64]:
        """The same, clipped farther out; to be asked for only where there are scores."""
        return clipped(self._innovations, self.start, FARTHEST_SQUARED)

    @cached_property
    def _innovations(self) -> npt.NDArray[np.float64]:
        return innovations_of(self.model, self.start)

    def bound(self, signal: str) -> float:
        """Return the threshold of a signal."""
        config = self.config
        # What drifts where persistence is uncertain is the distance from a fixed level.
        error = 0.0 if signal == "level" and self.follows else self._persistence_error
        return threshold(signal, config.false_alarms_a_year, self._values_a_year, error, config.every)

    def rarity(self, signal: str, evidence: float) -> float:
        """Return for how many false alarms a year evidence would be just at its bound; of more than a year, of all."""
        config = self.config
        error = 0.0 if signal == "level" and self.follows else self._persistence_error
        a_year = rarity(signal, evidence, self._values_a_year, error, config.every)
        return min(1.0, a_year * max(1.0, self.days / self._values_a_year))

    @cached_property
    def follows(self) -> bool:
        """Whether the model goes along with the level."""
        return follows_level(self.model, self.start)

    @cached_property
    def _persistence_error(self) -> float:
        return float(persistence_error(self.values, self.start, self.season))

    @cached_property
    def _values_a_year(self) -> float:
        index = pd.DatetimeIndex(self.model.values.index)
        return float(_YEAR / ((index[-1] - index[0]) / max(len(index) - 1, 1)))
