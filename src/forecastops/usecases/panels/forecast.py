"""Forecast all series of the panel in production, or some of them, without its endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.sources.read_series import Source, read_tables
from forecastops.adapters.table_file import require_table_name, write_table
from forecastops.config import Config
from forecastops.core.errors import ConfigError
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
    if output is not None:
        require_table_name(output, "output")
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
        write_table(table, output)
    return PanelForecast(champion.version.version, panel.table.num_rows, table, output)
