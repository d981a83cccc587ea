"""The page of a backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecastops.reporting.pages.rendering import render
from forecastops.reporting.sentences import backtest as words

if TYPE_CHECKING:
    from forecastops.backtesting.results import Backtest, Decided

__all__ = ["backtest_page"]


def backtest_page(found: Backtest) -> str:
    """Return a page that needs nothing else."""
    yours = found.policies[0]
    return render(
        "backtest.html",
        found=found,
        tone="good" if found.suggestion is None else "wait",
        word="Keep your policy" if found.suggestion is None else f"Consider {found.suggestion.policy!r}",
        conclusion=words.conclusion(found.suggestion, found.level),
        lived=words.lived_sentence(found),
        head=["policy", *words.NUMBERS],
        rows=words.policy_rows(found),
        naive=words.with_bounds(found.seasonal_naive),
        breaks=[_break(found, place) for place in range(len(found.breaks))],
        decisions=[_decision(one) for one in yours.decisions],
        settings=[(policy.name, words.made_by(policy.settings)) for policy in found.policies],
        months=_months(found),
        method=words.method_sentences(found),
        pictures=_pictures(found),
    )


def _break(found: Backtest, place: int) -> dict[str, Any]:
    rows = [[policy.name, words.noticed_text(policy, place, found.frequency)] for policy in found.policies]
    return {"sentence": words.break_sentence(found.breaks[place]), "rows": rows}


def _decision(one: Decided) -> list[str]:
    why = one.failed or ", ".join(one.because)
    return [one.date, one.verdict or "none", one.done, why or "every check passed", one.model]


def _months(found: Backtest) -> dict[str, Any]:
    """Return the RMSE of every policy by month, or by year."""
    names = [one.name for one in found.policies[0].stretches]
    rows = [[policy.name, *(words.short(one.rmse) for one in policy.stretches)] for policy in found.policies]
    return {"head": ["policy", *names], "rows": rows}


def _pictures(found: Backtest) -> list[dict[str, str]]:
    from forecastops.reporting.pictures.backtest import live_errors, past
    from forecastops.reporting.pictures.export import svg

    drawn = (past(found), live_errors(found.policies))
    return [{"svg": svg(one), "caption": one.title, "description": one.description} for one in drawn]
