"""Packages that other packages import and nobody here asks for: they are executed once something of them is used.

For processes of our own, never in a caller's: which module is executed when is seen by everything in a process.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

__all__ = ["defer_imports"]

_LOCK = threading.RLock()


def defer_imports(
    names: Iterable[str], until: Mapping[str, str] | None = None, taken: Mapping[str, Iterable[str]] | None = None
) -> None:
    """Have these modules execute on the first use of a name that is not there, instead of when they are imported.

    Modules inside of them are imported as ever, and leave their package waiting. Whatever is imported already stays as
    it is.

    Args:
        names: of modules, dotted; one that is not installed is no error.
        until: modules that register something as they are executed, which nobody asks them for by name: each is
            executed at the latest when the module that stands beside it has been.
        taken: names of functions and objects that others take of a module as they are imported: until the module is
            executed, each is handed out as a stand-in, which executes it when it is called or asked for anything.
    """
    waiting, handed = until or {}, {name: frozenset(found) for name, found in (taken or {}).items()}
    finder = _Finder(frozenset({*names, *waiting, *handed}), tuple(waiting.items()), tuple(handed.items()))
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


class _Deferred(ModuleType):
    """A module that was found and not executed; it becomes a usual one when a name is asked of it."""

    def __getattr__(self, name: str) -> Any:
        # What the import system asks of a module is there already, but for the path of what is no package.
        if name == "__path__":
            raise AttributeError(name)
        if name in self.__dict__.get("_taken", ()) and not self.__dict__.get("_begun"):
            return _StandIn(self, name)
        _execute(self)
        if type(self) is _Deferred:  # asked while it is executed, and not there yet
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self, name)


class _StandIn:
    """What was taken of a module that waits; calling it, or asking it for anything, has the module executed."""

    __slots__ = ("_module", "_name")

    def __init__(self, module: _Deferred, name: str) -> None:
        self._module, self._name = module, name

    def __getattr__(self, name: str) -> Any:
        return getattr(_stood_for(self), name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return _stood_for(self)(*args, **named)

    @property  # type: ignore[misc]  # nobody sets it
    def __class__(self) -> type:
        """The class of what it stands for, by which ``isinstance`` goes."""
        return type(_stood_for(self))


def _stood_for(stand_in: _StandIn) -> Any:
    _execute(stand_in._module)
    return getattr(stand_in._module, stand_in._name)


def _execute(module: _Deferred) -> None:
    """Execute it, unless that is being done or was done by another thread."""
    with _LOCK:
        if type(module) is not _Deferred or module.__dict__.get("_begun"):
            return
        module.__dict__["_begun"] = True
        loader: Any = module.__loader__
        try:
            loader.exec_module(module)
        finally:
            module.__dict__.pop("_begun", None)
            module.__dict__.pop("_taken", None)
        module.__class__ = ModuleType  # type: ignore[assignment]


class _Loader(importlib.abc.Loader):
    """The module's own loader, except that executing waits."""

    def __init__(self, loader: importlib.abc.Loader, taken: frozenset[str] = frozenset()) -> None:
        self._loader, self._taken = loader, taken

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Put the module's own loader back, and let the module wait."""
        self.give_back(module)
        module.__dict__["_taken"] = self._taken
        module.__class__ = _Deferred

    def give_back(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader


class _Awaited(_Loader):
    """The loader of a module for whose execution others wait."""

    def __init__(self, loader: importlib.abc.Loader, waiting: Sequence[str]) -> None:
        super().__init__(loader)
        self._waiting = waiting

    def exec_module(self, module: ModuleType) -> None:
        """Execute it, and then those of the others that have been imported."""
        self.give_back(module)
        self._loader.exec_module(module)
        for name in self._waiting:
            waiting = sys.modules.get(name)
            if isinstance(waiting, _Deferred):
                _execute(waiting)


@dataclass(frozen=True)
class _Finder(importlib.abc.MetaPathFinder):
    names: frozenset[str]
    until: tuple[tuple[str, str], ...] = field(default=())
    taken: tuple[tuple[str, frozenset[str]], ...] = field(default=())

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        waiting = [name for name, awaited in self.until if awaited == fullname]
        if not waiting and not self._defers(fullname):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            loader: importlib.abc.Loader = _Awaited(spec.loader, waiting) if waiting else spec.loader
            taken = dict(self.taken).get(fullname, frozenset())
            spec.loader = _Loader(loader, taken) if self._defers(fullname) else loader
        return spec

    def _defers(self, name: str) -> bool:
        awaited = sys.modules.get(dict(self.until).get(name, ""))
        return name in self.names and (awaited is None or isinstance(awaited, _Deferred))
