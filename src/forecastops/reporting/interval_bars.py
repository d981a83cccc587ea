"""A forecast as a small picture of text, for terminals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["interval_bars"]

_MOST_ROWS = 60


def interval_bars(rows: Sequence[Mapping[str, Any]], width: int = 48) -> list[str]:
    """Return a line a date, on which the mean lies in its intervals; none where there are too many dates to see.

    Args:
        rows: with ``date``, ``mean`` and bounds such as ``lower_80`` and ``upper_80``.
        width: of the picture, in characters.
    """
    if not rows or len(rows) > _MOST_ROWS:
        return []
    levels = sorted((name.removeprefix("lower_") for name in rows[0] if name.startswith("lower_")), key=float)
    values = [row[name] for row in rows for name in row if name != "date"]
    low, high = min(values), max(values)
    scale = (width - 1) / (high - low) if high > low else 0.0

    def column(value: float) -> int:
        return round(float((value - low) * scale))

    return [f"{row['date']:>10}  {_bar(row, levels, width, column)}" for row in rows]


def _bar(row: Mapping[str, Any], levels: Sequence[str], width: int, column: Any) -> str:
    line = [" "] * width
    marks = "┄─━"[-len(levels) :] if levels else ""  # the narrowest interval has the strongest line
    for level, mark in zip(reversed(levels), marks, strict=False):
        first, last = column(row[f"lower_{level}"]), column(row[f"upper_{level}"])
        line[first : last + 1] = mark * (last + 1 - first)
    line[column(row["mean"])] = "●"
    return "".join(line).rstrip()
