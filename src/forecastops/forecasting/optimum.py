"""The search for the highest likelihood, from several starts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NOT_FITTED", "Optimum", "best", "optima", "starts"]

Array = npt.NDArray[np.float64]

NOT_FITTED = (ValueError, IndexError, np.linalg.LinAlgError)
_BETTER = 0.1  # log-likelihood by which another start must win over statsmodels' own
_LEAST_VARIANCE = 1e-12  # of innovations, in units of the series' variance


@dataclass(frozen=True)
class Optimum:
    """Where the optimiser came to from one start: parameters by name, without the innovations' variance."""

    params: dict[str, float]
    variance: float
    log_likelihood: float
    converged: bool
    iterations: int


def starts(model: Any, previous: Mapping[str, float]) -> list[Array]:
    """Return the optimiser's starts: statsmodels' own first, then others that may lead to a better optimum.

    Args:
        model: as it is estimated.
        previous: an earlier model's parameters, in the units of this one; used where they are the same by name.
    """
    names, own = list(model.param_names), np.asarray(model.start_params, dtype=float)
    lags = np.array([name.startswith(("ar.", "ma.")) for name in names], dtype=bool)
    if not lags.any():
        return [own]
    first = {"ar.L1": 0.9, "ma.L1": -0.6}
    begins = [own, np.where(lags, [first.get(name, 0.0) for name in names], own)]
    if {*names, "sigma2"} == {*previous}:
        begins.append(np.array([previous[name] for name in names]))
    return begins


def best(found: list[Optimum]) -> Optimum:
    """Return the first that is near the highest likelihood, one that converged before one that did not."""
    highest = max(one.log_likelihood for one in found)
    near = [one for one in found if one.log_likelihood >= highest - _BETTER]
    return next((one for one in near if one.converged), near[0])


def optima(model: Any, begins: list[Array], max_iterations: int) -> list[Optimum]:
    """Return what the optimiser found from each start that led anywhere; raises the last failure where none did.

    It may come to parameters whose covariance cannot be solved for; a start nearer to white noise then helps.
    """
    lags = [name.startswith(("ar.", "ma.")) for name in model.param_names]
    found, failure = [], None
    for start in begins:
        for towards_noise in (1.0, 0.5):
            try:
                found.append(_optimum(model, max_iterations, np.where(lags, towards_noise, 1.0) * start))
                break
            except NOT_FITTED as error:
                failure = error
    if not found and failure is not None:
        raise failure
    return found


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
