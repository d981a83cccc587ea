"""Files that others may write: read only where they are regular ones below a folder, and no larger than ours ever are.

A symbolic link leads out of the folder, a device may never end and a pipe never begin: none of them is opened. What
is opened is read once, up to a bound, so that nothing can be exchanged after it was looked at.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["MAX_FILE_BYTES", "UnfitFileError", "bounded_writes", "copy_files", "read_file", "read_tree"]

MAX_FILE_BYTES = 64 * 2**20  # of one file: a series of two million rows
_MAX_TREE_BYTES = 2 * MAX_FILE_BYTES
_MAX_FILES = 1000
_MAX_DEPTH = 16
_CHUNK = 2**20
_NO_FOLLOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
_FILE_OF_MLFLOW = re.compile(r"##### File (.+?) #####")


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


@dataclass
class _Limit:
    """The operating system's limit, which is one for the whole process: how many want it, and what it was before."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0
    before: tuple[int, int] = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


_limit = _Limit()


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
    handle = _open(folder.name, str(folder), None)
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        _read_folder(handle, "", reading)
    finally:
        os.close(handle)
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
    handle = _open_below(root, name)
    try:
        return _bytes(handle, name or root.name, MAX_FILE_BYTES)
    finally:
        os.close(handle)


def copy_files(root: Path, name: str, into: Path) -> Path:
    """Copy the file or folder ``name`` below ``root`` to the same name below ``into``; its path there.

    Raises:
        UnfitFileError, OSError: as ``read_file`` and ``read_tree``.
    """
    target = into / name
    handle = _open_below(root, name)
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            files = {target: _bytes(handle, name or root.name, MAX_FILE_BYTES)}
        else:
            reading = _Reading()
            _read_folder(handle, "", reading)
            files = {target / below: data for below, data in reading.files.items()}
            target.mkdir(parents=True, exist_ok=True)
    finally:
        os.close(handle)
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return target


@contextmanager
def bounded_writes() -> Iterator[None]:
    """Let the operating system end any file at ``MAX_FILE_BYTES`` while a client of some store downloads inside.

    Neither MLflow nor the stores' clients bound what they write, and not every store says beforehand how large a file
    is.

    Raises:
        UnfitFileError: in place of what the client raised, where the limit was met.
    """
    _set_limit(+1)
    try:
        yield
    except Exception as error:
        if os.strerror(errno.EFBIG) not in str(error):
            raise
        found = _FILE_OF_MLFLOW.search(str(error))
        raise UnfitFileError(found[1] if found else "a file", _too_large()) from error
    finally:
        _set_limit(-1)


def _set_limit(change: int) -> None:
    """Set the limit with the first who asks for it, and take it back with the last."""
    with _limit.lock:
        _limit.users += change
        if change > 0 and _limit.users == 1:
            _limit.before = resource.getrlimit(resource.RLIMIT_FSIZE)
            known = [one for one in (*_limit.before, MAX_FILE_BYTES) if one != resource.RLIM_INFINITY]
            resource.setrlimit(resource.RLIMIT_FSIZE, (min(known), _limit.before[1]))
        elif _limit.users == 0:
            resource.setrlimit(resource.RLIMIT_FSIZE, _limit.before)


def _open_below(root: Path, name: str) -> int:
    """Open a file or folder; the caller closes it."""
    handle = os.open(root, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC) if name else _open(root.name, str(root), None)
    so_far = ""
    for part in Path(name).parts:
        so_far = f"{so_far}/{part}".lstrip("/")
        try:
            if part == "..":
                raise UnfitFileError(name, "outside of the artifact")
            inner = _open(so_far, part, handle)
        finally:
            os.close(handle)
        handle = inner
    return handle


def _open(shown: str, path: str, folder: int | None) -> int:
    """Open what is a file or a folder, looked at before and after, since opening a device may do something."""
    _require_plain(shown, os.stat(path, dir_fd=folder, follow_symlinks=False).st_mode)
    handle = os.open(path, _NO_FOLLOW, dir_fd=folder)
    try:
        _require_plain(shown, os.fstat(handle).st_mode)
    except UnfitFileError:
        os.close(handle)
        raise
    return handle


def _require_plain(shown: str, mode: int) -> None:
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UnfitFileError(shown, f"{_KINDS.get(stat.S_IFMT(mode), 'something else')}, no regular file")


def _read_folder(handle: int, prefix: str, reading: _Reading) -> None:
    with closing(os.scandir(handle)) as entries:
        for entry in entries:
            name = prefix + entry.name
            reading.entries += 1
            if reading.entries > _MAX_FILES:
                raise UnfitFileError(name, f"one of more than {_MAX_FILES} files")
            if name.count("/") > _MAX_DEPTH:
                raise UnfitFileError(name, f"more than {_MAX_DEPTH} folders deep")
            if name not in reading.passed_over:
                _read_entry(handle, entry.name, name, reading)


def _read_entry(folder: int, part: str, name: str, reading: _Reading) -> None:
    handle = _open(name, part, folder)
    try:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            _read_folder(handle, f"{name}/", reading)
            return
        data = _bytes(handle, name, min(MAX_FILE_BYTES, _MAX_TREE_BYTES - reading.bytes))
    finally:
        os.close(handle)
    reading.files[name] = data
    reading.bytes += len(data)


def _bytes(handle: int, name: str, most: int) -> bytes:
    """Read what was opened to its end, but no further than a bound, whatever its size is said to be."""
    if stat.S_ISDIR(os.fstat(handle).st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if os.fstat(handle).st_size > most:
        raise UnfitFileError(name, _too_large())
    found = bytearray()
    while chunk := os.read(handle, _CHUNK):
        found += chunk
        if len(found) > most:
            raise UnfitFileError(name, _too_large())
    return bytes(found)


def _too_large() -> str:
    return f"larger than anything that forecastops writes ({MAX_FILE_BYTES // 2**20} MiB)"
