"""Reading Parquet files."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig
from forecastops.data.dialect import position
from forecastops.data.table import RawTable

__all__ = ["is_parquet", "read_parquet", "stored_columns"]

_MAGIC = b"PAR1"
_T = TypeVar("_T")
_UNREADABLE = (
    *(pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError),
    *(NotImplementedError, OverflowError, AttributeError),
)


def is_parquet(name: str, data: bytes) -> bool:
    """Tell whether a file is Parquet, by its content or else by its name."""
    return name.lower().endswith((".parquet", ".pq")) or (data[:4] == _MAGIC and data[-4:] == _MAGIC)


def read_parquet(source: str, data: bytes, config: DataConfig) -> RawTable:
    """Return the rows of a Parquet file, cells as they are stored; an index that pandas wrote is found like any column.

    Raises:
        DataError: when it cannot be read, or a column is not there.
    """
    # Pandas' periods are known to Arrow once this module is imported.
    importlib.import_module("pandas.core.arrays.arrow.extension_types")

    file: Any = _read(source, lambda: pq.ParquetFile(pa.BufferReader(data)))
    header = [name.strip() for name in file.schema_arrow.names]
    names = list(file.schema_arrow.names)
    options = ((config.date_column, "data.date_column"), (config.value_column, "data.value_column"))
    wanted = [position(source, 0, _unnamed(header), name, option) for name, option in options]
    table = _read(source, lambda: file.read(columns=[names[i] for i in wanted], use_threads=False))
    if not table.num_rows:
        raise DataError(source, "holds no rows", "name a file that holds dates and values")
    dates, values = (_whole(table.column(names[i])) for i in wanted)

    def others() -> dict[str, pa.Array]:
        rest = [name for i, name in enumerate(names) if i not in wanted]
        found = _read(source, lambda: file.read(columns=rest, use_threads=False))
        return dict(zip(_unnamed([name.strip() for name in rest]), map(_whole, map(found.column, rest)), strict=True))

    lines = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return RawTable(source, dates, values, lines, others, last_line=table.num_rows, rows_read=table.num_rows)


def stored_columns(source: str, data: bytes) -> list[str]:
    """Return names of the columns, in their order.

    Raises:
        DataError: when it cannot be read.
    """
    file: Any = _read(source, lambda: pq.ParquetFile(pa.BufferReader(data)))
    return _unnamed([name.strip() for name in file.schema_arrow.names])


def _unnamed(header: list[str]) -> list[str]:
    """Return the name that pandas gives an index without one is none."""
    return ["" if name == "__index_level_0__" else name for name in header]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _read(source: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except _UNREADABLE as error:
        raise DataError(source, f"is not Parquet that can be read: {error}", "write the file again") from error
