"""The forecaster inside every model artifact: what is evaluated, what is deployed, and how it is written down.

This one file is shipped with each model as its loader, so that a model loads where only its own pinned requirements
are installed. It therefore imports nothing of forecastops, and nothing is pickled: a model is two text files. They
hold the state of each filter, from which it forecasts; with other data statsmodels filters anew, with the known
parameters, and is not imported before.

A model is one ARIMA or several (its members), whose forecasts are averaged. It holds their parameters twice: as they
were judged, estimated before the gate's window, and as they serve, estimated on everything. Its state is the series
that the members' filters have seen; ``with_data`` renews it and leaves the parameters as they are.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "MAX_HORIZON",
    "MAX_OBSERVATIONS",
    "MODEL_FILE",
    "SERIES_FILE",
    "Alarm",
    "Arima",
    "Filtered",
    "Fit",
    "Forecaster",
    "Kept",
    "State",
    "UnfitObservationError",
    "arima",
    "interval",
    "iso_dates",
    "modelled",
    "point_forecast",
    "rescaled",
]

Array = npt.NDArray[np.float64]

MODEL_FILE = "model.json"
SERIES_FILE = "series.csv"
MAX_HORIZON = 1000
_COLUMNS = ("date", "value", "horizon")  # of a request
MAX_OBSERVATIONS = 10_000  # in one request, and steps from the model's newest observation to the request's
# 1: one ARIMA, filtered in the data's own unit; 2: in units of its innovations; 3: members, and two fits.
_FORMATS = (_IN_DATA_UNIT, _ONE_ARIMA, _FORMAT) = 1, 2, 3
_REFERENCE_TOLERANCE = 1e-6  # relative; the libraries' own rounding lies far below it
_WEEKDAYS, _OPEN_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "C"  # pandas' name forgets which
_EQUAL = 1e-6  # relative; within it a value that is sent again is the one that is known

# Intervals are widened where the newest one-step errors passed the normal's bounds more often than they should.
_LATELY = 112  # errors that are counted
_AS_NORMAL = 20  # errors that the normal's own bounds count for beside them
_WIDEST = 2.0

_KEPT_STATES = 40  # of one member; of more, the covariance would be most of the model
_DIGITS = 15  # of a state's numbers; the rest is the libraries' own rounding
_ANSWERS, _ANSWER_CELLS = 64, 5000  # forecasts that are remembered, and the size of the largest
_DIFFUSE = 1e4  # times the last one-step variance: the filter knows nothing yet

# Bounds of the alarm, in standard deviations of the one-step forecast.
_MEDIAN_BOUND, _SINGLE_BOUND = 4.0, 12.0
_FIRST_ZERO_BOUND = 4.0  # of a zero where there was none before: what a dead feed delivers, and a total of nothing
_FARTHER = 1.5  # times what was accepted lately: after a shift that is right, its rows lie about as far each day
# A run of equal values is an alarm when it is more than twice as long as any before, and longer than this: measured,
# "longer than any before" alarms at 9 % of clean looks. Of zeros, which a dead feed delivers, fewer are enough.
_LONGER, _SHORTEST_RUN, _SHORTEST_ZEROS = 2, 4, 3


@dataclass(frozen=True)
class Arima:
    """One ARIMA with known parameters.

    Args:
        order: (p, d, q).
        seasonal_order: (P, D, Q, s).
        trend: as statsmodels' ``ARIMA``; None for its default.
        log: whether the logarithm of the values is modelled.
        params: the parameters by statsmodels' names, in its order.
    """

    order: tuple[int, int, int]
    seasonal_order: tuple[int, int, int, int]
    trend: str | None
    log: bool
    params: Mapping[str, float]

    def filtered(self, values: pd.Series[float], *, in_data_unit: bool = False) -> Filtered:
        """The member's state after ``values`` (missing ones NaN), and its one-step forecasts of them.

        In units of the innovations: statsmodels' filter has absolute constants, so in the data's own unit a factor of
        1,000 would change forecasts. Models of format 1 were filtered ``in_data_unit``.
        """
        from statsmodels.tsa.statespace import kalman_filter as memory

        unit = 1.0 if in_data_unit else self.unit
        model = self.model(values, unit)
        model.ssm.set_conserve_memory(_unread() | memory.MEMORY_NO_PREDICTED)
        # Nobody reads the parameters' covariance, which would take four more passes.
        results = model.filter(list(rescaled(self.params, 1 / unit).values()), cov_type="none")
        return Filtered(results, unit, self.log)

    def states(self, values: pd.Series[float], first: int, *, in_data_unit: bool = False) -> States:
        """The member's state before each of ``values`` from position ``first`` on.

        Those before are filtered without keeping theirs: a covariance has k^2 numbers, and there is one an observation.
        The others follow from the last, as ``extend`` of statsmodels has it.
        """
        before = self.filtered(values.iloc[:first], in_data_unit=in_data_unit)
        newer = modelled(values.iloc[first:], log=self.log) / before.unit
        model = before.results.model.clone(newer, trend_offset=first + 1, validate_specification=False)
        reached = before.results.filter_results
        state, spread = reached.predicted_state[:, -1], reached.predicted_state_cov[:, :, -1]
        model.ssm.initialize_known(state, spread)
        model.ssm.set_conserve_memory(_unread())
        model.ssm.loglikelihood_burn = max(int(before.results.loglikelihood_burn) - first, 0)
        after = Filtered(model.filter(before.results.params, cov_type="none"), before.unit, self.log, before)
        return States(after.results, first, before.unit, self.log, after.standardised_errors())

    def model(self, values: pd.Series[float], unit: float) -> Any:
        """statsmodels' model of the values, in that unit; its parameters must be those that are known."""
        self.require_names()
        return arima(modelled(values, log=self.log) / unit, self.order, self.seasonal_order, self.trend)

    def require_names(self) -> None:
        """Refuse parameters that are not those of the order, in statsmodels' order."""
        (p, d, q), (sp, sd, sq, season) = self.order, self.seasonal_order
        lags = {"ar.L": (p, 1), "ma.L": (q, 1), "ar.S.L": (sp, season), "ma.S.L": (sq, season)}
        trend = {"n": [], "c": ["const"], "t": ["x1"], "ct": ["const", "x1"]}
        names = list(trend[self.trend or ("n" if d + sd else "c")])
        names += [f"{kind}{step * lag}" for kind, (most, step) in lags.items() for lag in range(1, most + 1)]
        if list(self.params) != [*names, "sigma2"]:
            raise ValueError(f"parameters {list(self.params)} are not those of this order: {[*names, 'sigma2']}")

    @property
    def unit(self) -> float:
        """The standard deviation of the innovations, in which it is filtered."""
        return math.sqrt(self.params.get("sigma2", 1.0)) or 1.0

    @property
    def size(self) -> int:
        """How many states its filter has."""
        (p, d, q), (sp, sd, sq, season) = self.order, self.seasonal_order
        return max(p + sp * season, q + sq * season + 1) + d + sd * season

    def ahead(self, state: State, seen: int, steps: int) -> tuple[Array, Array]:
        """Forecast from a state: mean and variance on the scale that is modelled, each of shape (steps,).

        Args:
            state: predicted for the first step, in units of the innovations.
            seen: how many observations came before it, missing ones included.
            steps: how many.
        """
        observed, transition, shocks = self._system()
        noise = np.outer(shocks, shocks) * self.params["sigma2"] / self.unit**2
        expected, covariance = state.mean, state.covariance
        mean, variance = np.empty(steps), np.empty(steps)
        for step in range(steps):
            mean[step], variance[step] = observed @ expected, observed @ covariance @ observed
            expected, covariance = transition @ expected, transition @ covariance @ transition.T + noise
        trend = self.params.get("const", 0.0) + self.params.get("x1", 0.0) * np.arange(seen + 1, seen + steps + 1)
        return self.unit * mean + trend, self.unit**2 * variance

    def _system(self) -> tuple[Array, Array, Array]:
        """What is observed of the state, how it moves on, and how shocks enter it, as statsmodels' SARIMAX orders it.

        First the levels that differences are summed to, then those of the seasonal ones, then the ARMA's own.
        """
        (_, d, _), (_, sd, _, season) = self.order, self.seasonal_order
        size, differenced = self.size, d + sd * season
        observed, transition, shocks = np.zeros(size), np.eye(size, k=1), np.zeros(size)
        observed[:d] = observed[differenced] = 1.0
        transition[:differenced] = 0.0
        transition[:d, :d] = np.triu(np.ones((d, d)))
        transition[:d, differenced] = 1.0
        for cycle in range(sd):
            start, end = d + cycle * season, d + (cycle + 1) * season
            observed[end - 1] = transition[:d, end - 1] = 1.0
            transition[start:end, start:end] = np.eye(season, k=-1)
            transition[start, [end - 1, differenced]] = 1.0
            if cycle < sd - 1:
                transition[start, end + season - 1] = 1.0
        ar, ma = -self._polynomial("ar", -1)[1:], self._polynomial("ma", 1)
        transition[differenced : differenced + len(ar), differenced] += ar
        shocks[differenced : differenced + len(ma)] = ma
        return observed, transition, shocks

    def _polynomial(self, kind: Literal["ar", "ma"], sign: int) -> Array:
        """The coefficients of the lag polynomial, the seasonal one multiplied in, from that of lag 0 on."""
        place = 0 if kind == "ar" else 2
        factors = {f"{kind}.L": self.order[place], f"{kind}.S.L": self.seasonal_order[place] * self.seasonal_order[3]}
        found = np.ones(1)
        for prefix, degree in factors.items():
            coefficients = [sign * self.params.get(f"{prefix}{lag}", 0.0) for lag in range(1, degree + 1)]
            found = np.convolve(found, [1.0, *coefficients])
        return found


@dataclass(frozen=True, eq=False)
class State:
    """What a member's filter expects of the step after the newest observation, in units of its innovations.

    Args:
        mean: of the state, shape (k,).
        covariance: of the state, shape (k, k).
    """

    mean: Array
    covariance: Array


@dataclass(frozen=True, eq=False)
class Kept:
    """The members' states as they were written down, and the very objects that they are of.

    Args:
        fit: whose members they are.
        values: after which they are.
        states: one for each member.
        errors: the newest absolute one-step errors in standard deviations, the mean of the members', as many as count.
    """

    fit: Fit
    values: pd.Series[float]
    states: tuple[State, ...]
    errors: Array


@dataclass(frozen=True)
class States:
    """A member's states before the observations from position ``first`` on, on the scale that is modelled, in ``unit``.

    ``errors`` are the standardised one-step errors of all observations, shape (n,).
    """

    results: Any
    first: int
    unit: float
    log: bool
    errors: Array


@dataclass(frozen=True)
class Filtered:
    """statsmodels' filter results of one member, on the scale that is modelled, in ``unit``.

    Where they start from a state, ``before`` has those of the observations that lead to it.
    """

    results: Any
    unit: float
    log: bool
    before: Filtered | None = None

    def ahead(self, steps: int) -> tuple[Array, Array]:
        """Mean and variance of the forecast on the scale that is modelled, each of shape (steps,)."""
        prediction = self.results.get_forecast(steps)
        mean = self.unit * np.asarray(prediction.predicted_mean, dtype=float)
        return mean, self.unit**2 * np.asarray(prediction.var_pred_mean, dtype=float)

    def newest(self) -> State:
        """The state predicted for the step after the newest observation."""
        found = self.results.filter_results
        mean, covariance = found.predicted_state[..., -1], found.predicted_state_cov[..., -1]
        return State(_rounded(mean), _rounded((covariance + covariance.T) / 2))

    def one_step_means(self) -> Array:
        """The forecast of each observation from those before, on the scale of the data, shape (n,); NaN at first."""
        mean = self.unit * self._whole("forecasts")
        settled = np.where(self._unsettled, np.nan, mean)
        return np.exp(settled) if self.log else settled

    def standardised_errors(self) -> Array:
        """One-step errors over their standard deviations, shape (n,); NaN before the filter has found its level."""
        return np.where(self._unsettled, np.nan, self._whole("standardized_forecasts_error"))

    def _whole(self, name: str) -> Array:
        """What the filter has said of each observation, shape (n,)."""
        found = np.ravel(np.asarray(getattr(self.results.filter_results, name), dtype=float))
        return found if self.before is None else np.concatenate([self.before._whole(name), found])

    @property
    def _unsettled(self) -> npt.NDArray[np.bool_]:
        """Where the forecast still comes from nothing: at first, and where a season's value was missing so far."""
        variance, first = self._whole("forecasts_error_cov"), self.before or self
        early = np.arange(len(variance)) < int(first.results.loglikelihood_burn)
        newest = variance[self._whole("nmissing") == 0][-1]  # a missing one has none
        unknown: npt.NDArray[np.bool_] = early | (variance > _DIFFUSE * newest)
        return unknown


@dataclass(frozen=True)
class Fit:
    """Members' parameters, all estimated from the same observations.

    Args:
        members: whose forecasts are averaged.
        estimated_through: ISO date of the last observation that the estimation has seen.
        converged: whether the optimiser reported convergence for every member.
        start_gap: log-likelihood by which its starts ended apart, the largest of all members; None if not known.
    """

    members: tuple[Arima, ...]
    estimated_through: str
    converged: bool
    start_gap: float | None = None


@dataclass(frozen=True)
class Alarm:
    """Why the newest rows cannot be what the model forecast: a fault in the data, or a break."""

    rule: Literal["first_zero", "median_error", "single_error", "constant_run"]
    value: float
    threshold: float
    date: str

    def __str__(self) -> str:
        """One sentence."""
        if self.rule == "constant_run":
            run = f"the last {self.value:.0f} values, to {self.date}, are all the same"
            return f"{run}; at most {self.threshold:.0f} in a row are plausible"
        lies = f"{self.value:.1f} standard deviations or more from the one-step forecast"
        bound = f"at most {self.threshold:g} is plausible"
        if self.rule == "first_zero":
            return f"the value of {self.date} is 0, which none was before, and lies {lies}; {bound}"
        if self.rule == "single_error":
            return f"the value of {self.date} lies {lies}; {bound}"
        return f"half of the newest values, to {self.date}, lie {lies}; {bound}"


class UnfitObservationError(ValueError):
    """An observation that cannot follow the model's own; the message says why."""

    def __init__(self, date: pd.Timestamp, what: str) -> None:
        super().__init__(what)
        self.date = date


@dataclass(frozen=True)
class Forecaster:
    """ARIMAs with known parameters, their states filtered up to the newest observation.

    Args:
        judged: the parameters that the gate scores, estimated before its window.
        values: all observations, shape (n,), NaN where one is missing, with a regular DatetimeIndex.
        served: the parameters that forecast, estimated on everything; None where the judged ones serve.
        interpolated: ISO dates whose values were filled in, and are not scored.
        horizon: steps forecast unless asked otherwise.
        levels: interval levels in percent unless asked otherwise.
        in_data_unit: whether it is filtered in the data's own unit, as models of format 1 were.
        calibrated: whether intervals are widened by the errors of late; the first models had the normal's.
        trained_through: ISO date of the newest observation that training was given; None where the values end with it.
        kept: the state that the files hold; it counts for nothing where fit or values are others than those it is of.
    """

    judged: Fit
    values: pd.Series[float]
    served: Fit | None = None
    interpolated: tuple[str, ...] = ()
    horizon: int = 14
    levels: tuple[int, ...] = (80, 95)
    in_data_unit: bool = False
    trained_through: str | None = None
    calibrated: bool = False
    kept: Kept | None = field(default=None, compare=False, repr=False)

    @property
    def fit(self) -> Fit:
        """The parameters that forecast."""
        return self.served or self.judged

    @property
    def frequency(self) -> str:
        """Pandas' name of the series' frequency; of open weekdays, for which pandas has none, e.g. ``Mon Tue Sat``."""
        freq: Any = cast(pd.DatetimeIndex, self.values.index).freq
        return str(freq.weekmask if freq.freqstr == _OPEN_WEEKDAYS else freq.freqstr)

    @property
    def observed(self) -> pd.Series[float]:
        """The values that may be scored: NaN where one is missing or was filled in."""
        if not self.interpolated:
            return self.values
        filled = np.isin(iso_dates(self.values.index), self.interpolated)
        return self.values.where(~filled)

    @property
    def known_through(self) -> pd.Timestamp:
        """The date to which training knew the series; a wrong one, corrected since in the state, does not count."""
        end: pd.Timestamp = pd.DatetimeIndex(self.values.index)[-1]
        return min(end, pd.Timestamp(self.trained_through)) if self.trained_through else end

    def as_judged(self) -> Forecaster:
        """The same model with the parameters that the gate scores."""
        return replace(self, served=None)

    def with_data(self, values: pd.Series[float], interpolated: tuple[str, ...] = ()) -> Forecaster:
        """The same parameters, with the state that these observations give."""
        through = self.trained_through or iso_dates(self.values.index[-1:])[0]
        return replace(self, values=values, interpolated=interpolated, trained_through=through)

    @cached_property
    def filters(self) -> tuple[Filtered, ...]:
        """Each member's state after all observations."""
        return tuple(member.filtered(self.values, in_data_unit=self.in_data_unit) for member in self.fit.members)

    def states(self, first: int) -> Iterator[States]:
        """Each member's states before the observations from position ``first`` on, from which it forecasts as of then.

        One after the other, since all together may be more than memory holds.
        """
        for member in self.fit.members:
            yield member.states(self.values, first, in_data_unit=self.in_data_unit)

    def forecast(self, horizon: int | None = None, levels: tuple[int, ...] | None = None) -> pd.DataFrame:
        """Forecast after the newest observation: the mean of the members' forecasts and bounds.

        Returns:
            ``horizon`` rows with columns ``date`` (ISO text), ``mean``, and ``lower_L``, ``upper_L`` for each level L.
        """
        steps = self.horizon if horizon is None else horizon
        chosen = self.levels if levels is None else levels
        known = self._answers.get((steps, chosen))
        if known is None:
            known = self._forecast(steps, chosen)
            if len(self._answers) < _ANSWERS and known.size <= _ANSWER_CELLS:
                self._answers[steps, chosen] = known
        return known.copy()

    @cached_property
    def _answers(self) -> dict[tuple[int, tuple[int, ...]], pd.DataFrame]:
        """Forecasts given before, by steps and levels: a model that never changes gives them again."""
        return {}

    def _forecast(self, steps: int, levels: tuple[int, ...]) -> pd.DataFrame:
        widths = {level: float(width[0]) for level, width in self._newest_widths(levels).items()}
        ahead = zip(self.fit.members, self._ahead(steps), strict=True)
        found = [_bounds(*moments, widths, log=member.log) for member, moments in ahead]
        index = cast(pd.DatetimeIndex, self.values.index)
        dates = iso_dates(pd.date_range(index[-1], periods=steps + 1, freq=index.freq)[1:])
        table = {"date": dates} | {name: sum(one[name] for one in found) / len(found) for name in found[0]}
        return pd.DataFrame(table)

    def _ahead(self, steps: int) -> list[tuple[Array, Array]]:
        """Each member's mean and variance."""
        if not self._is_kept:
            return [member.ahead(steps) for member in self.filters]
        members = zip(self.fit.members, self._now.states, strict=True)
        return [member.ahead(state, len(self.values), steps) for member, state in members]

    @property
    def _is_kept(self) -> bool:
        """Whether it forecasts from states that are written down; where they are large, from the filters' own."""
        return not self.in_data_unit and max(member.size for member in self.fit.members) <= _KEPT_STATES

    @cached_property
    def _now(self) -> Kept:
        """The states after the newest observation: those of the files, unless parameters or data are others by now."""
        kept = self.kept
        if kept is not None and kept.fit is self.fit and kept.values is self.values:
            return kept
        states = tuple(member.newest() for member in self.filters)
        errors = self._newest_errors() if self.calibrated else np.empty(0)
        return Kept(self.fit, self.values, states, errors)

    def _newest_errors(self) -> Array:
        """As many absolute one-step errors in standard deviations as intervals are widened by."""
        return _rounded(_newest(np.abs(self.standardised_errors()), _LATELY))

    def reference(self) -> dict[str, list[Any]]:
        """The forecast that every copy of this model must give: the default one, by columns of plain values."""
        return {str(column): values.tolist() for column, values in self.forecast().items()}

    def standardised_errors(self) -> Array:
        """One-step errors in standard deviations, the mean of the members', shape (n,); NaN where none is observed."""
        return self._of_observed([member.standardised_errors() for member in self.filters])

    def widths(
        self, levels: tuple[int, ...], origins: npt.NDArray[np.intp], errors: list[Array]
    ) -> dict[int, npt.NDArray[np.float64]]:
        """How many times as wide as the normal's each interval is, shape (origins,), at least 1.

        At an origin, the empirical quantile of the newest absolute one-step errors before it over the normal's, shrunk
        towards 1: as split conformal prediction does (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random
        World, 2005), on errors in standard deviations. It never narrows: the newest may be calm by chance.

        Args:
            levels: in percent.
            origins: numbers of observations known.
            errors: each member's standardised one-step errors, shape (n,).
        """
        if not self.calibrated:
            return {level: np.ones(len(origins)) for level in levels}
        return _widths(levels, origins, np.abs(self._of_observed(errors)))

    def _newest_widths(self, levels: tuple[int, ...]) -> dict[int, Array]:
        """Those of a forecast after the newest observation."""
        if not self.calibrated:
            return {level: np.ones(1) for level in levels}
        errors = self._now.errors if self._is_kept else self._newest_errors()
        return _widths(levels, np.array([len(errors)]), errors)

    def _of_observed(self, errors: list[Array]) -> Array:
        """The mean of the members' errors; NaN where nothing was observed."""
        known = np.isfinite(np.asarray(self.observed, dtype=float))
        return np.where(known, np.mean(errors, axis=0), np.nan)

    def one_step_errors(self) -> Array:
        """Value minus one-step forecast, the mean of the members', in the data's unit, shape (n,)."""
        means: Array = np.mean([member.one_step_means() for member in self.filters], axis=0)
        return np.asarray(self.observed, dtype=float) - means

    def alarm(self, accepted: int, revised: npt.NDArray[np.bool_] | None = None) -> Alarm | None:
        """Whether the newest rows are implausible, by the one rule that training, renewal and requests share.

        Args:
            accepted: how many rows, from the first on, were in the state before; those after them are newer.
            revised: which rows have another value than in the state before, shape (n,): they are looked at as newer
                ones are.
        """
        known = np.asarray(self.observed, dtype=float)
        newer = np.arange(len(known)) >= accepted
        if revised is not None:
            newer |= revised
        if not newer.any():
            return None
        errors = np.abs(self.standardised_errors())
        return self._first_zero(known, errors, newer) or self._far_off(errors, newer) or self._stuck(known, newer)

    def _first_zero(self, known: Array, errors: Array, newer: npt.NDArray[np.bool_]) -> Alarm | None:
        """A newer zero that was not to be expected, in a series that had none."""
        if (known[~newer] == 0).any():
            return None
        rows = np.flatnonzero(newer & (known == 0) & (errors > _FIRST_ZERO_BOUND))
        if not len(rows):
            return None
        return Alarm("first_zero", float(errors[rows[0]]), _FIRST_ZERO_BOUND, self._date_of(rows[0]))

    def _far_off(self, errors: Array, newer: npt.NDArray[np.bool_]) -> Alarm | None:
        """A newer row far from its forecast, or many; not where rows that were accepted lately lie as far."""
        rows = np.flatnonzero(newer & ~np.isnan(errors))
        if not len(rows):
            return None
        lately = _newest(errors[~newer], self.horizon)
        worst, single = rows[np.argmax(errors[rows])], max(_SINGLE_BOUND, *(_FARTHER * lately), 0.0)
        if errors[worst] > single:
            return Alarm("single_error", float(errors[worst]), single, self._date_of(worst))
        median = max(_MEDIAN_BOUND, _FARTHER * float(np.median(lately)) if len(lately) else 0.0)
        if (middle := float(np.median(_newest(errors, self.horizon)))) > median:
            return Alarm("median_error", middle, median, self._date_of(rows[-1]))
        return None

    def _stuck(self, known: Array, newer: npt.NDArray[np.bool_]) -> Alarm | None:
        """A run of equal values at the end that is much longer than any before; accepted rows may be part of it."""
        rows = np.flatnonzero(~np.isnan(known))
        values = known[rows]
        *runs, (last, run) = [(value, len(list(group))) for value, group in groupby(values.tolist())]
        unaccepted = int(np.sum(newer[rows][-run:]))
        if not unaccepted:
            return None
        longest = max((length for value, length in runs if last != 0 or value == 0), default=0)
        bound = max(_LONGER * longest, _SHORTEST_ZEROS if last == 0 else _SHORTEST_RUN)
        if run - unaccepted > bound:  # a person has accepted it so far
            bound = _LONGER * (run - unaccepted)
        return Alarm("constant_run", float(run), float(bound), self._date_of(rows[-1])) if run > bound else None

    def _date_of(self, row: np.intp) -> str:
        """The ISO date of one row, as long as those of all."""
        index = pd.DatetimeIndex(self.values.index)
        return _date_text(index[int(row)], whole_day=_of_whole_days(index))

    def predict(self, model_input: object = None, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """MLflow's pyfunc interface: ``horizon`` and ``levels`` are parameters.

        A table may give newer observations in columns ``date`` (ISO) and ``value`` (missing ones null), after the last
        of which the forecast starts, and ``horizon`` in a constant column, for servers that pass no parameters on.
        Nothing of it is kept.

        Raises:
            ValueError: for a column of another name, a horizon or level out of range, or a row that does not fit, by
                its number.
        """
        _require_known_columns(model_input)
        asked: dict[str, Any] = {"horizon": self.horizon, "levels": self.levels} | dict(params or {})
        current = self
        if isinstance(model_input, pd.DataFrame) and not model_input.empty:
            current = self._after(model_input)
            if "horizon" in model_input:
                asked["horizon"] = _constant(model_input["horizon"])
        return current.forecast(_checked_horizon(asked["horizon"]), _checked_levels(np.ravel(asked["levels"]).tolist()))

    def _after(self, rows: pd.DataFrame) -> Forecaster:
        """This model with the state that the request's rows lead to; itself where they hold no observations."""
        if "date" not in rows and "value" not in rows:
            if len(rows) > 1:
                raise ValueError(f"one row asks for one forecast, not {len(rows)}")
            return self
        if "date" not in rows or "value" not in rows:
            raise ValueError("observations need both columns, date and value")
        if len(rows) > MAX_OBSERVATIONS:
            raise ValueError(f"{len(rows)} rows are more than the {MAX_OBSERVATIONS} that one request may hold")
        numbers, sent = _observations(rows)
        try:
            return self.extended(sent)
        except UnfitObservationError as error:
            row = numbers.get(error.date)
            raise ValueError(f"row {row}: {error}" if row else str(error)) from error

    def extended(self, observations: pd.Series[float]) -> Forecaster:
        """The same parameters, with the state that newer observations lead to.

        Args:
            observations: by date, NaN where one is missing. What overlaps with the model's own must be equal to them.

        Raises:
            UnfitObservationError: for the first that does not fit, or that is implausible.
        """
        renewed = self.with_data(self._joined(observations), self.interpolated)
        if alarm := renewed.alarm(len(self.values)):
            raise UnfitObservationError(pd.Timestamp(alarm.date), f"{alarm}; nothing was forecast from it")
        return renewed

    def _joined(self, observations: pd.Series[float]) -> pd.Series[float]:
        """The model's observations and the newer ones, on one grid."""
        index = cast(pd.DatetimeIndex, self.values.index)
        newer = _newer_dates(index, pd.DatetimeIndex(observations.index))
        for date, value in zip(pd.DatetimeIndex(observations.index), observations, strict=True):
            if date not in newer:
                self._require_known(date, value)
        ahead = observations.reindex(newer)
        if any(member.log for member in self.fit.members) and (ahead <= 0).any():
            first = ahead[ahead <= 0].index[0]
            raise UnfitObservationError(first, f"the value {ahead[first]} of {_iso(first)} has no logarithm")
        whole = pd.date_range(index[0], periods=len(index) + len(newer), freq=index.freq, name=index.name)
        return pd.Series(np.concatenate([np.asarray(self.values), np.asarray(ahead)]), whole, name=self.values.name)

    def _require_known(self, date: pd.Timestamp, value: float) -> None:
        """Refuse an observation that is not newer, unless it is one that the model has."""
        index = cast(pd.DatetimeIndex, self.values.index)
        if date not in index:
            what = "lies before the model's data" if date < index[0] else f"is not of frequency {self.frequency}"
            raise UnfitObservationError(date, f"date {_iso(date)} {what}")
        known = float(self.values[date])
        if math.isnan(value) and _iso(date) in self.interpolated:
            return
        if not (math.isclose(value, known, rel_tol=_EQUAL) or (math.isnan(value) and math.isnan(known))):
            what = f"has the value {value}, and the model's data have {known}"
            raise UnfitObservationError(date, f"date {_iso(date)} {what}: renew the model")

    def to_files(self) -> dict[str, str]:
        """The artifact's files by name; ``from_files`` gives back an equal forecaster."""
        series = _series_text(self.values)
        document = {
            **(self._old_document() if self.in_data_unit else self._document()),
            "interpolated": self.interpolated,
            "trained_through": self.trained_through,
            "calibrated": self.calibrated,
            "horizon": self.horizon,
            "levels": self.levels,
            "frequency": self.frequency,
            "series_sha256": hashlib.sha256(series.encode()).hexdigest(),
            "reference_forecast": self.reference(),
            "versions": {"python": platform.python_version()}
            | {name: version(name) for name in ("numpy", "pandas", "scipy", "statsmodels")},
        }
        return {MODEL_FILE: json.dumps(document, indent=1, allow_nan=False) + "\n", SERIES_FILE: series}

    def _document(self) -> dict[str, Any]:
        fits = {"judged": asdict(self.judged), "served": asdict(self.served) if self.served else None}
        # The last one is for a signature of the whole.
        return {"format": _FORMAT, "fits": fits, "states": self._states_document(), "signature": None}

    def _states_document(self) -> dict[str, Any] | None:
        """The state, which spares a reader the filtering; None where it would be most of the model."""
        if not self._is_kept:
            return None
        members = [
            {"mean": _digits(state.mean), "covariance": _digits(state.covariance[np.tril_indices(len(state.mean))])}
            for state in self._now.states
        ]
        return {"members": members, "errors": _digits(self._now.errors)}

    def _old_document(self) -> dict[str, Any]:
        """A model of format 1 stays one when its state is renewed: it forecasts in the data's unit."""
        (member,) = self.judged.members
        through, converged = self.judged.estimated_through, self.judged.converged
        return {"format": _IN_DATA_UNIT, **asdict(member), "estimated_through": through, "converged": converged}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> Forecaster:
        """Rebuild a forecaster and prove that it forecasts as it did when it was written.

        Raises:
            ValueError: when a file is missing, malformed, altered, or the reference forecast is not met.
        """
        try:
            document, series = json.loads(files[MODEL_FILE]), files[SERIES_FILE]
            judged, served = _read_fits(document)
            _require_types(document, _SHARED_FIELDS)
            if hashlib.sha256(series.encode()).hexdigest() != document["series_sha256"]:
                raise ValueError(f"{SERIES_FILE} is not the one it was written with")
            since_3 = document if document["format"] == _FORMAT else {**_BEFORE_3, **document}
            forecaster = cls(
                judged=judged,
                served=served,
                values=_series_values(series, document["frequency"], (judged, served or judged)),
                interpolated=tuple(map(str, since_3["interpolated"])),
                horizon=_checked_horizon(document["horizon"]),
                levels=_checked_levels(document["levels"]),
                in_data_unit=document["format"] == _IN_DATA_UNIT,
                trained_through=_optional_date(since_3["trained_through"]),
                calibrated=_checked_flag(document.get("calibrated", False)),
            )
            for fit in filter(None, (judged, served)):
                _require_names(fit)
            if since_3.get("states") is not None:
                forecaster = replace(forecaster, kept=_read_kept(since_3["states"], forecaster))
            forecaster._require_reference(document["reference_forecast"])
        except json.JSONDecodeError as error:
            raise ValueError(f"{MODEL_FILE} is not JSON ({error})") from error
        except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise ValueError(f"{MODEL_FILE} does not describe a model ({type(error).__name__}: {error})") from error
        return forecaster

    def _require_reference(self, reference: Mapping[str, Any]) -> None:
        rebuilt = self.forecast()
        if list(rebuilt.columns) != list(reference) or rebuilt["date"].tolist() != reference["date"]:
            raise ValueError("the rebuilt forecast has other dates or columns than the reference forecast")
        for column in rebuilt.columns.drop("date"):
            expected = np.asarray(reference[column], dtype=float)
            if not np.allclose(rebuilt[column], expected, rtol=_REFERENCE_TOLERANCE, atol=0.0):
                gap = float(np.max(np.abs(rebuilt[column] - expected)))
                raise ValueError(f"the rebuilt forecast misses the reference in {column} by up to {gap:.3g}")


def _require_names(fit: Fit) -> None:
    """Refuse parameters that are not those of their orders; the reference forecast proves only what serves."""
    for member in fit.members:
        member.require_names()


def _unread() -> int:
    """What nobody reads of statsmodels' filter, which then keeps none of it."""
    from statsmodels.tsa.statespace import kalman_filter as memory

    unread: int = memory.MEMORY_NO_FILTERED | memory.MEMORY_NO_GAIN
    unread |= memory.MEMORY_NO_LIKELIHOOD | memory.MEMORY_NO_SMOOTHING
    return unread


def _newest(errors: Array, rows: int) -> Array:
    """The newest errors that there are."""
    return errors[~np.isnan(errors)][-rows:]


def arima(
    values: pd.Series[float],
    order: tuple[int, int, int],
    seasonal_order: tuple[int, int, int, int],
    trend: str | None,
    **how: Any,
) -> Any:
    """statsmodels' model of values on the scale that is modelled."""
    from statsmodels.tsa.arima.model import ARIMA

    return ARIMA(values, order=order, seasonal_order=seasonal_order, trend=trend, **how)


def modelled(values: pd.Series[float], *, log: bool) -> pd.Series[float]:
    """The values on the scale that is modelled: as they are, or their logarithms."""
    return cast("pd.Series[float]", np.log(values)) if log else values


def rescaled(params: Mapping[str, float], factor: float) -> dict[str, float]:
    """The parameters, by statsmodels' names, of the same model for values that are ``factor`` times as large."""

    def power(name: str) -> int:
        if name.startswith(("ar.", "ma.")):
            return 0
        return 2 if name == "sigma2" else 1  # the rest are coefficients of the trend

    return {name: float(value * factor ** power(name)) for name, value in params.items()}


def point_forecast(mean: Array, variance: Array, *, log: bool) -> Array:
    """The expected value on the scale of the data: of a normal, or of a log-normal, ``exp(mean + variance / 2)``."""
    return np.exp(mean + variance / 2) if log else mean


def interval(mean: Array, variance: Array, level: int, *, log: bool, width: float | Array = 1.0) -> tuple[Array, Array]:
    """The central interval of ``level`` percent on the scale of the data, from a normal on the modelled scale.

    ``width`` times as wide there.
    """
    half = width * _quantile(level) * np.sqrt(variance)
    lower, upper = mean - half, mean + half
    return (np.exp(lower), np.exp(upper)) if log else (lower, upper)


def _bounds(mean: Array, variance: Array, widths: Mapping[int, float], *, log: bool) -> dict[str, Array]:
    """Columns ``mean``, ``lower_L`` and ``upper_L`` of a member's forecast, on the scale of the data.

    Args:
        mean: on the scale that is modelled, shape (steps,).
        variance: likewise.
        widths: for each level L, how many times as wide as the normal's its interval is on the modelled scale.
        log: whether the logarithm is modelled.
    """
    found = {"mean": point_forecast(mean, variance, log=log)}
    for level, width in widths.items():
        bounds = interval(mean, variance, level, log=log, width=width)
        found[f"lower_{level}"], found[f"upper_{level}"] = bounds
    return found


def _quantile(level: int) -> float:
    """Standard deviations from the middle of a normal within which ``level`` percent lie."""
    return NormalDist().inv_cdf(0.5 + level / 200)


def _widths(levels: tuple[int, ...], origins: npt.NDArray[np.intp], errors: Array) -> dict[int, Array]:
    """The rule of ``Forecaster.widths``, from absolute errors, NaN where there are none."""
    finite = np.isfinite(errors)
    before = np.concatenate([[0], np.cumsum(finite)])[origins]
    padded = np.concatenate([np.full(_LATELY, np.nan), errors[finite]])
    newest = padded[before[:, None] + np.arange(_LATELY)]
    counts = np.minimum(before, _LATELY)
    found = {}
    for level in levels:
        share = level / 100
        whole = counts.min() == _LATELY
        seen = np.quantile(newest, share, axis=1) if whole else _quantiles(newest, share, _quantile(level))
        found[level] = np.clip((counts * seen / _quantile(level) + _AS_NORMAL) / (counts + _AS_NORMAL), 1.0, _WIDEST)
    return found


def _quantiles(rows: Array, share: float, of_none: float) -> Array:
    """The quantile of each row's numbers; ``of_none`` where it has none."""
    found = [np.quantile(row[~np.isnan(row)], share) if not np.isnan(row).all() else of_none for row in rows]
    return np.array(found, dtype=float)


def iso_dates(index: pd.Index) -> list[str]:
    """Dates as ISO text, with the time of day only where there is one."""
    dates = pd.DatetimeIndex(index)
    whole_days = _of_whole_days(dates)
    return [_date_text(stamp, whole_day=whole_days) for stamp in dates]


def _date_text(stamp: pd.Timestamp, *, whole_day: bool) -> str:
    return stamp.date().isoformat() if whole_day else stamp.isoformat()


def _of_whole_days(dates: pd.DatetimeIndex) -> bool:
    return bool((dates == dates.normalize()).all())


# Reading a request.


def _checked_horizon(horizon: object) -> int:
    if isinstance(horizon, bool) or not isinstance(horizon, (int, np.integer)) or not 1 <= horizon <= MAX_HORIZON:
        raise ValueError(f"horizon must be a whole number from 1 to {MAX_HORIZON}, not {horizon!r}")
    return int(horizon)


def _checked_levels(levels: list[Any]) -> tuple[int, ...]:
    if not levels or not all(_is_number(level) and 1 <= level <= 99 and level == int(level) for level in levels):
        raise ValueError(f"levels must be whole percentages from 1 to 99, not {levels!r}")
    return tuple(dict.fromkeys(int(level) for level in levels))


def _require_known_columns(model_input: object) -> None:
    """Refuse a misspelt column, which would otherwise be answered by the default forecast."""
    if model_input is None:
        return
    table = model_input if isinstance(model_input, pd.DataFrame) else pd.DataFrame(cast(Any, model_input))
    names = list(table.columns)
    if unknown := [f"{name!r:.40}" for name in names if name not in _COLUMNS]:
        shown, more = ", ".join(unknown[:5]), f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise ValueError(f"unknown columns {shown}{more}; this model knows {', '.join(_COLUMNS)}")


def _constant(horizons: pd.Series[Any]) -> object:
    """The one horizon that all rows ask for."""
    first, *others = horizons.drop_duplicates().tolist()
    if others:
        raise ValueError(f"column horizon holds {first!r} and {others[0]!r}: one request asks for one forecast")
    return first


def _observations(rows: pd.DataFrame) -> tuple[dict[pd.Timestamp, int], pd.Series[float]]:
    """Row number (from 1) and value of each date, each read strictly."""
    numbers: dict[pd.Timestamp, int] = {}
    values: list[float] = []
    for row, (text, cell) in enumerate(zip(rows["date"], rows["value"], strict=True), start=1):
        date = _date(row, text)
        values.append(_value(row, cell))
        if date in numbers:
            raise ValueError(f"row {row}: date {text} stands in row {numbers[date]} already")
        numbers[date] = row
    return numbers, pd.Series(values, pd.DatetimeIndex(list(numbers)))


def _date(row: int, cell: object) -> pd.Timestamp:
    refusal = f"row {row}: date {cell!r:.40} is no ISO date without timezone, such as 2014-05-31"
    try:
        date = datetime.fromisoformat(cell) if isinstance(cell, str) else cell
        stamp = pd.Timestamp(date).as_unit("ns") if isinstance(date, datetime) else None
    except ValueError as error:  # also of a year beyond what nanoseconds can count
        raise ValueError(refusal) from error
    if stamp is None or pd.isna(stamp) or stamp.tzinfo is not None:
        raise ValueError(refusal)
    return stamp


def _value(row: int, cell: object) -> float:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return math.nan
    if not _is_number(cell) and not isinstance(cell, (np.integer, np.floating)):
        raise ValueError(f"row {row}: value {cell!r:.40} is no number; null is for a missing one")
    try:
        value = float(cast(Any, cell))
    except OverflowError:  # a whole number beyond all floats
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"row {row}: value {cell!r:.40} is not finite; null is for a missing one")
    return value


def _newer_dates(index: pd.DatetimeIndex, sent: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The grid from after the model's newest observation to the newest date that was sent."""
    newest, last, step = sent.max(), index[-1], cast(Any, index.freq)
    if newest <= last:
        return index[:0]
    # By arithmetic where it can be: a grid of seconds to a mistyped year would not fit into memory.
    too_many = isinstance(step, pd.offsets.Tick) and (newest - last).value // step.nanos > MAX_OBSERVATIONS
    try:
        grid = index[:0] if too_many else pd.date_range(last, newest, freq=step)[1:]
    except pd.errors.OutOfBoundsDatetime:  # a step beyond what nanoseconds can count
        too_many, grid = True, index[:0]
    if too_many or len(grid) > MAX_OBSERVATIONS:
        what = f"date {_iso(newest)} lies more than {MAX_OBSERVATIONS} steps after the model's data"
        raise UnfitObservationError(newest, what)
    return grid


def _iso(date: pd.Timestamp) -> str:
    return iso_dates(pd.DatetimeIndex([date]))[0]


# Reading the files.

_SHARED_FIELDS = {"reference_forecast": dict, "frequency": str, "series_sha256": str, "levels": list}
_FIT_FIELDS = {"members": list, "estimated_through": str, "converged": bool}
_MEMBER_FIELDS = {"order": list, "seasonal_order": list, "params": dict, "log": bool}
_BEFORE_3 = {"interpolated": (), "trained_through": None}
_TRENDS = (None, "n", "c", "t", "ct")
_MAX_LAG, _MAX_MEMBERS = 1000, 20
_MAX_STATES = 1000  # of one member's filter, whose time and memory grow with its square and cube


def _read_fits(document: Any) -> tuple[Fit, Fit | None]:
    """The judged and the served parameters; the second is None where the first serve."""
    if type(document["format"]) is not int or document["format"] not in _FORMATS:
        known = ", ".join(map(str, _FORMATS))
        raise ValueError(f"its format is {document['format']!r}; this loader reads {known}")
    if document["format"] != _FORMAT:
        return _read_fit({**document, "members": [document]}), None
    served = document["fits"]["served"]
    return _read_fit(document["fits"]["judged"]), None if served is None else _read_fit(served)


def _optional_date(text: Any) -> str | None:
    if text is not None:
        datetime.fromisoformat(text)
    return cast("str | None", text)


def _checked_flag(flag: Any) -> bool:
    if not isinstance(flag, bool):
        raise ValueError(f"its calibrated is {flag!r:.80}, not true or false")
    return flag


def _read_fit(document: Any) -> Fit:
    _require_types(document, _FIT_FIELDS)
    datetime.fromisoformat(document["estimated_through"])
    if not 1 <= len(document["members"]) <= _MAX_MEMBERS:
        raise ValueError(f"it has {len(document['members'])} members, not 1 to {_MAX_MEMBERS}")
    gap = document.get("start_gap")
    if gap is not None and not (_is_number(gap) and math.isfinite(gap)):
        raise ValueError(f"its start_gap is {gap!r:.80}, which is no finite number")
    members = tuple(map(_read_member, document["members"]))
    return Fit(members, document["estimated_through"], document["converged"], gap)


def _read_member(document: Any) -> Arima:
    """A member; refuses orders that would build a model beyond all memory."""
    _require_types(document, _MEMBER_FIELDS)
    if document["trend"] not in _TRENDS:
        raise ValueError(f"its trend is {document['trend']!r:.80}, not one of {_TRENDS}")
    for name, length in (("order", 3), ("seasonal_order", 4)):
        lags = document[name]
        if len(lags) != length or not all(type(lag) is int and 0 <= lag <= _MAX_LAG for lag in lags):
            raise ValueError(f"its {name} is {lags!r:.80}, not {length} whole numbers from 0 to {_MAX_LAG}")
    params = document["params"]
    if not all(_is_number(value) and math.isfinite(value) for value in params.values()):
        raise ValueError(f"its params hold a value that is no finite number: {params!r:.200}")
    (p, _, q), (sp, _, sq, _) = document["order"], document["seasonal_order"]
    if p + q + sp + sq >= len(params):
        raise ValueError(f"its {len(params)} params are too few for its order")
    _require_few_states(document["order"], document["seasonal_order"])
    order, seasonal_order = tuple(document["order"]), tuple(document["seasonal_order"])
    return Arima(order, seasonal_order, document["trend"], document["log"], params)


def _require_few_states(order: list[int], seasonal_order: list[int]) -> None:
    """Refuse what one filter pass could not get through in any sensible time or memory."""
    (p, d, q), (sp, sd, sq, season) = order, seasonal_order
    states = max(p + sp * season, q + sq * season + 1) + d + sd * season
    if states > _MAX_STATES:
        raise ValueError(f"its order {order!r} {seasonal_order!r} takes {states} states, more than {_MAX_STATES}")


def _require_types(document: Any, fields: Mapping[str, type]) -> None:
    for name, kind in fields.items():
        if not isinstance(document[name], kind):
            raise ValueError(f"its {name} is {document[name]!r:.80}, which is no {kind.__name__}")


def _read_kept(document: Any, model: Forecaster) -> Kept:
    """The states of the members that serve; the reference forecast proves what they forecast."""
    members = zip(document["members"], model.fit.members, strict=True)
    states = tuple(_read_state(one, member.size) for one, member in members)
    errors = _numbers(document["errors"], _LATELY)
    if (errors < 0).any():
        raise ValueError("its states have errors below 0")
    return Kept(model.fit, model.values, states, errors)


def _read_state(document: Any, size: int) -> State:
    mean = _numbers(document["mean"], size)
    lower = _numbers(document["covariance"], size * (size + 1) // 2)
    if len(mean) != size or len(lower) != size * (size + 1) // 2:
        raise ValueError(f"a state of it is not of the {size} numbers of its order")
    covariance = np.zeros((size, size))
    covariance[np.tril_indices(size)] = lower
    return State(mean, covariance + np.tril(covariance, -1).T)


def _digits(numbers: Array) -> str:
    return " ".join(f"{number:.{_DIGITS}g}" for number in numbers.tolist())


def _rounded(numbers: Array) -> Array:
    """What ``_digits`` writes down, so that a model forecasts alike before it is written and after it is read."""
    flat = np.asarray(numbers, dtype=float).ravel()
    return np.array([float(f"{number:.{_DIGITS}g}") for number in flat.tolist()]).reshape(np.shape(numbers))


def _numbers(text: Any, most: int) -> Array:
    words = str(text).split()
    found = np.array([float(word) for word in words], dtype=float)
    if len(found) > most or not np.isfinite(found).all():
        raise ValueError("its states hold a number that is not finite, or too many")
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _series_text(values: pd.Series[float]) -> str:
    cells = ["" if math.isnan(value) else repr(float(value)) for value in values]
    lines = [f"{date},{cell}\n" for date, cell in zip(iso_dates(values.index), cells, strict=True)]
    return "".join(["date,value\n", *lines])


def _offset(frequency: str) -> Any:
    """What pandas makes dates by: the name itself, or an offset that knows the open weekdays."""
    kind: Any = pd.offsets.CustomBusinessDay
    return kind(weekmask=frequency) if frequency[:3] in _WEEKDAYS else frequency


def _series_values(text: str, frequency: str, fits: tuple[Fit, ...]) -> pd.Series[float]:
    table = pd.read_csv(io.StringIO(text), float_precision="round_trip")
    differenced = max(m.order[1] + m.seasonal_order[1] * m.seasonal_order[3] for fit in fits for m in fit.members)
    if differenced >= len(table):
        raise ValueError(f"{SERIES_FILE} has {len(table)} rows, fewer than its order differences away")
    index = pd.DatetimeIndex(pd.to_datetime(table["date"], format="ISO8601"), freq=_offset(frequency), name="date")
    values = pd.Series(table["value"].to_numpy(dtype=float), index=index, name="value")
    if np.isinf(values).any() or values.isna().all():
        raise ValueError(f"{SERIES_FILE} holds a value that is no finite number, or none at all")
    return values


def _load_pyfunc(path: str) -> Forecaster:
    """Called by MLflow with the folder of the model's data."""
    folder = Path(path)
    return Forecaster.from_files({name: (folder / name).read_text("utf-8") for name in (MODEL_FILE, SERIES_FILE)})
