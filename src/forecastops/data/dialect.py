"""How a text file is laid out: its encoding, its separator, and the line that names its columns."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig

__all__ = [
    "SEPARATORS",
    "Layout",
    "as_utf8",
    "date_parts",
    "declared_separator",
    "find_layout",
    "position",
    "require_names",
    "rows_of",
]

SEPARATORS = (",", ";", "\t", "|")
# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PIECE = 2**22
_HEAD = 4096
# What stands in no text of any encoding: control characters but tabs, ends of lines and pages, end of file, escape.
_CONTROL = re.compile(rb"[^\t\n\x0b\x0c\r\x1a\x1b\x20-\xff]")
_LOOKED_AT = 100  # lines in which a header is looked for, to say where it is


class Layout(NamedTuple):
    """Where the columns are.

    Attributes:
        separator: one character.
        header: names of the columns, trimmed.
        header_line: the line, from 1, that the header stands in; without a header, the line before the first row.
        is_named: whether the file has a header.
    """

    separator: str
    header: tuple[str, ...]
    header_line: int
    is_named: bool = True


def as_utf8(source: str, data: bytes, encoding: str | None) -> bytes:
    """Return the text in UTF-8, without a byte order mark.

    Raises:
        DataError: naming line and byte that are not of the encoding, and the option that says another.
    """
    name = encoding or next((known for mark, known in _MARKS if data.startswith(mark)), "utf-8")
    if name == "utf-8" and b"\0" not in data and _is_utf8(data):
        return data
    try:
        text = data.decode(name)
    except UnicodeError as error:
        raise _undecodable(source, data, name, error) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        wide = _wide(data)
        remedy = f"set data.encoding={wide}" if wide and not encoding else "export it as text"
        raise DataError(f"{source}:{line}", "holds binary data", remedy)
    return text.removeprefix("\ufeff").encode()


def _is_utf8(data: bytes) -> bool:
    """Whether it all can be decoded, by pieces: as one text it would take as much memory again."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _PIECE):
            decoder.decode(data[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _wide(data: bytes) -> str | None:
    """Return the encoding of several bytes a character that a text without a byte order mark seems to be of."""
    head = data[:400]
    for name, width, first in (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1)):
        places = [bytes(head[place::width]) for place in range(width)]
        if any(places[first]) and not any(any(part) for place, part in enumerate(places) if place != first):
            return name
    return None


def _undecodable(source: str, data: bytes, name: str, error: UnicodeError) -> DataError:
    start = getattr(error, "start", 0)
    line = data.count(b"\n", 0, start) + 1
    wide = _wide(data)
    if wide or _CONTROL.search(data[:_HEAD]):
        remedy = f"set data.encoding={wide}" if wide else "export it as text or Parquet"
        return DataError(f"{source}:{line}", "holds binary data", remedy)
    if name not in ("utf-8", "utf-8-sig"):
        return DataError(f"{source}:{line}", f"byte {start} is not of encoding {name}", "correct data.encoding")
    seen = data[max(start - 10, 0) : start + 10]
    readings = [f"{other} ({seen.decode(other, 'replace').strip()!r})" for other in ("cp1252", "cp1250")]
    remedy = f"set data.encoding, e.g. {' or '.join(readings)}"
    return DataError(f"{source}:{line}", f"byte {start} is not UTF-8", remedy)


def find_layout(source: str, data: bytes, config: DataConfig) -> Layout:
    """Find the header, and the separator with which it has the configured columns.

    Args:
        source: for messages.
        data: UTF-8 without a byte order mark.
        config: names the columns, and may name the separator and lines to skip.

    Raises:
        DataError: when a column is not there, naming those that are, or the line where it is.
    """
    lines = _first_lines(data)
    _require_table(source, lines, config)
    declared = declared_separator(lines[0]) if lines else None
    start = _header_row(lines, config, declared)
    if start is None:
        raise DataError(source, "is empty or has no header", "name a file that holds dates and values")
    separator = config.separator or declared
    kinds = (separator,) if separator else SEPARATORS
    cells = {kind: _cells(lines[start:], kind) for kind in kinds}
    if config.columns:
        nearest = min(kinds, key=lambda kind: abs(len(cells[kind]) - len(config.columns)))
        return Layout(nearest, config.columns, start, is_named=False)
    wanted = (config.date_column.strip(), config.value_column.strip())
    best = next((kind for kind in kinds if _has(cells[kind], wanted)), None)
    if best is None:
        best = max(kinds, key=lambda kind: len(cells[kind]))
        _require_header_above(source, lines, kinds, wanted, start)
        require_names(source, cells[best], start)
    return Layout(best, cells[best], start + 1)


def _require_table(source: str, lines: Sequence[str], config: DataConfig) -> None:
    """Refuse what begins as a page or a record does, unless its first lines are skipped."""
    first = lines[0].lstrip() if lines else ""
    if config.skip_rows or not first.startswith(("<", "[", "{")):
        return
    kind = "HTML or XML, perhaps a page to log in" if first.startswith("<") else "JSON"
    if kind == "JSON" or config.date_column not in first:
        raise DataError(source, f"is {kind}, and no table", "export it as CSV or Parquet")


def _header_row(lines: Sequence[str], config: DataConfig, declared: str | None) -> int | None:
    """Where the first line stands, from 0, that is neither blank nor skipped nor a declared separator's."""
    skipped = config.skip_rows if isinstance(config.skip_rows, int) else 0
    left_out = () if isinstance(config.skip_rows, int) else config.skip_rows
    begin = max(skipped, bool(declared))
    rows = (i for i, line in enumerate(lines) if i >= begin and line.strip() and i + 1 not in left_out)
    return next(rows, None)


def _require_header_above(
    source: str, lines: list[str], kinds: Sequence[str], wanted: tuple[str, str], start: int
) -> None:
    """Where the columns are named further below, say so."""
    for number in range(start + 1, len(lines)):
        if any(_has(_cells(lines[number:], kind), wanted) for kind in kinds):
            what = f"columns {wanted[0]!r} and {wanted[1]!r} are named in line {number + 1} only"
            raise DataError(f"{source}:{start + 1}", what, f"set data.skip_rows={number}")


def require_names(source: str, cells: Sequence[str], start: int) -> None:
    """Refuse a first row that is data: a file without a header.

    Raises:
        DataError: naming what stands there, and the option that names the columns.
    """
    has_date = any(re.match(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\b|\d{8}\b", cell) for cell in cells)
    if has_date and any(re.fullmatch(r"[+-]?[\d.,]*\d", cell) for cell in cells):
        what = f"the first row holds data, not names: {', '.join(map(repr, cells[:5]))}"
        raise DataError(f"{source}:{start + 1}", what, "set data.columns, e.g. [date, value]")


def date_parts(header: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the columns that make a date: one, or several that ``data.date_column`` joins by a plus."""
    parts = tuple(part.strip() for part in name.split("+"))
    return parts if name.strip() not in header and all(part in header for part in parts) else (name.strip(),)


def rows_of(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """Return the records of lines of text; several blanks in a row separate as one does."""
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=separator == " ")


def position(source: str, layout_line: int, header: Sequence[str], name: str, option: str) -> int:
    """Where a column is.

    Raises:
        DataError: when it is not there, or twice, naming the columns that are.
    """
    wanted = name.strip()
    if list(header).count(wanted) == 1:
        return list(header).index(wanted)
    found = "twice or more" if wanted in header else "not"
    columns = ", ".join(repr(column if len(column) <= 40 else column[:37] + "...") for column in header[:20])
    remedy = f"set {option}"
    if len(header) == 1:
        remedy += ' (or data.separator=" ")' if " " in header[0] else " (or data.separator)"
    place = f"{source}:{layout_line}" if layout_line else source
    raise DataError(place, f"column {wanted!r} is {found} there; its columns are {columns}", remedy)


def _first_lines(data: bytes) -> list[str]:
    head = data[: 2**20].decode(errors="ignore")
    return head.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:_LOOKED_AT]


def declared_separator(line: str) -> str | None:
    """Return the separator that Excel's own first line ``sep=;`` declares."""
    text = line.strip().strip('"')
    return text[4] if text[:4].lower() == "sep=" and len(text) == 5 else None


def _cells(lines: Sequence[str], separator: str) -> tuple[str, ...]:
    """Return the first record's cells, which may go over several lines."""
    try:
        found = next(rows_of((line + "\n" for line in lines), separator), [])
    except csv.Error:
        return ()
    return tuple(name.strip() for name in found)


def _has(header: Sequence[str], wanted: tuple[str, str]) -> bool:
    return all(name in header for name in (*date_parts(header, wanted[0]), wanted[1]))
