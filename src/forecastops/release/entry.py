"""What the journal of a transition records."""

from __future__ import annotations

import getpass
import os
import socket
from datetime import datetime, timezone
from enum import Enum
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from forecastops.core.home import lock_domain

__all__ = ["UNKNOWN_REASON", "Entry", "Kind", "LegacyEndpoint", "Step", "actor", "now"]

LegacyEndpoint = Literal["served", "unserved"]
UNKNOWN_REASON = "it was interrupted"  # of a transition killed before its journal was begun: nothing says why


class Kind(str, Enum):
    """What was asked for, as journals write it; what a kind does of its own is in ``kinds``."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"
    RENEW = "renew"
    REFIT = "refit"

    def __str__(self) -> str:
        return self.value


class Step(str, Enum):
    """A step of a transition, as journals write it."""

    DEPLOY = "deploy"
    VERIFY = "verify"
    TAG = "tag"
    POINT = "point"

    def __str__(self) -> str:
        return self.value


def now() -> str:
    """Return UTC time to the second, ISO."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def actor() -> str:
    """Tell who acts: on an Azure DevOps agent the person who asked for the build, else user@host."""
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
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", serialize_by_alias=True)

    kind: Kind = Field(description="What was asked for.")
    previous: str | None = Field(description="The champion's version when it began; null for none.")
    reason: str | None = Field(description="Why, as given by --reason.")
    forced: bool = Field(False, description="Whether the verdict was overridden.")
    alias: str = Field(description="The pointer that is to be moved.")
    endpoint: str = Field(description="The deployment that is to serve the version.")
    # In the registry it is written under its former name, which other machines may still be reading by.
    legacy_endpoint: LegacyEndpoint | None = Field(
        None,
        validation_alias=AliasChoices("legacy_endpoint", "incumbent"),
        serialization_alias="incumbent",
        description="Of a champion that was not created by forecastops: whether the deployment existed when it began.",
    )
    actor: str = Field(default_factory=actor, description="Who: user@host, or who asked for the build.")
    domain: str = Field(default_factory=lock_domain, description="Those processes that its lock keeps out.")
    placeholder: str | None = Field(
        None,
        pattern=r"^[0-9]{1,18}$",
        description="Of one that moves in a version that exists: the version registered in its place, for its number.",
    )
    limit: float | None = Field(None, description="Seconds after which it is abandoned, if it gives no sign of life.")
    started: str = Field(default_factory=now, description="UTC time, ISO.")
    touched: str = Field(default_factory=now, description="UTC time of the last record, ISO.")
    outcome: Literal["done", "undone"] | None = Field(None, description="Null while it is under way.")
    steps: dict[Step, Literal["begun", "done"]] = Field(default_factory=dict, description="Each step's last record.")

    @field_validator("started", "touched")
    @classmethod
    def _is_a_time(cls, text: str) -> str:
        datetime.fromisoformat(text).timestamp()  # whoever may write tags can write anything
        return text
