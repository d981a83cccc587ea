"""The processes that a command starts, forked from it, since it has their imports behind it.

Those of a local endpoint, and the one that calls Azure. Real processes with real sockets and pipes, as ever; but
starting Python and importing MLflow anew costs each of them three seconds of processor time, and the tests deploy
hundreds of times. The command line of test_local_endpoint, test_serve, test_secrets, test_mlproject, two stories of
test_azure_endpoints and `tests/support/soak.py --exec` start them as users do.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

import pytest
from mlflow.utils import request_utils

from forecastops.adapters.endpoint.azure import azure_endpoint, calls, worker
from forecastops_local import launcher, process, server, supervisor

__all__ = ["fork_endpoints_for", "fork_processes"]


def fork_processes() -> None:
    """Let this process, and the supervisors that it starts, fork instead of executing Python."""
    vars(calls)["start_program"] = _start_worker
    vars(azure_endpoint)["_FIRST_PAUSE_SECONDS"] = 0.1  # what Azure takes minutes for, the stand-in does in a second
    vars(launcher)["run_program"] = _run_supervisor
    vars(process)["start_program"] = _start_server


def fork_endpoints_for(patch: pytest.MonkeyPatch) -> None:
    """As `fork_processes`, for endpoints alone, and until the patch is undone."""
    import mlflow.pyfunc.scoring_server  # noqa: F401 - the server's imports, once for all

    patch.setattr(launcher, "run_program", _run_supervisor)
    patch.setattr(process, "start_program", _start_server)


def _run_supervisor(arguments: Sequence[str], directory: Path, environment: Mapping[str, str], timeout: float) -> Any:
    """As `subprocess.run`: returns once the supervisor has left for the background, or failed to start."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        asyncio._set_running_loop(None)
        os.setsid()
        os.environ.clear()
        os.environ.update(environment)
        _become(directory, _Streams(None, writer, writer), (), lambda: supervisor.main(Path(arguments[-1])))
    os.close(writer)
    with os.fdopen(reader) as output:
        said = output.read()
    _, status = os.waitpid(pid, 0)
    return subprocess.CompletedProcess(arguments, os.waitstatus_to_exitcode(status), "", said)


async def _start_server(arguments: Sequence[str], directory: Path, handles: tuple[int, ...]) -> Any:
    """As `asyncio.create_subprocess_exec`."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        asyncio._set_running_loop(None)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _become(directory, _Streams(None, writer, writer), handles, lambda: server.main(*map(int, arguments[-2:])))
    os.close(writer)
    output = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(output), os.fdopen(reader, "rb")
    )
    return _Forked(pid, output)


class _Forked:
    """What the supervisor uses of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader) -> None:
        self.pid, self.stdout = pid, stdout
        self.returncode: int | None = None

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        while self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
            else:
                await asyncio.sleep(0.01)
        return self.returncode


def _start_worker(environment: Mapping[str, str], errors: IO[str]) -> Any:
    """As `subprocess.Popen` with pipes for stdin and stdout."""
    requests, ours = os.pipe()
    answers, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.environ.clear()
        os.environ.update(environment)
        _become(Path.cwd(), _Streams(requests, theirs, errors.fileno()), (), _call_azure)
    os.close(requests)
    os.close(theirs)
    return _Worker(pid, os.fdopen(ours, "w", encoding="utf-8"), os.fdopen(answers, encoding="utf-8"))


def _call_azure() -> None:
    """Begin as a process of its own does: with the environment as it is now, and no connection of the command's."""
    tempfile.tempdir = None
    request_utils._cached_get_request_session.cache_clear()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    worker.main()


@dataclass
class _Worker:
    """What is used of `subprocess.Popen`."""

    pid: int
    stdin: IO[str]
    stdout: IO[str]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        os.waitpid(self.pid, 0)


class _Streams(NamedTuple):
    """Descriptors of the standard streams; none is nothing to read."""

    stdin: int | None
    stdout: int
    stderr: int


def _become(directory: Path, streams: _Streams, keep: tuple[int, ...], target: Callable[[], object]) -> NoReturn:
    """Run ``target`` in a child, with nothing of the parent's but ``keep``, and end."""
    code: object = 1
    try:
        reader = os.open(os.devnull, os.O_RDONLY) if streams.stdin is None else streams.stdin
        for handle, source in enumerate((reader, streams.stdout, streams.stderr)):
            os.dup2(source, handle)
        # Or they would close, when they are collected, whatever has their numbers by then.
        for found in gc.get_objects():
            if isinstance(found, socket.socket):
                found.detach()
        # Above all the locks of the parent: they would be held for as long as the child lives.
        for name in os.listdir("/proc/self/fd") if sys.platform == "linux" else map(str, range(256)):
            if int(name) > 2 and int(name) not in keep:
                with contextlib.suppress(OSError):
                    os.close(int(name))
        os.chdir(directory)
        # What stood there wrote to where the parent's output goes, or kept what was logged to itself.
        logging.root.handlers.clear()
        logging.root.setLevel(logging.WARNING)
        sys.stdout, sys.stderr = (open(handle, "w", buffering=1, closefd=False) for handle in (1, 2))  # noqa: SIM115
        code = target()
    except SystemExit as ended:
        code = ended.code
    except Exception:  # noqa: BLE001 - a process of its own would print it, too
        traceback.print_exc()
    finally:
        if isinstance(code, str):
            os.write(2, f"{code}\n".encode())
        os._exit(0 if code is None else code if isinstance(code, int) else 1)
