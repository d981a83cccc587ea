"""Reading numbers strictly: what is a number is read exactly, everything else is refused and never guessed at."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forecastops.core.errors import DataError
from forecastops.core.shown_cells import shown
from forecastops.data.config import DataConfig
from forecastops.data.number_advice import advice, infinite
from forecastops.data.number_format import NumberFormat, plain_numbers, without_units
from forecastops.data.table import RawTable, is_text, trimmed

__all__ = ["missing_cells", "read_numbers"]

Floats = npt.NDArray[np.float64]
# Whole numbers beyond this are not exact in float64, and such sizes are identifiers or mistakes rather than amounts.
_LARGEST = 2.0**53


def read_numbers(table: RawTable, dates: npt.NDArray[np.datetime64], config: DataConfig) -> Floats:
    """Return the values as float64, shape (n,), NaN where missing: blank, null or one of ``data.na_values``.

    Text must be a decimal number as the configuration says numbers are written, with or without an exponent. Units,
    infinities and truth values are refused, and so is what could be read in two ways.

    Args:
        table: rows of one source.
        dates: their dates, for messages.
        config: how numbers are written.

    Raises:
        DataError: naming source, row, date, column and the cell, and the option that would settle it.
    """
    column = _Column(table, dates, config.value_column)
    cells = table.values
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_decimal(cells.type):
        cells = cells.cast(pa.string())  # a decimal's own conversion to float is not always the nearest
    found = _text_numbers(cells, column, config) if is_text(cells) else _native_numbers(cells, column)
    if names := _numbers_of(config.na_values):
        found = np.where(np.isin(found, names), np.nan, found)
    column.refuse_first(np.abs(found) > _LARGEST, "larger than 2**53", "check it, or use a larger unit")
    return found


def missing_cells(text: pa.Array, na_values: tuple[str, ...]) -> pa.Array:
    """Tell which texts stand for a missing value: blank ones, and those that were named."""
    return pc.is_in(text, value_set=pa.array(["", *(name.strip() for name in na_values)], pa.string()))


def _numbers_of(na_values: tuple[str, ...]) -> list[float]:
    """Those of the missing values' names that are numbers, such as -9999, which a file may also write as -9999.0."""
    return [float(name) for name in na_values if re.fullmatch(r"\s*[+-]?[0-9]+(?:\.[0-9]*)?\s*", name)]


class _Column(NamedTuple):
    """The value column of a source, for messages."""

    table: RawTable
    dates: npt.NDArray[np.datetime64]
    name: str

    def refuse_first(self, bad: npt.NDArray[np.bool_], what: str, remedy: str) -> None:
        """Refuse the first cell that is bad, if any."""
        if bad.any():
            raise self.refusal(int(np.argmax(bad)), what, remedy)

    def refusal(self, row: int, what: str, remedy: str) -> DataError:
        """Return the message for a cell."""
        day = str(self.dates[row].astype("datetime64[m]")).replace("T00:00", "")
        held = f"column {self.name!r} holds {shown(self.table.values[row].as_py())} on {day}, which is {what}"
        return DataError(self.table.place(row), held, remedy)


def _native_numbers(cells: pa.Array, column: _Column) -> Floats:
    kind = cells.type
    if pa.types.is_null(kind):
        return np.full(len(cells), np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        bad = np.asarray(cells.is_valid())
        column.refuse_first(bad, f"of type {kind} and no plain number", "store numbers in data.value_column")
        return np.full(len(cells), np.nan)
    if pa.types.is_integer(kind):
        known = pc.fill_null(cells, 0)
        column.refuse_first(
            np.abs(np.asarray(known).astype(np.float64)) > _LARGEST,
            "larger than 2**53",
            "check it, or use a larger unit",
        )
    elif pa.types.is_float16(kind):
        cells = cells.cast(pa.float32())
    found = np.asarray(pc.fill_null(cells.cast(pa.float64()), np.nan), dtype=np.float64)
    column.refuse_first(np.isinf(found), "infinite", "correct it, or remove the row")
    return found


def _text_numbers(cells: pa.Array, column: _Column, config: DataConfig) -> Floats:
    text = trimmed(cells)
    missing = missing_cells(text, config.na_values)
    bare, factors = without_units(text, config)
    written = NumberFormat.of(config)
    fits = pc.match_substring_regex(bare, written.pattern)
    if not pc.all(pc.or_(fits, missing), min_count=0).as_py():
        row = pc.index(pc.or_(fits, missing), False).as_py()
        cell = text[row].as_py()
        if infinite(cell):
            raise column.refusal(row, "infinite", "correct it, or remove the row")
        raise column.refusal(row, *advice(row, text, missing, config))
    if two_readings(bare, missing, config):
        row = pc.index(pc.match_substring_regex(bare, r"\.[0-9]{3}$"), True).as_py()
        raise column.refusal(row, *_both(bare[row].as_py()))
    found = plain_numbers(bare, missing, written)
    return found if factors is None else _multiplied(bare, found, factors, written)


def two_readings(bare: pa.Array, missing: pa.Array, config: DataConfig) -> bool:
    """Tell whether all points stand before three digits, as in ``1.050``, and nothing says what they mean."""
    if config.decimal is not None or config.thousands is not None:
        return False
    known = pc.invert(missing)
    pointed = pc.and_(known, pc.match_substring(bare, "."))
    if not pc.any(pointed, min_count=0).as_py():
        return False
    grouped = pc.match_substring_regex(bare, r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$")
    return bool(pc.all(pc.or_(grouped, pc.invert(pointed)), min_count=0).as_py())


def _both(bare: str) -> tuple[str, str]:
    """Return what to say of a number that can be read in two ways."""
    point, group = bare, bare.replace(".", "")
    what = f"either {float(point):g} or {group}, for every point there stands before three digits"
    return what, f"set data.decimal=. for {point}, or data.thousands=. for {group}"


def _multiplied(bare: pa.Array, found: Floats, factors: Floats, written: NumberFormat) -> Floats:
    """Return numbers times their units, exactly: in decimals where a unit is not 1."""
    result: Floats = found.copy()
    for row in np.flatnonzero((factors != 1) & ~np.isnan(found)):
        number = Decimal(re.sub(r"^\+", "", written.plain(bare[int(row)].as_py())))
        result[row] = float(number * Decimal(repr(float(factors[row]))))
    return result
