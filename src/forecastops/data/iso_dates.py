"""ISO 8601 dates: days, months, weeks, ordinal days and years, in extended and basic form, with times and offsets.

Besides, quarters and the spans that pandas writes for periods, which can be read in one way only.
"""

from __future__ import annotations

import datetime
import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Written", "read_iso"]

_CLOCK = r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
_ZONE = r"\s?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Each form by itself: within one source, all dates have the same.
_DAYS = (
    rf"{_DAY}",
    rf"{_DAY}{_CLOCK}",
    rf"{_DAY}{_CLOCK}{_ZONE}",
    r"[0-9]{8}",
    r"[0-9]{8}T[0-9]{4}(?:[0-9]{2})?",
    rf"[0-9]{{8}}T[0-9]{{4}}(?:[0-9]{{2}})?{_ZONE}",
)
_OTHERS = (
    r"[0-9]{4}-[0-9]{2}",
    r"[0-9]{4}-?W[0-9]{2}",
    r"[0-9]{4}-?W[0-9]{2}-?[1-7]",
    r"[0-9]{4}-[0-9]{3}",
    r"[0-9]{4}",
    r"[0-9]{4}[- ]?Q[1-4]",
    r"Q[1-4][-/ ]?[0-9]{4}",
    rf"{_DAY}/{_DAY}",
)
_FORMS = (*_DAYS, *_OTHERS)


class Written(NamedTuple):
    """Dates as they were written.

    Attributes:
        stamps: datetime64, shape (n,), in local time where there is an offset.
        offsets: timedelta64[m] of each from UTC, shape (n,); None where none is written.
        calendar_fault: the first row whose date the calendar does not have; then ``stamps`` are of no use.
        mixed: the first row that is written in another form than the first row; then ``stamps`` are of no use.
    """

    stamps: npt.NDArray[np.datetime64]
    offsets: npt.NDArray[np.timedelta64] | None = None
    calendar_fault: int | None = None
    mixed: int | None = None


def read_iso(text: pa.Array) -> Written | int:
    """Return dates of texts, or the first row that is no ISO date."""
    form = next((one for one in _FORMS if re.fullmatch(one, str(text[0].as_py()), re.ASCII)), None)
    if form is None:
        return 0
    fits = pc.match_substring_regex(text, rf"\A(?:{form})\z")
    if not pc.all(fits).as_py():
        row = int(pc.index(fits, False).as_py())
        is_iso = any(re.fullmatch(one, str(text[row].as_py()), re.ASCII) for one in _FORMS)
        return Written(_nothing(), mixed=row) if is_iso else row
    return _read_days(text, form) if form in _DAYS else _read_others(text)


def _nothing() -> npt.NDArray[np.datetime64]:
    return np.empty(0, dtype="datetime64[us]")


def _read_days(text: pa.Array, form: str) -> Written:
    offsets = None
    if form.endswith(_ZONE):
        offsets = _offsets(text)
        text = pc.replace_substring_regex(text, rf"{_ZONE}$", "")
    if not form.startswith(_DAY):
        text = pc.replace_substring_regex(text, r"^(\d{4})(\d{2})(\d{2})", r"\1-\2-\3")
        text = pc.replace_substring_regex(text, r"T(\d{2})(\d{2})", r"T\1:\2")
        text = pc.replace_substring_regex(text, r"(:\d{2})(\d{2})$", r"\1:\2")
    if pc.any(pc.match_substring(text, ","), min_count=0).as_py():
        text = pc.replace_substring(text, ",", ".")
    try:
        # Nanoseconds could not hold the years that are refused later, by name.
        found = _parsed(text, "us" if _at_most_micros(text) else "ns")
    except pa.ArrowInvalid:
        return Written(_nothing(), calendar_fault=_first_fault(text))
    return Written(found, offsets)


def _at_most_micros(text: pa.Array) -> bool:
    return not pc.any(pc.match_substring_regex(text, r"\.[0-9]{7,}$")).as_py()


def _parsed(text: pa.Array, unit: str) -> npt.NDArray[np.datetime64]:
    return np.asarray(text.cast(pa.timestamp(unit)).cast(pa.int64())).view(f"datetime64[{unit}]")


def _first_fault(text: pa.Array) -> int:
    """Return the first row that cannot be parsed, by halves."""
    low, high = 0, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            _parsed(text[low:middle], "us")
        except pa.ArrowInvalid:
            high = middle
        else:
            low = middle
    return low


def _offsets(text: pa.Array) -> npt.NDArray[np.timedelta64]:
    zones = pc.extract_regex(text, rf"(?P<zone>{_ZONE})$").field("zone").dictionary_encode()
    minutes = np.array([_minutes(zone.strip()) for zone in zones.dictionary.to_pylist()], dtype="timedelta64[m]")
    found: npt.NDArray[np.timedelta64] = minutes[np.asarray(zones.indices)]
    return found


def _minutes(zone: str) -> int:
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (1 if zone[0] == "+" else -1) * (60 * int(digits[:2]) + int(digits[2:]))


def _read_others(text: pa.Array) -> Written:
    """Return months, weeks, quarters and the like: few kinds of them stand in a file, so each is read once."""
    encoded = text.dictionary_encode()
    days = []
    for kind, one in enumerate(encoded.dictionary.to_pylist()):
        try:
            days.append(_first_day(one))
        except ValueError:
            return Written(_nothing(), calendar_fault=int(pc.index(encoded.indices, kind).as_py()))
    return Written(np.array(days, dtype="datetime64[D]")[np.asarray(encoded.indices)].astype("datetime64[us]"))


def _first_day(text: str) -> datetime.date:
    if text.startswith("Q"):
        return datetime.date(int(text[-4:]), 3 * int(text[1]) - 2, 1)
    year, rest = int(text[:4]), text[4:].lstrip("- ")
    if "/" in text:
        return datetime.date.fromisoformat(text.partition("/")[0])
    if rest.startswith("W"):
        digits = rest[1:].replace("-", "")
        return datetime.date.fromisocalendar(year, int(digits[:2]), int(digits[2:] or 1))
    if rest.startswith("Q"):
        return datetime.date(year, 3 * int(rest[1]) - 2, 1)
    if len(rest) == 3:
        found = datetime.date(year, 1, 1) + datetime.timedelta(days=int(rest) - 1)
        if found.year != year:
            raise ValueError(f"day {rest} is not in {year}")
        return found
    return datetime.date(year, int(rest or 1), 1)
