"""Progress on stderr: a line for each step; on a terminal, the step under way shows how long it takes, and will take.

How long a step will take is how long it took the last time, which a file in the home remembers.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from forecastops.core.errors import ForecastopsError
from forecastops.core.files import write_whole
from forecastops.core.home import home
from forecastops.core.redaction import redacted
from forecastops.reporting.build_systems.report import BuildSystem

__all__ = ["progress"]

_TICK_SECONDS = 0.2
_PATIENCE_SECONDS = 0.5  # a step shorter than this needs no bar
_WIDTH = 20
_MOST_REMEMBERED = 200


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
        steps.end()
    finally:
        steps.abandon()


class _Redacted(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _Steps(logging.Handler):
    def __init__(self, *, live: bool, listener: BuildSystem | None) -> None:
        super().__init__()
        self._live, self._listener = live, listener
        self._durations = _Durations() if live else None
        self._over = threading.Event()
        self._bar: threading.Thread | None = None
        self._step, self._started = "", 0.0

    def emit(self, record: logging.LogRecord) -> None:
        self.end()
        message = redacted(record.getMessage())
        if record.levelno == logging.WARNING and self._listener:
            self._listener.issue("warning", message)
        else:
            click.echo(("warning: " if record.levelno == logging.WARNING else "") + message, err=True)
        if self._durations:
            self._step, self._started = _kind(message), time.monotonic()
            self._over = threading.Event()
            expected = self._durations.of(self._step)
            self._bar = threading.Thread(target=_draw, args=(self._over, expected), daemon=True)
            self._bar.start()

    def end(self) -> None:
        """Remove the bar of the step that is over, and remember how long it took."""
        if self._bar is not None and self._durations:
            self._durations.remember(self._step, time.monotonic() - self._started)
        self.abandon()

    def abandon(self) -> None:
        """Remove the bar of a step that did not come to its end."""
        self._over.set()
        if self._bar is not None:
            self._bar.join()
            self._bar = None


def _kind(message: str) -> str:
    """Return what steps have in common that differ in numbers, names and runs."""
    return re.sub(r"\S*[0-9'/]\S*", "#", message)[:80]


class _Durations:
    """Seconds that each kind of step took the last time on this machine; a file that cannot be used is done without."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._path: Path | None = None
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, ForecastopsError):
            self._path = home() / "durations.json"
            found = json.loads(self._path.read_text("utf-8"))
            self._seconds = {str(kind): float(seconds) for kind, seconds in found.items()}

    def of(self, kind: str) -> float | None:
        return self._seconds.get(kind)

    def remember(self, kind: str, seconds: float) -> None:
        if seconds < _PATIENCE_SECONDS or self._path is None:
            return
        self._seconds.pop(kind, None)
        self._seconds[kind] = round(seconds, 2)
        newest = dict(list(self._seconds.items())[-_MOST_REMEMBERED:])
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(newest).encode(), private=True)


def _draw(over: threading.Event, expected: float | None) -> None:
    """Draw how much of the expected time is over; a block that runs along, where no time is expected or it is over."""
    started = time.monotonic()
    if over.wait(_PATIENCE_SECONDS):
        return
    place = 0
    while not over.wait(_TICK_SECONDS):
        place = (place + 1) % _WIDTH
        click.echo(f"\r\033[K  {_bar(time.monotonic() - started, expected, place)}", err=True, nl=False)
    click.echo("\r\033[K", err=True, nl=False)


def _bar(elapsed: float, expected: float | None, place: int) -> str:
    if expected is None or elapsed >= expected:
        bar = "".join("#" if (spot - place) % _WIDTH < 3 else "-" for spot in range(_WIDTH))
        return f"[{bar}] {elapsed:.0f} s"
    done = int(_WIDTH * elapsed / expected)
    return f"[{'#' * done}{'-' * (_WIDTH - done)}] {elapsed:.0f} s, about {expected - elapsed:.0f} s left"
