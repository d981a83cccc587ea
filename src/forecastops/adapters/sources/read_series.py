"""Reading sources, one or several, into one regular series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from forecastops.adapters.sources.address import is_address, read_address
from forecastops.adapters.sources.files import read_content, read_path
from forecastops.adapters.sources.query import is_query, read_query
from forecastops.adapters.sources.standard_input import STANDARD_INPUT, read_standard_input
from forecastops.core.errors import DataError
from forecastops.core.redaction import redact_uri
from forecastops.data.assemble import regular_series
from forecastops.data.config import DataConfig
from forecastops.data.series import Series
from forecastops.data.table import RawTable

__all__ = ["read_series", "source_names"]

_FILE = "file://"


def read_series(paths: Sequence[Path | str], config: DataConfig, *, newest_part: bool = False) -> Series:
    """Read sources and join their rows into one series, in order of date.

    A source is a file, a folder of files, an address that fsspec knows, a database's address with a query, or ``-`` for
    standard input. Text files with columns, compressed or not, and Parquet are known by their content. Sources may
    overlap where they agree, or as ``data.duplicates`` says. Columns that are not named are ignored. A ``newest_part``
    follows rows that are known, and may hold one value only.

    Raises:
        DataError: one line naming the source, the row where there is one, and what is wrong.
        ConfigError: for an address that may not be read, or that holds a password.
    """
    if isinstance(paths, str | Path) or not paths:
        raise DataError("data", "no list of files was given", "name at least one CSV or Parquet file")
    return regular_series((table for path in paths for table in _tables(path, config)), config, newest_part=newest_part)


def source_names(paths: Sequence[Path | str]) -> str:
    """What records call the sources: names of files, and addresses without what may be secret."""
    found = []
    for path in map(str, paths):
        if path == STANDARD_INPUT:
            found.append("standard input")
        else:
            found.append(redact_uri(path) if is_address(path) else Path(path).name)
    return ", ".join(found)


def _tables(path: Path | str, config: DataConfig) -> Iterator[RawTable]:
    text = str(path)
    if text == STANDARD_INPUT:
        yield read_content("standard input", read_standard_input(), config)
    elif text.startswith(_FILE):
        yield from read_path(text.removeprefix(_FILE), config)
    elif is_query(text):
        yield read_query(text, config)
    elif is_address(text):
        yield read_content(*read_address(text), config)
    else:
        yield from read_path(path, config)
