"""The rows of all sources with their cells read, in order of date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from forecastops.core.iso_dates import iso_dates
from forecastops.data.config import DataConfig
from forecastops.data.dates import read_dates
from forecastops.data.numbers import read_numbers
from forecastops.data.table import RawTable, chosen_rows

__all__ = ["Rows", "read_rows"]

Mask = npt.NDArray[np.bool_]


# No generated ==: comparing arrays gives arrays, not a truth value.
@dataclass(frozen=True, eq=False)
class Rows:
    """Rows in order of date, those of one date in the order of sources and lines.

    Attributes:
        stamps: datetime64[ns] without time zone, shape (n,).
        values: float64, NaN where missing, shape (n,).
        origin: which of ``sources`` each row is of, shape (n,).
        lines: its line there, shape (n,).
        sources: names of files, addresses and queries.
        others: the columns besides dates and values of the first source, for messages.
        moved: whether any source's times were converted from an offset to UTC.
        read: how many rows the sources hold, before any was left out.
    """

    stamps: npt.NDArray[np.datetime64]
    values: npt.NDArray[np.float64]
    origin: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int64]
    sources: tuple[str, ...]
    others: Callable[[], dict[str, pa.Array]] = dict
    moved: bool = False
    read: int = 0

    def __len__(self) -> int:
        return len(self.stamps)

    def place(self, row: int) -> str:
        """Return where a row stands: the source and the line."""
        return f"{self.sources[self.origin[row]]}:{self.lines[row]}"

    def picked(self, mask: Mask) -> Rows:
        """Return only the rows where ``mask`` is true."""
        if mask.all():
            return self
        return replace(
            self,
            stamps=self.stamps[mask],
            values=self.values[mask],
            origin=self.origin[mask],
            lines=self.lines[mask],
        )

    def date(self, row: int) -> str:
        """Return the ISO date of a row."""
        return iso_dates(pd.DatetimeIndex(self.stamps[[row]]))[0]

    @property
    def names(self) -> str:
        """All sources, for messages."""
        return ", ".join(self.sources[:5]) + (f" and {len(self.sources) - 5} more" if len(self.sources) > 5 else "")


def read_rows(tables: Iterable[RawTable], config: DataConfig) -> tuple[Rows, list[str]]:
    """Read the cells of all rows; return notes on what was done, too. The table's cells are not needed any more.

    Raises:
        DataError: naming source, line and cell of the first that cannot be read.
    """
    parts: list[Rows] = []
    notes: list[str] = []
    for table in tables:
        parts.append(_cells_read(table, config, notes))
        del table  # its texts take more memory than all that is made of them
    return _sorted(parts), notes


def _cells_read(raw: RawTable, config: DataConfig, notes: list[str]) -> Rows:
    table = chosen_rows(raw, config)
    dates = read_dates(table, config)
    values = read_numbers(table, dates.stamps, config)
    zero = np.zeros(len(table), dtype=np.int32)
    found = Rows(dates.stamps, values, zero, table.lines, (raw.source,), table.others, dates.moved, raw.rows_read)
    notes += [*table.notes, *([dates.note] if dates.note else []), *_order_notes(found)]
    return found


def _order_notes(rows: Rows) -> list[str]:
    """Return what is said of rows that are not in order; those in the opposite order are no disorder."""
    steps = np.diff(rows.stamps)
    late = steps < np.timedelta64(0, "ns")
    if not late.any():
        return []
    if (steps <= np.timedelta64(0, "ns")).all():
        return [f"{rows.names}: the newest rows stand first, and were sorted."]
    row = int(np.argmax(late)) + 1
    first = f"{rows.date(row)} in row {rows.lines[row]}"
    return [f"{rows.names}: the rows were not in order of date and were sorted, the first late one {first}."]


def _sorted(parts: Sequence[Rows]) -> Rows:
    whole = parts[0] if len(parts) == 1 else _joined(parts)
    if (np.diff(whole.stamps) >= np.timedelta64(0, "ns")).all():
        return whole
    order = np.argsort(whole.stamps, kind="stable")
    return replace(
        whole,
        stamps=whole.stamps[order],
        values=whole.values[order],
        origin=whole.origin[order],
        lines=whole.lines[order],
    )


def _joined(parts: Sequence[Rows]) -> Rows:
    return Rows(
        stamps=np.concatenate([part.stamps for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        origin=np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts]),
        lines=np.concatenate([part.lines for part in parts]),
        sources=tuple(part.sources[0] for part in parts),
        others=parts[0].others,
        moved=any(part.moved for part in parts),
        read=sum(part.read for part in parts),
    )
