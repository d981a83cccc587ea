"""Reading dates strictly: ISO 8601 in full, or the one format that is configured."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecastops.core.errors import DataError
from forecastops.core.shown_cells import shown
from forecastops.data.config import DataConfig
from forecastops.data.date_advice import advice
from forecastops.data.date_formats import COUNTED, by_format, counted
from forecastops.data.iso_dates import Written, read_iso
from forecastops.data.table import RawTable, is_text, trimmed

__all__ = ["Dates", "read_dates"]

Stamps = npt.NDArray[np.datetime64]
# Nanoseconds in 64 bits hold differences of up to 292 years.
_EARLIEST, _LATEST = 1800, 2090
_COUNT = {"excel": r"[0-9]{1,5}(?:\.[0-9]+)?"}  # of days; of the others, whole numbers


class Dates(NamedTuple):
    """Dates of one source.

    Attributes:
        stamps: datetime64[ns] without time zone, shape (n,), none missing.
        moved: whether they were written with an offset other than UTC and converted.
        note: what was done to them; None for nothing.
    """

    stamps: Stamps
    moved: bool = False
    note: str | None = None


def read_dates(table: RawTable, config: DataConfig) -> Dates:
    """Return the date column of one source.

    Text must be ISO 8601, or as ``data.date_format`` says, written the same way in the whole source. Times with an
    offset become those of ``data.timezone``, of UTC without one; times without are taken as they are.

    Raises:
        DataError: naming source, row and the cell that is no such date, and the option that would settle it.
    """
    cells = table.dates
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    column = _Column(table, config.date_column)
    unit = (config.date_format or "").removeprefix("%") if config.date_format in (*COUNTED, "%s") else None
    if unit is not None:
        return _counted(cells, column, unit, config)
    if is_text(cells):
        return _text_dates(cells, column, config)
    if pa.types.is_integer(cells.type):
        return _whole_numbers(cells, column, config)
    return _native_dates(cells, column, config)


class _Column(NamedTuple):
    """The date column of a source, for messages."""

    table: RawTable
    name: str

    def refuse_first(self, bad: npt.NDArray[np.bool_], what: str, remedy: str) -> None:
        """Refuse the first cell that is bad, if any."""
        if bad.any():
            raise self.refusal(int(np.argmax(bad)), what, remedy)

    def refusal(self, row: int, what: str, remedy: str) -> DataError:
        """Return the message for a cell."""
        held = f"column {self.name!r} holds {shown(self.table.dates[row].as_py())}, {what}"
        return DataError(self.table.place(row), held, remedy)


def _native_dates(cells: pa.Array, column: _Column, config: DataConfig) -> Dates:
    kind = cells.type
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        return _periods(cells, column)
    column.refuse_first(np.asarray(cells.is_null()), "which is no date", "give the date or remove the row")
    zone = kind.tz if pa.types.is_timestamp(kind) else None
    unit = kind.unit if pa.types.is_timestamp(kind) else "s"
    if pa.types.is_date(kind):
        cells = cells.cast(pa.timestamp(unit))
    found = np.asarray(cells.cast(pa.int64())).view(f"datetime64[{unit}]")
    stamps = _in_range(found, column)
    if zone is None:
        return Dates(stamps)
    return _of_zone(stamps, moved=zone not in ("UTC", "Etc/UTC", "+00:00"), config=config, column=column)


def _periods(cells: pa.Array, column: _Column) -> Dates:
    """Periods, as pandas stores them in Parquet, by their starts."""
    found = cells.to_pandas()
    if not isinstance(found.dtype, pd.PeriodDtype):
        remedy = "store dates or ISO text such as 2013-07-31"
        raise column.refusal(0, f"of type {cells.type}, which is no date", remedy)
    column.refuse_first(found.isna().to_numpy(), "which is no date", "give the date or remove the row")
    return Dates(_in_range(found.dt.to_timestamp().to_numpy(), column))


def _whole_numbers(cells: pa.Array, column: _Column, config: DataConfig) -> Dates:
    """Numbers such as 20130731, which only a format makes dates of."""
    if config.date_format:
        return _text_dates(cells.cast(pa.string()), column, config)
    found = advice(cells.cast(pa.string()).drop_null().to_pylist()[:1000], "")
    remedy = found.remedy if found else "store dates or ISO text such as 2013-07-31"
    raise column.refusal(0, f"of type {cells.type}, which is no date", remedy)


def _counted(cells: pa.Array, column: _Column, unit: str, config: DataConfig) -> Dates:
    what = (
        "which is no day as Excel counts them" if unit == "excel" else f"which is no whole number of {unit} since 1970"
    )
    remedy = "correct data.date_format"
    text = trimmed(cells.cast(pa.string()))
    written = _COUNT.get(unit, r"-?[0-9]{1,19}(?:\.0*)?")
    column.refuse_first(~np.asarray(pc.match_substring_regex(text, rf"\A{written}\z")), what, remedy)
    try:
        stamps = counted(pd.Series(text.to_pylist(), dtype=object), unit).to_numpy()
    except (ValueError, OverflowError) as error:
        raise column.refusal(0, what, remedy) from error
    if unit == "excel":
        return Dates(_in_range(stamps, column))
    return _of_zone(_in_range(stamps, column), moved=False, config=config, column=column)


def _text_dates(cells: pa.Array, column: _Column, config: DataConfig) -> Dates:
    text = trimmed(cells)
    read = _by_format(text, config.date_format) if config.date_format else read_iso(text)
    if isinstance(read, int):
        raise _unreadable(read, text, column, config)
    if read.calendar_fault is not None:
        raise column.refusal(read.calendar_fault, "which the calendar does not have", "correct the date")
    if read.mixed is not None:
        first = shown(text[0].as_py())
        what = f"but {first} in row {column.table.lines[0]}"
        raise column.refusal(read.mixed, what, "write all dates of a file the same way")
    stamps = _in_range(read.stamps, column)
    if read.offsets is None:
        return Dates(stamps)
    utc = stamps - read.offsets.astype("timedelta64[ns]")
    return _of_zone(utc, moved=bool((read.offsets != np.timedelta64(0, "m")).any()), config=config, column=column)


def _unreadable(row: int, text: pa.Array, column: _Column, config: DataConfig) -> DataError:
    """Return the message for a cell that is no date in the format that was expected."""
    expected = f"no date of data.date_format {config.date_format}" if config.date_format else "no ISO date"
    if not text[row].as_py():
        return column.refusal(row, "which is no date", _rows_remedy(row, text, column, config) or "give the date")
    # Without digits it is the name of a total or the like, which its own message is about.
    kinds = pc.unique(text.filter(pc.match_substring_regex(text, "[0-9]"))).to_pylist()
    found = advice(kinds, text[row].as_py()) if re.search(r"\d", text[row].as_py()) else None
    if found is not None:
        return column.refusal(row, found.what or f"which is {expected}", found.remedy)
    remedy = _rows_remedy(row, text, column, config) or "write dates as 2013-07-31, or set data.date_format"
    return column.refusal(row, f"which is {expected}", remedy)


def _rows_remedy(row: int, text: pa.Array, column: _Column, config: DataConfig) -> str | None:
    """Return the option that leaves out rows which are no data, such as totals: at the end, or wherever they stand."""
    table = column.table
    plain = pc.match_substring_regex(text, "[0-9]").to_pylist()
    tail = len(text) - row
    if row > 0 and tail <= min(20, row) and not any(plain[row:]):
        lines = int(table.last_line - table.lines[row] + 1 + config.skip_footer)
        return f"if the rows from there on are no data, set data.skip_footer={lines}"
    odd = [int(line) for line, has in zip(table.lines, plain, strict=True) if not has]
    if plain[row] or not 0 < len(odd) <= min(50, len(text) // 5):
        return None
    known = range(1, config.skip_rows + 1) if isinstance(config.skip_rows, int) else config.skip_rows
    numbers = ", ".join(map(str, sorted({*known, *odd})))
    return f"if {'that row is' if len(odd) == 1 else 'such rows are'} no data, set data.skip_rows=[{numbers}]"


def _by_format(text: pa.Array, date_format: str) -> Written | int:
    """Dates of one format, or the first row that is none."""
    encoded = text.dictionary_encode()
    parsed = by_format(encoded.dictionary.to_pylist(), date_format)
    codes = np.asarray(encoded.indices)
    bad = parsed.isna().to_numpy()[codes]
    if bad.any():
        return int(np.argmax(bad))
    stamps = parsed.to_numpy().astype("datetime64[us]")[codes]
    # They have been converted to UTC already.
    has_zone = "%z" in date_format or "%Z" in date_format
    return Written(stamps, np.zeros(len(text), dtype="timedelta64[m]") if has_zone else None)


def _of_zone(utc: Stamps, *, moved: bool, config: DataConfig, column: _Column) -> Dates:
    """Return times of UTC as those of the zone that is configured."""
    source = column.table.source
    if config.timezone is None:
        what = "were converted to UTC" if moved else "are marked as UTC, and the mark was dropped"
        return Dates(utc, moved, f"{source}: the dates {what}.")
    local = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(config.timezone).tz_localize(None)
    return Dates(local.to_numpy(), False, f"{source}: the dates were converted to the local time of {config.timezone}.")


def _in_range(stamps: Stamps, column: _Column) -> Stamps:
    """In nanoseconds, where the years fit."""
    years = stamps.astype("datetime64[Y]").astype(np.int64) + 1970
    bad = (years < _EARLIEST) | (years > _LATEST)
    what = f"which lies outside the years {_EARLIEST} to {_LATEST}"
    column.refuse_first(bad, what, "correct the date or remove the row")
    return stamps.astype("datetime64[ns]")
