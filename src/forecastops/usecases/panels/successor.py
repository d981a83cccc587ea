"""A panel that no training brought: rows renewed or put back, logged as a run and moved in like any version."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from forecastops.adapters.endpoint.interface import EndpointState
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.model_artifact import save_panel, serving_python, sign_folder
from forecastops.core.signatures import Signer
from forecastops.core.tags import (
    COMMAND,
    DATA_DIGEST,
    DATA_END,
    DATA_REFUSED,
    DATA_SOURCE,
    KIND,
    MODEL_DIGEST,
    MODEL_NAME,
    NOTE,
    PARAMETERS_OF,
    RUN_ID,
)
from forecastops.panel.artifact import data_digest, panel_files
from forecastops.panel.panel_forecaster import PanelForecaster
from forecastops.release.adoption import version_or_files
from forecastops.release.entry import Kind
from forecastops.release.lineage import model_version
from forecastops.release.production import Production
from forecastops.release.transition import move_in, plan_transition
from forecastops.release.turns import RivalError
from forecastops.reporting.sentences.runs import renewal_words, run_name
from forecastops.usecases.panels.champion import PanelChampion
from forecastops.usecases.panels.promote import renewal_tags

__all__ = ["PanelSuccessor", "install_panel", "newest_date"]


@dataclass(frozen=True)
class PanelSuccessor:
    """A panel that takes the champion's place.

    Attributes:
        table: its rows.
        source: where the data came from.
        called: what its run is called.
        facts: what its manifest says besides.
        tags: of the version, besides those of a renewal.
    """

    table: pa.Table
    source: str
    called: str
    facts: Mapping[str, Any]
    tags: Mapping[str, str]


def newest_date(table: pa.Table) -> str:
    """Return the ISO date of the newest observation of any row."""
    return str(pc.max(table.column("end")).as_py().date())


def install_panel(
    production: Production, champion: PanelChampion, successor: PanelSuccessor, kind: Kind, reason: str | None
) -> tuple[ModelVersion, EndpointState]:
    """Log the panel as a run, register its version, and move it in.

    Args:
        production: locked by the caller, with nothing interrupted left in it.
        champion: whose place it takes.
        successor: what moves in.
        kind: what was asked for.
        reason: why, as the user gave it.

    Raises:
        EndpointError: when it cannot be deployed, or answers otherwise; production is then as it was.
        RivalError: when another machine's transition goes first.
    """
    end = newest_date(successor.table)
    words = renewal_words(model_version(champion.version), end)
    run_id, golden, of_data = _logged(production, champion, successor, end, words)
    journal = plan_transition(
        production,
        version_or_files(production.registry, production.runs.get(run_id)),
        kind,
        previous=champion.version.version,
        reason=reason,
        legacy_endpoint=None,
        words=words,
    )
    tags = renewal_tags(champion.version) | of_data | dict(successor.tags)
    try:
        state = move_in(production, journal, golden, tags)
    except RivalError:
        production.runs.discard(run_id)
        raise
    return journal.registered, state


def _logged(
    production: Production, champion: PanelChampion, successor: PanelSuccessor, end: str, words: str
) -> tuple[str, dict[str, list[Any]], dict[str, str]]:
    """Return the run that holds the panel, its sampled forecasts, and the tags that bind it."""
    config, manifest = production.config, champion.panel.manifest
    facts = {name: manifest[name] for name in ("settings", "counts")}
    facts |= {"champion": champion.version.version, "table_sha256": None, **successor.facts}
    signer, levels = Signer.of(config.signing), champion.panel.levels
    name = run_name(production.registry.name, end, successor.called)
    with tempfile.TemporaryDirectory() as scratch, production.runs.record(name, own=True) as recorder:
        folder = Path(scratch) / "model"
        files = panel_files(successor.table, levels, facts)
        digest = save_panel(files, levels, folder, serving_python(config.deployment.settings))
        if signer is not None:
            sign_folder(folder, signer, recorder.run_id)
        recorder.folder("model", folder)
        of_data = {DATA_END: end, MODEL_DIGEST: digest}
        tags = renewal_tags(champion.version)
        lineage = {name: tags[name] for name in (KIND, PARAMETERS_OF)}
        told = {NOTE: words, COMMAND: "renew", DATA_SOURCE: successor.source, DATA_REFUSED: "no"}
        data = {DATA_DIGEST: data_digest(successor.table), MODEL_NAME: production.registry.name}
        recorder.tags(of_data | lineage | told | data | production.runs.parent)
        golden = PanelForecaster.from_files(files).reference()
    return recorder.run_id, golden, of_data | {RUN_ID: tags[RUN_ID]}
