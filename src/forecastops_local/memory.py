"""A bound on the memory of a server process, the last one after those on what a request may hold."""

from __future__ import annotations

import contextlib
import re
import resource
from pathlib import Path

__all__ = ["limit_memory"]

_STATUS = Path("/proc/self/status")


def limit_memory(extra: int) -> None:
    """Let the process allocate ``extra`` bytes beyond what it has now; more raises MemoryError, or ends the process.

    Only Linux counts what has been allocated so; elsewhere nothing happens.
    """
    try:
        found = re.search(r"^VmData:\s+(\d+) kB$", _STATUS.read_text("ascii"), re.MULTILINE)
    except OSError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = int(found[1]) * 1024 + extra if found else resource.RLIM_INFINITY
    # A lower limit that somebody has set stays.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))
