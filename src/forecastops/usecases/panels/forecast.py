"""Forecast all series of the panel in production, or some of them, without its endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.sources.read_series import Source, read_tables
from forecastops.config import Config
from forecastops.core.errors import ConfigError, DataError
from forecastops.core.iso_dates import iso_dates
from forecastops.core.signatures import Trusted
from forecastops.panel.outcomes import chosen_rows
from forecastops.panel.panel_forecaster import PanelForecaster
from forecastops.usecases.panels.champion import require_champion
from forecastops.usecases.panels.work import work_through

__all__ = ["PanelForecast", "forecast_panel"]


@dataclass(frozen=True)
class PanelForecast:
    """Rows with ``unique_id``, ``date``, ``mean`` and the bounds of each level.

    Attributes:
        version: that forecast.
        series: how many were forecast.
        table: of all of them.
        output: the file that holds them; None where none was asked for.
    """

    version: str
    series: int
    table: pa.Table
    output: Path | None


def forecast_panel(
    config: Config,
    horizon: int | None,
    sources: Sequence[Source] = (),
    output: Path | None = None,
    series: Sequence[str] = (),
) -> PanelForecast:
    """Forecast ``horizon`` steps (each series' own number by default) after each series' newest observation.

    Args:
        config: names model and registry, and how files are read.
        horizon: steps.
        sources: of newer observations, which move the forecasts' starts and are not kept.
        output: a file to write, Parquet or CSV by its name.
        series: those to forecast; all when none is named.

    Raises:
        DataError: when the data cannot be read, or the file cannot be written.
        ConfigError: when the file's name says neither format, or a series is none of the panel's.
        PromotionRefusedError: when there is no champion.
    """
    if output is not None and output.suffix.lower() not in (".parquet", ".pq", ".csv"):
        raise ConfigError(f"output {output}", "is neither Parquet nor CSV by its name", "end it in .parquet or .csv")
    connection = connect(config.tracking)
    registry = ModelRegistry(connection, config.registry)
    champion = require_champion(Runs(connection, Trusted.of(config.signing)), registry)
    panel = champion.panel
    if sources:
        outcomes = work_through(config, read_tables(sources, config.data), panel.table, kind="renew")
        panel = PanelForecaster(chosen_rows(outcomes, np.zeros(outcomes.num_rows, dtype=bool)), panel.manifest)
    if series:
        try:
            panel = panel.picked(series)
        except ValueError as error:
            raise ConfigError("series", str(error), "see `forecastops status`") from error
    table = panel.forecast(horizon, config.evaluation.levels)
    if output is not None:
        _write(table, output)
    return PanelForecast(champion.version.version, panel.table.num_rows, table, output)


def _write(table: pa.Table, output: Path) -> None:
    """Write the forecasts, over an earlier file too: whole, or not at all."""
    draft = output.with_name(f".{output.name}.draft")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.suffix.lower() == ".csv":
            pyarrow.csv.write_csv(table.set_column(1, "date", _texts(table)), draft)
        else:
            pq.write_table(table, draft, compression="zstd")
        draft.replace(output)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise DataError(str(output), what, "name a file that can be written") from error
    finally:
        draft.unlink(missing_ok=True)


def _texts(table: pa.Table) -> pa.Array:
    """Return the dates as ISO texts, with the time of day only where there is one."""
    return pa.array(iso_dates(pd.DatetimeIndex(table.column("date").to_pandas())))
