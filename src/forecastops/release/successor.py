"""Versions that no challenger brought: the champion's parameters on newer data, or its specification estimated anew.

Each is a run of its own, from which its version is registered, and moves in by the same transition as a promotion.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forecastops.adapters.endpoint.interface import EndpointState
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.model_artifact import save_model, serving_python, sign_folder
from forecastops.core.signatures import Signer
from forecastops.core.tags import (
    ACCEPTED_REASON,
    COMMAND,
    DATA_END,
    DATA_REFUSED,
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
from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.live_error import LiveError
from forecastops.release.adoption import version_or_files
from forecastops.release.entry import Kind, LegacyEndpoint, actor, now
from forecastops.release.lineage import RENEWAL, model_run, model_version
from forecastops.release.live_record import record_live_error
from forecastops.release.production import Production
from forecastops.release.transition import move_in, plan_transition
from forecastops.release.turns import RivalError
from forecastops.reporting.sentences.runs import refit_words, renewal_words, run_name

__all__ = ["Successor", "install", "refitted", "renewed"]

REFIT = "refit"
_CALLED = {Kind.RENEW: "renewal", Kind.REFIT: REFIT, Kind.ROLLBACK: "renewal at a rollback", Kind.PROMOTE: "renewal"}


@dataclass(frozen=True)
class Successor:
    """A model that takes its predecessor's place, and what its version is to say of it.

    Attributes:
        model: its series is the newest data.
        tags: of the version, without those that every successor gets.
        source: where the data came from, for the run.
        words: what the descriptions of its run and version say.
        metrics: of the run.
        live: how the champion as served has forecast the data that are new; None where nothing is to be compared.
    """

    model: Forecaster
    tags: Mapping[str, str]
    source: str
    words: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    live: LiveError | None = None


def renewed(holder: ModelVersion, model: Forecaster, source: str, accepted: str | None = None) -> Successor:
    """Make the successor that has ``holder``'s parameters, and newer data.

    It says of itself what its model's version says: who asks whether that model is in production gets a yes.

    Args:
        holder: a version with the parameters.
        model: these parameters on the newer data.
        source: where the data came from.
        accepted: why data were accepted that looked bad; None where they did not.
    """
    tags = {
        "RMSE": holder.tags.get("RMSE", ""),
        "R2": holder.tags.get("R2", ""),
        RUN_ID: model_run(holder),
        KIND: RENEWAL,
        PARAMETERS_OF: model_version(holder),
        PREDECESSOR: holder.tags.get(PREDECESSOR, "none"),
    }
    words = renewal_words(model_version(holder), Series(model.values).end)
    return Successor(model, tags | ({ACCEPTED_REASON: accepted} if accepted else {}), source, words)


def refitted(champion: ModelVersion, model: Forecaster, metrics: Mapping[str, float], source: str) -> Successor:
    """Make the successor that has the champion's specification, estimated anew: a model of its own."""
    tags = {name: str(metrics[name]) for name in ("RMSE", "R2")}
    # Another specification was in production before; that is where a rollback leads.
    lineage = {KIND: REFIT, PREDECESSOR: champion.tags.get(PREDECESSOR, "none")}
    words = refit_words(model_version(champion), Series(model.values).end)
    return Successor(model, tags | lineage, source, words, metrics)


def install(
    production: Production,
    successor: Successor,
    kind: Kind,
    *,
    previous: str | None,
    reason: str | None,
    legacy_endpoint: LegacyEndpoint | None = None,
) -> tuple[ModelVersion, EndpointState]:
    """Log the successor as a run, register its version, and move it in.

    Args:
        production: locked by the caller, with nothing interrupted left in it.
        successor: what moves in.
        kind: what was asked for.
        previous: the champion's version; None for none.
        reason: why, as the user gave it.
        legacy_endpoint: what ``find_legacy_endpoint`` returned.

    Raises:
        EndpointError: when it cannot be deployed, or answers otherwise; production is then as it was.
        RivalError: when another machine's transition goes first.
        RegistryError: when the tracking server or the registry fails.
    """
    run_id, tags = _logged(production, successor, kind, previous)
    moving = version_or_files(production.registry, production.runs.get(run_id))
    journal = plan_transition(
        production,
        moving,
        kind,
        previous=previous,
        reason=reason,
        legacy_endpoint=legacy_endpoint,
        words=successor.words,
    )
    try:
        state = move_in(production, journal, successor.model.reference(), {RUN_ID: run_id, **tags})
    except RivalError:
        production.runs.discard(run_id)  # nothing of it is left, as if it had never begun
        raise
    return journal.registered, state


def _logged(
    production: Production, successor: Successor, kind: Kind, previous: str | None
) -> tuple[str, Mapping[str, str]]:
    """Return the run that holds the model, and the tags of its version."""
    model, signer = successor.model, Signer.of(production.config.signing)
    series = Series(model.values, filled=model.interpolated)
    name = run_name(production.registry.name, series.end, _CALLED[kind])
    with (
        tempfile.TemporaryDirectory() as folder,
        production.runs.record(name, own=True) as recorder,
    ):
        python = serving_python(production.config.deployment.settings)
        digest = save_model(model, Path(folder) / "model", python)
        if signer is not None:
            sign_folder(Path(folder) / "model", signer, recorder.run_id)
        recorder.folder("model", Path(folder) / "model")
        recorder.dataset(series.values, successor.source, series.sha256)
        recorder.metrics({name: value for name, value in successor.metrics.items() if math.isfinite(value)})
        if successor.live and previous:
            record_live_error(recorder, previous, successor.live)
        of_data = {DATA_END: series.end, MODEL_DIGEST: digest}
        lineage = {name: successor.tags[name] for name in (KIND, PARAMETERS_OF) if name in successor.tags}
        told = {NOTE: successor.words, COMMAND: "renew"} | production.runs.parent
        recorder.tags(of_data | lineage | told | {MODEL_NAME: production.registry.name, DATA_REFUSED: "no"})
    return recorder.run_id, {**successor.tags, **of_data, PROMOTED_BY: actor(), PROMOTED_AT: now()}
