"""What supervisor and server say to each other, one JSON object a line, and to clients beside their answers."""

from __future__ import annotations

from enum import Enum

__all__ = ["MODEL_HEADER", "Command", "Event"]

MODEL_HEADER = "X-Forecastops-Model"  # names what is served


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
