"""How pages show numbers, dates and text: as the sentences do, so that one number reads the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from forecastops.reporting.sentences.numbers import percent, probability, show

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["FILTERS", "cell", "moment", "writable"]

_MISSING = "–"  # noqa: RUF001 - a dash, as tables have it
# What no HTML file can hold: control characters but tab and line ends, lone surrogates, and what is no character.
_UNWRITABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_ACTIVE = re.compile(r"(?i)<\s*(?:script|foreignobject|iframe|animate|set)\b|<[^>]*(?:\son\w+\s*=|javascript:)")


def cell(value: object) -> str:
    """Return what a table shows: a dash for what is missing, a number as the sentences have it."""
    if value is None:
        return _MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return show(value) if isinstance(value, float) else str(value)


def moment(text: str) -> str:
    """Return an ISO time to the minute in UTC; what is none stays as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    if found.tzinfo is not None:
        found = found.astimezone(timezone.utc)
    return f"{found:%Y-%m-%d %H:%M} UTC"


def writable(value: Any) -> Any:
    """Return a value in which every character can be written to a file; markup stays markup."""
    if isinstance(value, str) and _UNWRITABLE.search(value):
        return type(value)(_UNWRITABLE.sub("\ufffd", value))
    return value


def svg(drawing: str) -> Markup:
    """Return a drawing of ``pictures`` as markup: its ``<svg>`` element, without what only a file of its own needs.

    Raises:
        ValueError: when it is none, or holds what a page must not have.
    """
    from markupsafe import Markup

    start = drawing.find("<svg")
    if start < 0 or _ACTIVE.search(drawing):
        raise ValueError("this is no drawing that a page may hold")
    return Markup(drawing[start:])  # noqa: S704 - of our own making, and looked through above


FILTERS: dict[str, Callable[..., str]] = {
    "cell": cell,
    "moment": moment,
    "number": show,
    "percent": percent,
    "probability": probability,
    "svg": svg,
}
