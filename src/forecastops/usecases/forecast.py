"""Forecast from the champion, without its endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.ground.config import Config
from forecastops.ground.errors import RegistryError
from forecastops.release.champion import current_champion
from forecastops.release.legacy_champion import proven_model

__all__ = ["ForecastResult", "forecast"]


@dataclass(frozen=True)
class ForecastResult:
    """Rows with ``date``, ``mean`` and the bounds of each level, after the champion's newest observation."""

    version: str
    forecast: list[dict[str, Any]]


def forecast(config: Config, horizon: int | None) -> ForecastResult:
    """Forecast ``horizon`` steps (the model's own number by default).

    Raises:
        RegistryError: when there is no champion, or the registry does not answer.
        ModelError: when its model cannot be rebuilt.
    """
    connection = connect(config.tracking)
    registry = ModelRegistry(connection, config.registry)
    champion = current_champion(registry)
    if champion is None:
        raise RegistryError(f"model {registry.name!r}", "has no champion", "promote a model first")
    model = proven_model(Runs(connection), registry, champion.version)
    table = model.forecast(horizon, config.evaluation.levels)
    return ForecastResult(
        champion.version.version,
        [{str(name): value for name, value in row.items()} for row in table.to_dict(orient="records")],
    )
