"""What happened to a model, as runs record it: decisions, changes of production, alarms, signings.

Versions cannot keep it: old renewals are removed, what is undone is deleted, and a second move of a version writes over
the journal of the first. So each event is a tag on the run that it is about, where that is a new one; else on a small
run of its own, without a model. Whoever reads the newest runs thereby reads the newest events.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.errors import ForecastopsError
from forecastops.core.tags import ACCEPTED_REASON, DATA_END, EVENT, KIND, MODEL_NAME
from forecastops.release.entry import Entry, Kind, actor
from forecastops.reporting.sentences.runs import run_name

__all__ = ["LATEST_SECONDS", "OF_TRANSITION", "Event", "EventKind", "events_on", "record_end", "record_event"]

EventKind = Literal["decision", "promotion", "renewal", "accepted_data", "refit", "rollback", "signing", "alarm"]

_LOG = logging.getLogger(__name__)
OF_TRANSITION: Mapping[Kind, EventKind] = {
    Kind.PROMOTE: "promotion",
    Kind.RENEW: "renewal",
    Kind.REFIT: "refit",
    Kind.ROLLBACK: "rollback",
}
LATEST_SECONDS = 86_400.0  # how long after its start a run gets events at most, by clocks that differ
_NEW_SECONDS = LATEST_SECONDS / 2
_LONGEST_TEXT = 2500  # as JSON in ASCII: servers cut or refuse long tags


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class Event(BaseModel):
    """One thing that happened; facts, and the words that people gave for them."""

    # Later versions may write more; what they mean by the rest stays the same.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    kind: EventKind = Field(description="What happened.")
    model: str | None = Field(None, description="The registered model that it happened to.")
    run_id: str | None = Field(None, description="The run that it is about, where it is not recorded there.")
    at: str = Field(default_factory=_now, description="UTC time, ISO.")
    actor: str | None = Field(default_factory=actor, description="Who: user@host, or who asked for the build.")
    outcome: Literal["done", "undone"] | None = Field(None, description="Of a change: whether it was undone.")
    version: str | None = Field(None, description="The version that it is about.")
    previous: str | None = Field(None, description="The champion before it.")
    reason: str | None = Field(None, description="Why, as given by --reason.")
    forced: bool = Field(False, description="Whether a verdict was overridden.")
    accepted: bool = Field(False, description="Whether data were accepted that looked bad.")
    verdict: str | None = Field(None, description="Of a decision.")
    checks: tuple[str, ...] = Field((), strict=False, description="The checks that it is because of.")
    data_refused: tuple[str, ...] = Field((), strict=False, description="Of a decision: failed checks of the data.")
    because: str | None = Field(None, description="Why, in words made of the facts then.")
    data_end: str | None = Field(None, description="ISO date of the newest observation of the data it is about.")
    decision: str | None = Field(None, description="Of a decision: the folder on its run.")
    started: str | None = Field(None, description="Of a change: its journal's start.")

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, text: str) -> str:
        moment = datetime.fromisoformat(text)  # whoever may write tags can write anything
        if moment.tzinfo is None:
            raise ValueError("has no time zone")
        return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")


def record_end(
    runs: Runs,
    model_name: str,
    version: ModelVersion,
    entry: Entry,
    *,
    outcome: Literal["done", "undone"],
    because: str | None = None,
) -> None:
    """Record that a transition was carried out, or undone.

    Args:
        runs: where to.
        model_name: whose.
        version: that moved in, or did not.
        entry: its journal's.
        outcome: which of both.
        because: why it was undone.
    """
    event = Event(
        kind=OF_TRANSITION[entry.kind],
        actor=entry.actor,
        outcome=outcome,
        version=version.version,
        previous=entry.previous,
        reason=entry.reason,
        forced=entry.forced,
        accepted=entry.kind is Kind.RENEW and ACCEPTED_REASON in version.tags,
        because=because,
        data_end=version.tags.get(DATA_END) or None,
        started=entry.started,
    )
    # A version that comes back has the run of whatever once brought it.
    comes_back = entry.kind is Kind.ROLLBACK and entry.placeholder is not None
    record_event(runs, model_name, event, None if comes_back else version.run_id)


def record_event(
    runs: Runs,
    model_name: str,
    event: Event,
    about: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Record an event; what fails here is said, and fails nothing else.

    Args:
        runs: where to.
        model_name: whose event.
        event: what happened.
        about: the run that it is about, which gets it where it is a new one; None where there is none.
        tags: of the small run, where one is made.
    """
    event = event.model_copy(update={"model": model_name})
    try:
        run = _found(runs, about) if about else None
        theirs = run is not None and run.tags.get(MODEL_NAME) != model_name
        new = run is not None and abs(time.time() - run.started) < _NEW_SECONDS
        if run is not None and (new or theirs):
            runs.recorder(run.run_id).tags(_tag(event))
        if not new or theirs:
            _record_apart(runs, event.model_copy(update={"run_id": about}), tags or {})
    except ForecastopsError as error:
        _LOG.warning("the %s will be missing from `forecastops history`: %s", event.kind, error)


def _record_apart(runs: Runs, event: Event, tags: Mapping[str, str]) -> None:
    """Record an event on a small run of its own."""
    version = f" of version {event.version}" if event.version else ""
    name = run_name(str(event.model), event.data_end or "", f"{event.kind.replace('_', ' ')}{version}")
    runs.leave(name, {**tags, **_tag(event), KIND: event.kind, MODEL_NAME: str(event.model)})


def events_on(tags: Mapping[str, str]) -> list[Event]:
    """Return the events that a run's tags record; what is none of them is passed over."""
    found = []
    for name, text in tags.items():
        if name.startswith(EVENT):
            try:
                found.append(Event.model_validate_json(text))
            except ValidationError:
                _LOG.debug("the tag %s is no event", name)
    return found


def _tag(event: Event) -> dict[str, str]:
    """Return the tag that records the event."""
    short = {name: _cut(getattr(event, name)) for name in ("reason", "because")}
    document = event.model_copy(update=short).model_dump(mode="json", exclude_none=True)
    return {f"{EVENT}{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%fZ}": json.dumps(document)}


def _found(runs: Runs, run_id: str) -> Run | None:
    """Return the run; None where it is gone, or in another workspace."""
    try:
        return runs.get(run_id)
    except ForecastopsError:
        return None


def _cut(text: str | None) -> str | None:
    """Return a text short enough for a tag."""
    if text is None or len(json.dumps(text)) <= _LONGEST_TEXT:
        return text
    beginnings = (f"{text[:length]}…" for length in (2000, 1000, 500))
    return next((cut for cut in beginnings if len(json.dumps(cut)) <= _LONGEST_TEXT), f"{text[:200]}…")
