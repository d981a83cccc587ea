"""The metric that a run records of its model: of the last 10 %, as existing scripts read it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from forecastops.core.errors import ModelError
from forecastops.data.series import Series
from forecastops.forecasting.config import ModelSpec
from forecastops.forecasting.estimation import estimate, plain_forecast
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster
from forecastops.forecasting.metrics import holdout_scores

__all__ = ["recorded_scores"]

_RECORDED_SHARE = 0.9


def recorded_scores(specs: Sequence[ModelSpec], members: Sequence[Arima], series: Series) -> dict[str, float]:
    """Return RMSE and R2 of one forecast of the last 10 %, by parameters estimated from the rest.

    One model's as the scripts that read the metric make it, by statsmodels alone and in the data's own unit, or it
    would not compare with what they have recorded; where that fails, and for several, by our estimate.

    Args:
        specs: of the members.
        members: as they were estimated from nearly the same values: where the estimation starts.
        series: what the model was trained on.

    Raises:
        ModelError: when they cannot be estimated from the rest.
    """
    split = int(series.rows * _RECORDED_SHARE)
    known = series.values.iloc[:split]
    actual = np.asarray(series.observed.iloc[split:], dtype=float)
    if len(specs) == 1:
        with suppress(ModelError):
            return holdout_scores(actual, plain_forecast(known, specs[0], len(actual)))
    found = [estimate(known, spec, member, near=True) for spec, member in zip(specs, members, strict=True)]
    fit = Fit(tuple(one.member for one in found), found[0].estimated_through, converged=True)
    path = Forecaster(fit, known).forecast(len(actual))["mean"]
    return holdout_scores(actual, np.asarray(path, dtype=float))
