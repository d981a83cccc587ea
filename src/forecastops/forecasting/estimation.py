"""Estimating an ARIMA's parameters by maximum likelihood, with convergence on record."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.tsa.arima.model import ARIMA

from forecastops.forecasting.forecaster import Forecaster, arima, modelled, point_forecast, rescaled
from forecastops.ground.config import EvaluationConfig, ModelSpec
from forecastops.ground.errors import ModelError

__all__ = ["Estimate", "build_forecaster", "estimate", "plain_forecast", "require_positive", "rows_needed"]


_TREND = "x1"  # statsmodels' name of the time trend's coefficient


@dataclass(frozen=True)
class Estimate:
    """What maximum likelihood found.

    ``params`` are by statsmodels' names and in its order; ``estimated_through`` is the ISO date of the last
    observation used; ``iterations`` counts the optimiser's.
    """

    params: dict[str, float]
    estimated_through: str
    converged: bool
    iterations: int
    aic: float
    bic: float
    log_likelihood: float

    @property
    def metrics(self) -> dict[str, float]:
        """Its numbers as a run logs them; ``converged`` is 1 or 0."""
        return {
            "aic": self.aic,
            "bic": self.bic,
            "log_likelihood": self.log_likelihood,
            "iterations": float(self.iterations),
            "converged": float(self.converged),
        }


def estimate(values: pd.Series[float], spec: ModelSpec) -> Estimate:
    """Fit ``spec`` to ``values`` (shape (n,), regular DatetimeIndex) until converged or ``spec.max_iterations``.

    The optimiser sees what is modelled divided by its standard deviation: its steps and tolerances are absolute, and
    on values in the thousands it stops far from the optimum, or fails. A fit that stops short is returned with
    ``converged`` False, for the gate to judge.

    Raises:
        ModelError: when the model cannot be fitted at all.
    """
    require_positive(values, spec)
    observed = modelled(values, log=spec.log)
    deviation = float(np.std(observed))
    unit = deviation if math.isfinite(deviation) and deviation > 0 else 1.0
    with _fit_errors(len(values), spec):
        optimum = _fitted(observed / unit, spec)
    found = dict(zip(optimum.model.param_names, optimum.params, strict=True))
    params = {name: value / len(values) if name == _TREND else value for name, value in found.items()}
    in_data_unit = (optimum.nobs - optimum.loglikelihood_burn) * math.log(unit)  # of a density of so many values
    return Estimate(
        params=rescaled(params, unit),
        estimated_through=values.index[-1].isoformat(),
        converged=bool(optimum.mle_retvals["converged"]),
        iterations=int(optimum.mle_retvals["iterations"]),
        aic=float(optimum.aic + 2 * in_data_unit),
        bic=float(optimum.bic + 2 * in_data_unit),
        log_likelihood=float(optimum.llf - in_data_unit),
    )


def plain_forecast(values: pd.Series[float], spec: ModelSpec, steps: int) -> npt.NDArray[np.float64]:
    """The forecast of ``steps`` values that statsmodels gives by itself, fitted in the data's own unit.

    Raises:
        ModelError: when the model cannot be fitted so.
    """
    require_positive(values, spec)
    with _fit_errors(len(values), spec):
        model = arima(modelled(values, log=spec.log), spec.order, spec.seasonal_order, spec.trend)
        prediction = _maximum(model, spec).get_forecast(steps)
    mean, variance = np.asarray(prediction.predicted_mean), np.asarray(prediction.var_pred_mean)
    return point_forecast(mean, variance, log=spec.log)


@contextmanager
def _fit_errors(rows: int, spec: ModelSpec) -> Iterator[None]:
    """What statsmodels raises where a model cannot be fitted, in our words; no warnings.

    Convergence is read from the result and recorded; the other warnings concern starting values only.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ValueError, IndexError, np.linalg.LinAlgError) as error:
        place = f"ARIMA{spec.order}{spec.seasonal_order} on {rows} rows"
        raise ModelError(place, f"cannot be fitted: {error}", "choose a lower order or give more data") from error


def _to_estimate(values: pd.Series[float], spec: ModelSpec) -> Any:
    """The model as it is estimated, a time trend as a regressor from 0 to 1.

    A coefficient for each step makes the likelihood so steep in it that the optimiser stops far from the optimum.
    """
    plain = arima(values, spec.order, spec.seasonal_order, spec.trend)  # refuses trends that differences remove
    trend: str | None = spec.trend
    time = None
    if trend and _TREND in plain.param_names:
        trend, time = trend.replace("t", "") or "n", np.arange(1, len(values) + 1) / len(values)
    return ARIMA(values, exog=time, order=spec.order, seasonal_order=spec.seasonal_order, trend=trend)


def _fitted(values: pd.Series[float], spec: ModelSpec) -> Any:
    """The fit; where the optimiser came to parameters whose covariance cannot be solved for, another from elsewhere."""
    try:
        return _maximum(_to_estimate(values, spec), spec)
    except np.linalg.LinAlgError:
        model = _to_estimate(values, spec)
        lags = [name.startswith(("ar.", "ma.")) for name in model.param_names]
        return _maximum(model, spec, start_params=np.where(lags, 0.5, 1.0) * model.start_params)


def _maximum(model: Any, spec: ModelSpec, **how: Any) -> Any:
    return model.fit(method_kwargs={"maxiter": spec.max_iterations}, cov_type="none", **how)


def build_forecaster(
    spec: ModelSpec, found: Estimate, values: pd.Series[float], evaluation: EvaluationConfig
) -> Forecaster:
    """The forecaster with these parameters, its state filtered up to the newest of ``values``."""
    return Forecaster(
        order=spec.order,
        seasonal_order=spec.seasonal_order,
        trend=spec.trend,
        log=spec.log,
        params=found.params,
        values=values,
        estimated_through=found.estimated_through,
        converged=found.converged,
        horizon=evaluation.horizon,
        levels=evaluation.levels,
    )


def rows_needed(spec: ModelSpec, season_length: int) -> int:
    """The fewest observations from which ``spec`` is estimated: two seasons, and five for each parameter."""
    p, d, q = spec.order
    sp, sd, sq, season = spec.seasonal_order
    return max(2 * season_length, 2 * season, 5 * (p + q + sp + sq + 2) + d + sd * season)


def require_positive(values: pd.Series[float], spec: ModelSpec) -> None:
    """Refuse values that have no logarithm where ``spec`` asks for it."""
    if spec.log and not (values > 0).all():
        date = values.index[int(np.argmax(values.to_numpy() <= 0))]
        raise ModelError(
            f"value of {date.date()}", f"{values[date]} has no logarithm", "set model.log=false or mend the data"
        )
