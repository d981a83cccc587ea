"""The `forecastops` command as a real process, forked from one that has its heavy imports behind it."""

from __future__ import annotations

import functools
import gc
import importlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from drawn_once import draw_once
from forked_processes import fork_processes
from forked_workers import fork_workers
from shared_forks import SHARED_BY_WORKERS, join_forks
from standin.watch import watch_connections
from unsynced import wait_for_no_disk

_PRELOAD = [
    "mlflow",
    "mlflow.pyfunc.scoring_server",
    "mlflow.data.pandas_dataset",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "mlflow.deployments",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "statsmodels.tsa.arima.model",
    "uvicorn.protocols.http.h11_impl",
    "pyarrow.parquet",
    "azureml.mlflow._store.tracking.store",
    "azureml.mlflow._store.model_registry.model_registry",
    "azureml.mlflow._store.artifact.utils",
    "forecastops.commands.main",
    "forecastops.reporting.pictures.errors",
    "forecastops.reporting.pictures.export",
    "forecastops.usecases.demo",
    "drawn_once",
    "forked_processes",
    "forked_workers",
    "warm",
]
wait_for_no_disk()
_forkserver = multiprocessing.get_context("forkserver")
_forkserver.set_forkserver_preload(_PRELOAD)


@dataclass(frozen=True)
class Result:
    """What a process left: its exit code (negative for a signal) and its output."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.stdout)

    @property
    def error(self) -> str:
        """The one line of error on stderr."""
        lines = [line for line in self.stderr.splitlines() if line.startswith("forecastops: error: ")]
        assert len(lines) == 1, self.stderr
        assert "Traceback" not in self.stderr
        return lines[0]


class Command:
    """Runs `forecastops` in a folder, with an environment of its own; ``forks`` also the processes that it starts."""

    def __init__(self, folder: Path, environment: Mapping[str, str], forks: bool = True) -> None:
        self.folder = folder
        self._forks = forks
        self.environment = dict(environment)
        self._count = 0

    def __call__(self, *args: str, before: Callable[[], None] | None = None, timeout: float = 300) -> Result:
        """Run it to its end; ``before`` is called in the process first."""
        return self.start(*args, before=before).result(timeout)

    def ok(self, *args: str) -> Any:
        """Run it with --json, require success, and give the object."""
        result = self(*args, "--json")
        assert result.code == 0, result.stderr
        return result.json

    def start(self, *args: str, before: Callable[[], None] | None = None, program: str = "forecastops") -> Running:
        """Start it, or `mlflow`, and go on."""
        _start_server()
        self._count += 1
        base = self.folder / f".output-{self._count}"
        process = _forkserver.Process(
            target=_run,
            args=(program, list(args), str(self.folder), self.environment, str(base), self._forks, before),
        )
        process.start()
        return Running(process, base)


@dataclass(frozen=True)
class Running:
    """A command under way."""

    process: Any
    base: Path

    def error_so_far(self) -> str:
        """What it has written on stderr until now."""
        path = self.base.with_suffix(".err")
        return path.read_text("utf-8") if path.exists() else ""

    def result(self, timeout: float = 300) -> Result:
        """Wait for its end."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            os.kill(self.process.pid, signal.SIGKILL)
            raise TimeoutError(f"still running after {timeout} s: {self.base.with_suffix('.err').read_text()}")
        paths = [self.base.with_suffix(suffix) for suffix in (".out", ".err")]
        # A process that was killed at once has not opened them.
        out, err = (path.read_text("utf-8") if path.exists() else "" for path in paths)
        return Result(self.process.exitcode, out, err)


def fork_apart(target: Callable[..., None], *args: Any) -> Any:
    """Start a process of the tests' own that has the heavy imports behind it, too; as `multiprocessing.Process`."""
    _start_server()
    process = _forkserver.Process(target=target, args=args)
    process.start()
    return process


@functools.cache
def _start_server() -> None:
    """Start what commands are forked from, with this folder on its path, which Python 3.11 does not hand on."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *filter(None, [before])])
    try:
        if SHARED_BY_WORKERS in os.environ:
            join_forks(Path(os.environ[SHARED_BY_WORKERS]) / "forks", _PRELOAD)
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def new_command(folder: Path, database: Path) -> Command:
    """The command, with a copy of that database in ``folder``."""
    shutil.copyfile(database, folder / "mlflow.db")
    # These tests may themselves run on a build agent, to which the commands under test have nothing to say.
    ours = ("MLFLOW", "FORECASTOPS", "TF_BUILD", "GITHUB_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return Command(
        folder,
        kept
        | {
            "FORECASTOPS_HOME": str(folder / "home"),
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        },
    )


def hear_interrupts() -> None:
    """Let this process, and those it starts, be interrupted as a person's are.

    Where the tests run in the background, a shell has an interrupt ignored from the start.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def read_environment_again() -> None:
    """Let what was imported before the environment was set see it, as a process of its own would."""
    watch_connections()
    cloud: Any = sys.modules.get("azureml.mlflow._common._cloud.cloud")
    if cloud is not None and "ARM_CLOUD_METADATA_URL" in os.environ:
        cloud.KNOWN_CLOUDS = cloud.get_known_clouds()


def _run(
    program: str,
    args: list[str],
    folder: str,
    environment: dict[str, str],
    base: str,
    forks: bool,
    before: Callable[[], None] | None,
) -> None:
    for number, suffix in ((1, ".out"), (2, ".err")):
        handle = os.open(base + suffix, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND)
        os.dup2(handle, number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    hear_interrupts()
    gc.disable()  # it ends before there is anything to collect
    os.chdir(folder)
    if before is None:
        draw_once()
    os.environ.clear()
    os.environ.update(environment)
    read_environment_again()
    if forks:
        fork_processes()
        fork_workers()
    if before is not None:
        before()
    module, name = {"forecastops": ("forecastops.commands.main", "main"), "mlflow": ("mlflow.cli", "cli")}[program]
    getattr(importlib.import_module(module), name)(args, prog_name=program)
