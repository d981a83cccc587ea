"""Bounds on the files that a client of some store writes while it downloads: on each, and on how many there are."""

from __future__ import annotations

import errno
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from forecastops.core.artifact_files import MAX_FILE_BYTES, MAX_FILES, MAX_TREE_BYTES, UnfitFileError, too_large

__all__ = ["bound_listing", "bounded_writes"]

_FILE_OF_MLFLOW = re.compile(r"##### File (.+?) #####")

if sys.platform == "win32":

    def _set_limit(change: int) -> None:
        """Do nothing, since Windows has no such limit; what is too large is refused when it is read."""

else:
    import resource

    @dataclass
    class _Limit:
        """The operating system's limit, one for the whole process: how many want it, and what it was before."""

        lock: threading.Lock = field(default_factory=threading.Lock)
        users: int = 0
        before: tuple[int, int] = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

    _limit = _Limit()

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
        raise UnfitFileError(found[1] if found else "a file", too_large()) from error
    finally:
        _set_limit(-1)


def bound_listing(repository: Any) -> None:
    """Have one of MLflow's artifact repositories refuse to list more than forecastops ever writes.

    It downloads what it lists, and a folder in a store may hold any number of files. What is refused raises an
    ``UnfitFileError`` where the download was asked for.

    Args:
        repository: of MLflow; its method ``list_artifacts`` is replaced.
    """
    listed = repository.list_artifacts
    entries = size = 0

    def counted(path: str | None = None) -> Any:
        nonlocal entries, size
        found = listed(path)
        for one in found:
            entries += 1
            size += max(0, one.file_size or 0)  # not every store says it
            if entries > MAX_FILES:
                raise UnfitFileError(one.path, f"one of more than {MAX_FILES} files")
            if size > MAX_TREE_BYTES:
                raise UnfitFileError(one.path, too_large())
        return found

    repository.list_artifacts = counted
