"""Tasks for engines, in a module that their workers can import."""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecastops.core.errors import DataError

if TYPE_CHECKING:
    from forecastops.adapters.panel_work import Work


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


def hanging_work(work: Work) -> str:
    """Do a panel's work, in which a series hangs in code of C that neither looks for signals nor lets threads run."""
    panel_work: Any = importlib.import_module("forecastops.adapters.panel_work")
    whole = panel_work.work_on

    def work_on(name: str, *given: Any) -> Any:
        if name.startswith("shop/1 "):
            deque(itertools.repeat(None), maxlen=0)
        if name.startswith("shop/2 ") and os.environ.get("STOPS"):
            os.kill(os.getpid(), signal.SIGSTOP)  # which whoever watches over the process has to notice
        return whole(name, *given)

    panel_work.work_on = work_on
    try:
        return str(panel_work.carry_out(work))
    finally:
        panel_work.work_on = whole
