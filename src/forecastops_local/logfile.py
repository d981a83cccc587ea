"""A log of bounded size: one file, and the one before it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["BoundedLog", "last_useful_line"]


class BoundedLog:
    """Appends bytes to a file; past ``limit`` bytes the file becomes ``<name>.1`` and a new one begins."""

    def __init__(self, path: Path, limit: int = 1 << 20) -> None:
        self._path, self._limit = path, limit

    def write(self, data: bytes) -> None:
        """Append; a full disk loses log lines, never requests."""
        with contextlib.suppress(OSError):
            if self._path.exists() and self._path.stat().st_size + len(data) > self._limit:
                os.replace(self._path, self._path.with_name(self._path.name + ".1"))
            with open(self._path, "ab") as stream:
                stream.write(data)


def last_useful_line(output: bytes) -> str:
    """Return the last line that is neither empty nor a frame of a traceback; empty where there is none."""
    lines = output.decode("utf-8", "replace").splitlines()
    useful = [line.strip() for line in lines if line.strip() and not line.startswith((" ", "\t", "Traceback "))]
    return useful[-1][:500] if useful else ""
