"""Estimating an ARIMA's parameters by maximum likelihood from several starts, with convergence on record."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.errors import ModelError
from forecastops.core.iso_dates import iso_date
from forecastops.forecasting.config import LONGEST_SEASON, ModelSpec
from forecastops.forecasting.forecaster import Arima, arima, modelled, point_forecast, rescaled
from forecastops.forecasting.optimum import NOT_FITTED, Optimum, best, optima, starts

__all__ = ["Estimate", "estimate", "plain_forecast", "require_positive", "rows_needed", "spec_of"]

Array = npt.NDArray[np.float64]

_CONSTANT, _TREND = "const", "x1"  # statsmodels' names of the constant, and of the time trend's coefficient
_SHRINKAGE = 0.99  # of an earlier model's coefficients, for each lag: away from the bounds, where an optimiser sticks


@dataclass(frozen=True)
class Estimate:
    """What maximum likelihood found.

    ``params`` are by statsmodels' names and in its order; ``estimated_through`` is the ISO date of the last
    observation used; ``iterations`` counts the optimiser's, from the start that won; ``start_gap`` is the
    log-likelihood by which the starts ended apart, 0 where one optimum was found; ``burn_in`` is the number of first
    observations that the likelihood leaves out.
    """

    spec: ModelSpec
    params: dict[str, float]
    estimated_through: str
    converged: bool
    iterations: int
    start_gap: float
    aic: float
    bic: float
    log_likelihood: float
    burn_in: int

    @property
    def member(self) -> Arima:
        """The ARIMA with these parameters."""
        spec = self.spec
        return Arima(spec.order, spec.seasonal_order, spec.trend, spec.log, self.params)


def estimate(values: pd.Series[float], spec: ModelSpec, previous: Arima | None = None) -> Estimate:
    """Fit ``spec`` to ``values`` until converged or ``spec.max_iterations``; missing values are left to the filter.

    The optimiser sees what is modelled divided by its standard deviation, and around zero where the model has a
    constant: its steps and tolerances are absolute, and on values in the thousands it stops far from the optimum, or
    fails. The innovations' variance is concentrated out of the likelihood, and the optimum is sought from up to three
    starts: statsmodels' own, one of strong persistence, and the ``previous`` model's parameters. statsmodels' own
    stands unless another is better by more than 0.1. A fit that stops short is returned with ``converged`` False, for
    the gate to judge.

    Args:
        values: shape (n,), with a regular DatetimeIndex, NaN where one is missing.
        spec: orders, and how they are estimated.
        previous: an earlier model of these orders, where there is one.

    Raises:
        ModelError: when the model cannot be fitted at all.
    """
    require_positive(values, spec)
    observed = modelled(values, log=spec.log)
    unit = _unit(observed)
    with _fit_errors(len(values), spec):
        centre = float(np.nanmean(observed)) if _has_constant(observed, spec) else 0.0
        standardised = (observed - centre) / unit
        model = _to_estimate(standardised, spec)
        search = _differenced(standardised, spec) or model
        known = _standardised(previous.params, len(values), centre, unit) if previous else {}
        found = optima(search, starts(search, known), spec.max_iterations)
        chosen = best(found)
        likelihood = chosen.log_likelihood if search is model else float(model.loglike(list(chosen.params.values())))
    params = _unstandardised(chosen.params | {"sigma2": chosen.variance}, len(values), centre, unit)
    in_data_unit = _in_data_unit(observed, int(model.loglikelihood_burn), unit)
    return _record(spec, values, params, found, log_likelihood=likelihood - in_data_unit, model=model)


def _record(
    spec: ModelSpec,
    values: pd.Series[float],
    params: dict[str, float],
    found: list[Optimum],
    *,
    log_likelihood: float,
    model: Any,
) -> Estimate:
    """Return what was found, with the criteria by which models of the same values are compared."""
    chosen, burn_in = best(found), int(model.loglikelihood_burn)
    return Estimate(
        spec=spec,
        params=params,
        estimated_through=iso_date(values.index[-1]),
        converged=chosen.converged,
        iterations=chosen.iterations,
        start_gap=max(one.log_likelihood for one in found) - min(one.log_likelihood for one in found),
        aic=2 * len(params) - 2 * log_likelihood,
        bic=math.log(model.nobs - burn_in) * len(params) - 2 * log_likelihood,
        log_likelihood=log_likelihood,
        burn_in=burn_in,
    )


def _unit(observed: pd.Series[float]) -> float:
    """Return the standard deviation of what is modelled, 1 where it has none."""
    deviation = float(np.nanstd(observed))
    return deviation if math.isfinite(deviation) and deviation > 0 else 1.0


def _in_data_unit(observed: pd.Series[float], burn_in: int, unit: float) -> float:
    """Return by how much a log-density of these values is lower in the data's unit."""
    return float(observed.iloc[burn_in:].notna().sum()) * math.log(unit)


def plain_forecast(values: pd.Series[float], spec: ModelSpec, steps: int) -> Array:
    """Return the forecast of ``steps`` values that statsmodels gives by itself, fitted in the data's own unit.

    Raises:
        ModelError: when the model cannot be fitted so.
    """
    require_positive(values, spec)
    with _fit_errors(len(values), spec):
        model = arima(modelled(values, log=spec.log), spec.order, spec.seasonal_order, spec.trend)
        fitted = model.fit(method_kwargs={"maxiter": spec.max_iterations}, cov_type="none")
        prediction = fitted.get_forecast(steps)
    mean, variance = np.asarray(prediction.predicted_mean), np.asarray(prediction.var_pred_mean)
    return point_forecast(mean, variance, log=spec.log)


def spec_of(member: Arima, max_iterations: int) -> ModelSpec:
    """Return the specification of a model's member, to be estimated again."""
    return ModelSpec(
        order=member.order,
        seasonal_order=member.seasonal_order,
        trend=member.trend,  # type: ignore[arg-type]  # pydantic checks the value
        log=member.log,
        max_iterations=max_iterations,
    )


def rows_needed(spec: ModelSpec, season_length: int) -> int:
    """Return the fewest observations from which ``spec`` is estimated: two seasons, and five for each parameter."""
    p, d, q = spec.order
    sp, sd, sq, season = spec.seasonal_order
    return max(2 * season_length, 2 * season, 5 * (p + q + sp + sq + 2) + d + sd * season)


def require_positive(values: pd.Series[float], spec: ModelSpec) -> None:
    """Refuse values that have no logarithm where ``spec`` asks for it."""
    if spec.log and (values <= 0).any():
        date = values.index[int(np.argmax(values.to_numpy() <= 0))]
        raise ModelError(
            f"value of {date.date()}", f"{values[date]} has no logarithm", "set model.log=false or fix the data"
        )


@contextmanager
def _fit_errors(rows: int, spec: ModelSpec) -> Iterator[None]:
    """Turn what statsmodels raises where a model cannot be fitted into our errors; silence its warnings.

    Convergence is read from the result and recorded; the other warnings concern starting values only.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except NOT_FITTED as error:
        place = f"ARIMA{spec.order}{spec.seasonal_order} on {rows} rows"
        raise ModelError(place, f"cannot be fitted: {error}", "choose a lower order or give more data") from error


def _to_estimate(values: pd.Series[float], spec: ModelSpec) -> Any:
    """Return the model as it is estimated, a time trend as a regressor from 0 to 1.

    A coefficient for each step makes the likelihood so steep in it that the optimiser stops far from the optimum.
    """
    plain = arima(values, spec.order, spec.seasonal_order, spec.trend)  # refuses trends that differences remove
    trend: str | None = spec.trend
    time = None
    if trend and _TREND in plain.param_names:
        trend, time = trend.replace("t", "") or "n", np.arange(1, len(values) + 1) / len(values)
    return arima(values, spec.order, spec.seasonal_order, trend, exog=time, concentrate_scale=True)


def _differenced(values: pd.Series[float], spec: ModelSpec) -> Any | None:
    """Return the same model of the differences, which has far fewer states; None where it would not be the same.

    Differences of missing values are missing, which tells the likelihood less: only where the whole would take minutes,
    in long seasons, they are taken all the same. A trend would have to be differenced too.
    """
    (p, d, q), (sp, sd, sq, season) = spec.order, spec.seasonal_order
    if not (d or sd) or not (p or q or sp or sq) or spec.trend not in (None, "n"):
        return None
    if values.isna().any() and season <= LONGEST_SEASON:
        return None
    for lag in (*[1] * d, *[season] * sd):
        values = values.diff(lag).iloc[lag:]
    seasonal_order = (sp, 0, sq, season) if sp or sq else (0, 0, 0, 0)
    return arima(values, (p, 0, q), seasonal_order, "n", concentrate_scale=True)


def _has_constant(values: pd.Series[float], spec: ModelSpec) -> bool:
    return _CONSTANT in arima(values, spec.order, spec.seasonal_order, spec.trend).param_names


def _standardised(params: Mapping[str, float], rows: int, centre: float, unit: float) -> dict[str, float]:
    """Return an earlier model's parameters in the units in which this one is estimated, its coefficients shrunk."""
    shrunk = {
        name: value * _SHRINKAGE ** int(name.rpartition("L")[2]) if name.startswith(("ar.", "ma.")) else value
        for name, value in params.items()
    }
    moved = shrunk | ({_CONSTANT: shrunk[_CONSTANT] - centre} if _CONSTANT in shrunk else {})
    found = rescaled(moved, 1 / unit)
    return found | ({_TREND: found[_TREND] * rows} if _TREND in found else {})


def _unstandardised(params: Mapping[str, float], rows: int, centre: float, unit: float) -> dict[str, float]:
    """Return the parameters found, of the values as they are."""
    found = rescaled({name: value / rows if name == _TREND else value for name, value in params.items()}, unit)
    return found | ({_CONSTANT: found[_CONSTANT] + centre} if centre else {})
