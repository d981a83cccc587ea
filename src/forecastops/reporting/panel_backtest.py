"""What a panel's backtest found, as words, numbers and a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from forecastops.core.shown_cells import shown
from forecastops.reporting.backtest import aligned, interval
from forecastops.reporting.sentences import panel_backtest as words
from forecastops.reporting.sentences.backtest import conclusion, short

if TYPE_CHECKING:
    from forecastops.backtesting.panel_results import PanelBacktest, PanelPolicyFound

__all__ = ["panel_backtest_document", "panel_backtest_text"]

_SHOWN, _NAMED = 20, 3
_DATA = ("start", "end", "rows", "series", "scored", "later", "defaulted", "frequency", "frequencies")
_PLAN = ("every", "looks", "horizon", "first", "scored_from", "scored_to", "level", "draws")
_PAIRS = {"error": "rmsse", "mean": "mean", "median": "median", "relative": "estimate"}


def panel_backtest_document(found: PanelBacktest) -> dict[str, Any]:
    """Return the keys of one series' backtest, and segments, unscored, improved, worst; the table is not in it."""
    suggestion = found.suggestion
    return {
        "policies": [_policy(policy) for policy in found.policies],
        "suggestion": None
        if suggestion is None
        else asdict(suggestion) | {"relative": interval("estimate", suggestion.relative)},
        "data": {name: getattr(found, name) for name in _DATA},
        "plan": {name: getattr(found, name) for name in _PLAN},
        "seasonal_naive": interval("rmsse", found.policies[-1].error),
        "breaks": [],
        "segments": [asdict(one) for one in found.segments],
        "unscored": found.unscored,
        "improved": [asdict(one) for one in found.improved],
        "worst": [asdict(one) for one in found.worst],
        "note": conclusion(found.suggestion, found.level),
    }


def _policy(policy: PanelPolicyFound) -> dict[str, Any]:
    return asdict(policy) | {name: interval(key, getattr(policy, name)) for name, key in _PAIRS.items()}


def panel_backtest_text(found: PanelBacktest) -> str:
    """Return what was lived through, the table, segments, the series that gained and lost most, and what follows."""
    odd = words.series_sentence(found)
    lines = [words.lived_sentence(found), *([odd] if odd else []), ""]
    lines += aligned(["", *words.NUMBERS], words.policy_rows(found))
    if found.segments:
        lines += ["", *aligned(words.segment_head(found), words.segment_rows(found)[:_SHOWN])]
        more = len(found.segments) - _SHOWN
        lines += [f"... and {more} segments more: --json has all"] if more > 0 else []
    lines += ["", *_extremes(found), *_unscored(found)]
    return "\n".join([*lines, "", conclusion(found.suggestion, found.level)])


def _extremes(found: PanelBacktest) -> Iterator[str]:
    for what, series in (("gained most by retraining", found.improved), ("lost most", found.worst)):
        if series:
            named = ", ".join(f"{shown(one.series)} {short(one.relative)}" for one in series[:_NAMED])
            yield f"{what} (your error over that of never): {named}"


def _unscored(found: PanelBacktest) -> Iterator[str]:
    for why, count in words.unscored_rows(found, _SHOWN):
        yield f"not in the figures: {count}, {why}"
