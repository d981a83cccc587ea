"""What every command shares: its options, one line for an error, and one object for ``--json``."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from forecastops.commands.progress import progress
from forecastops.ground.errors import ForecastopsError
from forecastops.ground.redaction import redacted

if TYPE_CHECKING:
    from forecastops.ground.config import Config

__all__ = ["Request", "command_options", "data_option", "one_line_errors", "require_promote_option", "split_paths"]

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Request:
    """The shared options of one call, and where its result goes."""

    config_path: Path | None
    overrides: tuple[str, ...]
    as_json: bool
    stdout: TextIO
    end_step: Callable[[], None]

    def config(self) -> Config:
        """The resolved configuration."""
        from forecastops.ground.config import load_config  # pydantic takes half of the time of `--help`

        return load_config(self.config_path, self.overrides)

    def answer(self, document: dict[str, Any], text: str) -> None:
        """Print the result: one JSON object, or text for a person."""
        self.end_step()
        click.echo(json.dumps(document, allow_nan=False) if self.as_json else _encodable(text), file=self.stdout)

    def tell(self, text: str) -> None:
        """Print part of a long result for a person; ``--json`` waits for the whole."""
        if not self.as_json:
            self.end_step()
            click.echo(_encodable(text), file=self.stdout)


def command_options(function: _F) -> _F:
    """Add the options shared by all commands; the function gets a ``Request`` first."""

    @wraps(function)
    def wrapper(
        config: Path | None, overrides: tuple[str, ...], as_json: bool, traceback: bool, verbose: int, **rest: Any
    ) -> None:
        stdout = sys.stdout
        # Libraries print to stdout now and then, which belongs to the result alone.
        with contextlib.redirect_stdout(sys.stderr), one_line_errors(traceback), progress(verbose) as end_step:
            function(Request(config, overrides, as_json, stdout, end_step), **rest)

    options = [
        click.option("--config", type=click.Path(path_type=Path), help="YAML file of settings (see `config schema`)."),
        click.option(
            "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override one setting, e.g. gate.alpha=0.05."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout and nothing else there."),
        click.option("--traceback", is_flag=True, help="Show the traceback of an error."),
        click.option("-v", "--verbose", count=True, help="Say more on stderr; twice for everything."),
    ]
    decorated: Any = wrapper
    for option in reversed(options):
        decorated = option(decorated)
    result: _F = decorated
    return result


def data_option(function: _F) -> _F:
    """``--data``, which may be given several times."""
    return click.option(
        "--data",
        "paths",
        required=True,
        multiple=True,
        metavar="FILE",
        help="CSV or Parquet file; several (repeat it, or separate by commas) are joined into one series.",
    )(function)


def require_promote_option(function: _F) -> _F:
    """``--require-promote``, for callers that want an exit code."""
    return click.option("--require-promote", is_flag=True, help="Exit with 3 when the verdict is not PROMOTE.")(
        function
    )


def split_paths(paths: tuple[str, ...]) -> list[str]:
    """The files named: one by one, or several in one text separated by commas, as ``mlflow run -P`` needs it."""
    # Not Path.exists, which raises for a name that is too long.
    return [part for path in paths for part in ([path] if os.path.exists(path) else path.split(","))]


@contextlib.contextmanager
def one_line_errors(show_traceback: bool) -> Iterator[None]:
    """Turn every error into one line on stderr and exit code 1."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
        raise
    except ForecastopsError as error:
        _fail(str(error), show_traceback, 1)
    except KeyboardInterrupt:
        _fail("interrupted; nothing was promoted, or `forecastops status` says what is left to do", show_traceback, 130)
    except Exception as error:  # noqa: BLE001  # the last resort, so that no traceback reaches a user unasked
        text = redacted(" ".join(f"{type(error).__name__}: {error}".split()))
        _fail(f"unexpected error: {text[:400]}; run again with --traceback and report it", show_traceback, 1)


def _encodable(text: str) -> str:
    """Names of files that are no UTF-8 arrive as surrogates, which stdout refuses."""
    return text.encode("utf-8", "backslashreplace").decode()


def _fail(message: str, show_traceback: bool, code: int) -> None:
    if show_traceback:
        click.echo(redacted(traceback.format_exc()), err=True)
    click.echo(f"forecastops: error: {message}", err=True)
    sys.exit(code)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """A polite kill is an interrupt: what was begun is undone on the way out."""
    raise KeyboardInterrupt
