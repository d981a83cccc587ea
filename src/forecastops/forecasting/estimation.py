"""Estimating an ARIMA's parameters by maximum likelihood, with convergence on record."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.tsa.arima.model import ARIMA

from forecastops.forecasting.forecaster import Forecaster, arima, rescaled
from forecastops.ground.config import EvaluationConfig, ModelSpec
from forecastops.ground.errors import ModelError

__all__ = ["Estimate", "build_forecaster", "estimate", "require_positive", "rows_needed"]


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


def estimate(values: pd.Series[float], spec: ModelSpec, unit: float | None = None) -> Estimate:
    """Fit ``spec`` to ``values`` (shape (n,), regular DatetimeIndex) until converged or ``spec.max_iterations``.

    The optimiser sees the values divided by ``unit``, by default their standard deviation: its steps and tolerances
    are absolute, and on values in the thousands it stops far from the optimum, or fails. A fit that stops short is
    returned with ``converged`` False, for the gate to judge.

    Raises:
        ModelError: when the model cannot be fitted at all.
    """
    require_positive(values, spec)
    place = f"ARIMA{spec.order}{spec.seasonal_order} on {len(values)} rows"
    try:
        with warnings.catch_warnings():
            # Convergence is read from the result and recorded; the other warnings concern starting values only.
            warnings.simplefilter("ignore")
            unit = unit or _deviation(values, spec)
            model = arima(values / unit, spec.order, spec.seasonal_order, spec.trend, spec.log)
            optimum = _in_unit_time(model, spec).fit(method_kwargs={"maxiter": spec.max_iterations}, cov_type="none")
    except (ValueError, IndexError, np.linalg.LinAlgError) as error:
        raise ModelError(place, f"cannot be fitted: {error}", "choose a lower order or give more data") from error
    in_data_unit = (optimum.nobs - optimum.loglikelihood_burn) * math.log(unit)  # of a density of so many values
    return Estimate(
        params=rescaled(_in_steps(dict(zip(model.param_names, optimum.params, strict=True)), model), unit),
        estimated_through=values.index[-1].isoformat(),
        converged=bool(optimum.mle_retvals["converged"]),
        iterations=int(optimum.mle_retvals["iterations"]),
        aic=float(optimum.aic + 2 * in_data_unit),
        bic=float(optimum.bic + 2 * in_data_unit),
        log_likelihood=float(optimum.llf - in_data_unit),
    )


def _in_unit_time(model: Any, spec: ModelSpec) -> Any:
    """The same model to estimate, its time trend as a regressor from 0 to 1.

    A coefficient for each step makes the likelihood so steep in it that the optimiser stops far from the optimum.
    """
    without = {"ct": "c", "t": "n"}.get(spec.trend or "", spec.trend)
    time = np.arange(1, model.nobs + 1) / model.nobs if _TREND in model.param_names else None
    return _Estimated(model.orig_endog, exog=time, order=spec.order, seasonal_order=spec.seasonal_order, trend=without)


def _in_steps(params: dict[str, float], model: Any) -> dict[str, float]:
    """The parameters with the time trend's coefficient for each step, as statsmodels' own trend has it."""
    return {name: value / model.nobs if name == _TREND else value for name, value in params.items()}


class _Estimated(ARIMA):  # type: ignore[misc]  # statsmodels is not typed
    """Where a step of the optimiser leads to parameters whose covariance cannot be solved for, it went too far."""

    def loglike(self, params: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().loglike(params, *args, **kwargs)
        except np.linalg.LinAlgError:
            return -math.inf


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


def _deviation(values: pd.Series[float], spec: ModelSpec) -> float:
    """The standard deviation; 1 for logarithms, which have no unit, and for values that do not vary."""
    deviation = float(np.std(values))
    return 1.0 if spec.log or not math.isfinite(deviation) or deviation == 0 else deviation
