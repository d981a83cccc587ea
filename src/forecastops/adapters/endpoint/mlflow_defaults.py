"""What MLflow itself is pointed at, for code that cannot be told: changed for the time that it runs, and put back."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["pointed_at"]

_VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")  # MLflow sets them beside its own, for programs it starts
_LOCK = threading.RLock()  # two threads may mean two servers: one waits for the other


@contextmanager
def pointed_at(tracking_uri: str, registry_uri: str) -> Iterator[None]:
    """Point MLflow at these servers for the block, in this whole process."""
    import mlflow
    from mlflow.tracking._model_registry import utils as registry
    from mlflow.tracking._tracking_service import utils as tracking

    with _LOCK:
        # The public calls tell defaults and settings apart no more.
        settings = tracking._tracking_uri, registry._registry_uri
        variables = {name: os.environ.get(name) for name in _VARIABLES}
        try:
            mlflow.set_tracking_uri(tracking_uri)
            mlflow.set_registry_uri(registry_uri)
            yield
        finally:
            mlflow.set_tracking_uri(settings[0])  # type: ignore[arg-type]  # None is what was set: nothing
            mlflow.set_registry_uri(settings[1])  # type: ignore[arg-type]
            _restore(variables)


def _restore(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
