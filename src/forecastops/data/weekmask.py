"""Open weekdays: which days of the week a series has, as text and as numbers."""

from __future__ import annotations

import re

__all__ = ["WEEKDAYS", "mask_name", "open_weekdays"]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def open_weekdays(text: str) -> tuple[int, ...]:
    """Return the numbers (Monday 0) of the weekdays that a text such as ``Mon-Sat`` or ``Mon Wed-Fri`` names.

    Raises:
        ValueError: when it names none, or all seven, which need no mask.
    """
    found: set[int] = set()
    for part in re.split(r"[\s,;]+", text.strip()):
        first, _, last = part.partition("-")
        start = _number(first, text)
        stop = _number(last, text) if last else start
        found |= {day % 7 for day in range(start, stop + 1 + 7 * (stop < start))}
    if len(found) == 7:
        raise ValueError(f"{text!r} names all seven days; leave it out")
    return tuple(sorted(found))


def mask_name(days: tuple[int, ...]) -> str:
    """Return the shortest text for these weekdays: ``Mon-Sat``, or ``Mon-Tue Thu`` where there are gaps."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return " ".join("-".join(dict.fromkeys((WEEKDAYS[run[0]], WEEKDAYS[run[-1]]))) for run in runs)


def _number(name: str, text: str) -> int:
    short = name.strip().capitalize()[:3]
    if short not in WEEKDAYS:
        raise ValueError(f"{text!r} names no weekdays; write e.g. Mon-Sat or Mon Wed Fri")
    return WEEKDAYS.index(short)
