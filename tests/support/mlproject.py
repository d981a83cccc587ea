"""`mlflow run` on the repository."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

from command import Command, Running
from repository import ROOT

__all__ = ["finish", "start"]

_INSTALLED = Path(sys.executable).parent


def start(forecastops: Command, entry: str, *parameters: str, programs: Path = _INSTALLED) -> Running:
    """`mlflow run`, from a folder that is not the repository; what it calls is a process of its own.

    ``programs`` is the folder where it finds `forecastops`.
    """
    options = [word for parameter in parameters for word in ("-P", parameter)]
    arguments = ["run", str(ROOT), "-e", entry, *options, "--env-manager", "local", "--experiment-name", "cycle"]
    return forecastops.start(*arguments, program="mlflow", before=functools.partial(_find_programs, programs))


def finish(running: Running) -> tuple[int, str]:
    """Its exit code, and what it has printed."""
    result = running.result()
    return result.code, result.stdout + result.stderr


def _find_programs(folder: Path) -> None:
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
