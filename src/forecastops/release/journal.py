"""The journal of a promotion or rollback, kept on the model version that moves in.

One tag holds the whole of it, so that each record is one write: what was begun, by whom and why, from which champion,
and each step before and after it happens. What a killed process leaves behind is thereby known.
"""

from __future__ import annotations

import getpass
import os
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.ground.errors import RegistryError
from forecastops.ground.home import lock_domain

__all__ = [
    "JOURNAL",
    "REGISTERED_ON",
    "SERVED",
    "Entry",
    "Incumbent",
    "Journal",
    "actor",
    "again",
    "may_be_discarded",
    "now",
    "read_journal",
    "unfinished",
]

JOURNAL = "forecastops.journal"
SERVED = "forecastops.served"  # since when the version was under the pointer for the first time
REGISTERED_ON = "promoted by forecastops from "  # starts the description of each version that we register
Step = Literal["deploy", "verify", "tag", "point"]
Incumbent = Literal["served", "unserved"]


def now() -> str:
    """UTC time to the second, ISO."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def actor() -> str:
    """Who acts: on an Azure DevOps agent the person who asked for the build, else user@host."""
    if person := os.environ.get("BUILD_REQUESTEDFOR"):
        return person
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


class Entry(BaseModel):
    """One operation on one version."""

    # Later versions may write more; what they mean by the rest stays the same.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    kind: Literal["promote", "rollback"] = Field(description="What was asked for.")
    previous: str | None = Field(description="The champion's version when it began; null for none.")
    reason: str | None = Field(description="Why, as given by --reason.")
    forced: bool = Field(False, description="Whether the verdict was overridden.")
    alias: str = Field(description="The pointer that is to be moved.")
    endpoint: str = Field(description="The deployment that is to serve the version.")
    incumbent: Incumbent | None = Field(
        None, description="Of a champion that is no forecastops model: whether the deployment existed when it began."
    )
    actor: str = Field(default_factory=actor, description="Who: user@host, or who asked for the build.")
    domain: str = Field(default_factory=lock_domain, description="Those processes that its lock keeps out.")
    started: str = Field(default_factory=now, description="UTC time, ISO.")
    touched: str = Field(default_factory=now, description="UTC time of the last record, ISO.")
    outcome: Literal["done", "undone"] | None = Field(None, description="Null while it is under way.")
    steps: dict[Step, Literal["begun", "done"]] = Field(default_factory=dict, description="Each step's last record.")


class Journal:
    """Records the steps of one operation on ``version``; ``again`` is the command that finishes it."""

    def __init__(self, registry: ModelRegistry, version: ModelVersion, entry: Entry) -> None:
        self._registry = registry
        self.version = version.version
        self.entry = entry
        self.again = again(version, entry)

    def begin(self) -> None:
        """Record what is about to be done."""
        self._write()

    @contextmanager
    def step(self, name: Step) -> Iterator[None]:
        """Record that ``name`` begins; and that it is done, unless the block raises."""
        self._write(steps={**self.entry.steps, name: "begun"})
        yield
        self._write(steps={**self.entry.steps, name: "done"})

    def end(self, outcome: Literal["done", "undone"]) -> None:
        """Record that nothing is left to do."""
        self._write(outcome=outcome)

    def _write(self, **changes: object) -> None:
        self.entry = self.entry.model_copy(update={**changes, "touched": now()})
        self._registry.tag(self.version, {JOURNAL: self.entry.model_dump_json()})


def read_journal(version: ModelVersion) -> Entry | None:
    """The last operation that moved this version in, None where there was none.

    Raises:
        RegistryError: when the tag is not a journal's.
    """
    text = version.tags.get(JOURNAL)
    if text is None:
        return None
    try:
        return Entry.model_validate_json(text)
    except ValidationError as error:
        raise RegistryError(
            f"version {version.version}",
            f"its tag {JOURNAL} is not a journal",
            "delete that tag, then run the command again",
        ) from error


def again(version: ModelVersion, entry: Entry) -> str:
    """The command that finishes or undoes the operation."""
    reason = shlex.quote(entry.reason or "")
    if entry.kind == "rollback":
        return f"forecastops rollback --to-version {version.version} --reason {reason}"
    force = f" --force --reason {reason}" if entry.reason else ""
    return f"forecastops promote --run-id {version.run_id}{force}"


def may_be_discarded(version: ModelVersion) -> bool:
    """Whether undoing may delete the version: we registered it, and it never was in production."""
    return version.description.startswith(REGISTERED_ON) and SERVED not in version.tags


def unfinished(version: ModelVersion) -> Entry | None:
    """The operation on this version that was begun and has not ended, None where there is none.

    A version that was registered by us, never was in production and has no journal yet is a promotion killed right
    after its registration: it belongs to no alias and no endpoint.
    """
    entry = read_journal(version)
    if entry is None and may_be_discarded(version):
        begun = datetime.fromtimestamp(version.created, timezone.utc).isoformat(timespec="seconds")
        domain = version.description.removeprefix(REGISTERED_ON)
        return Entry(
            kind="promote",
            previous=None,
            reason=None,
            alias="",
            endpoint="",
            actor=domain,
            domain=domain,
            started=begun,
            touched=begun,
        )
    return entry if entry and entry.outcome is None else None
