"""The process that commands are forked from, one for all workers of a test run: its imports take seven seconds.

`multiprocessing` gives each process a server of its own, which lives as long as somebody holds the other end of a pipe.
Here the first worker starts one with a named pipe, and the others join it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
from collections.abc import Sequence
from multiprocessing import forkserver, resource_tracker, spawn, util
from pathlib import Path
from typing import Any

__all__ = ["SHARED_BY_WORKERS", "join_forks"]

SHARED_BY_WORKERS = "FORECASTOPS_TESTS_SHARED"  # names a folder; commands under test do not see it


def join_forks(folder: Path, preload: Sequence[str]) -> None:
    """Let `multiprocessing` of this process fork from the server of that folder; start it where there is none."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        address, alive = folder / "address", folder / "alive"
        held = _hold(alive) if address.exists() else None
        if held is None:
            alive.unlink(missing_ok=True)
            os.mkfifo(alive)
            # Short: a socket's path has at most 107 bytes.
            place = folder / uuid.uuid4().hex[:8]
            held = _begin(place, alive, preload)
            address.write_text(str(place), encoding="utf-8")
        ours: Any = forkserver._forkserver
        ours._forkserver_address, ours._forkserver_alive_fd = address.read_text("utf-8"), held
        ours.ensure_running = resource_tracker.ensure_running


def _hold(alive: Path) -> int | None:
    """Its end of the pipe, which keeps the server; None where nobody listens at the other."""
    try:
        return os.open(alive, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def _begin(place: Path, alive: Path, preload: Sequence[str]) -> int:
    resource_tracker.ensure_running()
    found = spawn.get_preparation_data("ignore")
    data = {"sys_path": found["sys_path"]}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
        held = os.open(alive, os.O_WRONLY)
        numbers = [listener.fileno(), reader]
        start = f"main({numbers[0]}, {numbers[1]}, {list(preload)!r}, **{data!r})"
        arguments = [spawn.get_executable(), *util._args_from_interpreter_flags()]  # type: ignore[attr-defined]
        arguments += ["-c", f"from multiprocessing.forkserver import main; {start}"]
        util.spawnv_passfds(arguments[0], arguments, numbers)
        os.close(reader)
    return held
