"""Compressed files: known by their first bytes, unpacked into memory up to a bound."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any

import pyarrow as pa

from forecastops.core.errors import DataError

__all__ = ["MAX_BYTES", "unpacked"]

MAX_BYTES = 2**31 - 2**20  # of one file, unpacked; more than any series needs, and what Arrow's texts can hold
_CHUNK = 2**22
_ZIP, _ZSTD = b"PK\x03\x04", b"\x28\xb5\x2f\xfd"
_OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, OSError)


def unpacked(source: str, data: bytes, member: str | None = None) -> bytes:
    """Return the content of a file, whatever it is called, unpacked where it is compressed.

    Args:
        source: for messages.
        data: what the file holds.
        member: the file within an archive; where it holds one only, that by default.

    Raises:
        DataError: when it is no sound archive, holds several files, is a workbook, or grows beyond the bound.
    """
    try:
        if data.startswith(_ZIP):
            return _zipped(source, data, member)
        if data.startswith(_ZSTD):
            return _bounded(source, pa.CompressedInputStream(pa.BufferReader(data), "zstd"))
        for magic, opener in _OPENERS.items():
            if data.startswith(magic):
                with opener(io.BytesIO(data), "rb") as file:
                    return _bounded(source, file)
    except _BROKEN as error:
        raise DataError(source, f"cannot be unpacked: {error}", "export or download it again") from error
    if data.startswith(_OLD_EXCEL):
        raise _workbook(source)
    return data


def _zipped(source: str, data: bytes, member: str | None) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if "[Content_Types].xml" in names:
            raise _workbook(source)
        found = ", ".join(repr(name) for name in names[:5]) or "nothing"
        if member is not None and member not in names:
            raise DataError(source, f"holds no file {member!r}, but {found}", "name one that is there")
        if member is None and len(names) != 1:
            remedy = f"name the one that is meant, e.g. {source}/{names[0]}" if names else "name another file"
            raise DataError(source, f"holds {len(names)} files: {found}", remedy)
        with archive.open(member or names[0]) as file:
            return _bounded(source, file)


def _bounded(source: str, file: IO[bytes] | Any) -> bytes:
    """Read to the end by pieces; what is unpacked counts, not what a header claims."""
    found = bytearray()
    while piece := file.read(_CHUNK):
        found += piece
        if len(found) > MAX_BYTES:
            raise DataError(source, f"is larger than {MAX_BYTES // 2**20} MiB, unpacked", "give fewer rows or columns")
    return bytes(found)


def _workbook(source: str) -> DataError:
    return DataError(source, "is an Excel workbook", "save its sheet as CSV or Parquet")
