"""A look at a file on this machine, before anybody has said what is in it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa

from forecastops.adapters.sources.files import read_bytes
from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig
from forecastops.data.delimited import read_delimited
from forecastops.data.dialect import as_utf8, require_names
from forecastops.data.look import Columns, find_columns, find_header
from forecastops.data.parquet import is_parquet, read_parquet, stored_columns

__all__ = ["look_at"]


def look_at(path: Path, config: DataConfig) -> Columns:
    """Return what the columns of a file hold, and how it is laid out.

    Raises:
        DataError: when it is no table, naming the option that would make it one.
    """
    source, data = str(path), read_bytes(path)
    if is_parquet(source, data):
        names = stored_columns(source, data)
        wanted = config.model_copy(update={"date_column": names[0], "value_column": names[-1]})
        table = read_parquet(source, data, wanted)
        stored = {names[0]: table.dates, **table.others(), names[-1]: table.values}
        return find_columns({name: stored[name] for name in names}, config)
    header = find_header(as_utf8(source, data, config.encoding))
    if header is None:
        read_delimited(source, data, config)  # says what else it is, where it knows
        raise DataError(source, "shows no columns", "set data.separator, or name a table")
    if not config.columns:
        require_names(source, header.names, header.skip_rows)
    names = [name for name, count in Counter(config.columns or header.names).items() if count == 1]
    if len(names) < 2:
        raise DataError(source, "has no two columns with names of their own", "set data.columns, or name another table")
    skipped = config.skip_rows or header.skip_rows
    wanted = config.model_copy(update={"date_column": names[0], "value_column": names[-1], "skip_rows": skipped})
    separator = config.separator or header.separator
    table = read_delimited(source, data, wanted.model_copy(update={"separator": separator}))
    found: dict[str, pa.Array] = {names[0]: table.dates, **table.others(), names[-1]: table.values}
    columns = {name: found[name] for name in names if name in found}
    return find_columns(columns, config)._replace(separator=separator, skip_rows=header.skip_rows)
