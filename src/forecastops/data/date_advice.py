"""What to say of dates that are not ISO: the formats that read the whole column, and what each makes of a cell."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import pandas as pd

__all__ = ["Advice", "advice", "formats_of"]

_DAYS = (
    *("%d.%m.%Y", "%d.%m.%y", "%Y.%m.%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%Y/%m/%d", "%m-%d-%Y"),
    *("%d-%m-%Y", "%d-%m-%y", "%m-%d-%y", "%Y-%m-%d", "%d %m %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d %b %Y"),
    *("%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%d. %B %Y", "%d %b, %Y", "%a, %d %b %Y", "%a %b %d %Y"),
    *("%A, %B %d, %Y", "%d%b%Y", "%Y%m%d", "%y%m%d", "%d%m%Y", "%m%d%Y", "%d/%b/%Y", "%Y-%b-%d", "%Y/%d/%m"),
)
_MONTHS = (
    *("%b-%y", "%b %Y", "%B %Y", "%b-%Y", "%b %y", "%Y %b", "%Y-%b", "%Y %B", "%m/%Y", "%m.%Y", "%m-%Y", "%Y/%m"),
    *("%Y.%m", "%Y%m", "%YM%m", "%Y-M%m", "%b/%Y"),
)
_CLOCKS = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", "T%H:%M:%S"),
    *(" %H", " %I %p", " %H.%M", " %H:%M:%S %z", " %H:%M %z", ", %I:%M:%S %p", ", %I:%M %p"),
)
_MOST_TEXTS = 20_000
_EARLIEST, _LATEST = 1901, 2090
_SECONDS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}


class Advice(NamedTuple):
    """What a cell is, where there are two readings, and the option that settles it."""

    what: str
    remedy: str


def formats_of(texts: Sequence[str]) -> list[str]:
    """At most two formats that read all texts, and differently."""
    kinds = list(dict.fromkeys(texts))[:_MOST_TEXTS]
    return [written for written, _ in itertools.islice(_readings(kinds), 2)] if kinds else []


def advice(texts: Sequence[str], cell: str) -> Advice | None:
    """The formats that read every text of a column, at most two of them by name; None where none does.

    Args:
        texts: all different texts of the column, trimmed.
        cell: the one at fault, which the message shows; the first by default.
    """
    kinds = list(dict.fromkeys(texts))[:_MOST_TEXTS]
    if not kinds:
        return None
    row = kinds.index(cell) if cell in kinds else 0
    readings = list(itertools.islice(_readings(kinds), 2))
    if not readings:
        return None
    first, dates = readings[0]
    if len(readings) == 1:
        return Advice("", f"set data.date_format={first} to read it as {_shown(dates.iloc[row])}")
    second, others = readings[1]
    if dates.iloc[row] == others.iloc[row]:
        row = int((dates != others).to_numpy().argmax())
    date, other = _shown(dates.iloc[row]), _shown(others.iloc[row])
    which = "which" if kinds[row] == cell else f"and {kinds[row]!r}, which"
    return Advice(
        f"{which} is {date} or {other}",
        f"set data.date_format={first} for {date}, or data.date_format={second} for {other}",
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
    unit = _SECONDS.get(len(first)) if re.fullmatch(r"-?\d+", first) else None
    if unit:
        yield unit
    for day, clock in itertools.product((*_DAYS, *_MONTHS), _CLOCKS):
        # A hundred times as fast as pandas, which has the last word.
        with suppress(ValueError):
            datetime.strptime(first, day + clock)
            yield day + clock


def _read(kinds: list[str], written: str) -> pd.Series[pd.Timestamp] | None:
    texts = pd.Series(kinds, dtype=object)
    try:
        if written in _SECONDS.values():
            found = pd.Series(texts.astype("int64").to_numpy().astype(f"datetime64[{written}]"))
        else:
            found = pd.to_datetime(texts, format=written, exact=True, utc="%z" in written)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.dt.year.between(_EARLIEST, _LATEST).all() else None


def _shown(date: pd.Timestamp) -> str:
    return date.strftime("%Y-%m-%d" if date == date.normalize() else "%Y-%m-%d %H:%M:%S")
