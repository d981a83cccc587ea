"""One stream replayed: every retraining fitted once, every decision taken by the product's own comparison and gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from streams import Stream

from forecastops.forecasting.estimation import build_forecaster, estimate, plain_forecast
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.metrics import holdout_scores, loss_by_origin
from forecastops.forecasting.rolling_origin import actuals, rolling_forecasts
from forecastops.gate.comparison import compare
from forecastops.gate.evidence import Evidence
from forecastops.ground.errors import ModelError

__all__ = ["Replay"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Replay:
    """What a policy can ask about a stream, computed when it is first asked for, and shared by all policies."""

    stream: Stream

    @cached_property
    def models(self) -> list[Forecaster | None]:
        """The model of each retraining, over the series known then; None where it could not be fitted."""
        stream = self.stream
        found: list[Forecaster | None] = []
        for known, spec in zip(stream.retrainings, stream.specs, strict=True):
            values = stream.values.iloc[:known]
            try:
                fit = estimate(values.iloc[: -stream.evaluation.window], spec)
                found.append(build_forecaster(spec, fit, values, stream.evaluation))
            except ModelError:
                found.append(None)
        return found

    @cached_property
    def recorded(self) -> list[float]:
        """The RMSE that each retraining records of itself, on its own last 10 %, as `train` does."""
        found = []
        for known, spec in zip(self.stream.retrainings, self.stream.specs, strict=True):
            values = self.stream.values.iloc[:known]
            split = int(0.9 * known)
            actual = np.asarray(values.iloc[split:], dtype=float)
            try:
                path = plain_forecast(values.iloc[:split], spec, known - split)
            except ModelError:
                found.append(float("inf"))
                continue
            found.append(holdout_scores(actual, path)["RMSE"])
        return found

    @cached_property
    def live(self) -> Array:
        """Sum of the losses of every model from the origins up to the next retraining, shape (models, retrainings)."""
        stream, horizon = self.stream, self.stream.evaluation.horizon
        times = stream.retrainings
        losses = np.full((len(times), len(times)), np.nan)
        origins = np.arange(times[0], min(times[-1] + stream.every, len(stream.values) - horizon + 1))
        actual = actuals(stream.values, origins, horizon)
        period = (origins - times[0]) // stream.every
        for number, model in enumerate(self.models):
            if model is not None:
                whole = replace(model, values=stream.values)
                mean = rolling_forecasts(whole, origins, horizon, stream.evaluation.levels).mean
                losses[number] = np.bincount(period, loss_by_origin(actual, mean), minlength=len(times))
        return losses

    @cached_property
    def _known(self) -> dict[tuple[int, int], Evidence]:
        return {}

    def evidence(self, champion: int, challenger: int) -> Evidence:
        """What the gate sees when the challenger asks to replace the champion."""
        pair = (champion, challenger)
        if pair not in self._known:
            ours, theirs = self.models[challenger], self.models[champion]
            assert ours is not None
            bound = self.stream.spec.max_iterations
            self._known[pair] = compare(ours, theirs, self.stream.evaluation, bound).evidence
        return self._known[pair]
