"""Opening what others may write, without following a link: by descriptors on POSIX, by paths on Windows.

A descriptor of a folder stays the folder that was looked at, whatever is put in its place. Windows has none; there each
path is looked at before and after it is opened.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

__all__ = ["Opened", "open_trusted", "open_untrusted"]


class Opened(Protocol):
    """A file or a folder, open until it is closed; what is neither is opened all the same, and never read."""

    def mode(self) -> int:
        """Return its kind and permissions, as ``stat`` has them; a link's are its own."""

    def size(self) -> int:
        """Return its size in bytes."""

    def read(self, most: int) -> bytes:
        """Return its next bytes; none at its end."""

    def names(self) -> Iterator[str]:
        """Yield the names in the folder."""

    def mode_of(self, name: str) -> int:
        """Return the mode of what is in the folder, before it is opened."""

    def open(self, name: str) -> Opened:
        """Open what is in the folder."""

    def close(self) -> None:
        """Close it."""


if sys.platform == "win32":

    class _ByPath:
        def __init__(self, path: Path, *, trusted: bool) -> None:
            self._path = path
            self._seen = os.stat(path, follow_symlinks=trusted)
            # A folder cannot be opened, and whatever else is no file is not.
            is_file = stat.S_ISREG(self.mode())
            self._handle = os.open(path, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT) if is_file else -1
            if is_file and not os.path.samestat(os.fstat(self._handle), self._seen):
                self.close()
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))

        def mode(self) -> int:
            return _own_mode(self._seen)

        def size(self) -> int:
            return os.fstat(self._handle).st_size

        def read(self, most: int) -> bytes:
            return os.read(self._handle, most)

        def names(self) -> Iterator[str]:
            with closing(os.scandir(self._path)) as entries:
                for entry in entries:
                    yield entry.name

        def mode_of(self, name: str) -> int:
            return _own_mode(os.stat(self._path / name, follow_symlinks=False))

        def open(self, name: str) -> Opened:
            return _ByPath(self._path / name, trusted=False)

        def close(self) -> None:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1

    def _own_mode(seen: os.stat_result) -> int:
        """Return the mode, a link's for every kind of detour that Windows knows, such as junctions."""
        detour = getattr(seen, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_REPARSE_POINT
        return stat.S_IFLNK if detour else seen.st_mode

    def open_trusted(path: Path) -> Opened:
        """Open a file or folder that is trusted to be where it is, through a link too."""
        return _ByPath(path.resolve(), trusted=True)

    def open_untrusted(path: Path) -> Opened:
        """Open a file or folder, and no link to one."""
        return _ByPath(path, trusted=False)

else:
    _ANY = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC

    class _ByDescriptor:
        def __init__(self, handle: int) -> None:
            self._handle = handle

        def mode(self) -> int:
            return os.fstat(self._handle).st_mode

        def size(self) -> int:
            return os.fstat(self._handle).st_size

        def read(self, most: int) -> bytes:
            return os.read(self._handle, most)

        def names(self) -> Iterator[str]:
            with closing(os.scandir(self._handle)) as entries:
                for entry in entries:
                    yield entry.name

        def mode_of(self, name: str) -> int:
            return os.stat(name, dir_fd=self._handle, follow_symlinks=False).st_mode

        def open(self, name: str) -> Opened:
            return _ByDescriptor(os.open(name, _ANY | os.O_NOFOLLOW, dir_fd=self._handle))

        def close(self) -> None:
            os.close(self._handle)

    def open_trusted(path: Path) -> Opened:
        """Open a file or folder that is trusted to be where it is, through a link too."""
        return _ByDescriptor(os.open(path, _ANY))

    def open_untrusted(path: Path) -> Opened:
        """Open a file or folder, and no link to one."""
        return _ByDescriptor(os.open(path, _ANY | os.O_NOFOLLOW))
