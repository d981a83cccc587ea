"""A process that carries out jobs of a backtest: a line each on stdin, an outcome each on stdout.

The first line is the stream. The process ends when its stdin does, whatever it is doing then.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
import warnings
from typing import Any

from forecastops.core.unused_statistics import defer_unused_statistics

__all__ = ["main"]


def main() -> None:
    """Answer until stdin ends."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    defer_unused_statistics()
    from forecastops.backtesting.jobs import carry_out, job_of
    from forecastops.backtesting.stream import Stream
    from forecastops.core.errors import ForecastopsError

    warnings.simplefilter("ignore")
    stream = Stream.of(json.loads(lines.get()))
    while True:
        job = job_of(json.loads(lines.get()))
        try:
            answer: dict[str, Any] = {"outcome": carry_out(stream, job)}
        except ForecastopsError as error:
            answer = {"refused": [type(error).__name__, error.where, error.what, error.remedy]}
        except Exception as error:  # noqa: BLE001  # whoever asked tells a person
            answer = {"error": f"{type(error).__name__}: {error}"}
        with contextlib.suppress(BrokenPipeError):
            channel.write(json.dumps(answer) + "\n")
            channel.flush()


def _read(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)  # whoever asked is gone


if __name__ == "__main__":
    main()
