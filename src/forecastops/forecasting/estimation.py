"""Estimating an ARIMA's parameters by maximum likelihood from several starts, with convergence on record."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.errors import ModelError
from forecastops.core.iso_dates import iso_date
from forecastops.forecasting.config import ModelSpec
from forecastops.forecasting.cost import require_affordable
from forecastops.forecasting.differenced import CONSTANT, TREND, confirmed, differencing, likelihood_of, names_of
from forecastops.forecasting.filter_search import NOT_FITTED, filter_optima, own_start, state_space
from forecastops.forecasting.forecaster import Arima, arima, modelled, point_forecast, rescaled
from forecastops.forecasting.lags import lags_of
from forecastops.forecasting.likelihood import Likelihood, NoLikelihoodError
from forecastops.forecasting.optimum import Optimum, best, cycle_start, follows_cycle, optima, starts

__all__ = [
    "Estimate",
    "estimate",
    "logarithms_are_likelier",
    "plain_forecast",
    "require_positive",
    "rows_needed",
    "spec_of",
]

Array = npt.NDArray[np.float64]

_FILTER_AGREES = 0.1  # log-likelihood
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


def estimate(
    values: pd.Series[float], spec: ModelSpec, previous: Arima | None = None, *, near: bool = False
) -> Estimate:
    """Fit ``spec`` to ``values`` until converged or ``spec.max_iterations``; missing values are left out exactly.

    The search sees what is modelled divided by its standard deviation, and around zero where the model has a constant:
    its steps and tolerances are absolute. The innovations' variance and the coefficients of constant and trend are
    concentrated out of the likelihood, and the optimum is sought from several starts: statsmodels' own, of little
    persistence, of much, of a season that persists, and the ``previous`` model's parameters. The first stands unless
    another is better by more than 0.1; a cycle, which two lags can follow, must be by more than 1. statsmodels' exact
    likelihood is asked about the optimum; where it does not agree, and where very many values are missing, statsmodels
    searches itself. A fit that stops short is returned with ``converged`` False, for the gate to judge.

    Args:
        values: shape (n,), with a regular DatetimeIndex, NaN where one is missing.
        spec: orders, and how they are estimated.
        previous: an earlier model of these orders, where there is one.
        near: whether it was estimated from nearly the same values, so that no other start is needed.

    Raises:
        ModelError: when the model cannot be fitted at all, or only in minutes.
    """
    require_positive(values, spec)
    require_affordable(spec, len(values))
    observed = modelled(values, log=spec.log)
    unit = _unit(observed)
    with _fit_errors(len(values), spec):
        centre = float(np.nanmean(observed)) if CONSTANT in names_of(spec) else 0.0
        standardised = (observed - centre) / unit
        lags, own = lags_of(spec.order, spec.seasonal_order), own_start(standardised, spec)
        begins = starts(lags, own, _shrunk(previous.params) if previous else {})
        if near and previous:
            found = _optima(standardised, spec, begins[-1:])
        else:
            found = _or_cycle(_optima(standardised, spec, begins), standardised, spec)
        chosen = best(found)
        likelihood = _statsmodels_likelihood(standardised, spec, chosen)
    params = _unstandardised(chosen.params | {"sigma2": chosen.variance}, len(values), centre, unit)
    in_data_unit = _in_data_unit(observed, differencing(spec), unit)
    return _record(spec, values, params, found, likelihood - in_data_unit)


def _optima(values: pd.Series[float], spec: ModelSpec, begins: Sequence[Mapping[str, float]]) -> list[Optimum]:
    """Return what the search found, by statsmodels' filter where it has to be."""
    likelihood = likelihood_of(np.asarray(values, dtype=float), spec)
    if likelihood is not None:
        with suppress(NoLikelihoodError):
            found = optima(likelihood, begins, spec.max_iterations)
            if _agreed(values, spec, likelihood, best(found)):
                return found
    return filter_optima(values, spec, begins)


def _agreed(values: pd.Series[float], spec: ModelSpec, likelihood: Likelihood, found: Optimum) -> bool:
    """Tell whether statsmodels' exact likelihood of an optimum is the same.

    The innovations algorithm is quick, and knows no missing values. Where there are some the filter is asked, which is
    what serves; and next to a unit root, where the variance of the values is so large that its rounding may pass the
    innovations.
    """
    is_near = likelihood.near_unit_root(found.params)
    if not likelihood.missing and not is_near:
        return confirmed(likelihood, found)
    if _lacks_first_values(values, spec) and not is_near:
        return True
    return abs(_filter_likelihood(values, spec, found) - found.log_likelihood) < _FILTER_AGREES


def _lacks_first_values(values: pd.Series[float], spec: ModelSpec) -> bool:
    """Tell whether one is missing that the differences leave out: the filter's likelihood is another by a constant."""
    return bool(values.iloc[: differencing(spec)].isna().any())


def _filter_likelihood(values: pd.Series[float], spec: ModelSpec, found: Optimum) -> float:
    return float(state_space(values, spec).loglike(list(found.params.values())))


def _or_cycle(found: list[Optimum], values: pd.Series[float], spec: ModelSpec) -> list[Optimum]:
    """Return what a search from the values' strongest cycle finds too, where that is enough better."""
    begin = cycle_start(lags_of(spec.order, spec.seasonal_order), np.asarray(values, dtype=float))
    if begin is None:
        return found
    with suppress(*NOT_FITTED):
        cycle = best(_optima(values, spec, [begin]))
        if follows_cycle(cycle, found):
            return [cycle, *found]
    return found


def _statsmodels_likelihood(values: pd.Series[float], spec: ModelSpec, found: Optimum) -> float:
    """Return the log-likelihood by statsmodels' state-space model where values are missing; else the one confirmed."""
    if not values.isna().any():
        return found.log_likelihood
    exact = _filter_likelihood(values, spec, found)
    if not math.isfinite(exact):
        raise ValueError("the likelihood has no finite optimum")
    return exact


def _record(
    spec: ModelSpec, values: pd.Series[float], params: dict[str, float], found: list[Optimum], log_likelihood: float
) -> Estimate:
    """Return what was found, with the criteria by which models of the same values are compared."""
    chosen, burn_in = best(found), differencing(spec)
    return Estimate(
        spec=spec,
        params=params,
        estimated_through=iso_date(values.index[-1]),
        converged=chosen.converged,
        iterations=chosen.iterations,
        start_gap=max(one.log_likelihood for one in found) - min(one.log_likelihood for one in found),
        aic=2 * len(params) - 2 * log_likelihood,
        bic=math.log(len(values) - burn_in) * len(params) - 2 * log_likelihood,
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


def _shrunk(params: Mapping[str, float]) -> dict[str, float]:
    """Return an earlier model's parameters as a start, its lags' coefficients shrunk."""
    return {
        name: value * _SHRINKAGE ** int(name.rpartition("L")[2]) if name.startswith(("ar.", "ma.")) else value
        for name, value in params.items()
    }


def _unstandardised(params: Mapping[str, float], rows: int, centre: float, unit: float) -> dict[str, float]:
    """Return the parameters found, of the values as they are."""
    found = rescaled({name: value / rows if name == TREND else value for name, value in params.items()}, unit)
    return found | ({CONSTANT: found[CONSTANT] + centre} if centre else {})


def logarithms_are_likelier(logs: Sequence[Estimate], levels: Sequence[Estimate], known: pd.Series[float]) -> bool:
    """Tell whether most members have a higher likelihood by logarithms, as densities of the values themselves."""
    by_spec = {one.spec.canonical[:3]: one for one in levels}
    gains = []
    for one in logs:
        other = by_spec.get(one.spec.canonical[:3])
        if other is not None:
            jacobian = float(np.log(known.iloc[one.burn_in :]).sum())  # of those values that the likelihood counts
            gains.append(one.log_likelihood - jacobian - other.log_likelihood)
    return bool(gains) and float(np.median(gains)) > 0
