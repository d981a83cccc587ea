"""The page of a panel's decision: what becomes of how many series, why, and the panel's guardrails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forecastops.reporting.pages.lineage import Lineage
from forecastops.reporting.pages.rendering import render
from forecastops.reporting.sentences.panels import (
    gain_lines,
    panel_check,
    panel_summary,
    ranked,
    said_action,
    said_reason,
    screening_sentence,
)

__all__ = ["PanelJudged", "SeriesPath", "panel_page"]

_TONES = {"PROMOTE": "good", "HOLD": "wait", "REJECT": "bad"}
SeriesPath = Callable[[str], str]


@dataclass(frozen=True)
class PanelJudged:
    """A decision about a panel, and what is known besides.

    Attributes:
        facts: of the decision, as plain values.
        errors: rows of a table, the quantiles of errors and gains over the series; none where the table is not there.
        failed: names of series that failed, with the reason.
        lineage: what the registry says; None where it was not asked.
    """

    facts: Mapping[str, Any]
    errors: tuple[tuple[object, ...], ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    lineage: Lineage | None = None


def panel_page(judged: PanelJudged, nav: object = None, series_path: SeriesPath | None = None) -> str:
    """Return the page as one self-contained HTML file.

    Args:
        judged: what it shows.
        nav: what ``navigation.html`` makes links of; None for a page that stands alone.
        series_path: gives the address of a series' own page; None where there is none.
    """
    facts = judged.facts
    checks = [[one["name"], "passed" if one["passed"] else "FAILED", panel_check(one)] for one in facts["checks"]]
    return render(
        "panel.html",
        nav=nav,
        title=f"{facts['verdict']}: {facts['model_name']}",
        facts=facts,
        tone=_TONES[facts["verdict"]],
        summary=panel_summary(facts),
        checks=checks,
        actions=[[said_action(name), count] for name, count in ranked(facts["actions"])],
        reasons=[[said_reason(name), count] for name, count in ranked(facts["reasons"])],
        states=[list(pair) for pair in ranked(facts["states"])],
        errors=judged.errors,
        most_improved=_shown(facts["most_improved"], series_path),
        worst=_shown(facts["worst"], series_path),
        failed=[(name, series_path(name) if series_path else None, why) for name, why in judged.failed],
        lineage=judged.lineage,
        screening=screening_sentence(facts["screening"]),
        gains=" ".join(gain_lines(facts)),
    )


def _shown(series: Sequence[tuple[str, float]], path: SeriesPath | None) -> list[tuple[str, str | None, str]]:
    return [(name, path(name) if path else None, f"{gain:.1%}") for name, gain in series]
