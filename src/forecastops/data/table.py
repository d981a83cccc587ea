"""The rows of one file or query, as they were read: two columns of cells, and where each row stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig

__all__ = ["RawTable", "chosen_rows", "is_text", "series_names", "trimmed"]

Mask = npt.NDArray[np.bool_]
# Also the spaces that spreadsheets put between digits and units.
_BLANKS = " \t\u00a0\u2007\u202f\u2009"


# No generated ==: comparing arrays gives arrays, not a truth value.
@dataclass(frozen=True, eq=False)
class RawTable:
    """Rows of one source.

    Attributes:
        source: name of the file, address or query, as messages have it.
        dates: cells of the date column, text or native.
        values: cells of the value column, text or native.
        lines: the line of each row in a text file, or its number, from 1.
        others: reads the other columns, which are needed only where a message names them or ``data.where`` picks rows.
        last_line: the last line of the source that is not blank.
        rows_read: how many rows the source holds.
        notes: what was done while reading.
    """

    source: str
    dates: pa.Array
    values: pa.Array
    lines: npt.NDArray[np.int64]
    others: Callable[[], dict[str, pa.Array]] = dict
    last_line: int = 0
    rows_read: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, row: int) -> str:
        """Where a row stands: the source and the line."""
        return f"{self.source}:{self.lines[row]}"

    def picked(self, mask: Mask) -> RawTable:
        """Only the rows where ``mask`` is true."""
        others = self.others

        def fewer() -> dict[str, pa.Array]:
            return {name: cells.filter(pa.array(mask)) for name, cells in others().items()}

        chosen = pa.array(mask)
        return replace(
            self,
            dates=self.dates.filter(chosen),
            values=self.values.filter(chosen),
            lines=self.lines[mask],
            others=fewer,
        )


def is_text(cells: pa.Array) -> bool:
    """Whether cells are texts, in any of the ways that Arrow stores them."""
    kind = cells.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def trimmed(cells: pa.Array) -> pa.Array:
    """Texts without the blanks around them, nor what Excel writes around a text (``="1"``); a missing one as empty."""
    text = pc.fill_null(pc.utf8_trim(cells.cast(pa.string()), _BLANKS), "")
    if pc.any(pc.starts_with(text, '="'), min_count=0).as_py():
        text = pc.replace_substring_regex(text, r'^="([^"]*)"$', r"\1")
    return text


def chosen_rows(table: RawTable, config: DataConfig) -> RawTable:
    """Return the rows that ``data.where`` picks; all where it names no column.

    Raises:
        DataError: naming the column or value that is not there, and those that are.
    """
    if not config.where:
        return table
    columns = table.others()
    mask = np.ones(len(table), dtype=bool)
    for name, wanted in config.where.items():
        if name not in columns:
            found = ", ".join(map(repr, list(columns)[:20])) or "none"
            what = f"has no column {name!r} besides those of dates and values; it has {found}"
            raise DataError(table.source, what, "correct data.where")
        texts = _texts(columns[name])
        fits = texts == wanted.strip()
        if not fits.any():
            kinds = ", ".join(repr(text) for text in sorted(set(texts[:100_000]))[:10])
            what = f"column {name!r} holds {wanted!r} nowhere; it holds {kinds}"
            raise DataError(table.source, what, "correct data.where")
        mask &= fits
    if not mask.any():
        wanted_rows = ", ".join(f"{name} {value}" for name, value in config.where.items())
        raise DataError(table.source, f"has no row with {wanted_rows} together", "correct data.where")
    if mask.all():
        return table
    left_out = (
        f"{table.source}: {int((~mask).sum())} of {len(mask)} rows are of other series (data.where) and left out."
    )
    return replace(table.picked(mask), notes=(*table.notes, left_out))


def series_names(table: RawTable, columns: Sequence[str]) -> npt.NDArray[np.object_]:
    """Return the name of the series that each row is of, shape (n,): a column's text, of several joined by slashes.

    Where there are several, a slash or backslash within a text has a backslash before it.

    Raises:
        DataError: naming the column that is not there, and those that are.
    """
    found = table.others()
    for name in columns:
        if name not in found:
            there = ", ".join(map(repr, list(found)[:20])) or "none"
            what = f"has no column {name!r} besides those of dates and values; it has {there}"
            raise DataError(table.source, what, "correct data.series_column")
    texts = [_texts(found[name]) for name in columns]
    if len(texts) == 1:
        return texts[0]
    escaped = [[text.replace("\\", "\\\\").replace("/", "\\/") for text in column] for column in texts]
    return np.array(["/".join(parts) for parts in zip(*escaped, strict=True)], dtype=object)


def _texts(cells: pa.Array) -> npt.NDArray[np.object_]:
    """Cells as texts to compare with what a person writes: a whole number without its decimal point."""
    if is_text(cells):
        return np.asarray(trimmed(cells).to_pandas(), dtype=object)
    found = cells.to_pandas()
    if pd.api.types.is_float_dtype(found.dtype):
        return np.array(["" if pd.isna(cell) else f"{cell:g}" for cell in found.tolist()], dtype=object)
    return np.array(["" if cell is None else str(cell) for cell in found.tolist()], dtype=object)
