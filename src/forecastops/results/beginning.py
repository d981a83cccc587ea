"""What `init` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecastops.results.base import Result

if TYPE_CHECKING:
    from forecastops.usecases.init import Start

__all__ = ["InitResult", "init_result"]

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


@dataclass(frozen=True)
class InitResult(Result):
    """What a file holds, and the configuration that was written for it.

    Attributes:
        config: the path of the configuration.
        settings: what was found, as texts ``"key.sub=value"``.
        separator: between columns; None in Parquet.
        dates: names of the columns of dates.
        values: names of the columns of numbers.
        rows: periods of the series, missing ones among them.
        start: the first period.
        end: the last one.
        frequency: pandas' name of it.
        missing: how many periods have no value.
        season_length: periods of a season.
        next: the command that comes next.
        pipeline: the paths of a pipeline's files, where they were asked for.
    """

    config: str
    settings: tuple[str, ...]
    separator: str | None
    dates: tuple[str, ...]
    values: tuple[str, ...]
    rows: int
    start: str
    end: str
    frequency: str
    missing: int
    season_length: int
    next: str
    pipeline: tuple[str, ...]


def init_result(start: Start, pipeline: str | None) -> InitResult:
    """Return what was found and written, for that pipeline."""
    series, columns = start.series, start.columns
    document: dict[str, Any] = {
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
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    return InitResult(**fields, **Result.shown(document, _text(start, pipeline)))


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
