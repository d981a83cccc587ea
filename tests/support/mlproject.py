"""`mlflow run` on the repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from command import Command, Running
from repository import ROOT

__all__ = ["finish", "start"]


def start(forecastops: Command, entry: str, *parameters: str) -> Running:
    """`mlflow run`, from a folder that is not the repository; what it calls is a process of its own."""
    options = [word for parameter in parameters for word in ("-P", parameter)]
    arguments = ["run", str(ROOT), "-e", entry, *options, "--env-manager", "local", "--experiment-name", "cycle"]
    return forecastops.start(*arguments, program="mlflow", before=_find_programs)


def finish(running: Running) -> tuple[int, str]:
    """Its exit code, and what it has printed."""
    result = running.result()
    return result.code, result.stdout + result.stderr


def _find_programs() -> None:
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
