"""Forecast from the champion, without its endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.sources.read_series import Source, read_newest_part, source_names
from forecastops.config import Config
from forecastops.core.errors import DataError, RegistryError
from forecastops.core.signatures import Trusted
from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Forecaster
from forecastops.gate.data_checks import unusable
from forecastops.release.champion import current_champion
from forecastops.release.legacy_champion import proven_model
from forecastops.reporting.sentences.obstacles import obstacle_sentence

__all__ = ["ForecastResult", "forecast"]


@dataclass(frozen=True)
class ForecastResult:
    """Rows with ``date``, ``mean`` and the bounds of each level, after the champion's newest observation."""

    version: str
    forecast: list[dict[str, Any]]


def forecast(config: Config, horizon: int | None, sources: Sequence[Source] = ()) -> ForecastResult:
    """Forecast ``horizon`` steps (the model's own number by default) after the newest observation.

    Args:
        config: names model and registry, and how files are read.
        horizon: steps.
        sources: files of newer observations, which move the forecast's start and are not kept; what overlaps with the
            champion's data must be equal to them.

    Raises:
        DataError: when the files make no regular series, do not fit the champion's, or are implausible.
        RegistryError: when there is no champion, or the registry does not answer.
        ModelError: when its model cannot be rebuilt.
    """
    part = read_newest_part(sources, config.data) if sources else None
    connection = connect(config.tracking)
    registry = ModelRegistry(connection, config.registry)
    champion = current_champion(registry)
    if champion is None:
        raise RegistryError(f"model {registry.name!r}", "has no champion", "promote a model first")
    model = proven_model(Runs(connection, Trusted.of(config.signing)), registry, champion.version)
    if part is not None:
        model = _after(model, part.series(model.frequency), sources)
    try:
        table = model.forecast(horizon, config.evaluation.levels)
    except pd.errors.OutOfBoundsDatetime as error:
        what = f"{horizon or model.horizon} steps of {model.frequency} lead beyond the year 2261, where dates end here"
        raise DataError(f"version {champion.version.version}", what, "ask for fewer: --horizon") from error
    return ForecastResult(
        champion.version.version,
        [{str(name): value for name, value in row.items()} for row in table.to_dict(orient="records")],
    )


def _after(model: Forecaster, series: Series, sources: Sequence[Source]) -> Forecaster:
    """Return the model with the state after newer observations, by the rules of a request to its endpoint."""
    place, remedy = source_names(sources), "correct the files, or run `forecastops renew` with them"
    if obstacle := unusable(model, series.values):
        raise DataError(place, obstacle_sentence(obstacle), remedy)
    known = series.observed[series.index >= model.values.index[0]]
    try:
        return model.extended(known)
    except ValueError as error:
        raise DataError(place, str(error), remedy) from error
