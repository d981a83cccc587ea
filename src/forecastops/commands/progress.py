"""Progress on stderr: a line for each step; on a terminal, the step under way shows a bar and how long it takes."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator

import click

from forecastops.core.redaction import redacted
from forecastops.reporting.build_systems.report import BuildSystem

__all__ = ["progress"]

_TICK_SECONDS = 0.2
_PATIENCE_SECONDS = 0.5  # a step shorter than this needs no bar
_WIDTH = 20


@contextlib.contextmanager
def progress(verbose: int, listener: BuildSystem | None = None) -> Iterator[Callable[[], None]]:
    """Show what the package logs, while the block runs; twice verbose, what every library logs.

    A build system that listens gets the warnings as issues.

    Yields what is to be called before anything else is printed: it takes the bar away.
    """
    steps = _Steps(live=sys.stderr.isatty(), listener=listener)
    logger = logging.getLogger("forecastops")
    logger.handlers[:] = [steps]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    if verbose > 1:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Redacted(logging.BASIC_FORMAT))
        logging.basicConfig(level=logging.DEBUG, handlers=[handler])
    try:
        yield steps.end
    finally:
        steps.end()


class _Redacted(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _Steps(logging.Handler):
    def __init__(self, *, live: bool, listener: BuildSystem | None) -> None:
        super().__init__()
        self._live, self._listener = live, listener
        self._over = threading.Event()
        self._bar: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.end()
        message = redacted(record.getMessage())
        if record.levelno == logging.WARNING and self._listener:
            self._listener.issue("warning", message)
        else:
            click.echo(("warning: " if record.levelno == logging.WARNING else "") + message, err=True)
        if self._live:
            self._over = threading.Event()
            self._bar = threading.Thread(target=_draw, args=(self._over,), daemon=True)
            self._bar.start()

    def end(self) -> None:
        """Remove the bar of the step that is over."""
        self._over.set()
        if self._bar is not None:
            self._bar.join()
            self._bar = None


def _draw(over: threading.Event) -> None:
    """Draw a block that runs along the bar, since no step knows its length; and the seconds."""
    started = time.monotonic()
    if over.wait(_PATIENCE_SECONDS):
        return
    place = 0
    while not over.wait(_TICK_SECONDS):
        place = (place + 1) % _WIDTH
        bar = "".join("#" if (spot - place) % _WIDTH < 3 else "-" for spot in range(_WIDTH))
        click.echo(f"\r  [{bar}] {time.monotonic() - started:.0f} s", err=True, nl=False)
    click.echo("\r\033[K", err=True, nl=False)
