"""Writing text files whole or not at all, and never over something else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "write_new", "write_tables"]


def write_new(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write UTF-8 texts by file name into a folder, which is made where it is missing.

    A file that exists with the same content is left as it is; with another, nothing at all is written.

    Returns:
        The files' paths, in the order given.

    Raises:
        DataError: when a file exists with other content, or the folder cannot be written to.
    """
    contents = {folder / name: text.encode() for name, text in files.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        present = {path for path in contents if path.exists()}
        for path in sorted(present):
            if not path.is_file() or path.read_bytes() != contents[path]:
                raise DataError(str(path), "exists with other content", "remove it or name another folder")
        for path in contents.keys() - present:
            _write_whole(path, contents[path])
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(str(folder), f"cannot be written: {reason}", "name a folder that can be written to") from error
    return list(contents)


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write tables as CSV files named after them, without their index, as ``write_new`` does."""
    return write_new(folder, {f"{name}.csv": csv_text(table) for name, table in tables.items()})


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV, without its index, with LF at each line's end on every system."""
    return table.to_csv(index=False, lineterminator="\n")


def _write_whole(path: Path, content: bytes) -> None:
    """A reader, or a crash, meets either no file or all of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
