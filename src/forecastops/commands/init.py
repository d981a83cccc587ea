"""The beginning: a configuration from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

import forecastops as fo
from forecastops.commands.frame import Request, command_options

__all__ = ["init"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--interactive", is_flag=True, help="Ask where there is a choice.")
@click.option(
    "--pipeline",
    type=click.Choice(["azure-devops", "github"]),
    help="Also write the files of a pipeline for this repository, which installs the package.",
)
@command_options
def init(request: Request, path: Path, interactive: bool, pipeline: str | None) -> None:
    """Look at FILE, say what is in it, and write forecastops.yaml for it into the current folder."""
    request.show(fo.init(path, request.overrides, pipeline=pipeline, ask=_ask if interactive else None))


def _ask(question: str, choices: Sequence[str], default: str) -> str:
    """Ask on stderr, since stdout is the result's."""
    return str(click.prompt(question, type=click.Choice(list(choices)), default=default, err=True))
