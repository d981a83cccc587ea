"""The process that a caller has lent: what is changed in it while we work, and put back when the last one is done."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

__all__ = ["borrowed", "default_variables", "ignore_warnings", "raise_levels", "silence"]

# One for all threads: variables, loggers and warning filters belong to the process, and two threads that each put back
# what they had found would leave behind what the other had changed.
_LOCK = threading.RLock()
_users = 0
_undo = ExitStack()


@contextmanager
def borrowed() -> Iterator[None]:
    """Let the functions of this module change the process; the last of the blocks that overlap puts everything back."""
    _enter()
    try:
        yield
    finally:
        _leave()


def default_variables(values: Mapping[str, str]) -> None:
    """Set environment variables that nobody has set, until the process is given back."""
    with _lent() as lent:
        for name, value in values.items() if lent else ():
            _set_variable(name, value)


def raise_levels(names: Iterable[str], level: int) -> None:
    """Let loggers pass only what is as grave as ``level``, until the process is given back."""
    with _lent() as lent:
        for name in names if lent else ():
            _raise_level(logging.getLogger(name), level)


def silence(names: Iterable[str]) -> None:
    """Let loggers pass nothing, until the process is given back."""
    with _lent() as lent:
        for name in names if lent else ():
            _add_filter(logging.getLogger(name))


def ignore_warnings(categories: Iterable[type[Warning]], module: str = "") -> None:
    """Ignore warnings from modules that the pattern matches, until the process is given back."""
    with _lent() as lent:
        for category in categories if lent else ():
            warnings.filterwarnings("ignore", category=category, module=module)


def _enter() -> None:
    global _users  # noqa: PLW0603
    with _LOCK:
        if _users == 0:
            _undo.enter_context(warnings.catch_warnings())
        _users += 1


def _leave() -> None:
    global _users  # noqa: PLW0603
    with _LOCK:
        _users -= 1
        if _users == 0:
            _undo.close()


@contextmanager
def _lent() -> Iterator[bool]:
    """Say whether the process is lent, with the lock held: what nobody would put back is left alone."""
    with _LOCK:
        yield _users > 0


def _set_variable(name: str, value: str) -> None:
    if name not in os.environ:
        os.environ[name] = value
        _undo.callback(_unset_variable, name, value)


def _unset_variable(name: str, value: str) -> None:
    if os.environ.get(name) == value:
        del os.environ[name]


def _raise_level(logger: logging.Logger, level: int) -> None:
    before = logger.level
    if before < level:
        logger.setLevel(level)
        _undo.callback(_lower_level, logger, level, before)


def _lower_level(logger: logging.Logger, level: int, before: int) -> None:
    if logger.level == level:
        logger.setLevel(before)


def _add_filter(logger: logging.Logger) -> None:
    if _nothing not in logger.filters:
        logger.addFilter(_nothing)
        _undo.callback(logger.removeFilter, _nothing)


def _nothing(_record: logging.LogRecord) -> bool:
    return False
