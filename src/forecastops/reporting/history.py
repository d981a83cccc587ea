"""What happened to a model, in words, as a JSON document, as text for a person and as a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecastops.release.events import Event, EventKind
    from forecastops.usecases.history import History
    from forecastops.usecases.past_events import PastEvent

__all__ = ["event_document", "history_document", "history_text", "what_of", "why_of"]

_WIDTHS = (16, 13)


def what_of(event: Event) -> str:
    """Return one sentence: what happened."""
    said = _WHAT[event.kind](event)
    return f"undone: {said}" if event.outcome == "undone" else said


def why_of(event: Event) -> str | None:
    """Return why: as a person gave it, and as the facts did; None where neither is known."""
    return "; ".join(filter(None, (event.reason, event.because))) or None


def history_document(found: History) -> dict[str, Any]:
    """Return the keys model_name, events, more, live."""
    points = [
        {"date": one.date, "rows": one.rows, "rmse": one.rmse, "seasonal_naive_rmse": one.naive_rmse}
        for one in found.live
    ]
    return {
        "model_name": found.model_name,
        "events": [event_document(one) for one in found.events],
        "more": found.more,
        "live": points,
    }


def event_document(one: PastEvent) -> dict[str, Any]:
    """Return the keys of one event: at, kind, who, what, why, and the facts, null where they do not apply."""
    event = one.event
    return {
        "at": event.at,
        "kind": event.kind,
        "who": event.actor,
        "what": what_of(event),
        "why": why_of(event),
        "version": event.version,
        "previous_version": event.previous,
        "run_id": one.run_id,
        "verdict": event.verdict,
        "checks": list(event.checks),
        "outcome": event.outcome,
        "forced": event.forced,
        "reason": event.reason,
        "data_end": event.data_end,
    }


def history_text(found: History) -> str:
    """Return a line for each event, the newest first, with why below it."""
    if not found.events:
        return f"nothing is recorded of model {found.model_name}"
    lines = [line for one in found.events for line in _lines(one)]
    return "\n".join([*lines, *(["(there are older ones: see --limit and --since)"] if found.more else [])])


def _lines(one: PastEvent) -> list[str]:
    event = one.event
    when, kind = one.moment.strftime("%Y-%m-%d %H:%M"), event.kind.replace("_", " ")
    who = f", by {event.actor}" if event.actor else ""
    head = f"{when:{_WIDTHS[0]}}  {kind:{_WIDTHS[1]}}  {_line(what_of(event))}{_line(who)}"
    why = why_of(event)
    return [head, *([f"{'':{sum(_WIDTHS) + 4}}{_line(why)}"] if why else [])]


def _line(text: str) -> str:
    """Return text in one line, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _decision(event: Event) -> str:
    return f"{event.verdict} against {_named(event.previous, 'no champion')}"


def _promotion(event: Event) -> str:
    before = f", in place of {_named(event.previous)}" if event.previous else ", the first"
    return f"{_named(event.version)} became the champion{before}{', against the verdict' if event.forced else ''}"


def _renewal(event: Event) -> str:
    return f"the champion{_as(event)} was given newer data{_through(event)}"


def _refit(event: Event) -> str:
    return f"the champion's specification{_as(event)} was re-estimated{_through(event)}"


def _rollback(event: Event) -> str:
    before = f", in place of {_named(event.previous)}" if event.previous else ""
    return f"{_named(event.version)} is the champion again{before}"


def _signing(event: Event) -> str:
    return f"{_named(event.version)} was signed"


def _alarm(event: Event) -> str:
    names = f" ({', '.join(event.checks)})" if event.checks else ""
    return f"data{_through(event)} were refused{names}; {_named(event.version, 'the champion')} stays as it was"


def _accepted(event: Event) -> str:
    return f"data{_through(event)} were accepted although they looked bad"


def _named(version: str | None, otherwise: str = "a version") -> str:
    return f"version {version}" if version else otherwise


def _as(event: Event) -> str:
    return f", as version {event.version}," if event.version else ""


def _through(event: Event) -> str:
    return f" through {event.data_end}" if event.data_end else ""


_WHAT: Mapping[EventKind, Callable[[Event], str]] = {
    "decision": _decision,
    "promotion": _promotion,
    "renewal": _renewal,
    "refit": _refit,
    "rollback": _rollback,
    "signing": _signing,
    "alarm": _alarm,
    "accepted_data": _accepted,
}
