"""What is known of one series of the panel in production."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.config import Config
from forecastops.core.errors import ConfigError
from forecastops.core.signatures import Trusted
from forecastops.usecases.panels.champion import require_champion

__all__ = ["SeriesStatus", "members_of", "series_status"]


@dataclass(frozen=True)
class SeriesStatus:
    """One series.

    Attributes:
        version: the champion's, that serves it.
        since: the version since which its model is the same.
        run_id: that estimated its parameters.
        model: its members' orders, and their parameters by name.
        default: why it has the seasonal naive; None where it has a model that passed the gate.
        forecasts_from: ISO date of its newest observation.
        rows: of its series.
    """

    series: str
    version: str
    since: str
    run_id: str
    model: list[dict[str, Any]]
    default: str | None
    frequency: str
    forecasts_from: str
    rows: int
    sha256: str | None


def series_status(config: Config, series: str) -> SeriesStatus:
    """Return what the panel in production holds of one series; changes nothing.

    Raises:
        ConfigError: when it is none of the panel's.
        PromotionRefusedError: when there is no champion.
    """
    connection = connect(config.tracking)
    registry = ModelRegistry(connection, config.registry)
    champion = require_champion(Runs(connection, Trusted.of(config.signing)), registry)
    try:
        (row,) = champion.panel.picked([series]).table.to_pylist()
    except ValueError as error:
        raise ConfigError(
            "series", str(error), "name one as its column does; several columns are joined by /"
        ) from error
    return SeriesStatus(
        series=series,
        version=champion.version.version,
        since=row["since"],
        run_id=row["run_id"],
        model=members_of(row),
        default=row["default"],
        frequency=row["frequency"],
        forecasts_from=str(row["end"]).removesuffix(" 00:00:00"),
        rows=row["rows"],
        sha256=row["sha256"],
    )


def members_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the members of a row's model: their orders, and their parameters by name."""
    left, found = list(row["params"]), []
    for one in json.loads(row["spec"]):
        own, left = left[: len(one["names"])], left[len(one["names"]) :]
        orders = {name: one[name] for name in ("order", "seasonal_order", "trend", "log")}
        found.append(orders | {"params": dict(zip(one["names"], own, strict=True))})
    return found
