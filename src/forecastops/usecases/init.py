"""Look at a file, and write the configuration that reads it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecastops.adapters.pipeline_files import PipelineRequest, pipeline_files
from forecastops.adapters.sources.look import look_at
from forecastops.adapters.sources.read_series import read_series
from forecastops.config import Config
from forecastops.config_file import load_config
from forecastops.core.errors import DataError
from forecastops.core.files import write_new
from forecastops.data.config import DataConfig
from forecastops.data.look import Columns
from forecastops.data.series import Series
from forecastops.forecasting.config import Evaluation

__all__ = ["CONFIG_FILE", "Ask", "Start", "init"]

CONFIG_FILE = "forecastops.yaml"
_LONGEST_ENDPOINT = 32
Ask = Callable[[str, Sequence[str], str], str]  # question, choices, default


@dataclass(frozen=True)
class Start:
    """What a file holds, the configuration written for it, and the command that comes next."""

    series: Series
    evaluation: Evaluation
    columns: Columns
    settings: tuple[str, ...]
    path: Path
    next_command: str
    pipeline: tuple[Path, ...] = ()


def init(
    path: Path, overrides: Iterable[str], folder: Path, ask: Ask | None = None, pipeline: str | None = None
) -> Start:
    """Find what reads the file, and write ``forecastops.yaml`` into ``folder``, and a pipeline's files where asked for.

    Args:
        path: a table.
        overrides: settings that are known; what they say is not looked for.
        folder: the current one.
        ask: asks a person where there is a choice; by default what is most likely is taken, and what can be read in
            two ways is refused.
        pipeline: ``azure-devops`` or ``github``; None for no pipeline.

    Raises:
        DataError: when the file makes no series, naming the option that would help; or a configuration is there.
        ConfigError: for an override that is none.
    """
    settings = _settings(path, list(overrides), ask)
    config = load_config(None, settings[0])
    series = read_series([path], config.data)
    evaluation = config.evaluation_of(series.frequency)
    text = _document(path, config.data, series, evaluation, Config())
    files = {CONFIG_FILE: text}
    if pipeline is not None:
        data = Path(path).as_posix()
        files = {CONFIG_FILE: text + _deployment(path), **pipeline_files(PipelineRequest(pipeline, data, CONFIG_FILE))}
    written, *others = write_new(folder, files)
    return Start(
        series,
        evaluation,
        settings[1],
        tuple(settings[0]),
        written,
        f"forecastops train --data {shlex.quote(str(path))}",
        tuple(others),
    )


def _settings(path: Path, given: list[str], ask: Ask | None) -> tuple[list[str], Columns]:
    """Return the settings that read the file, those given first, and what its columns hold."""
    known = {setting.partition("=")[0].strip() for setting in given}
    config = load_config(None, given).data
    columns = look_at(path, config)
    if columns.months and "data.value_column" not in known:
        named = ", ".join(columns.months[:3])
        what = f"has a column for each period ({named}, ...), and a series has one row for each"
        raise DataError(str(path), what, "turn the table, e.g. by pandas.melt; or set data.value_column")
    date = config.date_column if "data.date_column" in known else _chosen("dates", columns.dates, columns.date, ask)
    value = (
        config.value_column if "data.value_column" in known else _chosen("numbers", columns.values, columns.value, ask)
    )
    found = [f"data.skip_rows={columns.skip_rows}"] if columns.skip_rows else []
    found += ['data.separator=" "'] if columns.separator == " " else []  # looked for only where no other is found
    for kind, name in (("dates", date), ("numbers", value)):
        if name is None:
            what = f"has no column that holds {kind} alone"
            raise DataError(str(path), what, "set data.date_column and data.value_column, and how they are written")
    found += [f"data.date_column={date}", f"data.value_column={value}"]
    formats = columns.dates.get(date or "", [])
    if formats and (len(formats) == 1 or ask) and "data.date_format" not in known:
        found.append(f"data.date_format={_only(str(date), formats, ask)}")
    readings = [" ".join(one) for one in columns.values.get(value or "", [])]
    if len(readings) == 1 or (readings and ask):
        found += columns.values[str(value)][readings.index(_only(str(value), readings, ask))]
    return [*given, *(option for option in found if option.partition("=")[0] not in known)], columns


def _chosen(kind: str, columns: Iterable[str], likely: str | None, ask: Ask | None) -> str | None:
    """Return the column that a person chooses, or the most likely one."""
    names = list(columns)
    return ask(f"Which column holds the {kind}?", names, likely) if ask and likely and len(names) > 1 else likely


def _only(column: str, readings: list[str], ask: Ask | None) -> str:
    """Return the one way to read a column, or the one that a person chooses."""
    if len(readings) == 1 or ask is None:
        return readings[0]
    return ask(f"How is column {column!r} written?", readings, readings[0])


def _document(path: Path, data: DataConfig, series: Series, evaluation: Evaluation, usual: Config) -> str:
    import yaml

    changed = data.model_dump(mode="json", exclude_defaults=True)
    changed |= {"date_column": data.date_column, "value_column": data.value_column}
    lines = [
        f"# Made by `forecastops init` from {path.name}: {series.rows} rows, {series.start} to {series.end}.",
        "# `forecastops config schema` describes every setting; what is not set here follows from the frequency.",
        "data:",
        *(f"  {line}" for line in yaml.safe_dump(changed, sort_keys=False, allow_unicode=True).rstrip().split("\n")),
        f"  # frequency: {series.frequency}  # as found; set it where it is not always found",
        "  # gaps: missing  # missing, zero, interpolate or error",
        f"  # max_missing_share: {usual.data.max_missing_share:g}",
        "# evaluation:",
        f"#   horizon: {evaluation.horizon}",
        f"#   window: {evaluation.window}",
        f"#   season_length: {evaluation.season_length}",
        "registry:",
        f"  model_name: {_model_name(path)}",
        "",
    ]
    return "\n".join(lines)


def _deployment(path: Path) -> str:
    """Where a pipeline deploys to: a managed endpoint, since its agents do not last."""
    return "\n".join(
        (
            "# The workspace is that of the variable MLFLOW_TRACKING_URI.",
            "deployment:",
            "  target: azureml",
            f"  name: {_model_name(path)[:_LONGEST_ENDPOINT].strip('-')}  # unique within the Azure region",
            "  timeout_seconds: 1800",
            "  settings:",
            "    computeType: managed",
            "    instanceType: Standard_DS2_v2",
            "    instanceCount: 1",
            "",
        )
    )


def _model_name(path: Path) -> str:
    """Return a registered model's name from a file's."""
    stem = path.name.partition(".")[0]
    name = "".join(char if char.isascii() and char.isalnum() else "-" for char in stem).strip("-").lower()
    return f"{name or 'series'}-forecast"[:120]
