"""Reading files, one or several, into one regular series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forecastops.adapters.sources.files import read_path
from forecastops.data.assemble import regular_series
from forecastops.data.config import DataConfig
from forecastops.data.series import Series
from forecastops.ground.errors import DataError

__all__ = ["read_series"]


def read_series(paths: Sequence[Path | str], config: DataConfig) -> Series:
    """Read sources and join their rows into one series, in order of date.

    Text files with columns, compressed or not, and Parquet are known by their content; a folder stands for its files.
    Sources may overlap where they agree, or as ``data.duplicates`` says. Columns that are not named are ignored.

    Raises:
        DataError: one line naming the source, the row where there is one, and what is wrong.
    """
    if isinstance(paths, str | Path) or not paths:
        raise DataError("data", "no list of files was given", "name at least one CSV or Parquet file")
    return regular_series((table for path in paths for table in read_path(path, config)), config)
