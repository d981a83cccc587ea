"""Tasks for engines, in a module that their workers can import."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from forecastops.core.errors import DataError


@dataclass(frozen=True)
class Piece:
    """What is done with it, and where its result is kept."""

    name: str
    folder: str
    deed: str = "keep"


def task(piece: Piece) -> str:
    """Keep a result, or end in one of the ways in which tasks end."""
    if piece.deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if piece.deed == "refuse":
        raise DataError(piece.name, "is wrong", "correct it")
    if piece.deed == "fail":
        raise ValueError("unforeseen")
    if piece.deed == "wait":
        Path(piece.folder, f"{piece.name}.pid").write_text(str(os.getpid()))
        time.sleep(600)
    path = Path(piece.folder, piece.name)
    path.write_text(f"{piece.name} {_threads()}")
    return str(path)


def _threads() -> int:
    """The most threads that a library for matrices would take."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return max((library["num_threads"] for library in threadpool_info()), default=1)
