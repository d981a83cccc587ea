"""What to say of dates that are not ISO: the formats that read the whole column, and what each makes of a cell."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import pandas as pd

from forecastops.data.date_formats import COUNTED, by_format, counted, english

__all__ = ["Advice", "advice", "formats_of"]

_DAYS = (
    *("%d.%m.%Y", "%d.%m.%y", "%Y.%m.%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%Y/%m/%d", "%m-%d-%Y"),
    *("%d-%m-%Y", "%d-%m-%y", "%m-%d-%y", "%Y-%m-%d", "%d %m %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d %b %Y"),
    *("%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%d. %B %Y", "%d %b, %Y", "%a, %d %b %Y", "%a %b %d %Y"),
    *("%A, %B %d, %Y", "%d%b%Y", "%Y%m%d", "%y%m%d", "%d%m%Y", "%m%d%Y", "%d/%b/%Y", "%Y-%b-%d", "%Y/%d/%m"),
    *("%y-%m-%d", "%y/%m/%d", "%y.%m.%d", "%Y-%d-%m", "%d. %b %Y", "%d.%b.%Y", "%d.%b.%y", "%A, %d. %B %Y"),
)
_MONTHS = (
    *("%b-%y", "%b %Y", "%B %Y", "%b-%Y", "%b %y", "%Y %b", "%Y-%b", "%Y %B", "%m/%Y", "%m.%Y", "%m-%Y", "%Y/%m"),
    *("%Y.%m", "%Y%m", "%YM%m", "%Y-M%m", "%b/%Y", "%b. %Y", "%b.%y", "%Y:%m", "%Y %m"),
)
_WEEKS = ("KW %V/%G", "KW%V/%G", "KW %V %G", "%G KW%V", "%G-KW%V", "%V/%G", "W%V %G", "W%V-%G", "Week %V, %G", "%G/%V")
_CLOCKS = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", "T%H:%M:%S"),
    *(" %H", " %I %p", " %H.%M", " %H:%M:%S %z", " %H:%M %z", ", %I:%M:%S %p", ", %I:%M %p"),
)
_DIRECTIVES, _NAMES = re.compile("%[A-Za-z]"), ("%a", "%A", "%b", "%B", "%p")
_MOST_TEXTS = 20_000
_MOST_READINGS = 3
_EARLIEST, _LATEST = 1901, 2090
_EXCEL = (20_000, 70_000)  # days of 1954 to 2091
_SECONDS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}


class Advice(NamedTuple):
    """What a cell is, where there are two readings, and the option that settles it."""

    what: str
    remedy: str


def formats_of(texts: Sequence[str]) -> list[str]:
    """At most three formats that read all texts, and differently."""
    kinds = list(dict.fromkeys(texts))[:_MOST_TEXTS]
    return [written for written, _ in itertools.islice(_readings(kinds), _MOST_READINGS)] if kinds else []


def advice(texts: Sequence[str], cell: str) -> Advice | None:
    """Return the formats that read every text of a column, at most three of them by name; None where none does.

    Args:
        texts: all different texts of the column, trimmed.
        cell: the one at fault, which the message shows; the first by default.
    """
    kinds = list(dict.fromkeys(texts))[:_MOST_TEXTS]
    if not kinds:
        return None
    row = kinds.index(cell) if cell in kinds else 0
    readings = list(itertools.islice(_readings(kinds), _MOST_READINGS))
    if not readings:
        return None
    first, dates = readings[0]
    if len(readings) == 1:
        return Advice("", f"set data.date_format={first} to read it as {_shown(dates.iloc[row])}")
    others = readings[1][1]
    if dates.iloc[row] == others.iloc[row]:
        row = int((dates != others).to_numpy().argmax())
    ways = [(written, _shown(found.iloc[row])) for written, found in readings]
    which = "which" if kinds[row] == cell else f"and {kinds[row]!r}, which"
    return Advice(
        f"{which} is {' or '.join(dict.fromkeys(date for _, date in ways))}",
        "set " + ", or ".join(f"data.date_format={written} for {date}" for written, date in ways),
    )


def _readings(kinds: list[str]) -> Iterator[tuple[str, pd.Series[pd.Timestamp]]]:
    """Each format that reads all texts, with what it makes of them; of two that agree on all, the first."""
    seen: list[pd.Series[pd.Timestamp]] = []
    for written in _formats(kinds[0]):
        found = _read(kinds, written)
        if found is not None and not any(found.equals(other) for other in seen):
            seen.append(found)
            yield written, found


def _formats(first: str) -> Iterator[str]:
    number = re.fullmatch(r"(-?\d+)(?:\.\d*)?", first)
    unit = _SECONDS.get(len(number[1])) if number else None
    if unit:
        yield unit
    if number and _EXCEL[0] <= int(number[1]) < _EXCEL[1]:
        yield "excel"
    named = english(first)
    shapes = {_shape(first), _shape(named)}
    for written, shape in _shapes():
        # Python makes an expression of each format anew, which takes a millisecond: only of those that look like it.
        if not any(found == shape or ("%z" in written and found.startswith(shape)) for found in shapes):
            continue
        # A hundred times as fast as pandas, which has the last word.
        with suppress(ValueError):
            datetime.strptime(named if "%b" in written else first, written)
            yield written
    yield from (week for week in _WEEKS if re.fullmatch(week.replace("%V", r"\d{2}").replace("%G", r"\d{4}"), first))


@functools.cache
def _shapes() -> list[tuple[str, str]]:
    """Pair each format of days and months with the shape of what it reads, up to the offset of a zone."""
    written = ["".join(parts) for parts in itertools.product((*_DAYS, *_MONTHS), _CLOCKS)]
    return [(one, _shape(_DIRECTIVES.sub(_stands_for, one.removesuffix("%z")))) for one in written]


def _stands_for(directive: re.Match[str]) -> str:
    return "a" if directive[0] in _NAMES else "0"


def _shape(text: str) -> str:
    """Write one digit for each number, one letter for each word, and one blank for several."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", re.sub(r"\s+", " ", text)))


def _read(kinds: list[str], written: str) -> pd.Series[pd.Timestamp] | None:
    try:
        found = counted(pd.Series(kinds), written) if written in COUNTED else by_format(kinds, written)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.dt.year.between(_EARLIEST, _LATEST).all() else None


def _shown(date: pd.Timestamp) -> str:
    return date.strftime("%Y-%m-%d" if date == date.normalize() else "%Y-%m-%d %H:%M:%S")
