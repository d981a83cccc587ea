"""Processes on this machine, as many as there are processors. A process that dies costs the piece in its hands alone.

Processes of our own instead of ``concurrent.futures``: there one that dies loses the pieces of all others, and starting
one imports the caller's script again, or copies a process whose threads hold locks.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from forecastops.adapters.engine.port import Lost
from forecastops.core.errors import ForecastopsError

__all__ = ["Pool", "start_worker"]

_Piece = TypeVar("_Piece")
_LOOKS = 1.0  # seconds between two looks at a process that works
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Pool:
    """An engine of several processes.

    Args:
        workers: how many; as many as this process may use processors, by default.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._most = workers or _processors()

    def map(
        self, task: Callable[[_Piece], str], pieces: Sequence[_Piece], hangs: Callable[[_Piece], bool] | None = None
    ) -> Iterator[tuple[_Piece, str | Lost]]:
        """Yield each piece once with what came of it; see ``Engine``."""
        waiting: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        answers: queue.SimpleQueue[tuple[_Piece, str | Lost] | BaseException] = queue.SimpleQueue()
        for piece in pieces:
            waiting.put(piece)
        lines = [_Line(task, waiting, answers, hangs) for _ in range(min(self._most, len(pieces)))]
        try:
            for _ in pieces:
                found = answers.get()
                if isinstance(found, BaseException):
                    raise found
                yield found
        finally:
            for _ in lines:
                waiting.put(None)
            for line in lines:
                line.end()


class _Line:
    """A thread that hands one piece after the other to a process, and starts another process where one has died."""

    def __init__(
        self, task: Callable[[Any], str], waiting: Any, answers: Any, hangs: Callable[[Any], bool] | None
    ) -> None:
        self._task, self._waiting, self._answers = task, waiting, answers
        self._hangs = hangs or _never
        self._ended = False
        self._worker: _Worker | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._ended = True
        if self._worker:
            self._worker.kill()
        self._thread.join()

    def _run(self) -> None:
        try:
            while (piece := self._waiting.get()) is not None and not self._ended:
                self._worker = self._worker or _Worker(self._task)
                outcome = self._worker.ask(piece, self._hangs)
                if isinstance(outcome, Lost):
                    self._worker = None
                self._answers.put((piece, outcome))
        except Exception as error:  # noqa: BLE001  # whoever iterates raises it
            self._answers.put(error)
        finally:
            if self._worker:
                self._worker.kill()


class _Worker:
    """One process."""

    def __init__(self, task: Callable[[Any], str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = start_worker(theirs)
        self._channel = Connection(ours.detach())
        self._channel.send((task.__module__, task.__qualname__))

    def ask(self, piece: object, hangs: Callable[[Any], bool]) -> str | Lost:
        """Return what the task returns, or that the process has ended, or was ended as it hung."""
        try:
            self._channel.send(piece)
            while not self._channel.poll(_LOOKS):
                if hangs(piece):
                    self.kill()
                    return Lost("its process did not answer any more, and was ended")
            kind, said = self._channel.recv()
        except (OSError, EOFError):
            return Lost(self._end())
        if kind == "refused":
            raise said
        if kind == "error":
            raise ForecastopsError("a worker", f"failed: {said}", "run it again: what was computed is kept")
        return str(said)

    def kill(self) -> None:
        """End it."""
        self._process.kill()
        self._end()

    def _end(self) -> str:
        code = self._process.wait()
        for channel in (self._channel, self._process.stdin):
            with contextlib.suppress(OSError):
                if channel is not None:
                    channel.close()
        if code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process ended with exit code {code}"


def start_worker(channel: socket.socket) -> subprocess.Popen[bytes]:
    """Start Python anew for a worker, which answers on that channel until its stdin ends."""
    return subprocess.Popen(
        [sys.executable, "-m", "forecastops.adapters.engine.worker", str(channel.fileno())],
        env={**os.environ, **_ONE_THREAD, "PYTHONSAFEPATH": "1"},
        stdin=subprocess.PIPE,  # at its end the worker knows that we are gone
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(channel.fileno(),),
        start_new_session=True,  # a person's Ctrl-C is for us, who end it
    )


def _never(_piece: object) -> bool:
    return False


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
