"""Watch what is in production: monitor."""

from __future__ import annotations

import sys

import click

import forecastops as fo
from forecastops.commands.bar import bar
from forecastops.commands.frame import Request, command_options, data_option, split_paths

__all__ = ["monitor"]


@click.command()
@data_option
@click.option(
    "--now", metavar="DATE", help="ISO date, or today, against which lateness counts; without it, lateness does not."
)
@click.option("--first", is_flag=True, help="Where there is no champion to watch, say to train one instead of failing.")
@click.option("--require-ok", is_flag=True, help="Exit with 3 when something moved or the data are broken.")
@command_options
def monitor(request: Request, paths: tuple[str, ...], now: str | None, first: bool, require_ok: bool) -> None:
    """Say whether the world moved, the model failed or the data broke, and whether to retrain."""
    with bar(request, "  series done") as told:
        found = fo.monitor(split_paths(paths), request.config(), now=now, may_be_first=first, progress=told)
    request.show(found)
    if require_ok and (found.moved or found.broken):
        sys.exit(3)
