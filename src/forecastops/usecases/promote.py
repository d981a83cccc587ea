"""Promote a challenger that earned it: register, deploy, verify, move the pointer; all or nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from forecastops.adapters.endpoint import EndpointState
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.gate.record import Decision
from forecastops.ground.config import Config
from forecastops.ground.errors import PromotionRefusedError, RegistryError
from forecastops.ground.redaction import redacted
from forecastops.release.champion import named
from forecastops.release.entry import Entry, Incumbent, now
from forecastops.release.journal import unfinished
from forecastops.release.kinds import registration_mark
from forecastops.release.legacy_champion import legacy_endpoint
from forecastops.release.models import challenger_model
from forecastops.release.production import Production
from forecastops.release.recovery import recover_interrupted, repair
from forecastops.release.tags import (
    CHALLENGER,
    DATA_DIGEST,
    FORCED_REASON,
    MODEL_DIGEST,
    PREDECESSOR,
    PROMOTED,
    PROMOTED_AT,
    PROMOTED_BY,
    ROLLED_BACK,
    VERDICT,
    VERSION,
)
from forecastops.release.transition import champion_already, move_in, plan_transition
from forecastops.usecases.decision_log import read_decision

__all__ = ["Moved", "promote"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Moved:
    """What a promotion or rollback came to; ``note`` says it to a person."""

    run_id: str
    promoted: bool
    version: str | None
    previous_version: str | None
    endpoint: EndpointState | None
    verdict: str | None
    note: str


def promote(config: Config, run_id: str, force_reason: str | None = None) -> Moved:
    """Put the run's model into production if its decision says PROMOTE, or if ``force_reason`` overrides the verdict.

    Running it again finishes or undoes what an interrupted call has begun; once finished, it changes nothing.

    Raises:
        PromotionRefusedError: when the decision was made against another champion, or the run was rolled back.
        EndpointError: when deployment or smoke test fail; production is then as it was.
    """
    if force_reason is not None:
        force_reason = redacted(force_reason)  # it becomes a tag
    production = Production.open(config)
    run = production.runs.get(run_id)
    decision = read_decision(production.runs, run)
    with production.exclusively():
        moved = _promote(production, decision, run, force_reason)
    _log(production.runs, moved)
    return moved


def _promote(production: Production, decision: Decision, run: Run, force_reason: str | None) -> Moved:
    current = production.current()
    if current and current.run_id == run.run_id:
        return _already_champion(production, decision, current)
    mine = next(iter(production.registry.of_run(run.run_id)), None)
    if decision.verdict != "PROMOTE" and force_reason is None:
        _abandon(production, mine)  # a forced promotion was interrupted, and is not forced again
        return _not_promoted(decision, current)
    try:
        _require_binding(decision, run, production.config, current)
        _require_not_rolled_back(mine, force_reason)
    except PromotionRefusedError:
        _abandon(production, mine)
        raise
    # What is deployed are the files, so they are proven to be those that were judged.
    challenger_model(production.runs, run)
    recover_interrupted(production, resuming=mine.version if mine else None)
    incumbent = legacy_endpoint(production.runs, production.registry, production.endpoint, current, mine)
    return _register_and_move_in(production, decision, run, force_reason, incumbent)


def _abandon(production: Production, mine: ModelVersion | None) -> None:
    """Undo what an interrupted call has begun and can no longer be finished; nothing where there was none."""
    if mine and unfinished(mine):
        recover_interrupted(production)


def _log(runs: Runs, moved: Moved) -> None:
    """Tell the run that ``mlflow run`` made, if any, what came of it."""
    if runs.made_by_mlflow is None:
        return
    try:
        with runs.record("promote") as recorder:
            recorder.tags(
                {
                    CHALLENGER: moved.run_id,
                    PROMOTED: str(moved.promoted).lower(),
                    VERSION: moved.version or "none",
                }
            )
    except RegistryError as error:
        if not moved.promoted:
            raise
        again = f"forecastops promote --run-id {moved.run_id}"
        raise champion_already(f"version {moved.version}", again, error) from error


def _register_and_move_in(
    production: Production, decision: Decision, run: Run, force_reason: str | None, incumbent: Incumbent | None
) -> Moved:
    forced = decision.verdict != "PROMOTE"
    if forced:
        _LOG.warning("promoting against the verdict %s: %s", decision.verdict, force_reason)
    previous = decision.champion.version if decision.champion else None
    version = production.registry.register(run.run_id, f"{run.artifact_uri}/model", registration_mark("promote"))
    journal = plan_transition(
        production, version, "promote", previous=previous, reason=force_reason, forced=forced, incumbent=incumbent
    )
    state = move_in(production, journal, decision.golden, _version_tags(run, decision, journal.entry))
    note = f"version {version.version} is the champion and serves at {state.url}"
    return Moved(run.run_id, True, version.version, previous, state, decision.verdict, note)


def _version_tags(run: Run, decision: Decision, entry: Entry) -> dict[str, str]:
    tags = {
        "RMSE": str(run.metrics.get("RMSE", "")),
        "R2": str(run.metrics.get("R2", "")),
        "run_id": run.run_id,
        MODEL_DIGEST: decision.model_sha256,
        VERDICT: decision.verdict,
        PROMOTED_BY: entry.actor,
        PROMOTED_AT: now(),
        PREDECESSOR: entry.previous or "none",
    }
    return tags | ({FORCED_REASON: entry.reason or ""} if entry.forced else {})


def _already_champion(production: Production, decision: Decision, current: ModelVersion) -> Moved:
    recover_interrupted(production)
    state, mended = repair(production, current.version, decision.golden)
    predecessor = current.tags.get(PREDECESSOR)
    note = f"version {current.version} is the champion already" + ("; its endpoint was mended" if mended else "")
    previous = None if predecessor in (None, "none") else predecessor
    return Moved(decision.run_id, True, current.version, previous, state, decision.verdict, note)


def _not_promoted(decision: Decision, current: ModelVersion | None) -> Moved:
    found = current.version if current else None
    stays = f"the champion stays {named(found)}" if found else "there is still no champion"
    note = f"not promoted ({decision.verdict}: {decision.summary}); {stays}"
    return Moved(decision.run_id, False, None, found, None, decision.verdict, note)


def _require_binding(decision: Decision, run: Run, config: Config, current: ModelVersion | None) -> None:
    """A decision binds the champion, the data, the model, its name, and the rules by which it was made."""
    judged = decision.champion.version if decision.champion else None
    found = current.version if current else None
    pairs = (
        ("against champion", named(judged), named(found)),
        ("for model", decision.model_name, config.registry.model_name),
        ("on data", decision.data_sha256, run.tags.get(DATA_DIGEST)),
        ("with files", decision.model_sha256, run.tags.get(MODEL_DIGEST)),
        ("by policy", decision.policy.model_dump_json(), config.gate.model_dump_json()),
        ("on", decision.config.get("evaluation"), config.evaluation.model_dump(mode="json")),
    )
    for what, then, today in pairs:
        if then != today:
            raise PromotionRefusedError(
                f"run {run.run_id}",
                f"it was judged {what} {then}, which is now {today}",
                f"run `forecastops evaluate --run-id {run.run_id}` again",
            )


def _require_not_rolled_back(mine: ModelVersion | None, force_reason: str | None) -> None:
    if mine and ROLLED_BACK in mine.tags and force_reason is None:
        raise PromotionRefusedError(
            f"version {mine.version}",
            f"it was rolled back: {mine.tags[ROLLED_BACK]}",
            f"to return to it, run `forecastops rollback --to-version {mine.version} --reason ...`",
        )
