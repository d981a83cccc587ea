"""The page of a panel's backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecastops.reporting.pages.rendering import render
from forecastops.reporting.sentences import panel_backtest as words
from forecastops.reporting.sentences.backtest import conclusion, made_by, short

if TYPE_CHECKING:
    from forecastops.backtesting.panel_results import OneSeries, PanelBacktest

__all__ = ["panel_backtest_page"]

_SEGMENTS, _REASONS = 100, 30


def panel_backtest_page(found: PanelBacktest) -> str:
    """Return a page that needs nothing else."""
    yours = found.policies[0]
    return render(
        "panel_backtest.html",
        found=found,
        tone="good" if found.suggestion is None else "wait",
        word="Keep your policy" if found.suggestion is None else f"Consider {found.suggestion.policy!r}",
        conclusion=conclusion(found.suggestion, found.level),
        lived=words.lived_sentence(found),
        odd=words.series_sentence(found),
        head=["policy", *words.NUMBERS],
        rows=words.policy_rows(found),
        decided=list(words.DECIDED),
        decisions=words.decision_rows(yours),
        segment_head=words.segment_head(found),
        segments=words.segment_rows(found)[:_SEGMENTS],
        more_segments=max(0, len(found.segments) - _SEGMENTS),
        improved=_series(found.improved),
        worst=_series(found.worst),
        unscored=words.unscored_rows(found, _REASONS),
        settings=[(policy.name, made_by(policy.settings)) for policy in found.policies],
        method=words.method_sentences(found),
        pictures=_pictures(found),
    )


def _series(found: tuple[OneSeries, ...]) -> list[list[str]]:
    return [[one.series or "(no name)", short(one.error), short(one.relative)] for one in found]


def _pictures(found: PanelBacktest) -> list[dict[str, str]]:
    from forecastops.reporting.pictures.backtest import live_errors
    from forecastops.reporting.pictures.export import svg
    from forecastops.reporting.pictures.panel_backtest import errors_by_look

    drawn = [live_errors(found.policies), *([errors_by_look(found)] if found.looks > 1 else [])]
    return [{"svg": svg(one), "caption": one.title, "description": one.description} for one in drawn]
