"""What the policies ask of a stream: fits, comparisons and forecasts, carried out by the product's jobs, once for all.

A challenger's estimation starts from the model of the same configuration one retraining before, whatever was asked for
there and whatever the policy, and a champion's refit from whoever asks first: the starts decide where the optimiser
finds the optimum, not which, and so all policies and all draws of random models share one fit a retraining.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from streams import Stream

from forecastops.backtesting.jobs import Refit, Score, carry_out
from forecastops.backtesting.life import Asked, Challenger
from forecastops.backtesting.version import State, Version
from forecastops.core.errors import ModelError
from forecastops.forecasting import training
from forecastops.forecasting.config import ModelConfig
from forecastops.forecasting.rolling_origin import RollingForecasts, actuals

__all__ = ["Pipeline", "State", "Tally", "tally"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """Sums over all that was forecast and observed: squared errors, and how many lay within each interval."""

    squares: float = 0.0
    targets: int = 0
    inside: tuple[int, ...] = (0, 0)

    def __add__(self, other: Tally) -> Tally:
        inside = tuple(one + more for one, more in zip(self.inside, other.inside, strict=False))
        return Tally(self.squares + other.squares, self.targets + other.targets, inside)

    @property
    def rmse(self) -> float:
        """Root mean squared error."""
        return float(np.sqrt(self.squares / self.targets))


def tally(actual: Array, forecasts: RollingForecasts) -> Tally:
    """Sums over what was observed."""
    observed = ~np.isnan(actual)
    inside = [
        int(((actual >= lower) & (actual <= forecasts.upper[level]))[observed].sum())
        for level, lower in forecasts.lower.items()
    ]
    return Tally(float(np.sum((forecasts.mean - actual)[observed] ** 2)), int(observed.sum()), tuple(inside))


@dataclass(frozen=True, eq=False)
class Pipeline:
    """Answers what the lives of policies ask about a stream; computed when it is first asked for."""

    stream: Stream
    _found: dict[Hashable, Any] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Any:
        """What comes of it."""
        if isinstance(asked, Challenger):
            return self.challenger(asked.number)
        key: Hashable = asked
        if isinstance(asked, Refit):
            key = ("refit", asked.number, Version(asked.champion).specs)
        if key not in self._found:
            found = carry_out(self.stream, asked)
            self._found[key] = self._tally(asked, found) if isinstance(asked, Score) else found
        return self._found[key]

    def challenger(self, number: int) -> Any:
        """The text of a retraining's model."""
        return self._trained(number, self.stream.configuration(number))

    def _trained(self, number: int, asked: ModelConfig) -> Any:
        """The model of a configuration at a retraining, whether it was asked for there or not."""
        key = ("trained", number, str(asked))
        if key not in self._found:
            self._found[key] = self._fit(number, asked, self._trained(number - 1, asked) if number else None)
        return self._found[key]

    def _fit(self, number: int, asked: ModelConfig, previous: Any) -> Any:
        series = self.stream.known(self.stream.retrainings[number])
        start = Version(previous).trained(self.stream) if isinstance(previous, str) else None
        try:
            return Version.of(number, training.fit(series, asked, self.stream.evaluation, start)).text
        except ModelError as error:
            return {"failed": str(error)}

    def _tally(self, job: Score, found: Any) -> Tally:
        if "failed" in found:
            raise ValueError(f"{self.stream.name}: {found['failed']}")
        actual = actuals(self.stream.values, np.array(job.days), self.stream.evaluation.horizon)
        inside = tuple(int(number) for number in np.array(found["inside"]).sum(axis=0))
        return replace(tally(actual, RollingForecasts(np.array(found["mean"]), {}, {})), inside=inside)

    def adopt(self, challengers: Mapping[int, Any]) -> None:
        """Take over what another pipeline has trained at retrainings whose data are the same."""
        for number, text in challengers.items():
            self._found["trained", number, str(self.stream.configuration(number))] = text

    def drawn(self, draw: int) -> Pipeline:
        """The same stream with another draw of random models, and all that was computed already."""
        stream = replace(self.stream, draw=draw)
        stream.alarms.update(self.stream.alarms)
        return replace(self, stream=stream)
