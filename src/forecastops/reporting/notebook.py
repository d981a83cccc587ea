"""Results as HTML for a notebook; whatever is in them is text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["preformatted", "table"]


def preformatted(text: str) -> str:
    """Return text as it stands."""
    return f"<pre>{escape(text)}</pre>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; a number is shown with six digits, and what is missing as a dash."""
    first = "".join(f"<th>{escape(name)}</th>" for name in head)
    others = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{first}</tr></thead><tbody>{others}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return "<td>-</td>"
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"<td>{escape(shown)}</td>"
