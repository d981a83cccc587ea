"""An MLflow server over HTTP with PostgreSQL behind it, on loopback, as teams run MLflow."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

__all__ = ["free_port", "mlflow_server", "postgres", "postgres_binaries", "wait_for_port"]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def postgres_binaries() -> Path | None:
    """The folder of PostgreSQL's own programs, None where it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda path: int(path.parent.name))


@contextmanager
def postgres() -> Iterator[str]:
    """A new PostgreSQL cluster with one database; its SQLAlchemy URI."""
    binaries = postgres_binaries()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="forecastops-postgres-"))
    # PostgreSQL refuses to run as root, and its folder must be its user's.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    port = free_port()
    data = folder / "data"
    make = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "forecastops", "-E", "UTF8", "--no-sync"]
    subprocess.run(make, check=True, user=user, stdout=subprocess.DEVNULL, cwd=folder)
    serve = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1", "-F"]
    with subprocess.Popen(serve, user=user, cwd=folder, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port, 120)
            yield f"postgresql+psycopg2://forecastops@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once
            server.wait()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mlflow_server(database: str, folder: Path) -> Iterator[str]:
    """`mlflow server` on that database, keeping artifacts in ``folder``; its address."""
    from command import fork_apart

    port = free_port()
    arguments = ["server", "--backend-store-uri", database, "--artifacts-destination", str(folder)]
    arguments += ["--host", "127.0.0.1", "--port", str(port)]
    # Its other server spends half as much again on each request.
    arguments += ["--workers", "1", "--gunicorn-opts", "--threads 8"]
    # Processes otherwise that import MLflow and poll; and nobody else is told of these tests.
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    server = fork_apart(_serve, arguments, folder, os.environ | quiet)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for_health(address, 300)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.join()


def _serve(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Be `mlflow server`, which would start Python anew for what serves, and that once more for each worker."""
    os.setsid()
    os.chdir(folder)
    log = os.open(folder / "server.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND)
    for number in (1, 2):
        os.dup2(log, number)
    os.environ.clear()
    os.environ |= environment
    from mlflow import cli, server

    vars(server)["_exec_cmd"] = _become
    cli.cli(arguments)


def _become(command: list[str], extra_env: dict[str, str], **_: object) -> None:
    from gunicorn.app import wsgiapp  # type: ignore[import-untyped]

    os.environ |= extra_env
    sys.argv = command[2:]
    wsgiapp.run()


def wait_for_port(port: int, seconds: float) -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _wait_for_health(address: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            requests.get(f"{address}/health", timeout=10).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
