"""What a panel's backtest found, as facts."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from forecastops.backtesting.intervals import Interval
from forecastops.backtesting.results import Suggestion

__all__ = ["OneSegment", "OneSeries", "PanelBacktest", "PanelDecided", "PanelPolicyFound"]


@dataclass(frozen=True)
class PanelDecided:
    """One retraining of the panel: ISO date of the newest rows that it knew, and what came of it.

    Attributes:
        date: of the newest rows.
        verdict: the panel's; of other rules PROMOTE or HOLD.
        because: the panel's guardrail that failed; empty where none did.
        changed: series whose challenger came in.
        rejected: series whose own guardrails stopped theirs.
        failed: series that had no challenger.
        error: weighted RMSSE of what served until the next retraining; None where nothing is scored.
    """

    date: str
    verdict: str
    because: str
    changed: int
    rejected: int
    failed: int
    error: float | None


@dataclass(frozen=True)
class PanelPolicyFound:
    """What one policy would have come to.

    Attributes:
        name: in tables.
        settings: by key, what makes it of the configuration; None where no setting does.
        error: as served: RMSSE of the series weighted by volume, with its interval over series.
        mean: of the series' RMSSE, with its interval.
        median: of the series' RMSSE, with its interval.
        relative: the weighted error over that of the configured policy, on the same draws of series.
        relative_median: median of the series' ratios to their error under the configured policy.
        better: series whose error is lower than under the configured policy.
        worse: series whose error is higher.
        coverage: share of the values within the interval, by level.
        promotions: challengers that came in, of all series and retrainings.
        changes: those of another specification.
        changed_series: series that changed at least once.
        needless: promotions after which, until the next retraining, the champion before would have been no worse.
        alarms: how often rows began to be kept out.
        decisions: one for each retraining; none of the seasonal naive.
    """

    name: str
    settings: dict[str, object] | None
    error: Interval
    mean: Interval
    median: Interval
    relative: Interval
    relative_median: float | None
    better: int
    worse: int
    coverage: dict[str, float]
    promotions: int
    changes: int
    changed_series: int
    needless: int
    alarms: int
    decisions: tuple[PanelDecided, ...]


@dataclass(frozen=True)
class OneSegment:
    """A segment: how many series are scored in it, and of each policy by name error, ratio, promotions, needless."""

    segment: str
    series: int
    policies: dict[str, dict[str, float | int | None]]


@dataclass(frozen=True)
class OneSeries:
    """A series by name, its error under your policy, and the ratio to that without any retraining."""

    series: str
    error: float
    relative: float


@dataclass(frozen=True, eq=False)
class PanelBacktest:
    """The past of a panel lived through.

    Attributes:
        start: ISO date of the first row of any series.
        end: ISO date of the last one.
        rows: of all series together.
        series: how many there are.
        scored: how many are in the figures.
        later: how many of these begin after the first models.
        unscored: reasons why others are not in the figures, and how many for each.
        defaulted: how many had no first model but the seasonal naive.
        frequencies: how many series are of which.
        frequency: of most.
        horizon: steps that most are forecast.
        every: rows of most from one retraining to the next.
        looks: retrainings that were judged.
        first: ISO date of the newest rows that the first models knew.
        scored_from: ISO date of the newest rows known at the first forecasts that are scored.
        scored_to: the same of the last ones.
        level: of the intervals.
        draws: of series, by which they are made.
        policies: the configured one first.
        segments: by name; none where ``data.series_column`` names no segments.
        improved: series that gained most by your policy over never retraining.
        worst: series that lost most.
        suggestion: None where no difference is beyond its interval.
        table: a row a series.
    """

    start: str
    end: str
    rows: int
    series: int
    scored: int
    later: int
    unscored: dict[str, int]
    defaulted: int
    frequencies: dict[str, int]
    frequency: str
    horizon: int
    every: int
    looks: int
    first: str
    scored_from: str
    scored_to: str
    level: float
    draws: int
    policies: tuple[PanelPolicyFound, ...]
    segments: tuple[OneSegment, ...]
    improved: tuple[OneSeries, ...]
    worst: tuple[OneSeries, ...]
    suggestion: Suggestion | None
    table: pd.DataFrame
