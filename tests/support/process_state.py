"""What belongs to whoever calls: a look at this process before and after."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import mlflow
import numpy as np

__all__ = ["as_before"]

_OF_ANOTHER_THREAD = "_MLFLOW_TELEMETRY_SESSION_ID"  # MLflow takes it away when its own thread finds no way out


@contextmanager
def as_before() -> Iterator[None]:
    """Compare the process before and after the block, also when it raises."""
    before, loggers = _process(), _loggers()
    try:
        yield
    finally:
        after = _process()
        changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
        assert not changed, _shown(changed)
        now = _loggers()
        assert {name: now[name] for name in loggers} == loggers  # libraries that are imported make new ones


def _shown(changed: dict[str, Any]) -> dict[str, Any]:
    """Of dictionaries only what differs."""
    found: dict[str, Any] = {}
    for name, (then, now) in changed.items():
        if isinstance(then, dict):
            found[name] = {
                key: (then.get(key), now.get(key)) for key in {**then, **now} if then.get(key) != now.get(key)
            }
        else:
            found[name] = then, now
    return found


def _process() -> dict[str, Any]:
    active = mlflow.active_run()
    generator, keys, *place = cast(tuple[Any, ...], np.random.get_state())
    return {
        "environment": {name: value for name, value in os.environ.items() if name != _OF_ANOTHER_THREAD},
        "servers": (mlflow.get_tracking_uri(), mlflow.get_registry_uri()),
        "active run": active and active.info.run_id,
        "warning filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "random": random.getstate(),
        "numpy.random": (generator, keys.tobytes(), place),
        "folder": os.getcwd(),
        "signals": [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM)],
        "streams": (sys.stdout, sys.stderr, sys.stdin),
        "excepthook": sys.excepthook,
    }


def _loggers() -> dict[str, tuple[Any, ...]]:
    known = {"root": logging.getLogger()}
    known |= {
        name: found for name, found in logging.Logger.manager.loggerDict.items() if isinstance(found, logging.Logger)
    }
    return {
        name: (one.level, one.propagate, one.disabled, list(one.handlers), list(one.filters))
        for name, one in known.items()
    }
