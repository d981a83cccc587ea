"""Reading text files with columns: by Arrow where it does it right, else by Python's strict reader, row by row."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig
from forecastops.data.dialect import Layout, as_utf8, date_parts, find_layout, position, rows_of
from forecastops.data.table import RawTable, trimmed

__all__ = ["read_delimited"]

ARROW_FROM = 2**20  # bytes; Arrow starts threads, for which a small file is no reason
_CHUNK = 50_000  # rows that Python's reader collects before they become Arrow's, which take a tenth of the memory


def read_delimited(source: str, data: bytes, config: DataConfig) -> RawTable:
    """Return the rows of a text file (content, in any encoding), every cell as text.

    Rows without any content are left out. Every other row has as many cells as the header.

    Raises:
        DataError: naming the line that is not as it should be.
    """
    text = as_utf8(source, data, config.encoding)
    layout = find_layout(source, text, config)
    names = [(part, "data.date_column") for part in date_parts(layout.header, config.date_column)]
    wanted = [
        position(source, layout.header_line, layout.header, name, option)
        for name, option in (*names, (config.value_column, "data.value_column"))
    ]
    file = _File(source, text, layout, config)
    columns, lines, repeated = file.read(wanted)
    if not len(lines):
        raise DataError(source, "holds no rows", "name a file that holds dates and values")
    notes = (f"{source}: {repeated} rows that repeat the header were left out.",) if repeated else ()

    def others() -> dict[str, pa.Array]:
        rest = [i for i, name in enumerate(layout.header) if i not in wanted and name]
        found, _, _ = file.read(rest)
        return {layout.header[i]: cells for i, cells in zip(rest, found, strict=True)}

    *parts, values = columns
    dates = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*map(trimmed, parts), " ")
    last = file.last_line
    return RawTable(source, dates, values, lines, others, last_line=last, rows_read=len(lines), notes=notes)


class _File(NamedTuple):
    """A text in UTF-8 and its layout."""

    source: str
    text: bytes
    layout: Layout
    config: DataConfig

    @property
    def last_line(self) -> int:
        """The last line that is not blank."""
        return _line_count(self.text.rstrip(b" \t\r\n,;|")) if self.text else 0

    def read(self, wanted: Sequence[int]) -> tuple[list[pa.Array], npt.NDArray[np.int64], int]:
        """Those columns, the line of each row, and how many rows repeat the header and were left out."""
        simple = isinstance(self.config.skip_rows, int) and not self.config.skip_footer and b'"' not in self.text
        if simple and self.layout.separator != " " and len(self.text) >= ARROW_FROM:
            found = self._by_arrow(wanted)
            if found is not None:
                return *found, 0
        return self._by_row(wanted)

    def _by_arrow(self, wanted: Sequence[int]) -> tuple[list[pa.Array], npt.NDArray[np.int64]] | None:
        """Fast; None where the file has blank or odd lines, of which the other reader knows the number."""
        header, start = self.layout.header, self.layout.header_line
        names = [f"c{i}" for i in range(len(header))]
        dates = header.index(date_parts(header, self.config.date_column)[0])
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(self.text),
                read_options=pa.csv.ReadOptions(use_threads=False, skip_rows=start, column_names=names),
                parse_options=pa.csv.ParseOptions(delimiter=self.layout.separator, quote_char=False),
                convert_options=pa.csv.ConvertOptions(
                    include_columns=[names[i] for i in dict.fromkeys([dates, *wanted])],
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if start + table.num_rows != _line_count(self.text):
            return None
        if _has_blank(table.column(names[dates])):
            return None  # perhaps a row without any content
        if pc.any(pc.equal(table.column(names[dates]), header[dates])).as_py():
            return None  # a row that repeats the header
        columns = [_whole(table.column(names[i])) for i in wanted]
        return columns, np.arange(start + 1, start + 1 + table.num_rows, dtype=np.int64)

    def _by_row(self, wanted: Sequence[int]) -> tuple[list[pa.Array], npt.NDArray[np.int64], int]:
        chunks: list[list[pa.Array]] = []
        lines: list[npt.NDArray[np.int64]] = []
        repeated: list[int] = []
        rows = self._rows(repeated)
        while batch := list(itertools.islice(rows, _CHUNK)):
            chunks.append([pa.array([cells[i] for _, cells in batch], pa.string()) for i in wanted])
            lines.append(np.array([line for line, _ in batch], dtype=np.int64))
        columns = [pa.concat_arrays([chunk[i] for chunk in chunks]) for i in range(len(wanted))] if chunks else []
        return columns, np.concatenate(lines) if lines else np.empty(0, dtype=np.int64), len(repeated)

    def _rows(self, repeated: list[int]) -> Iterator[tuple[int, list[str]]]:
        """Line and cells of each row with content below the header, but for the lines that are left out.

        Those that repeat the header are added to ``repeated``.
        """
        left_out = set() if isinstance(self.config.skip_rows, int) else set(self.config.skip_rows)
        end = self.last_line - self.config.skip_footer
        header, start = list(self.layout.header), self.layout.header_line
        above = start - self.layout.is_named
        stream = io.TextIOWrapper(io.BytesIO(self.text), encoding="utf-8", newline="")
        for _ in range(above):
            stream.readline()
        reader: Any = rows_of(stream, self.layout.separator)
        try:
            if self.layout.is_named:
                next(reader)
            for cells in reader:
                line = reader.line_num + above
                if line > end:
                    return
                if line in left_out or not any(map(str.strip, cells)):
                    continue
                if self.layout.is_named and list(map(str.strip, cells[: len(header)])) == header:
                    repeated.append(line)
                    continue
                if len(cells) < len(header) or any(map(str.strip, cells[len(header) :])):
                    raise self._uneven(line, cells)
                yield line, cells
        except csv.Error as error:
            place = f"{self.source}:{reader.line_num + above}"
            raise DataError(place, f"is not CSV: {error}", "correct the row") from error

    def _uneven(self, line: int, cells: list[str]) -> DataError:
        what = f"has {len(cells)} cells where the header has {len(self.layout.header)}"
        remedy = "correct the row, or set data.separator"
        left = self.last_line - line + 1
        if left <= 20 and len(cells) < len(self.layout.header):
            remedy = f"if the rows from there on are no data, set data.skip_footer={left}"
        elif line <= self.layout.header_line + 5 and len(cells) > len(self.layout.header):
            remedy = "quote cells that hold the separator, such as 1,5; or set data.separator, or data.skip_rows"
        return DataError(f"{self.source}:{line}", what, remedy)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _has_blank(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.equal(pc.utf8_length(pc.utf8_trim(column, " \t")), 0), min_count=0).as_py())


def _line_count(text: bytes) -> int:
    """Lines, whichever way they end; the last one needs no end."""
    ends = text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
    return ends + (0 if text.endswith((b"\n", b"\r")) else 1)
