"""From lives to facts: live errors, what was deployed for them, and whether another policy was better for sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forecastops.backtesting.breaks import Break, find_breaks
from forecastops.backtesting.choices import as_options
from forecastops.backtesting.intervals import Interval, Resampled, block_length
from forecastops.backtesting.jobs import Errors, Job, Outcome, Score
from forecastops.backtesting.life import Lived
from forecastops.backtesting.policies import Policy
from forecastops.backtesting.results import (
    Backtest,
    DatedBreak,
    Decided,
    Noticed,
    PolicyFound,
    Stretch,
    Suggestion,
)
from forecastops.backtesting.stream import Stream
from forecastops.core.iso_dates import iso_date
from forecastops.data.frequency import LONG_STEPS, family
from forecastops.forecasting.rolling_origin import actuals, seasonal_naive

__all__ = ["LEVEL", "Scored", "first_errors", "scored", "summarised"]

Array = npt.NDArray[np.float64]
LEVEL = 0.95
_DAYS_A_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class Scored:
    """Forecasts against what came: of each day the sum of squares, how many values, and how many within each level."""

    squares: Array
    targets: Array
    inside: Array

    @classmethod
    def of(cls, stream: Stream, days: Sequence[int], mean: Array, inside: Array) -> Scored:
        """Score forecasts, shape (days, horizon)."""
        actual = actuals(stream.observed, np.asarray(days), stream.evaluation.horizon)
        squares = np.nansum((mean - actual) ** 2, axis=1)
        return cls(squares, (~np.isnan(actual)).sum(axis=1).astype(float), inside)

    @property
    def rmse(self) -> float:
        """Root mean square over all days; NaN where nothing was observed."""
        return float(np.sqrt(self.squares.sum() / self.targets.sum())) if self.targets.sum() else float("nan")


def scored(stream: Stream, job: Score, outcomes: Mapping[Job, Outcome]) -> Scored:
    """Return the errors of forecasts that were asked for."""
    found = outcomes[job]
    return Scored.of(stream, job.days, np.array(found["mean"]), np.array(found["inside"]))


def first_errors(life: Lived) -> Errors:
    """Return the job of filtering all rows by the first model."""
    return Errors(life.periods[0].version.text, faulty=False)


def summarised(
    stream: Stream, policies: Sequence[Policy], lives: Mapping[str, Lived], outcomes: Mapping[Job, Outcome]
) -> Backtest:
    """Return what was found; the first policy is the one that the others are compared with.

    Errors count from the first retraining on that is judged: before it every policy serves the first model.

    Args:
        stream: the past.
        policies: in the order in which they are told.
        lives: by name.
        outcomes: of every job that the lives asked for, and of ``first_errors``.
    """
    return _Summary(stream, policies, lives, outcomes).backtest()


@dataclass(frozen=True, eq=False)
class _Summary:
    stream: Stream
    policies: Sequence[Policy]
    lives: Mapping[str, Lived]
    outcomes: Mapping[Job, Outcome]

    @cached_property
    def days(self) -> list[int]:
        """The days that are scored."""
        return [day for number in range(1, len(self.stream.retrainings)) for day in self.stream.days(number)]

    @cached_property
    def years(self) -> float:
        """The time that they take."""
        index = self.stream.values.index
        return float((index[self.days[-1]] - index[self.days[0] - 1]).total_seconds() / 86_400 / _DAYS_A_YEAR)

    @cached_property
    def drawn(self) -> Resampled:
        return Resampled.of(len(self.days), self.stream.evaluation.horizon)

    @cached_property
    def breaks(self) -> tuple[Break, ...]:
        errors = self.outcomes[first_errors(self.lives[self.policies[0].name])]
        return find_breaks(np.array(errors, dtype=float), self.stream.first)

    @cached_property
    def scored(self) -> dict[str, Scored]:
        """Every policy's errors."""
        return {policy.name: self._scored(self.lives[policy.name]) for policy in self.policies}

    def _scored(self, life: Lived) -> Scored:
        parts = [scored(self.stream, period.served, self.outcomes) for period in life.periods[1:]]
        squares, targets = (np.concatenate([getattr(part, name) for part in parts]) for name in ("squares", "targets"))
        return Scored(squares, targets, np.concatenate([part.inside for part in parts]))

    def backtest(self) -> Backtest:
        """Return the facts."""
        stream, evaluation = self.stream, self.stream.evaluation
        naive = seasonal_naive(
            stream.values, np.array(self.days), evaluation.horizon, evaluation.season_length, evaluation.levels
        )
        found = Scored.of(stream, self.days, naive.mean, np.empty((len(self.days), 0)))
        values = stream.values.tolist()
        return Backtest(
            start=stream.series.start,
            end=stream.series.end,
            rows=stream.series.rows,
            frequency=stream.series.frequency,
            horizon=evaluation.horizon,
            every=stream.every,
            patience=stream.patience,
            looks=len(stream.retrainings) - 1,
            first=stream.date(stream.first),
            scored_from=stream.date(self.days[0]),
            scored_to=stream.date(self.days[-1]),
            days=len(self.days),
            years=self.years,
            block=block_length(len(self.days), evaluation.horizon),
            level=LEVEL,
            seasonal_naive=self.drawn.error(found.squares, found.targets, LEVEL),
            breaks=tuple(self._dated(one) for one in self.breaks),
            policies=tuple(self._found(policy) for policy in self.policies),
            suggestion=self._suggestion(),
            dates=tuple(stream.series.iso_dates),
            values=tuple(None if np.isnan(value) else value for value in values),
        )

    def _dated(self, one: Break) -> DatedBreak:
        return DatedBreak(iso_date(self.stream.values.index[one.row]), one.kind, one.before, one.after)

    def _found(self, policy: Policy) -> PolicyFound:
        life, mine = self.lives[policy.name], self.scored[policy.name]
        promotions, refits = sum(look.promoted for look in life.looks), sum(look.refitted for look in life.looks)
        stretches = self._stretches(mine)
        return PolicyFound(
            name=policy.name,
            settings=None if policy.settings is None else dict(policy.settings),
            rmse=self.drawn.error(mine.squares, mine.targets, LEVEL),
            relative=self._relative(policy.name, LEVEL),
            coverage=self._coverage(mine),
            promotions=promotions,
            changes=life.changes,
            refits=refits,
            redeployments_a_year=(promotions + refits) / self.years,
            needless=self._needless(life),
            alarms=tuple(self.stream.date(day) for day in life.alarms),
            stretches=stretches,
            worst=max(stretches, key=lambda one: one.rmse, default=None),
            notices=policy.gate != "always",
            noticed=tuple(self._noticed(policy, life, one) for one in self.breaks),
            decisions=self._decisions(life),
        )

    def _relative(self, name: str, level: float) -> Interval:
        ours, theirs = self.scored[name], self.scored[self.policies[0].name]
        return self.drawn.ratio(ours.squares, theirs.squares, level)

    def _coverage(self, mine: Scored) -> dict[str, float]:
        total = float(mine.targets.sum())
        shares = mine.inside.sum(axis=0) / total if total else []
        return {str(level): float(share) for level, share in zip(self.stream.evaluation.levels, shares, strict=False)}

    def _needless(self, life: Lived) -> int:
        return sum(self._no_better(period.served, period.kept) for period in life.periods if period.kept is not None)

    def _no_better(self, served: Score, kept: Score) -> bool:
        return not scored(self.stream, served, self.outcomes).rmse < scored(self.stream, kept, self.outcomes).rmse

    def _stretches(self, mine: Scored) -> tuple[Stretch, ...]:
        """Return months, or years, that are at least half as long as the longest."""
        long_steps = family(self.stream.series.frequency) in LONG_STEPS
        dates = self.stream.series.index[np.array(self.days)].strftime("%Y" if long_steps else "%Y-%m")
        parts = {str(name): np.asarray(dates == name) for name in dict.fromkeys(dates)}
        targets = {name: float(mine.targets[part].sum()) for name, part in parts.items()}
        most = max(targets.values())
        return tuple(
            Stretch(name, float(np.sqrt(mine.squares[part].sum() / targets[name])))
            for name, part in parts.items()
            if most and targets[name] >= most / 2
        )

    def _noticed(self, policy: Policy, life: Lived, one: Break) -> Noticed | None:
        """Return the first promotion or alarm by which a row after the break was known."""
        if policy.gate == "always":
            return None  # it replaces the model whatever comes, and notices nothing
        acts = [("promotion", self.stream.retrainings[look.number]) for look in life.looks if look.promoted]
        acts += [("alarm", day) for day in life.alarms]
        later = sorted((day, by) for by, day in acts if day > one.row)
        if not later:
            return None
        day, by = later[0]
        return Noticed(self.stream.date(day), "alarm" if by == "alarm" else "promotion", day - one.row)

    def _decisions(self, life: Lived) -> tuple[Decided, ...]:
        return tuple(
            Decided(
                self.stream.date(self.stream.retrainings[look.number]),
                look.verdict,
                look.because,
                look.promoted,
                look.refitted,
                look.failed,
                life.periods[look.number].version.name,
            )
            for look in life.looks
        )

    def _suggestion(self) -> Suggestion | None:
        """Return the best of the policies that are better for sure, if possible one that a setting makes.

        The more are compared, the more often one is lower by luck: the interval is that of all together (Bonferroni).
        """
        others = self.policies[1:]
        level = 1 - (1 - LEVEL) / max(1, len(others))
        found = [(policy, self._relative(policy.name, level)) for policy in others]
        surely = [(policy, one) for policy, one in found if one.high is not None and one.high < 1]
        if not surely:
            return None
        settable = [(policy, one) for policy, one in surely if policy.settings is not None]
        policy, relative = min(settable or surely, key=lambda pair: pair[1].estimate or 1.0)
        settings = None if policy.settings is None else as_options(dict(policy.settings))
        return Suggestion(policy.name, settings, relative)
