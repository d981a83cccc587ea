"""What a backtest found, as words, numbers and a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from forecastops.reporting.sentences.backtest import (
    NUMBERS,
    break_sentence,
    conclusion,
    lived_sentence,
    noticed_text,
    policy_rows,
    with_bounds,
)

if TYPE_CHECKING:
    from forecastops.backtesting.intervals import Interval
    from forecastops.backtesting.results import Backtest, PolicyFound, Suggestion

__all__ = ["aligned", "backtest_document", "backtest_text", "interval"]


def backtest_document(found: Backtest) -> dict[str, Any]:
    """Return the keys policies, suggestion, data, plan, seasonal_naive, breaks, note."""
    facts = asdict(found)
    data, plan = (
        {name: facts[name] for name in names}
        for names in (
            ("start", "end", "rows", "frequency"),
            ("every", "looks", "horizon", "first", "scored_from", "scored_to", "days", "years", "patience", "block"),
        )
    )
    return {
        "policies": [_policy_document(policy) for policy in found.policies],
        "suggestion": facts["suggestion"] and facts["suggestion"] | {"relative": _bounds(found.suggestion)},
        "data": data,
        "plan": plan | {"level": found.level},
        "seasonal_naive": interval("rmse", found.seasonal_naive),
        "breaks": facts["breaks"],
        "note": conclusion(found.suggestion, found.level),
    }


def _bounds(suggestion: Suggestion | None) -> dict[str, float | None] | None:
    return None if suggestion is None else interval("estimate", suggestion.relative)


def _policy_document(policy: PolicyFound) -> dict[str, Any]:
    facts = asdict(policy)
    worst = policy.worst and {"month": policy.worst.name, "rmse": policy.worst.rmse}
    months = [{"month": one.name, "rmse": one.rmse} for one in policy.stretches]
    del facts["stretches"]
    own = {
        "rmse": interval("estimate", policy.rmse),
        "relative": interval("estimate", policy.relative),
        "worst": worst,
        "months": months,
    }
    return facts | own


def interval(name: str, found: Interval) -> dict[str, float | None]:
    """Return an estimate under its name, with its bounds."""
    return {name: found.estimate, "low": found.low, "high": found.high}


def backtest_text(found: Backtest) -> str:
    """Return what was lived through, the table, the breaks, and what follows."""
    lines = [lived_sentence(found), "", *aligned(["", *NUMBERS], policy_rows(found))]
    lines.append(f"seasonal naive: {with_bounds(found.seasonal_naive)}")
    if found.breaks:
        lines += ["", *_break_lines(found)]
    return "\n".join([*lines, "", conclusion(found.suggestion, found.level)])


def aligned(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Yield the lines of a table for a terminal."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        first, *others = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join([first, *others]).rstrip()


def _break_lines(found: Backtest) -> Iterator[str]:
    for place, one in enumerate(found.breaks):
        yield break_sentence(one)
        for policy in found.policies:
            yield f"  {policy.name}: {noticed_text(policy, place, found.frequency)}"
