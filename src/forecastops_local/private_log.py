"""Keeps what clients send out of the log: from the moment a server accepts, it says what failed and where, not on what.

Messages of exceptions, warnings and other libraries quote input. So an exception is written as its type and the lines
of code that it passed; what other libraries log is named by its place; and what is printed goes nowhere.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator

__all__ = ["keep_input_out_of_log", "outline"]

_PLAIN = ("forecastops.", "uvicorn.")  # their messages are fixed texts


def keep_input_out_of_log() -> None:
    """Let nothing but our own words reach the log from now on."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_WithoutInput("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    logging.captureWarnings(True)
    # The log's own handler keeps the stream that it has.
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives


def outline(error: BaseException) -> str:
    """Return types and code lines of an exception and of those that led to it, without their messages."""
    return "".join(_parts(error))


def _parts(error: BaseException) -> Iterator[str]:
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield from traceback.format_tb(found.__traceback__)
        yield f"{type(found).__module__}.{type(found).__qualname__}\n"
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


class _WithoutInput(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage() if record.name.startswith(_PLAIN) else f"({record.filename}:{record.lineno})"
        if record.exc_info and record.exc_info[1] is not None:
            message = f"{message}\n{outline(record.exc_info[1])}"
        plain = logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, message, None, None)
        plain.created, plain.msecs = record.created, record.msecs
        return super().format(plain)
