"""Standard output is where the result goes: where it cannot go there, the command says so and fails."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

import click

from forecastops.core.errors import ForecastopsError

__all__ = ["print_result", "whole_output"]

_PLACE = "standard output"


@contextlib.contextmanager
def whole_output() -> Iterator[None]:
    """Fail, with one line on stderr, where stdout is closed or what was printed does not arrive.

    Python would drop what is printed to a closed stdout, and report a full disk only while it ends.
    """
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it is used until the process ends
    if sys.stdout is None:
        _fail(ForecastopsError(_PLACE, "is closed", "open it, or send it to /dev/null; nothing was done"))
    stdout = sys.stdout
    try:
        try:
            yield
        finally:
            stdout.flush()
    except BrokenPipeError:
        _give_up(stdout)
        sys.exit(1)  # whoever read has stopped, and knows
    except OSError as error:
        _give_up(stdout)
        _fail(_unwritten(error))


def print_result(text: str, stdout: TextIO) -> None:
    """Print the result, or part of it.

    Raises:
        ForecastopsError: where it cannot be written.
    """
    try:
        click.echo(text, file=stdout)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritten(error) from error


def _unwritten(error: OSError) -> ForecastopsError:
    remedy = "free space there, or send it elsewhere; the command itself has ended, and `forecastops status` says how"
    return ForecastopsError(_PLACE, f"cannot be written: {error.strerror or error}", remedy)


def _give_up(stdout: TextIO) -> None:
    """Let what is still held back go nowhere, so that Python does not fail on it once more while it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout.fileno())
        os.close(nowhere)


def _fail(error: ForecastopsError) -> None:
    click.echo(f"forecastops: error: {error}", err=True)
    sys.exit(1)
