"""What supervisor and server say to each other, one JSON object a line."""

from __future__ import annotations

from enum import Enum

__all__ = ["Command", "Event"]


class Command(str, Enum):
    """What a supervisor tells its server."""

    SERVE = "serve"
    DRAIN = "drain"


class Event(str, Enum):
    """What a server reports."""

    LOADED = "loaded"
    SERVING = "serving"
    DRAINING = "draining"
    FAILED = "failed"
