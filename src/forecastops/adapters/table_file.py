"""A table as a file for whoever goes on with it: Parquet or CSV, by its name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pyarrow.types

from forecastops.core.errors import ConfigError, DataError
from forecastops.core.iso_dates import iso_dates

__all__ = ["require_table_name", "write_table"]


def require_table_name(path: Path, option: str) -> None:
    """Refuse a file whose name says neither format, before what takes long.

    Raises:
        ConfigError: naming it.
    """
    if path.suffix.lower() not in (".parquet", ".pq", ".csv"):
        raise ConfigError(f"{option} {path}", "is neither Parquet nor CSV by its name", "end it in .parquet or .csv")


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table, over an earlier file too: whole, or not at all.

    Raises:
        DataError: when it cannot be written.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".csv":
            pyarrow.csv.write_csv(_with_texts(table), draft)
        else:
            pq.write_table(table, draft, compression="zstd")
        draft.replace(path)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise DataError(str(path), what, "name a file that can be written") from error
    finally:
        draft.unlink(missing_ok=True)


def _with_texts(table: pa.Table) -> pa.Table:
    """Return it with times as ISO texts, with the time of day only where there is one."""
    for place, field in enumerate(table.schema):
        if pyarrow.types.is_timestamp(field.type):
            texts = pa.array(iso_dates(pd.DatetimeIndex(table.column(place).to_pandas())))
            table = table.set_column(place, field.name, texts)
    return table
