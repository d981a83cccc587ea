"""Writing files whole or not at all; what a user asks for never over something else."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "require_place", "write_new", "write_page", "write_tables", "write_whole"]


def write_new(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write UTF-8 texts by file name, or path, into a folder, which is made where it is missing.

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
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, contents[path])
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(str(folder), f"cannot be written: {reason}", "name a folder that can be written to") from error
    return list(contents)


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write tables as CSV files named after them, without their index, as ``write_new`` does."""
    return write_new(folder, {f"{name}.csv": csv_text(table) for name, table in tables.items()})


def write_page(path: Path, page: str) -> None:
    """Write an HTML page, over an earlier page too, but over nothing else.

    Raises:
        DataError: when something else is there, or the file cannot be written.
    """
    content = page.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not _is_page(path):
            raise DataError(str(path), "is there and is no HTML page", "remove it or name another file")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(str(path), f"cannot be written: {reason}", "name a file that can be written") from error


def _is_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(200).lstrip().lower().startswith(b"<!doctype html")


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV, without its index, with LF at each line's end on every system."""
    return table.to_csv(index=False, lineterminator="\n")


def require_place(path: Path) -> None:
    """Refuse what ``write_page`` would, before the page has been made.

    Raises:
        DataError: when something else is there, or the file cannot be written.
    """
    there = next(found for found in (path.absolute(), *path.absolute().parents) if os.path.lexists(found))
    if there == path.absolute() and not _is_page(path):
        raise DataError(str(path), "is there and is no HTML page", "remove it or name another file")
    folder = there.parent if there == path.absolute() else there
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(str(path), f"cannot be written in {folder}", "name a file that can be written")


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file, or replace it: a reader, or a crash, meets what was there before or all of it.

    Args:
        path: in a folder that exists.
        content: its bytes.
        private: whether nobody but its owner may read it.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.draft")
    mode = 0o600 if private else 0o666  # the latter as the user's umask has it
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
