"""The panel in production, with what its rows leave to the version that they lie in."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.core.errors import ModelError, PromotionRefusedError
from forecastops.panel.panel_forecaster import PanelForecaster
from forecastops.release.champion import current_champion
from forecastops.release.legacy_champion import any_proven

__all__ = ["PanelChampion", "panel_champion", "panel_of", "require_champion"]


@dataclass(frozen=True)
class PanelChampion:
    """A version and its panel, whose rows name the version and run that each series' model came from."""

    version: ModelVersion
    panel: PanelForecaster


def panel_champion(runs: Runs, registry: ModelRegistry) -> PanelChampion | None:
    """Return the panel in production; None where nothing ever was.

    Raises:
        ModelError: when the champion is no panel, or its files are not those that were logged.
    """
    current = current_champion(registry)
    return panel_of(runs, registry, current.version) if current else None


def require_champion(runs: Runs, registry: ModelRegistry) -> PanelChampion:
    """Return the panel in production.

    Raises:
        PromotionRefusedError: when there is none.
        ModelError: as ``panel_champion``.
    """
    found = panel_champion(runs, registry)
    if found is None:
        raise PromotionRefusedError(f"model {registry.name!r}", "has no champion", "promote a panel first")
    return found


def panel_of(runs: Runs, registry: ModelRegistry, version: ModelVersion) -> PanelChampion:
    """Return the panel of a version.

    Raises:
        ModelError: when it is none, or its files are not those that were logged.
    """
    found = any_proven(runs, registry, version)
    if not isinstance(found, PanelForecaster):
        what = "is of one series, and data.series_column asks for a panel"
        remedy = "give the panel a name of its own: registry.model_name"
        raise ModelError(f"version {version.version} of {registry.name}", what, remedy)
    table = _filled(_filled(found.table, "run_id", version.run_id), "since", version.version)
    return PanelChampion(version, PanelForecaster(table, found.manifest))


def _filled(table: pa.Table, name: str, text: str) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, table.schema.field(name), pc.fill_null(table.column(name), text))
