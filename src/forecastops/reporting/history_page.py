"""The history as a page: the champion's live error over time with each change marked, then every event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecastops.reporting.history import what_of, why_of
from forecastops.reporting.live_picture import live_picture
from forecastops.reporting.pages.rendering import render

if TYPE_CHECKING:
    from forecastops.usecases.history import History
    from forecastops.usecases.past_events import PastEvent

__all__ = ["event_facts", "history_facts", "history_page"]

_TONES = {"alarm": "bad", "rollback": "bad", "accepted_data": "wait", "promotion": "good", "refit": "good"}
_VERDICTS = {"PROMOTE": "good", "HOLD": "wait", "REJECT": "bad"}


def history_page(found: History) -> str:
    """Return the page."""
    return render("history.html", **history_facts(found), nav=None, report=None)


def history_facts(found: History) -> dict[str, Any]:
    """Return what the page shows."""
    return {
        "model": found.model_name,
        "events": [event_facts(one) for one in found.events],
        "more": found.more,
        "counts": _counts(found),
        "picture": live_picture(found),
    }


def event_facts(one: PastEvent) -> dict[str, Any]:
    """Return what a row of the page shows."""
    event = one.event
    return {
        "at": event.at,
        "kind": event.kind.replace("_", " "),
        "tone": _tone(event.kind, event.verdict, event.outcome),
        "what": what_of(event),
        "why": why_of(event),
        "who": event.actor,
        "run_id": one.run_id,
        "is_decision": event.kind == "decision",
    }


def _tone(kind: str, verdict: str | None, outcome: str | None) -> str:
    if outcome == "undone":
        return "bad"
    return _VERDICTS.get(verdict or "", "plain") if kind == "decision" else _TONES.get(kind, "plain")


def _counts(found: History) -> list[tuple[str, int]]:
    kinds = [one.event.kind for one in found.events]
    return [(kind.replace("_", " "), kinds.count(kind)) for kind in dict.fromkeys(kinds)]
