"""Roll one series of a panel back: a new version with that row as an earlier version has it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.config import Config
from forecastops.core.errors import PromotionRefusedError
from forecastops.core.redaction import redacted
from forecastops.core.tags import PREDECESSOR, SERVED
from forecastops.release.entry import Kind
from forecastops.release.lineage import model_run
from forecastops.release.production import Production
from forecastops.release.recovery import recover_interrupted
from forecastops.usecases.moved import Moved
from forecastops.usecases.panels.champion import PanelChampion, panel_of, require_champion
from forecastops.usecases.panels.successor import PanelSuccessor, install_panel

__all__ = ["rollback_series"]


def rollback_series(config: Config, reason: str, series: str, to_version: str | None = None) -> Moved:
    """Give one series the row of an earlier version, in a version of its own; all others stay as they are.

    Args:
        config: names model, registry and endpoint.
        reason: why; recorded on the version.
        series: which.
        to_version: whose row; the champion's recorded predecessor when None.

    Raises:
        PromotionRefusedError: when there is no such series or version.
        EndpointError: when deployment or smoke test fail; production is then as it was.
    """
    production = Production.open(config)
    with production.exclusively():
        recover_interrupted(production)
        champion = require_champion(production.runs, production.registry)
        target = _target(production, champion, to_version)
        earlier = panel_of(production.runs, production.registry, target)
        table = _with_row(champion, earlier, series)
        called = f"panel: series {series:.60} rolled back"
        successor = PanelSuccessor(table, f"version {target.version}", called, {"rolled_back": series}, {})
        version, state = install_panel(production, champion, successor, Kind.ROLLBACK, redacted(reason))
    what = f"has series {series!r} as version {target.version} has it; it forecasts from its date there until renewed"
    note = f"version {version.version} {what}, and serves at {state.url}"
    return Moved(model_run(target), True, version.version, champion.version.version, state, None, note)


def _target(production: Production, champion: PanelChampion, to_version: str | None) -> ModelVersion:
    number = to_version or champion.version.tags.get(PREDECESSOR, "none")
    versions = {one.version: one for one in production.registry.versions()}
    if number not in versions or SERVED not in versions[number].tags:
        served = ", ".join(name for name, one in versions.items() if SERVED in one.tags) or "none"
        what = "records no predecessor" if number == "none" else f"cannot return to version {number}"
        place = f"version {champion.version.version} of {production.registry.name!r}"
        raise PromotionRefusedError(place, what, f"name another with --to-version (there are: {served})")
    return versions[number]


def _with_row(champion: PanelChampion, earlier: PanelChampion, series: str) -> pa.Table:
    for holder in (champion, earlier):
        if series not in holder.panel.places:
            place = f"version {holder.version.version}"
            raise PromotionRefusedError(place, f"holds no series {series!r}", "see `forecastops status --series NAME`")
    table, row = champion.panel.table, champion.panel.places[series]
    whole = pa.concat_tables([table, earlier.panel.table.slice(earlier.panel.places[series], 1)])
    order = np.arange(table.num_rows)
    order[row] = table.num_rows
    return whole.take(pa.array(order)).combine_chunks()
