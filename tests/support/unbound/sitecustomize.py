"""Python imports this at its start where the tests put this folder on PYTHONPATH: see `local_endpoint_support`."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

_HOME = "forecastops_local"


def unbind(module: ModuleType) -> None:
    """Let a module of the local endpoint take any model: what is tested then is the endpoint, not what it loads."""
    name = module.__name__.rpartition(".")[2]
    if name == "loading":
        vars(module).update(require_bound=lambda folder, wanted: {}, load_verified=_load)
    if name == "lifecycle":
        vars(module).update(binding_of=_bind)


def _bind(*_: object) -> Any:
    from forecastops_local.binding import Binding

    return Binding("0" * 64, "")


def _load(folder: Path, wanted: object) -> Any:
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(folder))


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        if name not in (f"{_HOME}.loading", f"{_HOME}.lifecycle"):
            return None
        spec: Any = importlib.machinery.PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def execute_and_unbind(module: ModuleType) -> None:
            execute(module)
            unbind(module)

        spec.loader.exec_module = execute_and_unbind
        return spec


sys.meta_path.insert(0, _Finder())
