"""What is told, before any channel gives it its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forecastops.core.errors import ForecastopsError

__all__ = ["AlertError", "Message"]


class AlertError(ForecastopsError):
    """An alert that did not arrive; its words hold no address."""


@dataclass(frozen=True)
class Message:
    """An alert, or that all is clear.

    Args:
        subject: one line.
        lines: a sentence each.
        document: the same as plain values, for machines.
    """

    subject: str
    lines: tuple[str, ...]
    document: Mapping[str, Any] = field(default_factory=dict)
