"""What the rooms above need of a model, whatever family it is of.

There is one family today, the mean of ARIMAs; what is done differently for another is asked here, by functions, and
nowhere above.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.errors import ModelError
from forecastops.data.series import Series
from forecastops.forecasting.estimation import spec_of
from forecastops.forecasting.forecaster import Alarm, Array, Fit, Forecaster
from forecastops.forecasting.rolling_origin import Origins, RollingForecasts, rolling_forecasts
from forecastops.forecasting.training import fit_members

__all__ = [
    "Alarm",
    "Model",
    "NotEstimated",
    "estimated_anew",
    "follows_level",
    "forecasts_of",
    "innovations_of",
    "joined",
    "needs_positive",
    "same_specification",
    "season_of",
]


class Estimation(Protocol):
    """What is known of the estimation of a model's parameters."""

    @property
    def estimated_through(self) -> str:
        """ISO date of the last observation that it has seen."""

    @property
    def converged(self) -> bool:
        """Whether the optimiser reported convergence."""

    @property
    def start_gap(self) -> float | None:
        """Log-likelihood by which its starts ended apart; None if not known."""


class Model(Protocol):
    """Known parameters, and a state that is brought up to the newest observation."""

    @property
    def values(self) -> pd.Series[float]:
        """All observations, shape (n,), NaN where one is missing, with a regular DatetimeIndex."""

    @property
    def observed(self) -> pd.Series[float]:
        """The same with NaN where a value was filled in."""

    @property
    def interpolated(self) -> tuple[str, ...]:
        """ISO dates whose values were filled in."""

    @property
    def horizon(self) -> int:
        """Steps forecast unless asked otherwise."""

    @property
    def frequency(self) -> str:
        """The name by which pandas knows the grid of its dates."""

    @property
    def known_through(self) -> pd.Timestamp:
        """The newest observation that training was given."""

    @property
    def fit(self) -> Estimation:
        """Of the parameters that forecast."""

    def as_judged(self) -> Model:
        """Return it with the parameters that the gate scores, estimated before its window."""

    def with_data(self, values: pd.Series[float], interpolated: tuple[str, ...] = ()) -> Model:
        """Return the same parameters with the state that these observations lead to."""

    def alarm(self, accepted: int, revised: npt.NDArray[np.bool_] | None = None) -> Alarm | None:
        """Return why the rows after the first ``accepted``, or those ``revised``, cannot be what it forecast."""

    def one_step_errors(self) -> Array:
        """Return what each observation differs by from its one-step forecast, shape (n,), in the data's unit."""

    def standardised_errors(self) -> Array:
        """Return the same in standard deviations of the one-step forecast, shape (n,)."""


@dataclass(frozen=True)
class NotEstimated:
    """Why a specification has no parameters from these observations.

    Args:
        detail: what the library says; None where it only stopped before it converged.
        iterations: after how many it stopped.
    """

    detail: str | None = None
    iterations: int | None = None


def forecasts_of(model: Model, origins: Origins, horizon: int, levels: tuple[int, ...]) -> RollingForecasts:
    """Return forecasts from every origin, with the model's parameters as they are."""
    return rolling_forecasts(_of_arima(model), origins, horizon, levels)


def innovations_of(model: Model, start: int) -> Array:
    """Return standardised one-step errors that are white where the model is right, shape (n,), NaN where unobserved.

    A mean of several forecasts has errors that depend on each other, since the members miss different things; so they
    are those of the one member that came nearest before ``start``.
    """
    arimas = _of_arima(model)
    nearest = arimas.filters[_nearest(arimas, start)]
    return np.where(np.isfinite(np.asarray(arimas.observed, dtype=float)), nearest.standardised_errors(), np.nan)


def follows_level(model: Model, start: int) -> bool:
    """Tell whether the member that came nearest before ``start`` goes along with the level, by differences.

    Another keeps to the mean of its training days, and errs by what that mean was wrong.
    """
    arimas = _of_arima(model)
    member = arimas.fit.members[_nearest(arimas, start)]
    return bool(member.order[1] or member.seasonal_order[1])


def _nearest(arimas: Forecaster, start: int) -> int:
    known = np.asarray(arimas.observed, dtype=float)
    misses = [np.nanmean(np.abs(known - member.one_step_means())[:start]) for member in arimas.filters]
    return int(np.nanargmin(misses))


def joined(model: Model, series: Series) -> Series:
    """Return the new data, with the model's own before them."""
    before = model.values[model.values.index < series.index[0]]
    if before.empty:
        return series
    grid = pd.date_range(before.index[0], series.index[-1], freq=series.index.freq)
    values = pd.Series(np.concatenate([before, series.values.reindex(grid[len(before) :])]), grid)
    own = tuple(date for date in model.interpolated if date < series.start)
    return Series(values, series.notes, (*own, *series.filled))


def needs_positive(model: Model) -> bool:
    """Tell whether it can have no state from values that are not positive."""
    return any(member.log for member in _of_arima(model).fit.members)


def season_of(model: Model) -> int:
    """Return the longest season that it models, in observations; 0 for none."""
    orders = [member.seasonal_order for member in _of_arima(model).fit.members]
    return max(season if any(lags) else 0 for *lags, season in orders)


def same_specification(one: Model, other: Model) -> bool:
    """Tell whether two models differ in their parameters only."""
    return _specification(_of_arima(one)) == _specification(_of_arima(other))


def estimated_anew(model: Model, before: pd.Series[float], bound: int) -> Model | NotEstimated:
    """Return the model with parameters of its specification from these observations, or why there are none.

    Args:
        model: as it is judged.
        before: shape (n,), NaN where one is missing.
        bound: on the optimiser's iterations.
    """
    judged = _of_arima(model)
    try:
        estimates = fit_members(before, [spec_of(member, bound) for member in judged.fit.members])
    except ModelError as error:
        return NotEstimated(detail=error.what)
    late = [estimate.iterations for estimate in estimates if not estimate.converged]
    if late:  # against a crippled champion any challenger wins
        return NotEstimated(iterations=max(late))
    fit = Fit(tuple(estimate.member for estimate in estimates), estimates[0].estimated_through, converged=True)
    return replace(judged, judged=fit, in_data_unit=False)


def _specification(model: Forecaster) -> list[str]:
    """Return what the members are, in no order."""
    return sorted(str(spec_of(member, 1).canonical) for member in model.fit.members)


def _of_arima(model: Model) -> Forecaster:
    if not isinstance(model, Forecaster):
        raise TypeError(f"no family of models is known that {type(model).__name__} is of")
    return model
