"""What a panel's backtest found, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from forecastops.reporting.sentences.backtest import counted, short, with_bounds

if TYPE_CHECKING:
    from forecastops.backtesting.panel_results import OneSegment, PanelBacktest, PanelDecided, PanelPolicyFound

__all__ = [
    "DECIDED",
    "NUMBERS",
    "decision_rows",
    "lived_sentence",
    "method_sentences",
    "policy_rows",
    "segment_head",
    "segment_rows",
    "series_sentence",
    "unscored_rows",
]

NUMBERS = (
    "live RMSSE",
    "mean",
    "median",
    "relative to yours",
    "better, worse",
    "changed",
    "series",
    "needless",
)
DECIDED = ("data to", "verdict", "changed", "rejected", "failed", "stopped by", "live RMSSE then")


def policy_rows(found: PanelBacktest) -> list[list[str]]:
    """Return the table's cells: the name, then ``NUMBERS``."""
    return [_row(policy, first=place == 0) for place, policy in enumerate(found.policies)]


def _row(policy: PanelPolicyFound, *, first: bool) -> list[str]:
    return [
        policy.name,
        with_bounds(policy.error),
        with_bounds(policy.mean),
        with_bounds(policy.median),
        "1" if first else with_bounds(policy.relative),
        "-" if first else f"{policy.better}, {policy.worse}",
        str(policy.promotions),
        str(policy.changed_series),
        f"{policy.needless} of {policy.promotions}" if policy.promotions else "-",
    ]


def lived_sentence(found: PanelBacktest) -> str:
    """Return what was lived through."""
    return (
        f"{found.series} series, {found.start} to {found.end}: {found.looks} retrainings, one every "
        f"{counted(found.every, found.frequency)}; scored are the forecasts of {found.horizon} steps made from "
        f"{found.scored_from} to {found.scored_to}, on {found.scored} series"
    )


def series_sentence(found: PanelBacktest) -> str:
    """Return what of the series is odd; empty where nothing is."""
    others = found.series - found.scored
    parts = [
        f"{found.later} of them begin after the first models" if found.later else "",
        f"{found.defaulted} had no first model but the seasonal naive" if found.defaulted else "",
        f"{others} are not in the figures" if others else "",
    ]
    return "; ".join(part for part in parts if part)


def unscored_rows(found: PanelBacktest, most: int) -> list[list[object]]:
    """Return how many series are not in the figures for which reason, the most frequent first."""
    reasons = list(found.unscored.items())
    rows: list[list[object]] = [[why, count] for why, count in reasons[:most]]
    rest = sum(count for _, count in reasons[most:])
    return [*rows, *([[f"{len(reasons) - most} other reasons, which the table has", rest]] if rest else [])]


def decision_rows(policy: PanelPolicyFound) -> list[list[str]]:
    """Return what a policy decided at each retraining, the cells of ``DECIDED``."""
    return [_decided(one) for one in policy.decisions]


def _decided(one: PanelDecided) -> list[str]:
    error = "-" if one.error is None else short(one.error)
    counts = (str(count) for count in (one.changed, one.rejected, one.failed))
    return [one.date, one.verdict, *counts, one.because or "-", error]


def segment_head(found: PanelBacktest) -> list[str]:
    """Return the names of a segment's columns."""
    return ["segment", "series", *(policy.name for policy in found.policies)]


def segment_rows(found: PanelBacktest) -> list[list[str]]:
    """Return of each segment its live RMSSE under your policy, and the others' ratios to it, with what changed."""
    names = [policy.name for policy in found.policies]
    return [_segment(one, names) for one in found.segments]


def _segment(one: OneSegment, names: list[str]) -> list[str]:
    return [one.segment, str(one.series), *(_in_segment(one.policies[name], name == names[0]) for name in names)]


def _in_segment(facts: Mapping[str, float | int | None], yours: bool) -> str:
    value = facts["error"] if yours else facts["relative"]
    said = "-" if value is None else short(value)
    return f"{said}, {facts['promotions']} changed" if facts["promotions"] else said


def method_sentences(found: PanelBacktest) -> list[str]:
    """Return what the numbers are, for whoever doubts them."""
    return [
        f"Every policy begins with the same models, trained through {found.first}; a series that begins later comes in "
        "with its first model, or the seasonal naive where none can be had. At each retraining every series' "
        "challenger is fitted and compared with its own champion by the product's own code, and the panel is decided "
        "together. On every day until the next the forecast that production would then give is scored, its state "
        "renewed every day.",
        "RMSSE is a series' RMSE over the mean absolute seasonal difference of its rows before the first forecast that "
        "is scored; the live RMSSE weighs it by the series' volume, its mean absolute value, as the panel's guardrails "
        "do. Mean and median weigh all series alike.",
        "A change is needless when, until the next retraining, the champion before would have forecast no worse. Of "
        "changes that gain nothing about half are, by chance.",
        f"Intervals are of {100 * found.level:.0f} %, by {found.draws} draws of series, all policies on the same ones, "
        "widened where there are few. They say what other series like these would show, not what another year would.",
        "All series are fitted at every retraining, whatever panel.screen_share says. Where the alarm keeps rows out, "
        "a person is taken to look into it and to accept them after a week.",
    ]
