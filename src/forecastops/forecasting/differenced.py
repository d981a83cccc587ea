"""From a series and a specification to the likelihood of its differences, and what statsmodels says to an optimum."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.forecasting.config import ModelSpec
from forecastops.forecasting.forecaster import arima
from forecastops.forecasting.lags import lags_of
from forecastops.forecasting.likelihood import Likelihood
from forecastops.forecasting.optimum import Optimum

__all__ = ["CONSTANT", "TREND", "confirmed", "differencing", "likelihood_of", "names_of"]

Array = npt.NDArray[np.float64]

CONSTANT, TREND = "const", "x1"  # statsmodels' names of the constant, and of the time trend's coefficient
_MOST_WORK = 1e8  # multiplications for each evaluation, beyond which a filter that skips missing values is faster
_AGREE = 1e-7  # relative to the log-likelihood, or to 1
_FEW = 2  # rows beyond the differences, enough for statsmodels to name the parameters


def differencing(spec: ModelSpec) -> int:
    """Return how many first values the differences leave out."""
    return spec.order[1] + spec.seasonal_order[1] * spec.seasonal_order[3]


def names_of(spec: ModelSpec) -> tuple[str, ...]:
    """Return the parameters' names by statsmodels and in its order.

    Raises:
        ValueError: where statsmodels refuses the specification, such as a trend that the differences remove.
    """
    return _names(spec.order, spec.seasonal_order, spec.trend)


@lru_cache(maxsize=256)
def _names(
    order: tuple[int, int, int], seasonal_order: tuple[int, int, int, int], trend: str | None
) -> tuple[str, ...]:
    rows = order[1] + seasonal_order[1] * seasonal_order[3] + _FEW
    return tuple(arima(pd.Series(np.arange(rows, dtype=float)), order, seasonal_order, trend).param_names)


def likelihood_of(values: Array, spec: ModelSpec) -> Likelihood | None:
    """Return the likelihood of the values, by the ARMA that their differences are; None where a filter is faster.

    A time trend is a regressor from 0 to 1.

    Args:
        values: shape (n,), on the scale that is modelled, NaN where one is missing.
        spec: orders and trend.

    Raises:
        ValueError: where lags are to be estimated and there is nothing to estimate them from.
    """
    missing = np.isnan(values)
    if float(missing.sum()) ** 2 * len(values) > _MOST_WORK:
        return None
    rows, names, lags = len(values), names_of(spec), lags_of(spec.order, spec.seasonal_order)
    left = _differences(np.where(missing, 0.0, values), spec)
    if not left.any() and any(one.count for one in lags):
        raise ValueError("the likelihood has no finite optimum: the differences leave nothing")
    known: dict[str, Array] = {CONSTANT: np.ones(rows), TREND: np.arange(1, rows + 1) / rows}
    return Likelihood(
        left,
        lags,
        {name: _differences(known[name], spec) for name in names if name in known},
        _differences(_indicators(missing), spec),
    )


def _indicators(missing: npt.NDArray[np.bool_]) -> Array:
    """Return a column for each missing value, 1 there and 0 elsewhere."""
    found = np.zeros((len(missing), int(missing.sum())))
    found[np.flatnonzero(missing), np.arange(found.shape[1])] = 1.0
    return found


def _differences(columns: Array, spec: ModelSpec) -> Array:
    season = spec.seasonal_order[3]
    for lag in (*[1] * spec.order[1], *[season] * spec.seasonal_order[1]):
        columns = columns[lag:] - columns[:-lag]
    return columns


def confirmed(likelihood: Likelihood, found: Optimum) -> bool:
    """Tell whether statsmodels' exact likelihood, by its innovations algorithm, is the same at an optimum.

    It knows no missing values; where some are, the state-space model has to be asked.
    """
    from statsmodels.tsa.innovations.arma_innovations import arma_loglike

    ar, ma = likelihood.polynomials(likelihood.free(found.params))
    errors = likelihood.around(found.params)
    theirs = float(arma_loglike(errors, -ar[1:], ma[1:], sigma2=found.variance))
    return math.isclose(theirs, found.log_likelihood, rel_tol=_AGREE, abs_tol=_AGREE)
