"""The search by statsmodels' own filter and optimiser, for series with too many missing values for anything faster."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.forecasting.config import LONGEST_SEASON, ModelSpec
from forecastops.forecasting.differenced import TREND, names_of
from forecastops.forecasting.forecaster import arima
from forecastops.forecasting.optimum import Optimum

__all__ = ["NOT_FITTED", "filter_optima", "own_start", "state_space"]

Array = npt.NDArray[np.float64]

NOT_FITTED = (ValueError, IndexError, np.linalg.LinAlgError)
_LEAST_VARIANCE = 1e-12  # of innovations, in units of the series' variance


def filter_optima(values: pd.Series[float], spec: ModelSpec, begins: Sequence[Mapping[str, float]]) -> list[Optimum]:
    """Return what statsmodels' optimiser found from each start that led anywhere; raise the last failure if none did.

    Differences of missing values are missing, which tells the likelihood less: only where the whole would take minutes,
    in long seasons, they are taken all the same.

    Args:
        values: shape (n,), on the scale that is modelled, NaN where one is missing.
        spec: orders and trend.
        begins: coefficients of the lags by name.
    """
    model = _differenced(values, spec) or state_space(values, spec)
    own = own_start(values, spec)
    found, failure = [], None
    for begin in begins:
        # It may come to parameters whose covariance cannot be solved for; a start nearer to white noise then helps.
        for towards_noise in (1.0, 0.5):
            start = [towards_noise * begin[name] if name in begin else own[name] for name in model.param_names]
            try:
                found.append(_optimum(model, spec.max_iterations, np.array(start)))
                break
            except NOT_FITTED as error:
                failure = error
    if not found and failure is not None:
        raise failure
    return found


def own_start(values: pd.Series[float], spec: ModelSpec) -> dict[str, float]:
    """Return the parameters from which statsmodels would search, by name; none where it finds none."""
    try:
        model = _differenced(values, spec) or state_space(values, spec)
        return dict(zip(model.param_names, map(float, model.start_params), strict=True))
    except NOT_FITTED:
        return {}


def state_space(values: pd.Series[float], spec: ModelSpec) -> Any:
    """Return statsmodels' model as it is estimated: the variance concentrated out, a time trend from 0 to 1.

    A coefficient for each step makes the likelihood so steep in it that the optimiser stops far from the optimum.
    """
    trend: str | None = spec.trend
    time = None
    if trend and TREND in names_of(spec):
        trend, time = trend.replace("t", "") or "n", np.arange(1, len(values) + 1) / len(values)
    return arima(values, spec.order, spec.seasonal_order, trend, exog=time, concentrate_scale=True)


def _differenced(values: pd.Series[float], spec: ModelSpec) -> Any | None:
    """Return the model of the differences where the whole has too many states; None elsewhere, or with a trend."""
    (p, d, q), (sp, sd, sq, season) = spec.order, spec.seasonal_order
    if not (d or sd) or not (p or q or sp or sq) or spec.trend not in (None, "n") or season <= LONGEST_SEASON:
        return None
    for lag in (*[1] * d, *[season] * sd):
        values = values.diff(lag).iloc[lag:]
    seasonal_order = (sp, 0, sq, season) if sp or sq else (0, 0, 0, 0)
    return arima(values, (p, 0, q), seasonal_order, "n", concentrate_scale=True)


def _optimum(model: Any, max_iterations: int, start: Array) -> Optimum:
    """Return the optimum reached from one start; a model without lags or trend has nothing to search."""
    if not len(start):
        return _without_search(model)
    bound = {"maxiter": max_iterations}
    fitted = model.fit(start_params=start, method_kwargs=bound, cov_type="none", low_memory=True)
    # That of the results leaves out the diffuse part.
    log_likelihood = float(model.loglike(fitted.params))
    if not (math.isfinite(log_likelihood) and fitted.scale > 0 and np.isfinite(fitted.params).all()):
        raise ValueError("the likelihood has no finite optimum")
    return Optimum(
        params=dict(zip(model.param_names, map(float, fitted.params), strict=True)),
        variance=float(fitted.scale),
        log_likelihood=log_likelihood,
        converged=bool(fitted.mle_retvals["converged"]),
        iterations=int(fitted.mle_retvals["iterations"]),
    )


def _without_search(model: Any) -> Optimum:
    """Return the variance, concentrated out of the likelihood; its least value for exactly repeating series."""
    filtered = model.filter([], cov_type="none", low_memory=True)
    found = float(model.loglike([])) if filtered.scale > _LEAST_VARIANCE else 0.0
    variance = max(float(filtered.scale), _LEAST_VARIANCE)
    return Optimum({}, variance, found, converged=True, iterations=0)
