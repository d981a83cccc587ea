"""`mlflow run` on the repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from command import Command

__all__ = ["ROOT", "finish", "start"]

ROOT = Path(__file__).resolve().parents[1]


def start(forecastops: Command, entry: str, *parameters: str) -> subprocess.Popen[str]:
    """`mlflow run`, from a folder that is not the repository."""
    options = [word for parameter in parameters for word in ("-P", parameter)]
    arguments = ["run", str(ROOT), "-e", entry, *options, "--env-manager", "local", "--experiment-name", "cycle"]
    path = f"{Path(sys.executable).parent}:{forecastops.environment['PATH']}"
    return subprocess.Popen(
        [sys.executable, "-m", "mlflow", *arguments],
        cwd=forecastops.folder,
        env=forecastops.environment | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it has printed."""
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout + stderr
