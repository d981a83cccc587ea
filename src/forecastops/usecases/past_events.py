"""Events of the past: those that runs record, and those that versions and the runs of earlier releases let see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run
from forecastops.core.errors import RegistryError
from forecastops.core.tags import (
    ACCEPTED_REASON,
    CHALLENGER,
    CHAMPION,
    DATA_END,
    DATA_REFUSED,
    DECISION_FOLDER,
    FORCED_REASON,
    KIND,
    LATER,
    MODEL_NAME,
    PANEL_DECISION_FOLDER,
    PREDECESSOR,
    PROMOTED_AT,
    PROMOTED_BY,
    ROLLED_BACK,
    SIGNED,
    VERDICT,
)
from forecastops.release.entry import Kind
from forecastops.release.events import OF_TRANSITION, Event, EventKind, events_on
from forecastops.release.journal import read_journal
from forecastops.release.lineage import RENEWAL

__all__ = ["PastEvent", "merged", "of_run", "of_versions"]

_USER = "mlflow.user"
_SAME_SECONDS = 300.0  # within which a tag and the event of the same deed were written
_CHANGES = frozenset(OF_TRANSITION.values())


@dataclass(frozen=True)
class PastEvent:
    """An event, and the run that it is about.

    Attributes:
        event: what happened.
        run_id: None where no run is known.
        recorded: whether a run records it; else it was put together from what is left.
    """

    event: Event
    run_id: str | None
    recorded: bool = True

    @cached_property
    def moment(self) -> datetime:
        """When, in UTC."""
        return datetime.fromisoformat(self.event.at)


def of_run(run: Run) -> Iterator[PastEvent]:
    """Yield what a run tells of its model; what was judged or promoted as another is on runs of that one's own."""
    recorded = events_on(run.tags)
    for event in recorded:
        if event.model in (None, run.tags.get(MODEL_NAME)):
            yield PastEvent(event, event.run_id or run.run_id)
    known = {event.decision for event in recorded if event.kind == "decision"}
    for decision in _decisions(run):
        if decision.decision not in known:
            yield PastEvent(decision, run.run_id, recorded=False)
    if not any(event.kind in _CHANGES for event in recorded) and run.finished and run.tags.get(KIND) in _KINDS:
        yield PastEvent(_renewal(run), run.run_id, recorded=False)


def of_versions(versions: Sequence[ModelVersion]) -> Iterator[PastEvent]:
    """Yield what versions tell: the last move of each, and what was noted on it."""
    for version in versions:
        run_id = version.run_id or None
        for event in (*_last_move(version), *_promotion(version), *_rolled_back(version), *_signing(version)):
            yield PastEvent(event, run_id, recorded=False)


def merged(found: Iterable[PastEvent]) -> list[PastEvent]:
    """Return each event once, the newest first: what runs record before what was put together from the rest."""
    kept: dict[tuple[object, ...], PastEvent] = {}
    others: list[PastEvent] = []
    for one in sorted(found, key=lambda event: (event.recorded, event.moment)):
        if key := _key(one):
            kept[key] = one
        else:
            others.append(one)
    known = list(kept.values())
    known += [one for one in others if one.recorded or not _told(one, known)]
    apart = [part for one in known for part in _parts(one)]
    return sorted(apart, key=lambda event: event.moment, reverse=True)


def _key(one: PastEvent) -> tuple[object, ...] | None:
    """Return what two records of one event have in common; None where they may have nothing."""
    event = one.event
    if event.kind == "decision":
        return "decision", one.run_id, event.decision
    if event.started is not None:
        return event.kind, event.version, event.started, event.outcome
    return None


def _told(one: PastEvent, known: Sequence[PastEvent]) -> bool:
    """Tell whether what was put together from a note or an old run is among the events known better."""
    event = one.event
    if event.kind in ("renewal", "refit") and one.run_id and event.version is None:
        return any(other.run_id == one.run_id and other.event.kind in _CHANGES for other in known)
    if event.kind == "promotion":
        return any(other.event.kind == "promotion" and other.event.version == event.version for other in known)
    return any(_is_same(other, one) for other in known)


def _is_same(one: PastEvent, other: PastEvent) -> bool:
    same = (one.event.kind, one.event.version) == (other.event.kind, other.event.version)
    return same and abs((one.moment - other.moment).total_seconds()) < _SAME_SECONDS


def _parts(one: PastEvent) -> Iterator[PastEvent]:
    """Yield the event, and what happened with it: data that were refused, or accepted although they looked bad."""
    event = one.event
    yield one
    if event.data_refused:
        alarm = {"kind": "alarm", "verdict": None, "checks": event.data_refused, "version": event.previous}
        yield PastEvent(event.model_copy(update=alarm), one.run_id, one.recorded)
    if event.accepted and event.outcome != "undone":
        yield PastEvent(event.model_copy(update={"kind": "accepted_data"}), one.run_id, one.recorded)


def _decisions(run: Run) -> Iterator[Event]:
    """Yield the decisions that the run's tags name."""
    tags = run.tags
    if CHALLENGER in tags:  # of the run that `mlflow run` made: the challenger's own tells of it too
        return
    if VERDICT in tags:
        folder = tags.get(DECISION_FOLDER, tags.get(PANEL_DECISION_FOLDER))
        yield from _decision(run, folder, tags[VERDICT], tags.get(CHAMPION), tags.get(DATA_REFUSED))
    for name in tags:
        if name.startswith(LATER):
            look = _record(tags[name])
            yield from _decision(
                run, look.get("decision"), look.get("verdict"), look.get("champion"), look.get("data_refused")
            )


def _decision(run: Run, folder: Any, verdict: Any, champion: Any, refused: Any) -> Iterator[Event]:
    names = [] if refused in (None, "no") else [name.strip() for name in str(refused).split(",")]
    yield from _event(
        kind="decision",
        at=_stamp(folder) or _iso(run.started),
        actor=run.tags.get(_USER),
        verdict=verdict,
        previous=None if champion == "none" else champion,
        data_refused=tuple(names),
        decision=folder,
    )


_KINDS: Mapping[str | None, EventKind] = {RENEWAL: "renewal", "refit": "refit"}


def _renewal(run: Run) -> Event:
    """Return the renewal that a run of an earlier release was made for; whether it was undone is not known."""
    kind, who = _KINDS[run.tags.get(KIND)], run.tags.get(_USER)
    return Event(kind=kind, at=_iso(run.started), actor=who, data_end=run.tags.get(DATA_END))


def _last_move(version: ModelVersion) -> Iterator[Event]:
    with suppress(RegistryError):  # a tag that is no journal is for `status` to tell
        entry = read_journal(version)
        if entry is None or entry.outcome is None:
            return
        yield from _event(
            kind=OF_TRANSITION[entry.kind],
            at=entry.touched,
            actor=entry.actor,
            outcome=entry.outcome,
            version=version.version,
            previous=entry.previous,
            reason=entry.reason,
            forced=entry.forced,
            accepted=entry.kind is Kind.RENEW and ACCEPTED_REASON in version.tags,
            data_end=version.tags.get(DATA_END),
            started=entry.started,
        )


def _promotion(version: ModelVersion) -> Iterator[Event]:
    """Yield the promotion of a version that was moved again since."""
    tags = version.tags
    if PROMOTED_AT in tags and VERDICT in tags and KIND not in tags:
        yield from _event(
            kind="promotion",
            at=tags[PROMOTED_AT],
            actor=tags.get(PROMOTED_BY),
            outcome="done",
            version=version.version,
            previous=None if tags.get(PREDECESSOR) == "none" else tags.get(PREDECESSOR),
            reason=tags.get(FORCED_REASON),
            forced=FORCED_REASON in tags,
            data_end=tags.get(DATA_END),
        )


def _rolled_back(version: ModelVersion) -> Iterator[Event]:
    note = _record(version.tags.get(ROLLED_BACK))
    if note:
        yield from _event(
            kind="rollback",
            at=note.get("at"),
            actor=note.get("actor"),
            outcome="done",
            version=note.get("to"),
            previous=version.version,
            reason=note.get("reason"),
        )


def _signing(version: ModelVersion) -> Iterator[Event]:
    note = _record(version.tags.get(SIGNED))
    if note:
        facts = {"actor": note.get("actor"), "version": version.version, "reason": note.get("reason")}
        yield from _event(kind="signing", at=note.get("at"), **facts)


def _event(**facts: Any) -> Iterator[Event]:
    """Yield the event of these facts, if they make one: whoever may write tags can write anything."""
    with suppress(ValidationError):
        yield Event.model_validate(facts)


def _record(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _stamp(folder: object) -> str | None:
    with suppress(ValueError):
        stamp = datetime.strptime(str(folder).rpartition("/")[2], "%Y%m%dT%H%M%S.%fZ")
        return stamp.replace(tzinfo=timezone.utc).isoformat()
    return None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
