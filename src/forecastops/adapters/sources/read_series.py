"""Reading sources, one or several, into one regular series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from forecastops.adapters.sources.address import is_address, read_address
from forecastops.adapters.sources.data_asset import asset_address, is_asset
from forecastops.adapters.sources.file_address import is_file_address, path_of
from forecastops.adapters.sources.files import read_content, read_path
from forecastops.adapters.sources.frames import frame_name, read_frame
from forecastops.adapters.sources.query import is_query, read_query
from forecastops.adapters.sources.standard_input import STANDARD_INPUT, read_standard_input
from forecastops.core.errors import DataError
from forecastops.core.redaction import redact_uri
from forecastops.data.assemble import NewestPart, newest_part_of, regular_series
from forecastops.data.config import DataConfig
from forecastops.data.series import Series
from forecastops.data.table import RawTable

__all__ = ["Source", "read_newest_part", "read_series", "read_tables", "source_names"]

Source = Path | str | pd.DataFrame | pd.Series


def read_series(sources: Sequence[Source], config: DataConfig) -> Series:
    """Read sources and join their rows into one series, in order of date.

    A source is a file, a folder of files, an address that fsspec knows, the name of data that are registered in an
    Azure ML workspace (``azureml:sales``), a database's address with a query, ``-`` for standard input, or a DataFrame
    or Series. Text files with columns, compressed or not, and Parquet are known by their content. Sources may overlap
    where they agree, or as ``data.duplicates`` says. Columns that are not named are ignored.

    Raises:
        DataError: one line naming the source, the row where there is one, and what is wrong.
        ConfigError: for an address that may not be read, or that holds a password.
    """
    return regular_series(read_tables(sources, config), config)


def read_newest_part(sources: Sequence[Source], config: DataConfig) -> NewestPart:
    """Read sources that follow rows that are known, as ``read_series`` does, up to what those alone can say.

    Raises:
        DataError: one line naming the source, the row where there is one, and what is wrong.
        ConfigError: for an address that may not be read, or that holds a password.
    """
    return newest_part_of(read_tables(sources, config), config)


def read_tables(sources: Sequence[Source], config: DataConfig) -> Iterator[RawTable]:
    """Yield the rows of each source as ``read_series`` reads them, cells as they stand.

    Raises:
        DataError: one line naming the source, and what is wrong.
        ConfigError: for an address that may not be read, or that holds a password.
    """
    if isinstance(sources, str | Path) or not sources:
        raise DataError("data", "no list of files was given", "name at least one CSV or Parquet file")
    return (table for source in sources for table in _tables(source, config))


def source_names(sources: Sequence[Source]) -> str:
    """Return what records call the sources: names of files, and addresses without what may be secret."""
    return ", ".join(map(_name, sources))


def _name(source: Source) -> str:
    if isinstance(source, pd.DataFrame | pd.Series):
        return frame_name(source)
    path = str(source)
    if path == STANDARD_INPUT:
        return "standard input"
    return redact_uri(path) if is_address(path) or is_asset(path) else Path(path).name


def _tables(source: Source, config: DataConfig) -> Iterator[RawTable]:
    if isinstance(source, pd.DataFrame | pd.Series):
        yield read_frame(source, config)
        return
    text = str(source)
    if text == STANDARD_INPUT:
        yield read_content("standard input", read_standard_input(), config)
    elif is_file_address(text):
        yield from read_path(path_of(text), config)
    elif is_query(text):
        yield read_query(text, config)
    elif is_asset(text) or is_address(text):
        for name, data in read_address(asset_address(text) if is_asset(text) else text):
            yield read_content(name, data, config)
    else:
        yield from read_path(source, config)
