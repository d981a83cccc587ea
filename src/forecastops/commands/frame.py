"""What every command shares: its options, one line for an error, and one object for ``--json``."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
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

import forecastops
from forecastops.commands.completion import complete_setting
from forecastops.commands.output import print_result
from forecastops.commands.progress import progress
from forecastops.core.errors import ConfigError, ForecastopsError
from forecastops.core.redaction import redacted
from forecastops.core.surroundings import borrowed
from forecastops.reporting.build_systems.choice import NAMES, build_system, found_name
from forecastops.reporting.build_systems.report import BuildSystem, Report
from forecastops.reporting.build_systems.streams import GuardedStream, guarded_json

if TYPE_CHECKING:
    from forecastops.config import Config
    from forecastops.results.base import Result

__all__ = [
    "Request",
    "WholeNumber",
    "build_system_here",
    "command_options",
    "data_option",
    "guarded_streams",
    "one_line_errors",
    "require_promote_option",
    "split_paths",
    "work_option",
]

_F = TypeVar("_F", bound=Callable[..., Any])


class WholeNumber(click.IntRange):
    """A number in plain digits: Python would read those of any script, and ``1_0`` for ten."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read what was given for an option."""
        if isinstance(value, str) and not re.fullmatch(r"[+-]?[0-9]{1,18}", value.strip()):
            self.fail(f"{value!r} is not a valid integer.", param, ctx)
        return super().convert(value, param, ctx)


@dataclass(frozen=True)
class Request:
    """The shared options of one call, and where its result goes."""

    config_path: Path | None
    overrides: tuple[str, ...]
    as_json: bool
    stdout: TextIO
    end_step: Callable[[], None]
    listener: BuildSystem | None = None

    def config(self) -> Config:
        """Return the resolved configuration."""
        return forecastops.load_config(self.config_path, self.overrides)

    def repeated(self) -> list[str]:
        """Return the options that give the same configuration again, from any folder."""
        path = [] if self.config_path is None else ["--config", str(self.config_path.absolute())]
        return [*path, *(word for override in self.overrides for word in ("--set", override))]

    def show(self, result: Result, *more: str) -> None:
        """Print what an operation came to, for people with more lines after it; and tell the build system."""
        self.answer(result.to_dict(), "\n".join([str(result), *more]), result.to_report())

    @property
    def draws(self) -> bool:
        """Whether the result goes to a terminal that shows more than ASCII."""
        terminal = not self.as_json and self.stdout.isatty()
        return terminal and (getattr(self.stdout, "encoding", None) or "").lower().startswith("utf")

    def answer(self, document: dict[str, Any], text: str, report: Report | None = None) -> None:
        """Print the result, one JSON object or text for a person; and tell the build system, where there is one."""
        self.end_step()
        shown = guarded_json(json.dumps(document, allow_nan=False)) if self.as_json else _encodable(text)
        print_result(shown, self.stdout)
        if report and self.listener:
            self.listener.publish(report)

    def tell(self, text: str) -> None:
        """Print part of a long result for a person; ``--json`` waits for the whole."""
        if not self.as_json:
            self.end_step()
            print_result(_encodable(text), self.stdout)


_SHARED_OPTIONS = (
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="YAML file of settings (see `config schema`); ./forecastops.yaml by default, where it exists.",
    ),
    click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override one setting, e.g. gate.alpha=0.05.",
        shell_complete=complete_setting,
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout and nothing else there."),
    click.option(
        "--ci",
        type=click.Choice(NAMES),
        help="Build system to tell outputs, issues and a summary; found by itself on its agents.",
    ),
    click.option("--traceback", is_flag=True, help="Show the traceback of an error."),
    click.option("-v", "--verbose", count=True, help="Say more on stderr; twice for everything."),
)


def command_options(function: _F) -> _F:
    """Add the options shared by all commands; the function gets a ``Request`` first."""

    @wraps(function)
    def wrapper(
        *,
        config: Path | None,
        overrides: tuple[str, ...],
        as_json: bool,
        ci: str | None,
        traceback: bool,
        verbose: int,
        **rest: Any,
    ) -> None:
        listener = build_system_here(ci)
        with guarded_streams(ci):
            stdout = sys.stdout
            # Libraries print to stdout now and then, which belongs to the result alone.
            with (
                borrowed(),
                contextlib.redirect_stdout(sys.stderr),
                one_line_errors(traceback, listener),
                progress(verbose, listener) as end_step,
            ):
                function(Request(config, overrides, as_json, stdout, end_step, listener), **rest)

    decorated: Any = wrapper
    for option in reversed(_SHARED_OPTIONS):
        decorated = option(decorated)
    result: _F = decorated
    return result


def data_option(function: _F) -> _F:
    """Add ``--data``, which may be given several times."""
    return click.option(
        "--data",
        "paths",
        required=True,
        multiple=True,
        metavar="FILE",
        help="File, folder, address, database query or - for standard input; several (repeat it, or separate files by "
        "commas) are joined into one series.",
    )(function)


def work_option(function: _F) -> _F:
    """Add ``--work``, for what takes long."""
    return click.option(
        "--work",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Of a panel: where what is computed is kept, so that an interrupted call goes on; in forecastops' home by "
        "default.",
    )(function)


def require_promote_option(function: _F) -> _F:
    """Add ``--require-promote``, for callers that want an exit code."""
    return click.option("--require-promote", is_flag=True, help="Exit with 3 when the verdict is not PROMOTE.")(
        function
    )


def split_paths(paths: tuple[str, ...]) -> list[str]:
    """Return the files named: one by one, or several in one text separated by commas, as ``mlflow run -P`` needs it."""
    found: list[str] = []
    for path in paths:
        # Not Path.exists, which raises for a name that is too long. Queries and addresses may hold commas.
        is_one = os.path.exists(path) or "://" in path
        found += [path] if is_one else path.split(",")
    return found


def build_system_here(name: str | None = None) -> BuildSystem | None:
    """Return the build system of that name, or the one found; None where nobody listens."""
    return build_system(name or found_name(os.environ), getattr(sys.stderr, "raw", sys.stderr))


@contextlib.contextmanager
def guarded_streams(name: str | None = None) -> Iterator[None]:
    """Print nothing that a build system which reads along could take for one of its commands."""
    name = name or found_name(os.environ)
    if name == "none" or isinstance(sys.stderr, GuardedStream):
        yield
        return
    streams: list[Any] = [GuardedStream(sys.stdout), GuardedStream(sys.stderr)]
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = streams
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextlib.contextmanager
def one_line_errors(show_traceback: bool, listener: BuildSystem | None = None) -> Iterator[None]:
    """Turn every error into one line on stderr and exit code 1, or 2 where the configuration is wrong."""

    def fail(message: str, code: int) -> None:
        _fail(message, show_traceback, code, listener)

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _require_folder()
        yield
    except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
        raise
    except ConfigError as error:
        fail(str(error), 2)
    except ForecastopsError as error:
        fail(str(error), 1)
    except KeyboardInterrupt:
        fail("interrupted; nothing was changed, or `forecastops status` says what is left to do", 130)
    except Exception as error:  # noqa: BLE001  # the last resort, so that no traceback reaches a user unasked
        if isinstance(error, OSError) and error.errno is not None:
            fail(_of_the_system(error), 1)
        text = redacted(" ".join(f"{type(error).__name__}: {error}".split()))
        fail(f"unexpected error: {text[:400]}; run again with --traceback and report it", 1)


def _require_folder() -> None:
    """Refuse a working directory that was deleted, before libraries fail on it in words of their own."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise ForecastopsError("the working directory", "was deleted", "change to a folder that exists") from None


def _of_the_system(error: OSError) -> str:
    """Return what the operating system refuses, and what a person can do about it."""
    remedies = {
        errno.ENOSPC: "free space there",
        errno.EDQUOT: "free space there, or ask for a larger quota",
        errno.EACCES: "fix its permissions",
        errno.EPERM: "fix its permissions",
        errno.EROFS: "name another place",
        errno.EMFILE: "raise the limit of open files",
        errno.ENOMEM: "free memory",
    }
    where = str(error.filename or "the operating system")
    remedy = remedies.get(error.errno or 0, "fix what it names")
    return str(ForecastopsError(where, error.strerror or str(error), f"{remedy}, then run the command again"))


def _encodable(text: str) -> str:
    """Return text for stdout, which refuses the surrogates of file names that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _fail(message: str, show_traceback: bool, code: int, listener: BuildSystem | None) -> None:
    if show_traceback:
        click.echo(redacted(traceback.format_exc()), err=True)
    line = f"forecastops: error: {message}"
    if listener:
        listener.issue("error", line)
    else:
        click.echo(line, err=True)
    sys.exit(code)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM like Ctrl-C: what was begun is undone on the way out."""
    raise KeyboardInterrupt
