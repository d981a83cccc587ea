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
from forecastops.adapters.mlflow_store.runs import Run
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
    PREDECESSOR,
    PROMOTED_AT,
    PROMOTED_BY,
    RUN_ID,
)
from forecastops.panel.artifact import data_digest, panel_files
from forecastops.panel.panel_forecaster import PanelForecaster
from forecastops.release.adoption import version_or_files
from forecastops.release.entry import Kind, actor, now
from forecastops.release.lineage import RENEWAL, model_run, model_version
from forecastops.release.production import Production
from forecastops.release.transition import move_in, plan_transition
from forecastops.release.turns import RivalError
from forecastops.reporting.sentences.runs import renewal_words, run_name
from forecastops.usecases.panels.champion import PanelChampion

__all__ = [
    "LoggedPanel",
    "NewPanel",
    "PanelSuccessor",
    "install_panel",
    "log_panel",
    "newest_date",
    "promotion_tags",
    "renewal_tags",
]


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
    logged, of_data = _logged(production, champion, successor, words)
    journal = plan_transition(
        production,
        version_or_files(production.registry, production.runs.get(logged.run_id)),
        kind,
        previous=champion.version.version,
        reason=reason,
        legacy_endpoint=None,
        words=words,
    )
    tags = renewal_tags(champion.version) | of_data | dict(successor.tags)
    try:
        state = move_in(production, journal, logged.golden, tags)
    except RivalError:
        production.runs.discard(logged.run_id)
        raise
    return journal.registered, state


def promotion_tags(run: Run, previous: str | None) -> dict[str, str]:
    """Return the tags of a version that a promotion of that run moves in, in the place of ``previous``."""
    return {
        "RMSE": str(run.metrics.get("RMSE", "")),
        "R2": "",
        RUN_ID: run.run_id,
        PREDECESSOR: previous or "none",
        PROMOTED_BY: actor(),
        PROMOTED_AT: now(),
    }


def renewal_tags(champion: ModelVersion) -> dict[str, str]:
    """Return the tags of a version that has the champion's parameters and newer data."""
    return {
        "RMSE": champion.tags.get("RMSE", ""),
        "R2": champion.tags.get("R2", ""),
        RUN_ID: model_run(champion),
        KIND: RENEWAL,
        PARAMETERS_OF: model_version(champion),
        PREDECESSOR: champion.tags.get(PREDECESSOR, "none"),
        PROMOTED_BY: actor(),
        PROMOTED_AT: now(),
    }


@dataclass(frozen=True)
class NewPanel:
    """A panel that is to be logged as a run of its own.

    Attributes:
        table: its rows.
        levels: of intervals, in percent.
        facts: what its manifest says besides.
        called: what its run is called.
        command: that made it.
        words: what its run says to people.
        tags: of its run, besides.
    """

    table: pa.Table
    levels: tuple[int, ...]
    facts: Mapping[str, Any]
    called: str
    command: str
    words: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class LoggedPanel:
    """A run that holds a panel, the digest of its files, and its sampled forecasts."""

    run_id: str
    sha256: str
    golden: dict[str, list[Any]]


def log_panel(production: Production, new: NewPanel) -> LoggedPanel:
    """Log a panel as a run."""
    config, end = production.config, newest_date(new.table)
    signer = Signer.of(config.signing)
    name = run_name(production.registry.name, end, new.called)
    with tempfile.TemporaryDirectory() as scratch, production.runs.record(name, own=True) as recorder:
        folder = Path(scratch) / "model"
        files = panel_files(new.table, new.levels, new.facts)
        digest = save_panel(files, new.levels, folder, serving_python(config.deployment.settings))
        if signer is not None:
            sign_folder(folder, signer, recorder.run_id)
        recorder.folder("model", folder)
        told = {NOTE: new.words, COMMAND: new.command, DATA_REFUSED: "no", MODEL_NAME: production.registry.name}
        data = {DATA_END: end, MODEL_DIGEST: digest, DATA_DIGEST: data_digest(new.table)}
        recorder.tags(told | data | dict(new.tags) | production.runs.parent)
        golden = PanelForecaster.from_files(files).reference()
    return LoggedPanel(recorder.run_id, digest, golden)


def _logged(
    production: Production, champion: PanelChampion, successor: PanelSuccessor, words: str
) -> tuple[LoggedPanel, dict[str, str]]:
    """Return the run that holds the panel, and the tags that bind it."""
    manifest, levels = champion.panel.manifest, champion.panel.levels
    facts = {name: manifest[name] for name in ("settings", "counts")}
    facts |= {"champion": champion.version.version, "table_sha256": None, **successor.facts}
    tags = renewal_tags(champion.version)
    about = {KIND: tags[KIND], PARAMETERS_OF: tags[PARAMETERS_OF], DATA_SOURCE: successor.source}
    logged = log_panel(production, NewPanel(successor.table, levels, facts, successor.called, "renew", words, about))
    return logged, {DATA_END: newest_date(successor.table), MODEL_DIGEST: logged.sha256, RUN_ID: tags[RUN_ID]}
