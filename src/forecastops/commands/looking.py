"""What happened, and the same pages in a browser: history."""

from __future__ import annotations

from pathlib import Path

import click

import forecastops as fo
from forecastops.commands.frame import Request, WholeNumber, command_options

__all__ = ["history"]

_LIMIT = 20


@click.command()
@click.option(
    "--limit",
    type=WholeNumber(1),
    help=f"Show so many events at most, the newest; {_LIMIT} by default, all with --since or --html.",
)
@click.option("--since", metavar="DATE", help="Show events from this ISO date or time on, UTC.")
@click.option(
    "--html", "path", metavar="FILE", type=click.Path(path_type=Path), help="Write them as a page, with the live error."
)
@command_options
def history(request: Request, limit: int | None, since: str | None, path: Path | None) -> None:
    """List decisions, promotions, renewals, rollbacks and alarms of the model: who, when, what, why."""
    if limit is None and since is None and path is None:
        limit = _LIMIT
    found = fo.history(request.config(), limit=limit, since=since)
    if path is not None:
        from forecastops.core.files import write_page

        write_page(path, found.to_html())
    request.show(found)
