"""Evaluate a challenger: challenger, champion and seasonal naive on the same rolling origins; then decide."""

from __future__ import annotations

import logging
from dataclasses import replace
from importlib.metadata import version

from forecastops import __version__
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import Champion, FilesGoneError, ModelRegistry
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.config import Config
from forecastops.core.signatures import Trusted
from forecastops.core.tags import DATA_DIGEST, MODEL_DIGEST, SERVED
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.window import require_observed_window
from forecastops.gate.comparison import Comparison, compare
from forecastops.gate.decision import decide
from forecastops.gate.evidence import Number, finite_or_none
from forecastops.gate.record import ChampionRecord, Decision
from forecastops.release.champion import current_champion
from forecastops.release.entry import now
from forecastops.release.legacy_champion import champion_model
from forecastops.release.lineage import model_run, model_version
from forecastops.release.live_record import log_live_error
from forecastops.release.models import challenger_model
from forecastops.usecases.decision_log import log_decision
from forecastops.usecases.illustrate import illustrate
from forecastops.usecases.log_report import log_report

__all__ = ["evaluate"]

_LOG = logging.getLogger(__name__)


def evaluate(config: Config, run_id: str) -> Decision:
    """Score the models on one window, decide, and log the decision on the challenger's run.

    Raises:
        RegistryError: when the run, the registry or the champion's files cannot be had.
        ModelError: when a model cannot be rebuilt, or the challenger has seen the window.
    """
    connection = connect(config.tracking)
    registry = ModelRegistry(connection, config.registry)
    runs = Runs(connection, Trusted.of(config.signing), config.registry.model_name)
    run = runs.get(run_id)
    runs.require_resumable(run_id)
    challenger = challenger_model(runs, run)
    current = current_champion(registry)
    champion, gone = _champion_model(runs, registry, current)
    _LOG.info("comparing run %s with %s", run_id, f"champion version {current.version.version}" if current else "none")
    evaluation = config.evaluation_of(challenger.frequency)
    require_observed_window(challenger.observed, evaluation, f"run {run.run_id}")
    bound, tolerance = config.model.max_iterations, config.gate.revision_tolerance
    comparison = compare(challenger, champion, evaluation, bound, tolerance)
    legacy_champion = current is not None and champion is None and not gone
    opponent = _champion_record(current, comparison, legacy_champion=legacy_champion, gone=gone)
    evidence = comparison.evidence.model_copy(update={"legacy_champion": legacy_champion, "gone": gone})
    decision = _decision(config, run, challenger, replace(comparison, evidence=evidence), opponent)
    served = _was_served(registry, current, run_id)
    logged = log_decision(runs, decision, run, comparison.table, served=served)
    pictures = illustrate(logged, decision, comparison, challenger, evaluation.season_length)
    log_report(runs, decision, run, pictures, served=served)
    if current and champion and not served:
        log_live_error(runs.recorder(run_id), config, current.version.version, champion, challenger)
    return decision


def _decision(
    config: Config, run: Run, challenger: Forecaster, comparison: Comparison, opponent: ChampionRecord | None
) -> Decision:
    """Return the ruling, with all that it rests on and what it binds."""
    ruling = decide(comparison.evidence, config.gate)
    return Decision(
        run_id=run.run_id,
        model_name=config.registry.model_name,
        decided_at=now(),
        verdict=ruling.verdict,
        grounds=ruling.grounds,
        because=ruling.because,
        checks=ruling.checks,
        notices=(*ruling.notices, *(opponent.notices if opponent else ())),
        metrics=comparison.metrics,
        champion=opponent,
        window=comparison.window,
        data_sha256=run.tags[DATA_DIGEST],
        model_sha256=run.tags[MODEL_DIGEST],
        golden=challenger.reference(),
        policy=config.gate,
        evidence=comparison.evidence,
        config=config.model_dump(mode="json", include={"data", "model", "evaluation"}),
        versions={"forecastops": __version__}
        | {name: version(name) for name in ("numpy", "pandas", "scipy", "statsmodels")},
    )


def _was_served(registry: ModelRegistry, current: Champion | None, run_id: str) -> bool:
    """Tell whether a promotion rests on what is recorded about the run."""
    if current and model_run(current.version) == run_id:
        return True
    return any(SERVED in version.tags for version in registry.of_run(run_id))


def _champion_model(runs: Runs, registry: ModelRegistry, current: Champion | None) -> tuple[Forecaster | None, bool]:
    """Return the champion's model where it can be scored; and whether it cannot because its files are gone."""
    if current is None:
        return None, False
    try:
        return champion_model(runs, registry, current.version), False
    except FilesGoneError as error:
        _LOG.warning("%s: %s; the challenger is judged without it", error.where, error.what)
        return None, True


def _champion_record(
    current: Champion | None, comparison: Comparison, *, legacy_champion: bool, gone: bool
) -> ChampionRecord | None:
    if current is None:
        return None
    found = current.version
    return ChampionRecord(
        version=found.version,
        model_version=model_version(found),
        run_id=model_run(found),
        re_estimated=comparison.re_estimated,
        recorded={name: _number(found.tags.get(name)) for name in ("RMSE", "R2")} if legacy_champion else None,
        gone=gone,
    )


def _number(tag: str | None) -> Number:
    try:
        return finite_or_none(float(tag or ""))
    except ValueError:
        return None
