"""Workers of the pools, forked from where commands are forked from: each would start Python and import for a second.

They come from that server and not from the command, whose threads hold locks. test_engines, the kills of panels and the
interrupted backtests start them as users do.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from typing import IO, Any

from forecastops.adapters.engine import pool as engine_pool
from forecastops.adapters.engine import worker as engine_worker
from forecastops.adapters.workers import pool as backtest_pool
from forecastops.adapters.workers import worker as backtest_worker

__all__ = ["fork_workers"]

_forkserver = multiprocessing.get_context("forkserver")


def fork_workers() -> None:
    """Let this process, which was forked from the server itself, ask it for the workers of its pools."""
    server: Any = forkserver._forkserver
    server.ensure_running = resource_tracker.ensure_running  # it is, and is not this process's child
    vars(engine_pool)["start_worker"] = _start_of_engine
    vars(backtest_pool)["start_worker"] = _start_of_backtest


class _Worker:
    """What the pools use of `subprocess.Popen`."""

    def __init__(self, process: Any, stdin: IO[Any], stdout: IO[str] | None = None) -> None:
        self._process, self.stdin, self.stdout = process, stdin, stdout

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        self._process.join()
        return int(self._process.exitcode)


def _start_of_engine(channel: socket.socket) -> _Worker:
    ours = Connection(os.dup(channel.fileno()))
    reader, writer = _forkserver.Pipe(duplex=False)
    with ours, reader:
        process = _started(_be_of_engine, ours, reader)
    return _Worker(process, os.fdopen(_taken(writer), "wb"))


def _start_of_backtest() -> _Worker:
    requests, writer = _forkserver.Pipe(duplex=False)
    reader, answers = _forkserver.Pipe(duplex=False)
    with requests, answers:
        process = _started(_be_of_backtest, requests, answers)
    stdin = os.fdopen(_taken(writer), "w", encoding="utf-8")
    return _Worker(process, stdin, os.fdopen(_taken(reader), encoding="utf-8"))


def _taken(connection: Any) -> int:
    """Its descriptor, which it no longer closes."""
    with connection:
        return os.dup(connection.fileno())


def _started(target: Callable[..., None], *channels: Any) -> Any:
    process = _forkserver.Process(target=target, args=(os.getcwd(), dict(os.environ), *channels), daemon=True)
    process.start()
    return process


def _be_of_engine(folder: str, environment: dict[str, str], channel: Connection, stdin: Connection) -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        _settle(folder, environment, stdin.fileno(), nowhere.fileno())
    sys.argv = ["worker", str(channel.fileno())]
    engine_worker.main()


def _be_of_backtest(folder: str, environment: dict[str, str], stdin: Connection, stdout: Connection) -> None:
    _settle(folder, environment, stdin.fileno(), stdout.fileno())
    backtest_worker.main()


def _settle(folder: str, environment: dict[str, str], stdin: int, stdout: int) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, source in enumerate((stdin, stdout)):
        os.dup2(source, number)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stdin = os.fdopen(0, encoding="utf-8")
