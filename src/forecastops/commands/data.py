"""Data before training."""

from __future__ import annotations

from pathlib import Path

import click

import forecastops as fo
from forecastops.commands.frame import Request, command_options, split_paths

__all__ = ["data"]

_out = click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the files made.")


@click.group()
def data() -> None:
    """Check a series, or make one."""


@data.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option("--newest-part", is_flag=True, help="FILE holds newest rows alone, for `renew`, and may be short.")
@command_options
def check(request: Request, paths: tuple[str, ...], newest_part: bool) -> None:
    """Read FILE (several are joined) as `train` would, and say what was found and done."""
    request.show(fo.check_data(split_paths(paths), request.config(), newest_part=newest_part))


@data.command()
@click.argument("source", type=click.Path(path_type=Path))
@_out
@command_options
def adventureworks(request: Request, source: Path, out: Path) -> None:
    """Make the daily sets of 2013, 2014 and both from SOURCE: the OLTP zip or its TransactionHistory.csv."""
    from forecastops.usecases.prepare_data import make_adventureworks

    _answer_files(request, make_adventureworks(source, out))


@data.command()
@click.argument("name", type=click.Choice(["transactions", "co2"]))
@_out
@command_options
def sample(request: Request, name: str, out: Path) -> None:
    """Write a bundled series: generated transactions with a known shift, or the weekly CO2 of Mauna Loa."""
    from forecastops.usecases.prepare_data import make_sample

    _answer_files(request, make_sample(name, out))


def _answer_files(request: Request, files: list[Path]) -> None:
    request.answer({"files": [str(path) for path in files]}, "\n".join(f"wrote {path}" for path in files))
