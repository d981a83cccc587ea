"""What every engine does: carry out one task on many pieces, and say which pieces were lost with their worker."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from forecastops.core.distribution import install_command
from forecastops.core.errors import ConfigError

__all__ = ["Engine", "Lost", "alone", "library"]

_Piece = TypeVar("_Piece")


@dataclass(frozen=True)
class Lost:
    """A piece whose worker ended in the middle of it, or that the cluster gave up.

    Attributes:
        reason: what is known of the end, for people.
    """

    reason: str


class Engine(Protocol):
    """Something that carries out work elsewhere."""

    def map(
        self, task: Callable[[_Piece], str], pieces: Sequence[_Piece], hangs: Callable[[_Piece], bool] | None = None
    ) -> Iterator[tuple[_Piece, str | Lost]]:
        """Yield each piece once with what the task returns, in the order in which they are done.

        Args:
            task: a function of a module that workers can import; it keeps its results itself, so that what a lost
                worker had finished is there.
            pieces: those that take longest first, since the last one is waited for.
            hangs: tells of a piece in work whether its worker is to be ended; asked by engines that can end one.

        Raises:
            ForecastopsError: what the task raises.
        """


def alone(task: Callable[[_Piece], str], piece: _Piece) -> str:
    """Carry out a task with one thread for matrices: two cost five to eleven times as much on small ones."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return task(piece)


def library(name: str, extra: str) -> Any:
    """Return a library that comes with an extra.

    Raises:
        ConfigError: when it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        what = f"{extra} needs the library {name}, which is not installed"
        raise ConfigError("panel.engine", what, f"install it: {install_command(extra)}") from error
