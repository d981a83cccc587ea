"""The beginning: a configuration from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecastops.commands.frame import Request, command_options

if TYPE_CHECKING:
    from forecastops.usecases.init import Start

__all__ = ["init"]

_SET_UP = {
    "azure-devops": (
        "data: pipelines/data.yml brings them, where they are neither files of this repository nor at an address",
        "set up: the service connection forecastops-azure (parameter serviceConnection of azure-pipelines.yml), the "
        "environments forecastops-production and forecastops-renewal, and the variable MLFLOW_TRACKING_URI",
    ),
    "github": (
        "data: .github/actions/data brings them, where they are neither files of this repository nor at an address",
        "set up: the variables AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_SUBSCRIPTION_ID and MLFLOW_TRACKING_URI, and "
        "the environments forecastops-production and forecastops-renewal",
    ),
}


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
    from forecastops.usecases.init import init as use_case

    start = use_case(path, request.overrides, Path(), _ask if interactive else None, pipeline)
    series, columns = start.series, start.columns
    document = {
        "config": str(start.path),
        "settings": list(start.settings),
        "separator": columns.separator,
        "dates": list(columns.dates),
        "values": list(columns.values),
        "rows": series.rows,
        "start": series.start,
        "end": series.end,
        "frequency": series.frequency,
        "missing": series.missing,
        "season_length": start.evaluation.season_length,
        "next": start.next_command,
        "pipeline": [str(path) for path in start.pipeline],
    }
    request.answer(document, _text(start, pipeline))


def _text(start: Start, pipeline: str | None) -> str:
    series, columns, evaluation = start.series, start.columns, start.evaluation
    others = [name for name in columns.values if f"data.value_column={name}" not in start.settings]
    lines = [
        f"{series.start} to {series.end}: {series.rows} rows, frequency {series.frequency}, {series.missing} missing, "
        f"season {evaluation.season_length}, horizon {evaluation.horizon}, window {evaluation.window}",
        *([f"separator {columns.separator!r}"] if columns.separator else []),
        *(f"found: {setting}" for setting in start.settings),
        *([f"other columns of numbers: {', '.join(map(repr, others[:10]))}"] if others else []),
        *series.notes,
        *(f"wrote {path}" for path in (start.path, *start.pipeline)),
        *(_SET_UP[pipeline] if pipeline else ()),
        f"next: {start.next_command}",
    ]
    return "\n".join(lines)


def _ask(question: str, choices: Sequence[str], default: str) -> str:
    """Ask on stderr, since stdout is the result's."""
    return str(click.prompt(question, type=click.Choice(list(choices)), default=default, err=True))
