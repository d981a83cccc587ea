"""Files and folders of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig
from forecastops.data.delimited import read_delimited
from forecastops.data.parquet import is_parquet, read_parquet
from forecastops.data.table import RawTable
from forecastops.data.unpacking import MAX_BYTES, unpacked

__all__ = ["read_bytes", "read_content", "read_path"]

_REMEDY = "name an existing CSV or Parquet file"


def read_path(path: Path | str, config: DataConfig) -> Iterator[RawTable]:
    """Yield the rows of a file, or of every file of a folder in order of their names.

    Raises:
        DataError: naming the file and what is wrong with it.
    """
    archive, member = _within_archive(Path(path))
    if member is not None:
        yield read_content(f"{archive}/{member}", unpacked(str(archive), _content(archive), member), config)
        return
    for file in _files(archive):
        yield read_content(str(file), _content(file), config)


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked where it is compressed.

    Raises:
        DataError: naming the file and what is wrong with it.
    """
    archive, member = _within_archive(path)
    return unpacked(str(archive), _content(archive), member)


def read_content(source: str, data: bytes, config: DataConfig) -> RawTable:
    """Return the rows of a file's content, by whatever it turns out to be."""
    if not data.strip():
        raise DataError(source, "is empty", "name a file that holds dates and values")
    data = unpacked(source, data)
    if is_parquet(source, data):
        return read_parquet(source, data, config)
    if not data.strip():
        raise DataError(source, "is empty", "name a file that holds dates and values")
    return read_delimited(source, data, config)


def _within_archive(path: Path) -> tuple[Path, str | None]:
    """Return archive and file of a path such as ``sales.zip/2023.csv``; the path alone where it is none."""
    with suppress(OSError, ValueError):
        if not path.exists():
            for archive in path.parents:
                if archive.suffix.lower() == ".zip" and archive.is_file():
                    return archive, path.relative_to(archive).as_posix()
    return path, None


def _files(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        # As Spark and others write folders: what begins with a dot or an underscore is no part of the data.
        parts = [file for file in path.rglob("*") if file.is_file()]
        found = sorted(file for file in parts if not any(name[0] in "._" for name in file.relative_to(path).parts))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not found:
        raise DataError(str(path), "is a folder without files", _REMEDY)
    return found


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise DataError(str(path), "is no regular file", _REMEDY)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if len(data) > MAX_BYTES:
        raise DataError(str(path), f"is larger than {MAX_BYTES // 2**20} MiB", "give fewer rows or columns")
    return data


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error)
    return DataError(str(path), f"cannot be read: {reason}", _REMEDY)
