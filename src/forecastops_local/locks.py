"""Identity and exclusion by flock: a lock ends with its holder, a pid may be anybody's tomorrow."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["hold", "holder", "kill_holder", "open_locked", "owned", "record_holder", "wait_until_free"]

_POLL_SECONDS = 0.02


def open_locked(path: Path, timeout: float = 0.0) -> int | None:
    """Open and lock ``path``; the descriptor, or None when someone else holds it for all of ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A holder may have removed the file while we opened it: then this lock guards nothing.
            if _is_current(handle, path):
                return handle
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(handle)
                return None
            time.sleep(_POLL_SECONDS)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_current(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def record_holder(handle: int, pid: int) -> None:
    """Write into a locked file who holds it."""
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(pid).encode(), 0)


def hold(path: Path, timeout: float = 0.0) -> int | None:
    """Lock as `open_locked` does, and record this process as the holder."""
    handle = open_locked(path, timeout)
    if handle is not None:
        record_holder(handle, os.getpid())
    return handle


def holder(path: Path) -> int | None:
    """Return the pid of the live process that holds ``path``; 0 when it has not said yet; None when nobody holds it."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(handle, 32, 0)
        return int(text) if text.isascii() and text.isdigit() else 0
    else:
        return None
    finally:
        os.close(handle)


def wait_until_free(path: Path, timeout: float) -> bool:
    """Wait until nobody holds ``path``; False when somebody still does."""
    deadline = time.monotonic() + timeout
    while holder(path) is not None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def kill_holder(path: Path, signal_number: signal.Signals) -> None:
    """Send a signal to the process that holds ``path`` now, if any."""
    pid = holder(path)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)


@contextlib.contextmanager
def owned(path: Path, timeout: float) -> Iterator[bool]:
    """Hold ``path`` for the block and remove it after; yields False when it could not be had in time."""
    handle = hold(path, timeout)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            path.unlink(missing_ok=True)
            os.close(handle)
