"""What a backtest found, as facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forecastops.backtesting.intervals import Interval

__all__ = ["Backtest", "DatedBreak", "Decided", "Noticed", "PolicyFound", "Stretch", "Suggestion"]


@dataclass(frozen=True)
class Decided:
    """One retraining: ISO date of the newest row that it knew, and what came of it; ``model`` is what served then."""

    date: str
    verdict: str | None
    because: tuple[str, ...]
    promoted: bool
    refitted: bool
    failed: str | None
    model: str

    @property
    def done(self) -> Literal["promoted", "refitted", "kept"]:
        """What came into service."""
        if self.promoted:
            return "promoted"
        return "refitted" if self.refitted else "kept"


@dataclass(frozen=True)
class Stretch:
    """A calendar month, or a year where steps are long, of the first row forecast: its name and its RMSE."""

    name: str
    rmse: float


@dataclass(frozen=True)
class DatedBreak:
    """A change of the series: ISO date of the first row after it, and the means before and after (`Break`)."""

    date: str
    kind: Literal["level", "spread"]
    before: float
    after: float


@dataclass(frozen=True)
class Noticed:
    """When a policy first acted after a break: ISO date of the newest row then, how, and how many rows after it."""

    date: str
    by: Literal["promotion", "alarm"]
    after: int


@dataclass(frozen=True)
class PolicyFound:
    """What one policy would have come to.

    Attributes:
        name: in tables.
        settings: by key, what makes it of the configuration; None where no setting does.
        rmse: as served, in the data's unit, with its interval.
        relative: the same over that of the configured policy.
        coverage: share of the values within the interval, by level.
        promotions: challengers that came into service.
        changes: those of another specification.
        refits: times that a champion's specification did, estimated anew.
        redeployments_a_year: of both.
        needless: promotions after which, until the next retraining, the champion before would have been no worse.
        alarms: ISO dates on which rows began to be kept out.
        stretches: the months, or years.
        worst: the one with the highest RMSE.
        notices: whether it acts on what it sees; promoting always does not.
        noticed: of each break; None where nothing was done after it.
        decisions: one for each retraining.
    """

    name: str
    settings: dict[str, object] | None
    rmse: Interval
    relative: Interval
    coverage: dict[str, float]
    promotions: int
    changes: int
    refits: int
    redeployments_a_year: float
    needless: int
    alarms: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    worst: Stretch | None
    notices: bool
    noticed: tuple[Noticed | None, ...]
    decisions: tuple[Decided, ...]


@dataclass(frozen=True)
class Suggestion:
    """A policy whose live error was lower than the configured one's beyond the interval of all comparisons together."""

    policy: str
    options: tuple[str, ...] | None
    relative: Interval


@dataclass(frozen=True)
class Backtest:
    """The past lived through.

    Attributes:
        start: ISO date of the first row.
        end: ISO date of the last one.
        rows: how many.
        frequency: pandas' name.
        horizon: steps forecast on each day.
        every: rows from one retraining to the next.
        patience: rows after which a person is taken to accept what the alarm kept out.
        looks: retrainings that were judged.
        first: ISO date of the newest row that the first model knew.
        scored_from: ISO date of the newest row known at the first forecast that is scored; ``scored_to`` at the last.
        days: forecasts scored, ``horizon`` steps each.
        years: the time that they take.
        block: successive days that the bootstrap draws together.
        level: of the intervals.
        seasonal_naive: RMSE of the last season's values again, from the same days.
        breaks: changes of the series, dated with hindsight.
        policies: the configured one first.
        suggestion: None where no difference is beyond its interval.
        dates: of the rows, ISO; ``values`` the rows.
    """

    start: str
    end: str
    rows: int
    frequency: str
    horizon: int
    every: int
    patience: int
    looks: int
    first: str
    scored_from: str
    scored_to: str
    days: int
    years: float
    block: int
    level: float
    seasonal_naive: Interval
    breaks: tuple[DatedBreak, ...]
    policies: tuple[PolicyFound, ...]
    suggestion: Suggestion | None
    dates: tuple[str, ...]
    values: tuple[float | None, ...]
