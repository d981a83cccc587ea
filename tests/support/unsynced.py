"""SQLite without waiting for the disk: no test pulls the plug, and what a killed process has written is there.

A commit waits 15 ms and more, and a promotion makes thirty.
"""

from __future__ import annotations

import contextlib
import sqlite3

from sqlalchemy import event
from sqlalchemy.engine import Engine

__all__ = ["wait_for_no_disk"]


def wait_for_no_disk() -> None:
    """Let this process, and those forked from it, hand what they commit to the system alone."""
    if not event.contains(Engine, "connect", _unsync):
        event.listen(Engine, "connect", _unsync)


def _unsync(connection: object, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        # A file that is no database says so when it is first asked for something.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("PRAGMA synchronous = OFF")
