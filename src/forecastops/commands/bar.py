"""How much is done and how long the rest takes, where a command computes for minutes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from forecastops.commands.frame import Request

__all__ = ["bar"]


@contextlib.contextmanager
def bar(request: Request, label: str) -> Iterator[Callable[[int, int], None]]:
    """Show it on a terminal, once something is told."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    with contextlib.ExitStack() as stack:
        bars: list[Any] = []

        def told(done: int, whole: int) -> None:
            if not bars:
                request.end_step()  # the bar of the step that was said before
                shown = click.progressbar(length=whole, label=label, file=sys.stderr, show_pos=True)
                bars.append(stack.enter_context(shown))
            bars[0].update(done - bars[0].pos)

        yield told
