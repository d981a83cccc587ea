"""Results as HTML for a notebook, made of what pages are made of; whatever is in them is text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from forecastops.reporting.pages.rendering import render

__all__ = [
    "TONES",
    "Banner",
    "Facts",
    "Notes",
    "Part",
    "Preformatted",
    "Table",
    "Tone",
    "preformatted",
    "shown",
    "table",
]

Tone = Literal["good", "wait", "bad", "plain"]
TONES: dict[str, Tone] = {"PROMOTE": "good", "HOLD": "wait", "REJECT": "bad"}


@dataclass(frozen=True)
class Banner:
    """The answer, first."""

    tone: Tone
    word: str
    sentence: str
    kind: Literal["banner"] = field(default="banner", init=False)


@dataclass(frozen=True)
class Facts:
    """Names and what they are; what is None is left out."""

    pairs: Sequence[tuple[str, object]]
    kind: Literal["facts"] = field(default="facts", init=False)


@dataclass(frozen=True)
class Notes:
    """Sentences, one below the other."""

    heading: str
    notes: Sequence[str]
    kind: Literal["notes"] = field(default="notes", init=False)


@dataclass(frozen=True)
class Table:
    """Rows below a head; the columns from ``numbers_from`` on, counted from 0, are numbers."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    numbers_from: int = 1
    kind: Literal["table"] = field(default="table", init=False)


@dataclass(frozen=True)
class Preformatted:
    """Text as it stands."""

    text: str
    kind: Literal["preformatted"] = field(default="preformatted", init=False)


Part: TypeAlias = Banner | Facts | Notes | Table | Preformatted


def shown(*parts: Part) -> str:
    """Return the parts, one below the other; lists and tables without anything in them are left out."""
    full = [part for part in parts if not (isinstance(part, Notes) and not part.notes)]
    full = [part for part in full if not (isinstance(part, Table) and not part.rows)]
    return render("notebook.html", parts=full)


def preformatted(text: str) -> str:
    """Return text as it stands."""
    return shown(Preformatted(text))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; a number is shown as in the sentences, and what is missing as a dash."""
    return shown(Table("", head, list(rows)))
