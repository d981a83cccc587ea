"""The rows of a DataFrame or Series that a Python user has already."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig
from forecastops.data.dialect import position
from forecastops.data.table import RawTable

__all__ = ["frame_name", "read_frame"]

_NOT_ARROW = (pa.ArrowException, OverflowError, TypeError, ValueError)


def frame_name(given: pd.DataFrame | pd.Series[Any]) -> str:
    """Return what messages and records call it."""
    return "DataFrame" if isinstance(given, pd.DataFrame) else "Series"


def read_frame(given: pd.DataFrame | pd.Series[Any], config: DataConfig) -> RawTable:
    """Return the rows, cells as they are held; rows are counted from 1.

    Args:
        given: a frame with the configured columns, of which the index may be that of dates; or a Series of values by
            their dates.
        config: which columns hold dates and values.

    Raises:
        DataError: when it has no rows, or a column is not there.
    """
    source, frame = frame_name(given), _with_dates(given, config)
    header = [str(name).strip() for name in frame.columns]
    options = ((config.date_column, "data.date_column"), (config.value_column, "data.value_column"))
    dates, values = (position(source, 0, header, name, option) for name, option in options)
    if frame.empty:
        raise DataError(source, "holds no rows", "give one that holds dates and values")

    def others() -> dict[str, pa.Array]:
        return {header[i]: _cells(frame.iloc[:, i]) for i in range(len(header)) if i not in (dates, values)}

    rows = len(frame)
    lines = np.arange(1, rows + 1, dtype=np.int64)
    cells = _cells(frame.iloc[:, dates]), _cells(frame.iloc[:, values])
    return RawTable(source, *cells, lines, others, last_line=rows, rows_read=rows)


def _with_dates(given: pd.DataFrame | pd.Series[Any], config: DataConfig) -> pd.DataFrame:
    """Return a frame that has its dates as a column."""
    source, index = frame_name(given), given.index
    if isinstance(index, pd.MultiIndex):
        raise DataError(source, "has an index of several levels", "give one series, with its dates alone as the index")
    if isinstance(given, pd.Series):
        if isinstance(index, pd.RangeIndex):
            raise DataError(source, "has no dates for its index", "give a Series whose index is its dates")
        return given.rename(config.value_column).rename_axis(config.date_column).reset_index()
    names = [str(name).strip() for name in given.columns]
    dated = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) or index.name == config.date_column
    if config.date_column in names or not dated:
        return given
    return given.rename_axis(config.date_column).reset_index()


def _cells(column: pd.Series[Any]) -> pa.Array:
    """Return cells as Arrow has them; as texts where a column mixes kinds."""
    importlib.import_module("pandas.core.arrays.arrow.extension_types")  # makes periods known to Arrow
    try:
        found = pa.Array.from_pandas(column)
    except _NOT_ARROW:
        found = pa.array([None if pd.isna(cell) else str(cell) for cell in column.tolist()], pa.string())
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)
