"""Production lived through by one policy: what was served on every day, and how far it was from what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pandas as pd
from policies import Policy
from retraining import Pipeline, State, Tally, Version

from forecastops.forecasting.rolling_origin import RollingForecasts, actuals, rolling_forecasts

__all__ = ["Served", "lived", "scored", "tally"]

Array = npt.NDArray[np.float64]
_ABOUT_DATA = {"comparable_data", "plausible_data"}


@dataclass(frozen=True)
class Served:
    """One policy on one stream: a tally for each retraining, until the next, and what was decided."""

    periods: tuple[Tally, ...]
    promotions: int = 0
    changes: int = 0
    decisions: int = 0
    alarms: int = 0

    @classmethod
    def of(cls, tally: Tally) -> Served:
        """A reference's, about which nothing is decided."""
        return cls((tally,))

    @property
    def total(self) -> Tally:
        """Over all periods."""
        return sum(self.periods, Tally())


@dataclass(frozen=True)
class _Production:
    """What serves; ``refused_on`` is the day from which on rows have been kept out, and ``revised`` why it may be."""

    version: Version
    state: State
    refused_on: int | None = None
    revised: bool = False
    promotions: int = 0
    changes: int = 0
    alarms: int = 0

    def refuse(self, day: int, *, revised: bool = False) -> _Production:
        """Keep rows out, and tell a person the first time."""
        first = self.refused_on is None
        return replace(
            self,
            refused_on=day if self.refused_on is None else self.refused_on,
            revised=self.revised or revised,
            alarms=self.alarms + first,
        )

    def renew(self, state: State, version: Version | None = None) -> _Production:
        """Take the rows in, under other parameters where a version is given."""
        return replace(self, version=version or self.version, state=state, refused_on=None, revised=False)

    def promote(self, version: Version, state: State) -> _Production:
        """Replace the model."""
        changed = version.specs != self.version.specs
        renewed = self.renew(state, version)
        return replace(renewed, promotions=self.promotions + 1, changes=self.changes + changed)


def lived(pipeline: Pipeline, policy: Policy) -> Served:
    """Live through the stream; the first model is promoted anyway."""
    stream = pipeline.stream
    first = pipeline.challenger(0)
    if first is None:
        raise ValueError(f"{stream.name}: the first model cannot be fitted")
    now = _Production(first.as_judged() if policy.as_judged else first, State(stream.first))
    periods = []
    for number in range(len(stream.retrainings)):
        if number:
            now = _retrained(pipeline, policy, now, number)
        version, states = now.version, []
        for day in stream.days(number):
            now = _next_day(pipeline, policy, now, day)
            states.append(now.state)
        periods.append(scored(pipeline, version, states, stream.days(number)))
    return Served(tuple(periods), now.promotions, now.changes, len(stream.retrainings) - 1, now.alarms)


def _retrained(pipeline: Pipeline, policy: Policy, now: _Production, number: int) -> _Production:
    """What a retraining makes of production."""
    day = pipeline.stream.retrainings[number]
    state = State(day, pipeline.stream.faulty(day))
    challenger = None if policy.gate == "never" else pipeline.challenger(number)
    if challenger and policy.as_judged:
        challenger = challenger.as_judged()
    failed, rejected = set[str](), False
    if challenger and policy.gate == "always":
        return now.promote(challenger, state)
    if challenger and not isinstance(policy.gate, str):
        ruling = pipeline.ruling(number, now.version, now.state, policy.gate)
        if ruling and ruling.verdict == "PROMOTE":
            return now.promote(challenger, state)
        failed = {check.name for check in ruling.checks if not check.passed} if ruling else set()
        rejected = ruling is None or ruling.verdict == "REJECT"
    if policy.on_hold == "nothing":
        return now
    if policy.guarded and (failed & _ABOUT_DATA or pipeline.refused(now.version, now.state, day)):
        return now.refuse(day, revised="comparable_data" in failed)
    refits = policy.on_hold == "refit" and (policy.refits_rejected or not rejected)
    return now.renew(state, pipeline.refitted(now.version, number) if refits else None)


def _next_day(pipeline: Pipeline, policy: Policy, now: _Production, day: int) -> _Production:
    """What a day between retrainings makes of production: a person's acceptance, or a renewal if one is due."""
    stream = pipeline.stream
    state, patience = State(day, stream.faulty(day)), stream.patience(day)
    if now.refused_on is not None and patience is not None and day - now.refused_on >= patience:
        return now.renew(state)
    since = (day - stream.first) % stream.every
    if policy.renew_every is None or since % policy.renew_every or day <= now.state.rows:
        return now
    if policy.guarded and (now.revised or pipeline.refused(now.version, now.state, day)):
        return now.refuse(day)
    return now.renew(state)


def scored(pipeline: Pipeline, version: Version, states: Sequence[State], days: Sequence[int]) -> Tally:
    """The forecasts that production gives on each day, its state being that of ``states``, against what came."""
    key = (version.name, *states, days[0])
    if key not in pipeline.tallies:
        pipeline.tallies[key] = _sum(pipeline, version, states, days)
    return pipeline.tallies[key]


def _sum(pipeline: Pipeline, version: Version, states: Sequence[State], days: Sequence[int]) -> Tally:
    total = Tally()
    pairs = list(zip(states, days, strict=True))
    for faulty, several in groupby(pairs, key=lambda pair: pair[0].faulty):
        group = list(several)
        rows, ahead = np.array([state.rows for state, _ in group]), np.array([day for _, day in group])
        total += _scored(pipeline, version, rows, ahead, faulty=faulty)
    return total


def _scored(
    pipeline: Pipeline, version: Version, rows: npt.NDArray[np.intp], days: npt.NDArray[np.intp], *, faulty: bool
) -> Tally:
    evaluation = pipeline.stream.evaluation
    origins, which = np.unique(rows, return_inverse=True)
    lags = days - rows
    longest_lag = int(lags.max())
    values = pipeline.stream.received(faulty=faulty)
    dates = pd.date_range(
        values.index[0], periods=int(rows.max()) + longest_lag + evaluation.horizon, freq=values.index.freq
    )
    whole = version.model.with_data(values.reindex(dates))
    longest = rolling_forecasts(whole, origins, longest_lag + evaluation.horizon, evaluation.levels)
    take = (which[:, None], lags[:, None] + np.arange(evaluation.horizon))
    forecasts = RollingForecasts(
        mean=longest.mean[take],
        lower={level: bound[take] for level, bound in longest.lower.items()},
        upper={level: bound[take] for level, bound in longest.upper.items()},
    )
    return tally(actuals(pipeline.stream.values, days, evaluation.horizon), forecasts)


def tally(actual: Array, forecasts: RollingForecasts) -> Tally:
    """Sums over what was observed."""
    observed = ~np.isnan(actual)
    inside = [
        int(((actual >= lower) & (actual <= forecasts.upper[level]))[observed].sum())
        for level, lower in forecasts.lower.items()
    ]
    return Tally(float(np.sum((forecasts.mean - actual)[observed] ** 2)), int(observed.sum()), tuple(inside))
