"""Whose turn it is: of transitions that two machines begin at the same moment, the one with the lowest place goes on.

No registry moves its pointer only if it still is where it was. But each gives version numbers out once and in order,
so a transition's place is the number of the version that it registers; one that moves in a version that exists
registers a placeholder, for as long as it lasts. Whoever has a place reads the versions again, then the pointer. A
transition with a lower place was registered earlier, so it is seen: done, and the pointer has moved; or under way, and
this one gives way; or not yet saying what it does, and this one waits. What its machine has left lying around stops
nobody for longer than its time limit, by the clock of the server.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.core.errors import PromotionRefusedError
from forecastops.core.tags import SERVED
from forecastops.release.entry import Entry
from forecastops.release.journal import Journal, read_journal, unfinished
from forecastops.release.kinds import placeholder, registered_by
from forecastops.release.production import Production

__all__ = [
    "Rival",
    "RivalError",
    "active_rivals",
    "give_way",
    "require_in_time",
    "require_still_ours",
    "rival_error",
    "wait_for_turn",
]

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 60.0  # beyond the time limit: what a request that was sent within it may take
_SILENT_SECONDS = 60.0  # within which a transition writes its journal once it is registered
_LONGEST_SECONDS = 86_400.0  # whatever a journal asks for, so that a tag that somebody wrote stops nobody for ever
_POLL_SECONDS = 0.25


class RivalError(PromotionRefusedError):
    """Another machine's transition of the same model is under way, or was before this one could begin."""


@dataclass(frozen=True)
class Rival:
    """A transition that was begun and has not ended.

    Attributes:
        version: what moves in; of one that has not said so, what it has registered.
        place: the lowest goes first.
        entry: its journal; None where it has not written one yet.
        domain: those processes that its lock keeps out.
        seen: when it gave its last sign of life, in seconds since the epoch by the server's clock.
        limit: the seconds after which it is abandoned, if it gives none.
    """

    version: ModelVersion
    place: int
    entry: Entry | None
    domain: str
    seen: float
    limit: float


def active_rivals(production: Production, versions: Sequence[ModelVersion]) -> list[Rival]:
    """Return other machines' transitions of our pointer or endpoint whose time limit is not over, the first first."""
    numbered = {version.version: version for version in versions}
    journals = [read_journal(version) for version in versions]
    placeholders = {entry.placeholder for entry in journals if entry}
    found = [_rival(production, version, numbered) for version in versions if version.version not in placeholders]
    alive = [rival for rival in found if rival and abs(production.registry.now() - rival.seen) < rival.limit]
    return sorted(alive, key=lambda rival: rival.place)


def wait_for_turn(production: Production, journal: Journal) -> Sequence[ModelVersion]:
    """Return all versions of the model once no other transition goes before the journal's, which has been begun.

    Raises:
        RivalError: when one does.
    """
    while True:
        versions = production.registry.versions()
        silent = [rival for rival in give_way(production, journal, versions) if rival.entry is None]
        if not silent:
            return versions
        _LOG.info("waiting for version %s, registered before, to say what it is", silent[0].version.version)
        time.sleep(_POLL_SECONDS)


def give_way(production: Production, journal: Journal, versions: Sequence[ModelVersion]) -> list[Rival]:
    """Return the transitions that were registered before the journal's, none of which replaces the same champion.

    Args:
        production: locked by the caller.
        journal: of the transition.
        versions: all of the model, as they were just read.

    Raises:
        RivalError: when one does.
    """
    before = [rival for rival in active_rivals(production, versions) if rival.place < journal.place]
    for rival in before:
        if rival.entry and rival.entry.previous == journal.entry.previous:
            raise rival_error(production, rival)
    return before


def require_still_ours(production: Production, journal: Journal, versions: Sequence[ModelVersion]) -> None:
    """Raise unless the version still carries this very journal: others may have taken it for abandoned.

    Args:
        production: locked by the caller.
        journal: of the transition.
        versions: all of the model, as they were just read.

    Raises:
        RivalError: when they have, or may.
    """
    numbered = {version.version: version for version in versions}
    version = numbered.get(journal.version)
    under_way = version is not None and journal.is_of(version) and unfinished(version) is not None
    # Whoever undoes it deletes what was registered for it, be it a placeholder beside a version that stays.
    registered = journal.entry.placeholder or journal.version
    if not under_way or registered not in numbered:
        what = f"the {journal.entry.kind} of version {journal.version} was taken for abandoned, and undone"
        raise RivalError(_place(production), what, "run this again")
    limit = production.config.deployment.timeout_seconds
    _require_quick(production, journal, journal.silent_seconds, max(limit, _GRACE_SECONDS))


def require_in_time(production: Production, journal: Journal) -> None:
    """Raise where nobody waits any more for what was registered to say what it is.

    Raises:
        RivalError: when its first record comes too late.
    """
    _require_quick(production, journal, journal.age, _SILENT_SECONDS)


def _require_quick(production: Production, journal: Journal, seconds: float, limit: float) -> None:
    if seconds > limit:
        what = f"the {journal.entry.kind} of version {journal.version} gave no sign of life for {seconds:.0f} s"
        raise RivalError(_place(production), f"{what}, and others may have gone first", "run this again")


def rival_error(production: Production, rival: Rival) -> RivalError:
    """Make the error of a transition that gives way."""
    age = max(0.0, production.registry.now() - rival.seen)
    kind, actor = (rival.entry.kind, rival.entry.actor) if rival.entry else ("change", "somebody")
    return RivalError(
        _place(production),
        f"{actor} began a {kind} of version {rival.version.version} on {rival.domain}, last heard of {age:.0f} s ago",
        f"run this again when it has ended, or after {max(1.0, rival.limit - age):.0f} s if it was interrupted",
    )


def _rival(production: Production, version: ModelVersion, numbered: dict[str, ModelVersion]) -> Rival | None:
    entry = read_journal(version)
    if entry is None:
        return _rival_without_journal(production, version)
    if entry.outcome is not None or entry.domain == production.domain or not _concerns(production, entry):
        return None
    registered = numbered.get(entry.placeholder) if entry.placeholder else version
    asked = min(entry.limit or production.config.deployment.timeout_seconds, _LONGEST_SECONDS)
    limit = max(asked, _GRACE_SECONDS) + _GRACE_SECONDS
    place = int(entry.placeholder or version.version)
    return Rival(version, place, entry, entry.domain, _last_sign_of_life(registered, entry), limit)


def _rival_without_journal(production: Production, version: ModelVersion) -> Rival | None:
    """Return what was registered for a transition whose journal is not written yet."""
    registrant = placeholder(version) or registered_by(version)
    domain = registrant.domain if registrant else production.domain
    if domain == production.domain or SERVED in version.tags:
        return None
    limit = _SILENT_SECONDS + _GRACE_SECONDS
    return Rival(version, int(version.version), None, domain, version.created, limit)


def _last_sign_of_life(registered: ModelVersion | None, entry: Entry) -> float:
    """Return the last sign of life by the server's clock: the registration's time, and how long ago it was.

    That is a difference between two times of one machine, so it does not matter whether its clock is right.
    """
    started, touched = (datetime.fromisoformat(time).timestamp() for time in (entry.started, entry.touched))
    if registered is None or not (placeholder(registered) or registered_by(registered)) or SERVED in registered.tags:
        return touched  # of an earlier forecastops, which registered nothing for it
    return registered.created + (touched - started)


def _concerns(production: Production, entry: Entry) -> bool:
    return entry.alias == production.registry.pointer.name or entry.endpoint == production.endpoint.name


def _place(production: Production) -> str:
    return f"model {production.registry.name!r}"
