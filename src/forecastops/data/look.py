"""A look at a file that nobody has described yet: its layout, and which columns hold dates and numbers."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from forecastops.data.config import DataConfig
from forecastops.data.date_advice import formats_of
from forecastops.data.date_formats import ENGLISH, english
from forecastops.data.dialect import SEPARATORS, declared_separator, rows_of
from forecastops.data.iso_dates import read_iso
from forecastops.data.number_advice import options_of
from forecastops.data.table import is_text, trimmed

__all__ = ["Columns", "find_columns", "find_header"]

_LOOKED_AT = 200
_MOST_TEXTS = 5000
_MOSTLY = 0.7  # of a column's cells, for it to be one of dates
_DATED = (
    r"^[0-9]{1,4}[-./ ]+(?:[0-9]{1,2}|[A-Za-z]{3,9})[-./, ]+[0-9]{1,4}"
    r"|^[A-Za-z]{3,9}\.?[- ][0-9]{2,4}|^[0-9]{4}-?[0-9WQ]{2}"
)
_PLAIN_NUMBER = r"\A[+-]?[0-9]+(?:[.,][0-9]*)?\z"
_FEWEST_MONTHS = 6
_CALLED_DATE = re.compile(r"(?i)date|datum|day|tag|time|zeit|month|monat|week|woche|kw|year|jahr|^(ds|ts|fy|period)$")
_VALUES = (
    *("value", "sales", "amount", "paid", "price", "close", "total", "count", "units", "quantity", "demand", "revenue"),
    *("umsatz", "betrag", "menge", "ventes", "montant", "y", "load", "mw", "passengers"),
)
_NUMBERS_OF_ROWS = ("id", "row id", "index", "no", "nr", "year", "month", "day", "week", "hour", "store", "zip", "code")


class Header(NamedTuple):
    """Where a text file names its columns."""

    separator: str
    names: tuple[str, ...]
    skip_rows: int


class Columns(NamedTuple):
    """Columns by what they hold, each with the options that read it; more than one reading where it is ambiguous.

    Attributes:
        dates: by name of a column of dates, the formats that read it; none of them where it is ISO 8601.
        values: by name of a column of numbers, the options of each reading.
        separator: between columns; None in Parquet.
        skip_rows: how many lines stand above the header.
    """

    dates: dict[str, list[str]]
    values: dict[str, list[tuple[str, ...]]]
    separator: str | None = None
    skip_rows: int = 0

    @property
    def months(self) -> list[str]:
        """Columns of numbers that are named after months or dates, where a table is wide: one row a year or series."""
        named = [name for name in self.values if english(name.strip()) in ENGLISH or re.match(r"\d{4}-\d\d", name)]
        return named if len(named) >= _FEWEST_MONTHS else []

    @property
    def date(self) -> str | None:
        """The first column of dates."""
        return next(iter(self.dates), None)

    @property
    def value(self) -> str | None:
        """The column of numbers that is most likely meant: by its name, else the first that counts no rows."""
        names = [name for name in self.values if name.strip().lower() not in _NUMBERS_OF_ROWS]
        likely = [name for name in names if any(word == name.lower() for word in _VALUES)]
        likely += [name for name in names if any(len(word) > 2 and word in name.lower() for word in _VALUES)]
        return next(iter([*likely, *names, *self.values]), None)


def find_header(data: bytes) -> Header | None:
    """Return the line from which on most lines have the same number of columns, at least two; None where none has.

    Args:
        data: text in UTF-8.
    """
    text = data[: 2**20].decode(errors="ignore")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:_LOOKED_AT]
    declared = declared_separator(lines[0])
    if declared is not None:
        found = _header(["", *lines[1:]], declared)
        return found and found._replace(skip_rows=found.skip_rows * (found.skip_rows > 1))
    shown = list(filter(None, (_header(lines, separator) for separator in SEPARATORS)))
    if not shown:
        return _header(lines, " ")
    return max(shown, key=lambda one: (-one.skip_rows, len(one.names)))


def _header(lines: Sequence[str], separator: str) -> Header | None:
    try:
        reader: Any = rows_of((line + "\n" for line in lines), separator)
        rows = [(reader.line_num, _without_blank_end(cells)) for cells in reader if any(map(str.strip, cells))]
    except csv.Error:
        return None
    counts = Counter(len(cells) for _, cells in rows)
    wide = {width: count for width, count in counts.items() if width > 1}
    if not wide:
        return None
    width = max(wide, key=lambda one: wide[one])
    if wide[width] < len(rows) / 2:
        return None
    line, names = next((line, cells) for line, cells in rows if len(cells) >= width)
    return Header(separator, tuple(name.strip() for name in names), line - 1)


def _without_blank_end(cells: list[str]) -> list[str]:
    while len(cells) > 1 and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def find_columns(columns: Mapping[str, pa.Array], config: DataConfig) -> Columns:
    """Return what each column holds, as far as it is dates or numbers."""
    dates = _surest(dict(_dates(columns, config)), columns) or dict(_nearly_dates(columns)) or _by_name(columns)
    numbers = {name: _numbers(cells, config) for name, cells in columns.items() if name not in dates}
    values = {name: found for name, found in numbers.items() if found}
    return Columns(dates, values or {name: [] for name in _nearly_numbers(columns) if name not in dates})


def _surest(dates: dict[str, list[str]], columns: Mapping[str, pa.Array]) -> dict[str, list[str]]:
    """Return the columns of dates without those of mere numbers, as seconds since 1970 are, beside one that is none."""
    surely = {
        name: formats for name, formats in dates.items() if _CALLED_DATE.search(name) or not _counts(columns[name])
    }
    return surely or dates


def _counts(cells: pa.Array) -> bool:
    """Tell whether all cells are plain numbers, which may as well be values."""
    return is_text(cells) and bool(pc.all(pc.match_substring_regex(trimmed(cells), _PLAIN_NUMBER)).as_py())


def _dates(columns: Mapping[str, pa.Array], config: DataConfig) -> Iterator[tuple[str, list[str]]]:
    for name, cells in columns.items():
        if not is_text(cells):
            if pa.types.is_date(cells.type) or pa.types.is_timestamp(cells.type):
                yield name, []
            continue
        text = trimmed(cells)
        formats = [] if _is_number(text) else formats_of(pc.unique(text).to_pylist()[:_MOST_TEXTS])
        if config.date_format and formats:
            yield name, [config.date_format]
        elif _is_iso(text):
            yield name, []
        elif formats:
            yield name, formats


def _nearly_dates(columns: Mapping[str, pa.Array]) -> Iterator[tuple[str, list[str]]]:
    """Columns of dates but for a few cells, such as that of a total: the reader says which, and the way out."""
    for name, cells in columns.items():
        texts = trimmed(cells) if is_text(cells) else pa.array([], pa.string())
        dated = texts.filter(pc.match_substring_regex(texts, _DATED))
        if len(dated) and len(dated) >= _MOSTLY * len(texts):
            iso = not isinstance(read_iso(dated), int)
            yield name, [] if iso else formats_of(pc.unique(dated).to_pylist()[:_MOST_TEXTS])


def _by_name(columns: Mapping[str, pa.Array]) -> dict[str, list[str]]:
    """Return the column that is called like a date, for the reader to say what its cells are."""
    likely = [name for name in columns if _CALLED_DATE.search(name)]
    return {name: [] for name in likely[:1]}


def _nearly_numbers(columns: Mapping[str, pa.Array]) -> Iterator[str]:
    """Columns of numbers with something that only a person can know, or with a few cells that are none."""
    for name, cells in columns.items():
        if is_text(cells):
            digits = pc.match_substring_regex(trimmed(cells), "[0-9]")
            if pc.sum(digits).as_py() >= _MOSTLY * len(cells):
                yield name


def _is_iso(text: pa.Array) -> bool:
    read = read_iso(text)
    return not isinstance(read, int) and read.mixed is None and not _is_count(text)


def _is_count(text: pa.Array) -> bool:
    """Whether four digits may as well be a number as a year."""
    return bool(pc.all(pc.match_substring_regex(text, r"\A[0-9]{4}\z")).as_py()) and len(pc.unique(text)) < len(text)


def _is_number(text: pa.Array) -> bool:
    return bool(pc.all(pc.match_substring_regex(text, r"\A[+-]?[0-9]{0,5}(?:[.,][0-9]*)?\z")).as_py())


def _numbers(cells: pa.Array, config: DataConfig) -> list[tuple[str, ...]]:
    kind = cells.type
    if is_text(cells):
        texts = [one for one in pc.unique(trimmed(cells)).to_pylist()[:_MOST_TEXTS] if one]
        return options_of(texts, config) if texts else []
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return [()]
    return []
