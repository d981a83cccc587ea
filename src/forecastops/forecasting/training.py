"""Training, as a pure function: a series and a configuration in, a fitted model and a record of it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from forecastops.core.errors import ModelError
from forecastops.data.frequency import family, frequency_name
from forecastops.data.series import Series, require_rows
from forecastops.forecasting.config import Evaluation, ModelConfig, ModelSpec
from forecastops.forecasting.estimation import Estimate, estimate, logarithms_are_likelier, rows_needed, spec_of
from forecastops.forecasting.forecaster import Filtered, Fit, Forecaster
from forecastops.forecasting.members import combination, logs_by_likelihood, rows_for_any
from forecastops.forecasting.recorded import recorded_scores
from forecastops.forecasting.selection import Selection, select, selection_rows

__all__ = ["Trained", "calibrated_forecaster", "fit", "fit_members", "refit", "require_trainable"]

_BURN_IN = 30  # observations until a filter that began anywhere has found its level
_WORST_RATIO = 1.5  # sound members are at 0.72 in median, and at 1.10 at most in 999 of 1,000 fits


# No generated ==: comparing pandas objects gives arrays, not a truth value.
@dataclass(frozen=True, eq=False)
class Trained:
    """A fitted model, and how it came about.

    Attributes:
        model: its judged parameters are estimated before the gate's window, its served ones on everything.
        specs: the members' specifications.
        estimates: the judged members' estimates.
        selection: what was chosen from; None where there was nothing to choose.
        warnings: what a person should know, a sentence each.
        series: what it was trained on.
    """

    model: Forecaster
    specs: tuple[ModelSpec, ...]
    estimates: tuple[Estimate, ...]
    selection: Selection | None
    warnings: tuple[str, ...]
    series: Series

    @cached_property
    def metrics(self) -> dict[str, float]:
        """``RMSE`` and ``R2`` of the last 10 %, estimated from the rest for that, and what the optimiser reports."""
        members = [one.member for one in self.estimates]
        return recorded_scores(self.specs, members, self.series) | _reported(self.estimates)

    @cached_property
    def fault(self) -> str | None:
        """Why `refit` would refuse the judged estimation of these members; None where it would make the same."""
        known = self.series.values.loc[: self.estimates[0].estimated_through]
        return next((fault for fault in (_fault(one, known) for one in self.estimates) if fault), None)

    @property
    def spec(self) -> dict[str, Any]:
        """The specification as plain values: of one model its orders, of several ``members``."""
        documents = [spec.model_dump(mode="json") for spec in self.specs]
        if len(documents) == 1:
            return documents[0]
        shared = {name: documents[0][name] for name in ("log", "max_iterations")}
        orders = [{key: value for key, value in one.items() if key not in shared} for one in documents]
        return {"members": orders, **shared}


def fit(series: Series, model: ModelConfig, evaluation: Evaluation, previous: Forecaster | None = None) -> Trained:
    """Choose, estimate and measure a model.

    Estimated twice: up to the window that the gate scores (``judged``), and on everything (``served``). The judged
    parameters serve where the second estimation does not converge, or where the newest rows are implausible.

    Args:
        series: long enough, as ``require_trainable`` says.
        model: which specification, or how it is chosen.
        evaluation: the gate's window; its newest observations are held back from the judged estimation.
        previous: the model before, whose parameters are one of the optimiser's starts.

    Raises:
        ModelError: when the specification, or every candidate or member, cannot be fitted.
        ConfigError: when the library is missing that ``model.selection`` asks for.
    """
    values, notes = series.values, list[str]()
    # The served parameters of the model before have seen what is judged here; its judged ones have not.
    known, start = values.iloc[: -evaluation.window], previous.judged if previous else None
    observed = series.observed.iloc[: -evaluation.window]
    chosen = select(known, model, evaluation, observed) if model.selection in ("candidates", "auto") else None
    if model.selection == "combination":
        estimates = _combined(known, model, evaluation, start, notes, positive=not (values <= 0).any())
    else:
        estimates = fit_members(known, (chosen.chosen.spec if chosen else model.spec,), start)
    judged = _fit_of(estimates)
    forecaster = calibrated_forecaster(judged, series, evaluation)
    specs = tuple(one.spec for one in estimates)
    forecaster = _with_served(forecaster, specs, notes)
    if not judged.converged:
        bound = max(one.iterations for one in estimates)
        notes.append(f"the optimiser did not converge in {bound} iterations: the gate will reject it")
    _require_finite_forecast(forecaster, specs)
    return Trained(forecaster, specs, estimates, chosen, tuple(notes), series)


def refit(model: Forecaster, series: Series, evaluation: Evaluation, max_iterations: int) -> Trained:
    """Return the model's own specification, estimated on another series.

    Raises:
        ModelError: when it cannot be fitted, does not converge, or the fit is of no use.
    """
    specs = tuple(spec_of(member, max_iterations) for member in model.fit.members)
    known = series.values.iloc[: -evaluation.window]
    estimates = fit_members(known, specs, model.judged)
    for one in estimates:
        fault = _fault(one, known) or (None if one.converged else f"did not converge in {one.iterations} iterations")
        if fault:
            raise ModelError(one.spec.name, fault, "keep its parameters, or train another specification")
    notes = list[str]()
    forecaster = _with_served(calibrated_forecaster(_fit_of(estimates), series, evaluation), specs, notes)
    _require_finite_forecast(forecaster, specs)
    return Trained(forecaster, specs, estimates, None, tuple(notes), series)


def _require_finite_forecast(model: Forecaster, specs: Sequence[ModelSpec]) -> None:
    """Refuse a model that forecasts no numbers, by whatever rounding."""
    forecast = model.forecast().drop(columns="date").to_numpy(dtype=float)
    if not np.isfinite(forecast).all():
        names = ", ".join(spec.name for spec in specs)
        raise ModelError(names, "its forecast is not finite", "choose a lower order, or other members")


def calibrated_forecaster(judged: Fit, series: Series, evaluation: Evaluation) -> Forecaster:
    """Return the model of these parameters on a series, its intervals widened by the errors of late."""
    return Forecaster(
        judged,
        series.values,
        interpolated=series.filled,
        horizon=evaluation.horizon,
        levels=evaluation.levels,
        calibrated=True,
    )


def fit_members(
    values: pd.Series[float],
    specs: Sequence[ModelSpec],
    previous: Fit | None = None,
    dropped: list[str] | None = None,
    *,
    near: bool = False,
) -> tuple[Estimate, ...]:
    """Estimate each spec on the same values.

    Args:
        values: shape (n,), NaN where one is missing.
        specs: of the members.
        previous: parameters to start from, where its members are of the same specs.
        dropped: where a member that cannot be had is named instead of failing, as long as one is left.
        near: whether ``previous`` was estimated from nearly the same values, so that its are the only starts.

    Raises:
        ModelError: when a spec cannot be fitted.
    """
    starts = {spec_of(member, 1).canonical: member for member in previous.members} if previous else {}
    found: list[Estimate] = []
    failed: list[str] = []
    for spec in specs:
        try:
            one = estimate(values, spec, starts.get(spec.canonical), near=near)
        except ModelError as error:
            if dropped is None:
                raise
            failed.append(f"{spec.name} {error.what}")
            continue
        fault = None if dropped is None else _fault(one, values)
        if fault:
            failed.append(f"{spec.name} {fault}")
        else:
            found.append(one)
    if not found:
        what = "; ".join(failed)
        raise ModelError("model.members", f"none can be used: {what}", "give more data, or set model.members")
    if dropped is not None:
        dropped += [f"left out of the combination: {reason}" for reason in failed]
    return tuple(found)


def _fault(found: Estimate, values: pd.Series[float], filtered: Filtered | None = None) -> str | None:
    """Tell why an estimate is of no use although there is one; None where it is.

    One of thousands of fits ends at parameters that forecast far worse than repeating the last season, and reports
    convergence; an equal mean has to be kept from it.
    """
    if not found.converged:
        return f"did not converge in {found.iterations} iterations"
    if len(found.params) == 1:
        return None  # nothing but the variance
    known, season = np.asarray(values, dtype=float), found.spec.seasonal_order[3] or 1
    errors = known - (filtered or found.member.filtered(values)).one_step_means()
    squares = errors[min(_BURN_IN, len(errors) // 3) :] ** 2
    naive = (known[season:] - known[:-season]) ** 2
    if np.isnan(squares).all() or np.isnan(naive).all():
        return None  # nothing to measure it by
    if not np.nanmean(squares) <= _WORST_RATIO**2 * np.nanmean(naive):
        return f"misses the values that it was estimated from by more than {_WORST_RATIO:g} times the seasonal naive"
    return None


def require_trainable(series: Series, model: ModelConfig, evaluation: Evaluation) -> None:
    """Refuse a series too short for the window and the model.

    Raises:
        DataError: naming the number of rows and the number needed.
    """
    season, window = evaluation.season_length, evaluation.window
    if model.selection == "combination":
        given = [rows_needed(spec, season) for spec in combination(model, season, 0)] if model.members else []
        needed = max([rows_for_any(season), *given])
        why = f"a window of {window} and enough before it to estimate the members"
    elif model.selection == "fixed":
        needed = rows_needed(model.spec, season)
        why = f"a window of {window} and enough before it to estimate the model"
    else:
        needed = selection_rows(model, evaluation)
        why = f"two windows of {window}, one to choose the model in, and enough before them to estimate every candidate"
    require_rows(series, window + needed, why)


def _combined(
    known: pd.Series[float],
    model: ModelConfig,
    evaluation: Evaluation,
    start: Fit | None,
    notes: list[str],
    *,
    positive: bool,
) -> tuple[Estimate, ...]:
    """Return the members, as configured or by default; by default those that cannot be had are left out, and said.

    Logarithms are out of the question unless all values are ``positive``, those of the window too.
    """
    step = family(frequency_name(pd.DatetimeIndex(known.index).freq))
    specs = combination(model, evaluation.season_length, len(known), step)
    if model.members is not None:
        return fit_members(known, specs, start)
    levels = fit_members(known, specs, start, notes)
    if not logs_by_likelihood(model, step) or not positive:
        return levels
    logs = fit_members(known, [spec.model_copy(update={"log": True}) for spec in specs], start, [])
    return logs if logarithms_are_likelier(logs, levels, known) else levels


def _fit_of(estimates: Sequence[Estimate]) -> Fit:
    return Fit(
        members=tuple(one.member for one in estimates),
        estimated_through=estimates[0].estimated_through,
        converged=all(one.converged for one in estimates),
        start_gap=max(one.start_gap for one in estimates),
    )


def _with_served(judged: Forecaster, specs: Sequence[ModelSpec], notes: list[str]) -> Forecaster:
    """Return the model with parameters estimated on everything, or as it is, with the reason said."""
    alarm = judged.alarm(len(judged.values) - judged.horizon)
    try:
        reason = str(alarm) if alarm else None
        if reason is None:
            # The judged parameters are the best of several starts already, on all but the newest of these values.
            estimates = fit_members(judged.values, specs, judged.judged, near=judged.judged.converged)
            model = replace(judged, served=_fit_of(estimates))
            # One that did not converge is a fault by itself, and its filter may not even begin.
            filters = model.filters if model.fit.converged else [None] * len(estimates)
            faults = [_fault(one, judged.values, filtered) for one, filtered in zip(estimates, filters, strict=True)]
            first_fault = next((fault for fault in faults if fault), None)
            if first_fault is None:
                return model
            reason = f"estimated on all data, a member {first_fault}"
    except ModelError as error:
        reason = f"the estimation on all data failed ({error.what})"
    notes.append(f"served with the parameters estimated through {judged.judged.estimated_through}: {reason}")
    return judged


def _reported(estimates: Sequence[Estimate]) -> dict[str, float]:
    """Return the optimiser's report; information criteria of one model only, as several do not add up."""
    found = {
        "iterations": float(sum(one.iterations for one in estimates)),
        "converged": float(all(one.converged for one in estimates)),
        "start_gap": max(one.start_gap for one in estimates),
    }
    if len(estimates) == 1:
        (one,) = estimates
        found |= {"aic": one.aic, "bic": one.bic, "log_likelihood": one.log_likelihood}
    return found
