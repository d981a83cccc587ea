"""`forecastops` for scripts, forked from one process that has its heavy imports behind it.

A script finds a program of a few lines on its PATH, which hands its arguments, folder, environment and streams over to
that process, and ends as the forked command ends. When the program is killed, so is the command.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from command import fork_apart, read_environment_again
from drawn_once import draw_once
from forked_processes import fork_processes

__all__ = ["forked_command"]

_PROGRAM = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b"!"], [1, 2])
server.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode() + b"\\n")
sys.exit(int(server.makefile().readline()))
"""


@contextlib.contextmanager
def forked_command(folder: Path) -> Iterator[Path]:
    """The program, which works as long as the block runs."""
    address = folder / "forecastops.socket"
    program = folder / "forecastops"
    program.write_text(_PROGRAM.format(python=sys.executable, address=str(address)))
    program.chmod(0o755)
    reader, writer = multiprocessing.Pipe(duplex=False)
    server = fork_apart(_serve, str(address), writer)
    try:
        assert reader.recv() == "ready"
        yield program
    finally:
        server.terminate()
        server.join()


def _serve(address: str, ready: Connection) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    ready.send("ready")
    while True:
        caller, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _attend(caller)
        caller.close()


def _attend(caller: socket.socket) -> None:
    """Run one command for the caller, and tell it the exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(caller, 1, 2)
    arguments, folder, environment = json.loads(caller.makefile().readline())
    child = os.fork()
    if child == 0:
        caller.close()
        _run(arguments, folder, environment, streams)
    for stream in streams:
        os.close(stream)
    ended = threading.Event()
    threading.Thread(target=_kill_when_gone, args=(caller, child, ended), daemon=True).start()
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    ended.set()  # before its number can be another process's
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        caller.sendall(f"{os.waitstatus_to_exitcode(status) % 256}\n".encode())
    os._exit(0)


def _kill_when_gone(caller: socket.socket, child: int, ended: threading.Event) -> None:
    if caller.recv(1) == b"" and not ended.is_set():
        os.kill(child, signal.SIGKILL)


def _run(arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    os.chdir(folder)
    draw_once()
    os.environ.clear()
    os.environ.update(environment)
    read_environment_again()
    fork_processes()
    from forecastops.commands.main import main

    code = 0
    try:
        main(arguments, prog_name="forecastops")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # what was imported needs seconds to be taken down in order
