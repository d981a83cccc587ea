"""Choosing a model's orders before the window that the gate scores: by rolling origins, or by a search.

The candidates' parameters are estimated before a selection window that ends where the gate's window starts, and each
forecasts that window from the gate's rolling origins. So neither window holds an observation that the model forecasting
it has seen, and nothing in the gate's window touches the choice.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecastops.core.errors import ModelError
from forecastops.data.series import Series
from forecastops.forecasting.config import LONGEST_SEASON, Evaluation, ModelConfig, ModelSpec, Orders
from forecastops.forecasting.estimation import estimate, rows_needed
from forecastops.forecasting.forecaster import Fit, Forecaster, modelled
from forecastops.forecasting.metrics import loss_by_origin
from forecastops.forecasting.order_search import search_orders
from forecastops.forecasting.rolling_origin import actuals, rolling_forecasts, window_origins

__all__ = ["NEAR_TIE", "Candidate", "Selection", "default_candidates", "select", "selection_rows"]

NEAR_TIE = 0.01  # an RMSE that is higher by no more than this share is as good, and fewer parameters decide
_KPSS_LEVEL = 0.05


@dataclass(frozen=True)
class Candidate:
    """One spec and how it did in the selection window.

    ``rmse`` is in units of the data. Where ``passed_over`` says why it could not be had, it is None, and so is the
    number of parameters where there was no fit.
    """

    spec: ModelSpec
    parameters: int | None
    rmse: float | None
    passed_over: str | None = None

    def document(self) -> dict[str, Any]:
        """Return plain values: keys name, spec, parameters, rmse, passed_over."""
        spec = self.spec.model_dump(mode="json")
        scores = {"parameters": self.parameters, "rmse": self.rmse, "passed_over": self.passed_over}
        return {"name": self.spec.name, "spec": spec, **scores}


@dataclass(frozen=True)
class Selection:
    """The candidate to estimate, and what it was chosen from.

    ``window_start`` and ``window_end`` are ISO dates, of the first and last observation that all candidates forecast,
    ``horizon`` steps from each origin.
    """

    how: str
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    window_start: str
    window_end: str
    horizon: int

    def document(self) -> dict[str, Any]:
        """Return plain values for `selection.json`: keys how, chosen, near_tie, window, candidates."""
        return {
            "how": self.how,
            "chosen": self.chosen.document(),
            "near_tie": NEAR_TIE,
            "window": {"start": self.window_start, "end": self.window_end, "horizon": self.horizon},
            "candidates": [candidate.document() for candidate in self.candidates],
        }


def select(
    known: pd.Series[float], model: ModelConfig, evaluation: Evaluation, observed: pd.Series[float] | None = None
) -> Selection:
    """Choose the spec as ``model.selection`` says.

    Args:
        known: the observations before the gate's window, shape (n,), with a regular DatetimeIndex; ``selection_rows``
            says how many there must be.
        model: the configured spec and candidates.
        evaluation: window, horizon and season of the comparison.
        observed: the same with NaN where a value was filled in, which is not scored; as ``known`` by default.

    Raises:
        ModelError: when no candidate can be fitted, or the search finds none.
        ConfigError: when the search's library is not installed.
    """
    season = evaluation.season_length
    before, window = known.iloc[: -evaluation.window], Series(known.iloc[-evaluation.window :])
    specs = _specs(model, season)
    if model.selection == "auto":
        proposal = model.spec.with_orders(search_orders(before, model.spec, season))
        specs = _distinct([proposal, *specs])
    stationary_allowed = model.candidates is not None or not _has_no_level(known, season, log=model.spec.log)
    scored_on = known if observed is None else observed

    def candidate(spec: ModelSpec) -> Candidate:
        is_differenced = spec.order[1] or spec.seasonal_order[1]
        if stationary_allowed or is_differenced:
            return _scored(known, spec, evaluation, scored_on)
        return Candidate(spec, None, None, "has no difference, and the series keeps to no level (KPSS at 5 %)")

    candidates = tuple(candidate(spec) for spec in specs)
    return Selection(
        how=model.selection,
        chosen=_best(candidates),
        candidates=candidates,
        window_start=window.start,
        window_end=window.end,
        horizon=evaluation.horizon,
    )


def selection_rows(model: ModelConfig, evaluation: Evaluation) -> int:
    """Return how many observations before the gate's window ``select`` and the estimation need at least."""
    season = evaluation.season_length
    return evaluation.window + max(rows_needed(spec, season) for spec in _specs(model, season))


def default_candidates(season: int) -> tuple[Orders, ...]:
    """Return the orders that are compared when none are given, for a season of so many observations (1 for none)."""
    plain = ((0, 1, 1), (1, 0, 1), (2, 0, 2), (1, 1, 1))
    found = [Orders(order=order) for order in plain]
    if 1 < season <= LONGEST_SEASON:
        found += [
            Orders(order=order, seasonal_order=(*lags, season))
            for order, lags in (
                ((0, 1, 1), (0, 1, 1)),
                ((1, 0, 1), (0, 1, 1)),
                ((1, 0, 1), (1, 0, 1)),
                ((1, 1, 1), (1, 0, 1)),
            )
        ]
    elif season > LONGEST_SEASON:
        found.append(Orders(order=(0, 1, 1), seasonal_order=(0, 1, 0, season)))
    return tuple(found)


def _specs(model: ModelConfig, season: int) -> tuple[ModelSpec, ...]:
    """Return what is compared: the candidates given, or the default ones and the configured spec; each once."""
    if model.candidates is not None:
        return _distinct(model.spec.with_orders(orders) for orders in model.candidates)
    length = model.spec.seasonal_order[3] or season
    defaults = (model.spec.with_orders(orders) for orders in default_candidates(length))
    return _distinct([model.spec, *defaults])


def _distinct(specs: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    """Return each model once, as it was written first."""
    found: dict[object, ModelSpec] = {}
    for spec in specs:
        found.setdefault(spec.canonical, spec)
    return tuple(found.values())


def _scored(known: pd.Series[float], spec: ModelSpec, evaluation: Evaluation, observed: pd.Series[float]) -> Candidate:
    """Return the spec, estimated before the selection window, and its error in it."""
    origins = window_origins(len(known), evaluation.window, evaluation.horizon)
    try:
        found = estimate(known.iloc[: origins[0]], spec)
        forecaster = Forecaster(Fit((found.member,), found.estimated_through, found.converged), known)
        mean = rolling_forecasts(forecaster, origins, evaluation.horizon, evaluation.levels).mean
    except ModelError as error:
        return Candidate(spec, None, None, error.what)
    actual = actuals(observed, origins, evaluation.horizon)
    rmse = float(np.sqrt(np.nanmean(loss_by_origin(actual, mean))))
    if not found.converged:
        return Candidate(spec, len(found.params), None, f"did not converge in {found.iterations} iterations")
    if not math.isfinite(rmse):
        return Candidate(spec, len(found.params), None, "forecasts values that are not finite")
    return Candidate(spec, len(found.params), rmse)


def _has_no_level(known: pd.Series[float], season: int, *, log: bool) -> bool:
    """Tell whether KPSS rejects, at 5 %, that the seasonally adjusted values keep to a level.

    A model without difference returns to its mean. A quiet selection window cannot show what that costs once the level
    has moved away from it: one such choice was seven times as wrong as AutoARIMA's.
    """
    from statsmodels.tsa.stattools import kpss

    values = np.asarray(modelled(known, log=log).interpolate(), dtype=float)  # the test knows no missing values
    if len(values) < 2 * season:
        return False
    seasons = values[-(len(values) // season * season) :].reshape(-1, season)
    adjusted = (seasons - seasons.mean(axis=0)).ravel() if season > 1 else values
    if np.ptp(adjusted) == 0:
        return False
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # the p-value is bounded by the test's table
        return bool(kpss(adjusted, regression="c", nlags="auto")[1] < _KPSS_LEVEL)


def _best(candidates: tuple[Candidate, ...]) -> Candidate:
    """Return the lowest RMSE; of those that come near it, the one with the fewest parameters.

    Raises:
        ModelError: when none has an RMSE.
    """
    scored = [(found.rmse, found) for found in candidates if found.rmse is not None]
    if not scored:
        reasons = "; ".join(f"{found.spec.name} {found.passed_over}" for found in candidates)
        remedy = "give more data, or other model.candidates"
        raise ModelError("model.selection", f"none of {len(candidates)} candidates can be used: {reasons}", remedy)
    bound = min(rmse for rmse, _ in scored) * (1 + NEAR_TIE)
    return min(((found.parameters, rmse, found) for rmse, found in scored if rmse <= bound), key=lambda row: row[:2])[2]
