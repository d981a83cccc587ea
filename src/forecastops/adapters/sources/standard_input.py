"""What another program writes to this one."""

from __future__ import annotations

import sys

from forecastops.core.errors import DataError
from forecastops.data.unpacking import MAX_BYTES

__all__ = ["STANDARD_INPUT", "read_standard_input"]

STANDARD_INPUT = "-"


def read_standard_input() -> bytes:
    """Return all of standard input, up to the bound on files.

    Raises:
        DataError: when it is a terminal, or larger.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError("standard input", "is a terminal", "pipe a table into the command")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DataError("standard input", f"is larger than {MAX_BYTES // 2**20} MiB", "give fewer rows or columns")
    return data
