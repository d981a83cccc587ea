"""Starts, wakes and ends the processes of a deployment, for its clients."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from forecastops_local.environment import allowed_environment
from forecastops_local.locks import holder, kill_holder, wait_until_free
from forecastops_local.state import Layout

__all__ = ["end_orphans", "end_supervisor", "launch", "remove", "run_program", "supervisor_program", "wake"]

_LAUNCH_SECONDS = 30.0
_STOP_SECONDS = 20.0
_ORPHAN_SECONDS = 12.0


def wake(layout: Layout) -> bool:
    """Tell the supervisor that there is a request; False where none is alive to be told."""
    if holder(layout.supervisor) is None:
        return False
    try:
        handle = os.open(layout.wake, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        # It ends just now; its successor reads the request by itself.
        return not wait_until_free(layout.supervisor, _STOP_SECONDS)
    with contextlib.suppress(BlockingIOError, BrokenPipeError):
        os.write(handle, b"\n")
    os.close(handle)
    return True


def launch(name: str, layout: Layout) -> None:
    """Start a supervisor in the background.

    Raises:
        MlflowException: saying why it cannot start.
    """
    try:
        program = supervisor_program(layout)
        started = run_program(program, layout.directory, allowed_environment(os.environ), _LAUNCH_SECONDS)
    except subprocess.TimeoutExpired:
        raise MlflowException(f"deployment {name!r}: the supervisor did not start in {_LAUNCH_SECONDS:g} s") from None
    if started.returncode:
        cause = (started.stderr.strip().splitlines() or [f"it exited with {started.returncode}"])[-1]
        code = INVALID_PARAMETER_VALUE if cause.startswith("port ") else None
        message = f"deployment {name!r} cannot start: {cause}"
        raise MlflowException(message, code) if code else MlflowException(message)


def supervisor_program(layout: Layout) -> tuple[str, ...]:
    """Return the command that runs the deployment's supervisor."""
    return sys.executable, "-m", "forecastops_local.supervisor", str(layout.directory)


def run_program(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a program in a session of its own, to its end."""
    return subprocess.run(
        arguments,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=timeout,
        check=False,
    )


def end_orphans(layout: Layout) -> None:
    """Wait for servers whose supervisor is gone, which end by themselves; kill those that do not."""
    deadline = time.monotonic() + _ORPHAN_SECONDS
    for identity in layout.servers.iterdir() if layout.servers.is_dir() else ():
        if not wait_until_free(identity, deadline - time.monotonic()):
            kill_holder(identity, signal.SIGKILL)
            wait_until_free(identity, _ORPHAN_SECONDS)
        identity.unlink(missing_ok=True)


def remove(layout: Layout) -> None:
    """End every process of the deployment and remove its directory."""
    end_supervisor(layout)
    shutil.rmtree(layout.directory, ignore_errors=True)
    if layout.directory.exists():
        raise MlflowException(f"{layout.directory} cannot be removed")


def end_supervisor(layout: Layout) -> None:
    """End the deployment's processes, and wait until they are gone."""
    if holder(layout.supervisor) is not None:
        kill_holder(layout.supervisor, signal.SIGTERM)
        if not wait_until_free(layout.supervisor, _STOP_SECONDS):
            kill_holder(layout.supervisor, signal.SIGKILL)
    end_orphans(layout)
