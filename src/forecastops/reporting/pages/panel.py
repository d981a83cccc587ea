"""The page of a panel's decision: what becomes of how many series, why, and the panel's guardrails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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

__all__ = ["panel_page"]

_TONES = {"PROMOTE": "good", "HOLD": "wait", "REJECT": "bad"}


def panel_page(facts: Mapping[str, Any]) -> str:
    """Return the page as one self-contained HTML file.

    Args:
        facts: of the decision, as plain values.
    """
    checks = [[one["name"], "passed" if one["passed"] else "FAILED", panel_check(one)] for one in facts["checks"]]
    return render(
        "panel.html",
        title=f"{facts['verdict']}: {facts['model_name']}",
        facts=facts,
        tone=_TONES[facts["verdict"]],
        summary=panel_summary(facts),
        checks=checks,
        actions=[[said_action(name), count] for name, count in ranked(facts["actions"])],
        reasons=[[said_reason(name), count] for name, count in ranked(facts["reasons"])],
        states=[list(pair) for pair in ranked(facts["states"])],
        most_improved=_shown(facts["most_improved"]),
        worst=_shown(facts["worst"]),
        screening=screening_sentence(facts["screening"]),
        gains=" ".join(gain_lines(facts)),
    )


def _shown(series: Sequence[tuple[str, float]]) -> list[list[str]]:
    return [[name, f"{gain:.1%}"] for name, gain in series]
