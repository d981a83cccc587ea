"""The journal of a transition, kept on the model version that moves in.

One tag holds the whole of it, so that each record is one write: what was begun, by whom and why, from which champion,
and each step before it happens. What a killed process leaves behind is thereby known.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Literal

from pydantic import ValidationError

from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.core.errors import RegistryError
from forecastops.core.tags import JOURNAL, SERVED
from forecastops.release.entry import Entry, Step, now
from forecastops.release.kinds import again, placeholder, registered_by

__all__ = ["Journal", "is_unused", "read_journal", "unfinished"]


class Journal:
    """Records the steps of one operation on ``version``; ``again`` is the command that finishes it.

    Args:
        registry: holds the version.
        version: moves in.
        entry: what is recorded.
        since: when its registration began, by this process's monotonic clock.
    """

    def __init__(
        self, registry: ModelRegistry, version: ModelVersion, entry: Entry, since: float | None = None
    ) -> None:
        self._registry = registry
        self._begun = time.monotonic() if since is None else since
        self._since = self._begun
        self.registered = version
        self.version = version.version
        self.entry = entry
        self.again = again(version, entry)

    @property
    def place(self) -> int:
        """The operation's place among those that are begun at the same moment."""
        return int(self.entry.placeholder or self.version)

    def begin(self) -> None:
        """Record what is about to be done."""
        self._write()

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Record that ``step`` begins; and with the next record, unless the block raises, that it is done.

        A step that is done and the same step begun are undone alike, so its end needs no record of its own.
        """
        self._write(steps={**self.entry.steps, step: "begun"})
        yield
        self.done(step)

    def done(self, step: Step) -> None:
        """Record with the next record that ``step`` is done."""
        self.entry = self.entry.model_copy(update={"steps": {**self.entry.steps, step: "done"}})

    def sign_of_life(self) -> None:
        """Record that it is still at work."""
        self._write()

    def end(self, outcome: Literal["done", "undone"]) -> None:
        """Record that nothing is left to do."""
        self._write(outcome=outcome)

    def is_of(self, version: ModelVersion) -> bool:
        """Tell whether the version carries this very journal, whatever it says by now, or another transition's."""
        found = read_journal(version)
        return found is not None and _identity(found) == _identity(self.entry)

    def withdraw(self, version: ModelVersion) -> None:
        """Leave the version as it was before ``begin``; where it was under way already, record that it was undone.

        Args:
            version: as it is now; what another transition has written on it since stays.
        """
        if not self.is_of(version) and (self.entry.placeholder or JOURNAL in version.tags):
            return
        before = read_journal(self.registered)
        if before is None or before.outcome is None:
            self.end("undone")
        else:
            self._registry.tag(self.version, {JOURNAL: self.registered.tags[JOURNAL]})

    @property
    def age(self) -> float:
        """Seconds since its registration began."""
        return time.monotonic() - self._begun

    @property
    def silent_seconds(self) -> float:
        """Seconds since its last record was begun; before the first, since its registration was."""
        return time.monotonic() - self._since

    def _write(self, **changes: object) -> None:
        began = time.monotonic()
        self.entry = self.entry.model_copy(update={**changes, "touched": now()})
        self._registry.tag(self.version, {JOURNAL: self.entry.model_dump_json()})
        self._since = began


def _identity(entry: Entry) -> tuple[str | None, ...]:
    return entry.started, entry.domain, entry.placeholder


def read_journal(version: ModelVersion) -> Entry | None:
    """Return the last operation that moved this version in, None where there was none.

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


def is_unused(version: ModelVersion) -> bool:
    """Tell whether undoing may delete the version: we registered it, and it never was in production."""
    ours = registered_by(version) is not None or placeholder(version) is not None
    return ours and SERVED not in version.tags


def unfinished(version: ModelVersion) -> Entry | None:
    """Return the transition of this version that was begun and has not ended, None where there is none.

    A version that was registered by us, never was in production and has no journal yet is of a transition killed right
    after its registration: it belongs to no alias and no endpoint.
    """
    entry = read_journal(version)
    if entry is not None:
        return entry if entry.outcome is None else None
    registration = placeholder(version) or registered_by(version)
    if registration is None or not is_unused(version):
        return None
    begun = datetime.fromtimestamp(version.created, timezone.utc).isoformat(timespec="seconds")
    return Entry(
        kind=registration.kind,
        previous=None,
        reason=None,
        alias="",
        endpoint="",
        actor=registration.domain,
        domain=registration.domain,
        started=begun,
        touched=begun,
    )
