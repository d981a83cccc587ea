"""What happened, and the same in a browser: history, ui."""

from __future__ import annotations

from pathlib import Path

import click

import forecastops as fo
from forecastops.commands.frame import Request, WholeNumber, command_options

__all__ = ["history", "ui"]

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


@click.command()
@click.option("--port", type=WholeNumber(0, 65_535), help="Of 127.0.0.1; by default 8377, or any that is free. 0: any.")
@click.option("--no-open", is_flag=True, help="Open no browser.")
@command_options
def ui(request: Request, port: int | None, no_open: bool) -> None:
    """Show models, champion, history, decisions and reports in a browser, read-only, until Ctrl-C."""

    def tell(url: str) -> None:
        request.answer({"url": url}, f"the pages are at {url} (for you alone: it holds a token); Ctrl-C ends it")

    fo.ui(request.config(), port=port, open_browser=not no_open, ready=tell)
