"""What differs between the kinds of transition; everything else about a transition is the same for all.

A new kind is a value of ``Kind``, its command here, and the other two where it needs them.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import NamedTuple

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.core.tags import ROLLED_BACK, SERVED
from forecastops.release.entry import UNKNOWN_REASON, Entry, Kind, now

__all__ = [
    "Placeholder",
    "Registration",
    "again",
    "placeholder",
    "placeholder_mark",
    "predecessor_tags",
    "registered_by",
    "registration_mark",
]


class Registration(NamedTuple):
    """How a version of ours came about: by which kind of transition, and in which lock domain."""

    kind: Kind
    domain: str


class Placeholder(NamedTuple):
    """Whose place a version keeps that was registered for nothing else: of which transition, in which lock domain."""

    kind: Kind
    version: str
    domain: str


def registration_mark(kind: Kind, domain: str, words: str = "") -> str:
    """Return the description that a version gets when a transition of that kind registers it in that lock domain.

    Args:
        kind: of the transition.
        domain: of the lock.
        words: what else it is to say to people, below the line that is read here.
    """
    return f"{_MARKS[kind]}{domain}\n\n{words}" if words else _MARKS[kind] + domain


def placeholder_mark(kind: Kind, version: str, domain: str) -> str:
    """Return the description of a version that only keeps the place of a transition that moves ``version`` in."""
    return f"placeholder of a {kind} of version {version} by forecastops from {domain}"


def placeholder(version: ModelVersion) -> Placeholder | None:
    """Read from its description whose place the version keeps; None where it keeps none."""
    found = _PLACEHOLDER.fullmatch(version.description)
    return Placeholder(Kind(found[1]), found[2], found[3]) if found else None


def registered_by(version: ModelVersion) -> Registration | None:
    """Read from its description which transition registered the version; None where it was none of ours."""
    for kind, mark in _MARKS.items():
        if version.description.startswith(mark):
            return Registration(kind, version.description.removeprefix(mark).partition("\n")[0])
    return None


def again(version: ModelVersion, entry: Entry) -> str:
    """Return the command that finishes or undoes the transition."""
    kept = placeholder(version)
    if kept is None or kept.kind is not Kind.ROLLBACK:
        return _COMMANDS[entry.kind](version, entry)
    reason = shlex.quote(entry.reason or UNKNOWN_REASON)
    return f"forecastops rollback --to-version {kept.version} --reason {reason}"


def predecessor_tags(version: str, entry: Entry) -> Mapping[str, str]:
    """Return what to record on the champion that ``version`` has replaced; mostly nothing."""
    tags = _PREDECESSOR_TAGS.get(entry.kind)
    return tags(version, entry) if tags else {}


def _promote_again(version: ModelVersion, entry: Entry) -> str:
    force = f" --force --reason {shlex.quote(entry.reason)}" if entry.reason else ""
    # Whoever registers a version may name any text as its run, and people copy this line into a shell.
    return f"forecastops promote --run-id {shlex.quote(version.run_id)}{force}"


def _renew_again(_version: ModelVersion, _entry: Entry) -> str:
    return "forecastops renew --data FILE"


def _rollback_again(version: ModelVersion, entry: Entry) -> str:
    reason = shlex.quote(entry.reason or UNKNOWN_REASON)
    if registered_by(version) == Registration(Kind.ROLLBACK, entry.domain) and SERVED not in version.tags:
        return f"forecastops rollback --reason {reason}"  # this version goes when it is undone
    return f"forecastops rollback --to-version {version.version} --reason {reason}"


def _rolled_back(version: str, entry: Entry) -> Mapping[str, str]:
    about = {"reason": entry.reason, "actor": entry.actor, "at": now(), "to": version}
    return {ROLLED_BACK: json.dumps(about)}


# Starts the description of each version that a kind registers, before the lock domain.
# A rollback registers one where it brings its version up to date.
_MARKS: Mapping[Kind, str] = {
    Kind.PROMOTE: "promoted by forecastops from ",
    Kind.ROLLBACK: "rolled back to by forecastops from ",
    Kind.RENEW: "renewed by forecastops from ",
    Kind.REFIT: "refitted by forecastops from ",
}
_PLACEHOLDER = re.compile(r"placeholder of a (promote|rollback) of version (\d+) by forecastops from (.+)")
_COMMANDS: Mapping[Kind, Callable[[ModelVersion, Entry], str]] = {
    Kind.PROMOTE: _promote_again,
    Kind.ROLLBACK: _rollback_again,
    Kind.RENEW: _renew_again,
    Kind.REFIT: _renew_again,
}
_PREDECESSOR_TAGS: Mapping[Kind, Callable[[str, Entry], Mapping[str, str]]] = {Kind.ROLLBACK: _rolled_back}
