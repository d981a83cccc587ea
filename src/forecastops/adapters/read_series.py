"""Reading CSV and Parquet files, one or several, into one regular series."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from forecastops.ground.config import DataConfig
from forecastops.ground.errors import DataError
from forecastops.ground.series import Series, regular_series

__all__ = ["read_series"]

_MAGIC = b"PAR1"


def read_series(paths: Sequence[Path | str], config: DataConfig) -> Series:
    """Read files and join their rows into one series, in order of date.

    CSV is comma-separated UTF-8 with a header; Parquet is known by its content or by the ending ``.parquet``. Files may
    overlap where they agree. Columns other than those that the configuration names are ignored.

    Raises:
        DataError: one line naming the file, the row where there is one, and what is wrong.
    """
    if isinstance(paths, str | Path) or not paths:
        raise DataError("data", "no list of files was given", "name at least one CSV or Parquet file")
    return regular_series(pd.concat([_read_file(Path(path), config) for path in paths], ignore_index=True), config)


def _read_file(path: Path, config: DataConfig) -> pd.DataFrame:
    data = _read_bytes(path)
    is_parquet = path.suffix.lower() in {".parquet", ".pq"} or (data[:4] == _MAGIC and data[-4:] == _MAGIC)
    frame = _read_parquet(path, data, config) if is_parquet else _read_csv(path, data, config)
    if frame.empty:
        raise DataError(str(path), "holds no rows", "name a file that holds dates and values")
    return frame.assign(source=str(path))


def _read_bytes(path: Path) -> bytes:
    remedy = "name an existing CSV or Parquet file"
    try:
        if path.is_dir():
            raise DataError(str(path), "is a directory", "name the files in it, each with its own --data")
        if path.exists() and not path.is_file():
            raise DataError(str(path), "is no regular file", remedy)
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(str(path), f"cannot be read: {reason}", remedy) from error
    if not data.strip():
        raise DataError(str(path), "is empty", "name a file that holds dates and values")
    return data


def _read_csv(path: Path, data: bytes, config: DataConfig) -> pd.DataFrame:
    remedy = "save it as comma-separated UTF-8 text with a header"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}", f"byte {error.start} is not UTF-8", remedy) from error
    if "\0" in text:
        raise DataError(f"{path}:{text.count(chr(10), 0, text.index(chr(0))) + 1}", "holds binary data", remedy)
    # Not pandas' own reader: it loses line numbers, skips rows it cannot split, and renames columns named twice.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        date, value = (_position(path, header, name) for name in (config.date_column, config.value_column))
        rows = []
        for cells in reader:
            if len(cells) == len(header):
                rows.append((cells[date], cells[value], reader.line_num))
            elif cells:
                what = f"has {len(cells)} cells where the header has {len(header)}"
                raise DataError(f"{path}:{reader.line_num}", what, "mend the row")
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}", f"is not CSV: {error}", "mend the row") from error
    return pd.DataFrame(rows, columns=["date", "value", "row"])


def _read_parquet(path: Path, data: bytes, config: DataConfig) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = list(file.schema_arrow.names)
        wanted = [names[_position(path, names, name)] for name in (config.date_column, config.value_column)]
        # Pandas keeps a named index as a column of that name, so that an index of dates is found like any other.
        frame: pd.DataFrame = file.read(columns=wanted).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, NotImplementedError, OverflowError) as error:
        raise DataError(str(path), f"is not Parquet that can be read: {error}", "write the file again") from error
    frame = frame[wanted].set_axis(["date", "value"], axis="columns")
    return frame.assign(row=range(1, len(frame) + 1))


def _position(path: Path, header: Sequence[str], name: str) -> int:
    if header.count(name) != 1:
        found = "twice or more" if name in header else "not"
        columns = ", ".join(repr(column if len(column) <= 40 else column[:37] + "...") for column in header[:20])
        remedy = "set data.date_column and data.value_column"
        if len(header) == 1 and (other := next((mark for mark in ";\t|" if mark in header[0]), None)):
            remedy = f"its columns are separated by {other!r}: save it with commas"
        raise DataError(f"{path}:1", f"column {name!r} is {found} there; its columns are {columns}", remedy)
    return header.index(name)
