"""Where a model comes from and what became of it, as facts that pages show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Data", "Lineage", "VersionFact"]


@dataclass(frozen=True)
class Data:
    """The series that a run was made from; what is not recorded is None."""

    source: str | None = None
    start: str | None = None
    end: str | None = None
    rows: str | None = None
    missing: float | None = None
    interpolated: float | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class VersionFact:
    """One version of the registered model.

    Attributes:
        version: its number.
        kind: how it came about.
        model_version: the version that brought its model in, itself unless it is a renewal.
        data_end: ISO date of its newest observation; None where it is not recorded.
        at: when it came into production, ISO; None where it did not, or that is not recorded.
        actor: who brought it in.
        previous: the version that was in production before; None for none, or where that is not recorded.
        reason: why, as somebody gave it: of a promotion against the verdict, a rollback, or data that were accepted.
        rolled_back: why it was rolled back; None where it was not.
        current: whether it is under the pointer.
    """

    version: str
    kind: Literal["promoted", "forced", "renewed", "refitted", "returned", "registered"]
    model_version: str
    data_end: str | None = None
    at: str | None = None
    actor: str | None = None
    previous: str | None = None
    reason: str | None = None
    rolled_back: str | None = None
    current: bool = False


@dataclass(frozen=True)
class Lineage:
    """What the registry says of a run's model, and what happened since.

    Attributes:
        mine: the version with the run's model; None where it was never registered, or was removed.
        champion: the version in production now; None for none.
        since: what happened to the registered model after the decision, as ``events.html`` shows it; None where that
            was not asked.
    """

    mine: VersionFact | None = None
    champion: str | None = None
    since: Sequence[Mapping[str, Any]] | None = None
