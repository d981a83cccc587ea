"""Files that others may write: read only where they are regular ones below a folder, and no larger than ours ever are.

A symbolic link leads out of the folder, a device may never end and a pipe never begin: none of them is opened. What
is opened is read once, up to a bound, so that nothing can be exchanged after it was looked at.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from forecastops.core.opened import Opened, open_trusted, open_untrusted

__all__ = [
    "MAX_FILES",
    "MAX_FILE_BYTES",
    "MAX_TREE_BYTES",
    "UnfitFileError",
    "copy_files",
    "read_file",
    "read_tree",
    "too_large",
]

MAX_FILE_BYTES = 64 * 2**20  # of one file: a series of two million rows
MAX_TREE_BYTES = 16 * MAX_FILE_BYTES  # a panel of half a million series
MAX_FILES = 1000
_MAX_DEPTH = 16
_CHUNK = 2**20
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


class UnfitFileError(Exception):
    """A file that is not read; the message is the rest of a sentence about the artifact: ``holds X, which is ...``."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"holds {name!r:.200}, which is {what}")


@dataclass
class _Reading:
    """The files that were read so far, by their names with slashes."""

    passed_over: frozenset[str] = frozenset()
    files: dict[str, bytes] = field(default_factory=dict)
    entries: int = 0
    bytes: int = 0


def read_tree(folder: Path, passed_over: frozenset[str] = frozenset()) -> dict[str, bytes]:
    """Return the bytes of every file below a folder, by its name with slashes.

    Args:
        folder: which must be one itself, and no link to one.
        passed_over: names of files that are not read.

    Raises:
        UnfitFileError: naming what is no regular file or folder, or too much.
        OSError: when it is not there, or cannot be read.
    """
    reading = _Reading(passed_over)
    with closing(_plain(folder)) as opened:
        if not stat.S_ISDIR(opened.mode()):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        _read_folder(opened, "", reading)
    return reading.files


def read_file(root: Path, name: str = "") -> bytes:
    """Return the bytes of one file.

    Args:
        root: a folder that is trusted to be where it is; without a ``name``, the file itself.
        name: below it, with slashes, no part of which may be a link.

    Raises:
        UnfitFileError: when it, or a folder on the way, is none, or it is too large.
        OSError: when it is not there, or cannot be read.
    """
    with closing(_open_below(root, name)) as opened:
        return _bytes(opened, name or root.name, MAX_FILE_BYTES)


def copy_files(root: Path, name: str, into: Path) -> Path:
    """Copy the file or folder ``name`` below ``root`` to the same name below ``into``; its path there.

    Raises:
        UnfitFileError, OSError: as ``read_file`` and ``read_tree``.
    """
    target = into / name
    with closing(_open_below(root, name)) as opened:
        if not stat.S_ISDIR(opened.mode()):
            files = {target: _bytes(opened, name or root.name, MAX_FILE_BYTES)}
        else:
            reading = _Reading()
            _read_folder(opened, "", reading)
            files = {target / below: data for below, data in reading.files.items()}
            target.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return target


def _open_below(root: Path, name: str) -> Opened:
    """Open a file or folder; the caller closes it."""
    opened = open_trusted(root) if name else _plain(root)
    so_far = ""
    for part in Path(name).parts:
        so_far = f"{so_far}/{part}".lstrip("/")
        with closing(opened):
            if part == "..":
                raise UnfitFileError(name, "outside of the artifact")
            opened = _plain_in(opened, part, so_far)
    return opened


def _plain(path: Path) -> Opened:
    """Open what is a file or a folder, looked at before and after, since opening a device may do something."""
    _require_plain(path.name, path.lstat().st_mode)
    return _proven(open_untrusted(path), path.name)


def _plain_in(folder: Opened, name: str, shown: str) -> Opened:
    _require_plain(shown, folder.mode_of(name))
    return _proven(folder.open(name), shown)


def _proven(opened: Opened, shown: str) -> Opened:
    try:
        _require_plain(shown, opened.mode())
    except UnfitFileError:
        opened.close()
        raise
    return opened


def _require_plain(shown: str, mode: int) -> None:
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UnfitFileError(shown, f"{_KINDS.get(stat.S_IFMT(mode), 'something else')}, no regular file")


def _read_folder(folder: Opened, prefix: str, reading: _Reading) -> None:
    for part in folder.names():
        name = prefix + part
        reading.entries += 1
        if reading.entries > MAX_FILES:
            raise UnfitFileError(name, f"one of more than {MAX_FILES} files")
        if name.count("/") > _MAX_DEPTH:
            raise UnfitFileError(name, f"more than {_MAX_DEPTH} folders deep")
        if name not in reading.passed_over:
            _read_entry(folder, part, name, reading)


def _read_entry(folder: Opened, part: str, name: str, reading: _Reading) -> None:
    with closing(_plain_in(folder, part, name)) as opened:
        if stat.S_ISDIR(opened.mode()):
            _read_folder(opened, f"{name}/", reading)
            return
        data = _bytes(opened, name, min(MAX_FILE_BYTES, MAX_TREE_BYTES - reading.bytes))
    reading.files[name] = data
    reading.bytes += len(data)


def _bytes(opened: Opened, name: str, most: int) -> bytes:
    """Read what was opened to its end, but no further than a bound, whatever its size is said to be."""
    if stat.S_ISDIR(opened.mode()):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if opened.size() > most:
        raise UnfitFileError(name, too_large())
    found = bytearray()
    while chunk := opened.read(_CHUNK):
        found += chunk
        if len(found) > most:
            raise UnfitFileError(name, too_large())
    return bytes(found)


def too_large() -> str:
    """Return what is said of a file that nobody here has written."""
    return f"larger than anything that forecastops writes ({MAX_FILE_BYTES // 2**20} MiB)"
