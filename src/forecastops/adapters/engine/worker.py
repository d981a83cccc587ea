"""A process that carries out a task on pieces as they come on a socket; it ends when whoever asks has gone."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import warnings
from multiprocessing.connection import Connection

from forecastops.core.unused_statistics import defer_unused_statistics

__all__ = ["main"]


def main() -> None:
    """Answer until the channel ends."""
    threading.Thread(target=_watch, daemon=True).start()
    warnings.simplefilter("ignore")
    defer_unused_statistics()
    from forecastops.adapters.engine.port import alone
    from forecastops.core.errors import ForecastopsError

    channel = Connection(int(sys.argv[1]))
    with contextlib.suppress(EOFError, ConnectionError):
        module, name = channel.recv()
        task = getattr(importlib.import_module(module), name)
        while True:
            piece = channel.recv()
            try:
                channel.send(("done", alone(task, piece)))
            except ForecastopsError as error:
                channel.send(("refused", error))
            except Exception as error:  # noqa: BLE001  # whoever asked tells a person
                channel.send(("error", f"{type(error).__name__}: {error}"))


def _watch() -> None:
    """End in the middle of a piece, too: another process may be at it soon."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
