"""The gate on a series' own past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import forecastops as fo
from forecastops.commands.bar import bar
from forecastops.commands.frame import Request, WholeNumber, command_options, data_option, split_paths
from forecastops.core.files import require_place, write_page

if TYPE_CHECKING:
    from forecastops.config import Config

__all__ = ["backtest"]

_COUNT = WholeNumber(min=1, max=10_000)


def _label(config: Config) -> str:
    return "  series lived through" if config.data.series_column else "  forecasts scored"


@click.command()
@data_option
@click.option(
    "--every",
    type=_COUNT,
    help="Rows from one retraining to the next; by default a week of days or hours, four weeks, a month.",
)
@click.option(
    "--looks",
    type=_COUNT,
    help="How many retrainings are judged; by default as many as FILE holds, 26 at most (hourly: 8).",
)
@click.option("--output", type=click.Path(path_type=Path), metavar="HTML", help="Write a report, one page.")
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Of a panel: write a row a series, with every policy's figures, Parquet or CSV by its name.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where what is computed is kept, so that an interrupted call goes on; in forecastops' home by default.",
)
@command_options
def backtest(
    request: Request,
    paths: tuple[str, ...],
    *,
    every: int | None,
    looks: int | None,
    output: Path | None,
    table: Path | None,
    work: Path | None,
) -> None:
    """Live through FILE's own past: what would this gate, and others, have done, and what was it worth?

    Nothing is logged, registered or deployed. Interrupted, it goes on where it was when it is called again.
    """
    config, sources = request.config(), split_paths(paths)
    if output is not None:
        require_place(output)  # before what takes a minute
    try:
        with bar(request, _label(config)) as told:
            found = fo.backtest(sources, config, every=every, looks=looks, work=work, table=table, progress=told)
    except KeyboardInterrupt:
        click.echo("what was computed is kept: the same call goes on where it was", err=True)
        raise
    if output is not None:
        write_page(output, found.to_html())
    request.show(found)
