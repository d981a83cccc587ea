"""What differs between the kinds of transition; everything else about a transition is the same for all.

A new kind is a value of ``Kind``, its command here, and the other two where it needs them.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from typing import NamedTuple

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.ground.home import lock_domain
from forecastops.release.entry import UNKNOWN_REASON, Entry, Kind, now
from forecastops.release.tags import ROLLED_BACK, SERVED

__all__ = ["Registration", "again", "predecessor_tags", "registered_by", "registration_mark"]


class Registration(NamedTuple):
    """How a version of ours came about: by which kind of transition, and in which lock domain."""

    kind: Kind
    domain: str


def registration_mark(kind: Kind) -> str:
    """Return the description that a version gets when a transition of that kind registers it here."""
    return _MARKS[kind] + lock_domain()


def registered_by(version: ModelVersion) -> Registration | None:
    """Read from its description which transition registered the version; None where it was none of ours."""
    for kind, mark in _MARKS.items():
        if version.description.startswith(mark):
            return Registration(kind, version.description.removeprefix(mark))
    return None


def again(version: ModelVersion, entry: Entry) -> str:
    """Return the command that finishes or undoes the transition."""
    return _COMMANDS[entry.kind](version, entry)


def predecessor_tags(version: str, entry: Entry) -> Mapping[str, str]:
    """Return what to record on the champion that ``version`` has replaced; mostly nothing."""
    tags = _PREDECESSOR_TAGS.get(entry.kind)
    return tags(version, entry) if tags else {}


def _promote_again(version: ModelVersion, entry: Entry) -> str:
    force = f" --force --reason {shlex.quote(entry.reason)}" if entry.reason else ""
    return f"forecastops promote --run-id {version.run_id}{force}"


def _renew_again(_version: ModelVersion, _entry: Entry) -> str:
    return "forecastops renew --data FILE"


def _rollback_again(version: ModelVersion, entry: Entry) -> str:
    reason = shlex.quote(entry.reason or UNKNOWN_REASON)
    if registered_by(version) == Registration("rollback", entry.domain) and SERVED not in version.tags:
        return f"forecastops rollback --reason {reason}"  # this version goes when it is undone
    return f"forecastops rollback --to-version {version.version} --reason {reason}"


def _rolled_back(version: str, entry: Entry) -> Mapping[str, str]:
    about = {"reason": entry.reason, "actor": entry.actor, "at": now(), "to": version}
    return {ROLLED_BACK: json.dumps(about)}


# Starts the description of each version that a kind registers, before the lock domain.
# A rollback registers one where it brings its version up to date.
_MARKS: Mapping[Kind, str] = {
    "promote": "promoted by forecastops from ",
    "rollback": "rolled back to by forecastops from ",
    "renew": "renewed by forecastops from ",
    "refit": "refitted by forecastops from ",
}
_COMMANDS: Mapping[Kind, Callable[[ModelVersion, Entry], str]] = {
    "promote": _promote_again,
    "rollback": _rollback_again,
    "renew": _renew_again,
    "refit": _renew_again,
}
_PREDECESSOR_TAGS: Mapping[Kind, Callable[[str, Entry], Mapping[str, str]]] = {"rollback": _rolled_back}
