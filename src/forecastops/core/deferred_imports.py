"""Packages that other packages import and nobody here asks for: they are executed once something of them is used.

For processes of our own, never in a caller's: which module is executed when is seen by everything in a process.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

__all__ = ["defer_imports"]

_LOCK = threading.RLock()


def defer_imports(names: Iterable[str]) -> None:
    """Have these packages execute on the first use of a name that is not there, instead of when they are imported.

    Modules inside of them are imported as ever, and leave their package waiting. Whatever is imported already stays as
    it is.

    Args:
        names: of modules, dotted; one that is not installed is no error.
    """
    finder = _Finder(frozenset(names))
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


class _Deferred(ModuleType):
    """A module that was found and not executed; it becomes a usual one when a name is asked of it."""

    def __getattr__(self, name: str) -> Any:
        # What the import system asks of a module is there already, and leads not here.
        with _LOCK:
            if type(self) is _Deferred and not self.__dict__.get("_begun"):
                self.__dict__["_begun"] = True
                _execute(self)
        if type(self) is _Deferred:  # asked while it is executed, and not there yet
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self, name)


def _execute(module: _Deferred) -> None:
    loader: Any = module.__loader__
    try:
        loader.exec_module(module)
    finally:
        module.__dict__.pop("_begun", None)
    module.__class__ = ModuleType  # type: ignore[assignment]


class _Loader(importlib.abc.Loader):
    """The module's own loader, except that executing waits."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Put the module's own loader back, and let the module wait."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        module.__class__ = _Deferred


@dataclass(frozen=True)
class _Finder(importlib.abc.MetaPathFinder):
    names: frozenset[str]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self.names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec
