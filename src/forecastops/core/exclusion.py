"""One process at a time: a lock on a file, which ends with its holder, on every system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["held_by_someone", "owned"]

_POLL_SECONDS = 0.02
# Whoever only looks holds the lock for a moment, too.
_LOOK_SECONDS = 0.2


@contextmanager
def owned(path: Path, timeout: float) -> Iterator[bool]:
    """Hold the lock for the block; yields False when it could not be had in time.

    Args:
        path: of the lock's file, in a folder that exists; it stays when the lock is given back.
        timeout: seconds.
    """
    lock = FileLock(path, timeout, mode=0o600, poll_interval=_POLL_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def held_by_someone(path: Path) -> bool:
    """Return whether a live process holds the lock."""
    if not path.exists():
        return False
    with owned(path, _LOOK_SECONDS) as had:
        return not had
