"""Words in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["plain", "table"]


def plain(words: str) -> str:
    """Return words that Markdown and HTML leave as they are, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>|#~$&!])", r"\\\1", " ".join(words.split()))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, its cells as they are."""
    return [
        f"| {' | '.join(cells)} |"
        for cells in (head, ["---"] * len(head), *([plain(cell) for cell in row] for row in rows))
    ]
