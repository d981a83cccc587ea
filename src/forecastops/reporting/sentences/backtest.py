"""What a backtest found, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecastops.backtesting.choices import as_options

if TYPE_CHECKING:
    from forecastops.backtesting.intervals import Interval
    from forecastops.backtesting.results import Backtest, DatedBreak, PolicyFound, Suggestion

__all__ = [
    "NUMBERS",
    "break_sentence",
    "conclusion",
    "counted",
    "lived_sentence",
    "made_by",
    "method_sentences",
    "noticed_text",
    "policy_rows",
    "short",
    "unit_of",
    "with_bounds",
]

NUMBERS = ("live RMSE", "relative to yours", "promoted", "refitted", "both, a year", "needless", "worst month")
_KINDS = {"level": "the level of its forecast errors", "spread": "the size of its forecast errors"}
_UNITS = {"h": "rows", "D": "days", "B": "days", "W": "weeks", "M": "months", "Q": "quarters", "Y": "years"}


def policy_rows(found: Backtest) -> list[list[str]]:
    """Return the table's cells: the name, then ``NUMBERS``."""
    return [_row(policy, first=place == 0) for place, policy in enumerate(found.policies)]


def _row(policy: PolicyFound, *, first: bool) -> list[str]:
    worst = f"{policy.worst.name}: {short(policy.worst.rmse)}" if policy.worst else "-"
    return [
        policy.name,
        with_bounds(policy.rmse),
        "1" if first else with_bounds(policy.relative),
        str(policy.promotions),
        str(policy.refits),
        f"{policy.redeployments_a_year:.1f}",
        f"{policy.needless} of {policy.promotions}" if policy.promotions else "-",
        worst,
    ]


def with_bounds(interval: Interval) -> str:
    """Return an estimate with its interval, e.g. ``0.905 (0.880-0.931)``."""
    if interval.estimate is None:
        return "-"
    if interval.low is None or interval.high is None:
        return short(interval.estimate)
    return f"{short(interval.estimate)} ({short(interval.low)}-{short(interval.high)})"


def short(value: float) -> str:
    """Return a number with as many digits as a table needs."""
    if abs(value) < 10:
        return f"{value:.3f}"
    return f"{value:.1f}" if abs(value) < 1e4 else f"{value:.5g}"


def lived_sentence(found: Backtest) -> str:
    """Return what was lived through."""
    every = counted(found.every, found.frequency)
    return (
        f"{found.start} to {found.end}: {found.looks} retrainings, one every {every}; scored are the {found.days} "
        f"forecasts of {found.horizon} steps made from {found.scored_from} to {found.scored_to}"
    )


def unit_of(frequency: str) -> str:
    """Return what a row of that frequency is called where there are several."""
    from forecastops.data.frequency import family  # here, since every command says results and few need pandas

    return _UNITS[family(frequency)] if not frequency[:1].isdigit() else "rows"


def break_sentence(one: DatedBreak) -> str:
    """Return what changed, with hindsight."""
    before, after = (f"{value:.2f}" for value in (one.before, one.after))
    return (
        f"a change on {one.date}: to the first model, {_KINDS[one.kind]} went from {before} to {after} "
        "standard deviations"
    )


def noticed_text(policy: PolicyFound, place: int, frequency: str) -> str:
    """Return how long a policy took to act after a change."""
    noticed = policy.noticed[place]
    if not policy.notices:
        return "promotes every time, and notices nothing"
    if noticed is None:
        return "neither a promotion nor an alarm"
    return f"{noticed.by} on {noticed.date}, {counted(noticed.after, frequency)} after it"


def counted(number: int, frequency: str) -> str:
    """Return a number of rows by what they are, e.g. ``7 days``."""
    unit = unit_of(frequency)
    return f"{number} {unit[:-1] if number == 1 else unit}"


def made_by(settings: dict[str, object] | None) -> str:
    """Return what makes a policy of the configuration."""
    if settings is None:
        return "no setting"
    return " ".join(f"--set {option}" for option in as_options(settings)) or "as configured"


def conclusion(suggestion: Suggestion | None, level: float) -> str:
    """Return whether another policy was better for sure, and how to have it."""
    sure = f"{100 * level:.0f} %, for all comparisons together"
    if suggestion is None:
        return f"No policy was better than yours beyond its interval ({sure}): keep it."
    share = 100 * (1 - (suggestion.relative.estimate or 1.0))
    better = (
        f"The live error of {suggestion.policy!r} was {share:.1f} % below yours, beyond its interval "
        f"({with_bounds(suggestion.relative)} of yours; {sure})"
    )
    if suggestion.options is None:
        return f"{better}. No setting makes it."
    return f"{better}. To have it: {' '.join(f'--set {option}' for option in suggestion.options)}"


def method_sentences(found: Backtest) -> list[str]:
    """Return what the numbers are, for whoever doubts them."""
    return [
        f"Every policy begins with the same model, trained through {found.first}. At each retraining the pipeline sees "
        "the data up to that day, and trains, compares and decides by the product's own code. On every day the "
        "forecast that production would then give is scored, once what it is about has come.",
        "Where the alarm keeps rows out, a person is taken to look into it and to accept them after "
        f"{counted(found.patience, found.frequency)}, since they stand in the data.",
        "A promotion is needless when, until the next retraining, the champion before would have forecast no worse. "
        "Even of good promotions some are, by chance.",
        f"Intervals are of {100 * found.level:.0f} %, by a bootstrap of blocks of {found.block} successive days, "
        "widened for how few blocks there are.",
        "Changes are dated with hindsight, from the first model's one-step errors over the whole past. Policies "
        "promote without a change, too: a promotion soon after one may be chance.",
    ]
