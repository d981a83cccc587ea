"""Put a panel into production: register, deploy, verify, move the pointer; by the same transition as one series."""

from __future__ import annotations

import logging

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run
from forecastops.config import Config
from forecastops.core.errors import PromotionRefusedError
from forecastops.core.redaction import redacted
from forecastops.core.tags import (
    DATA_END,
    MODEL_DIGEST,
    ROLLED_BACK,
    VERDICT,
)
from forecastops.release.adoption import own_version, version_or_files
from forecastops.release.champion import named
from forecastops.release.entry import Kind
from forecastops.release.legacy_champion import find_legacy_endpoint
from forecastops.release.lineage import model_version
from forecastops.release.production import Production
from forecastops.release.pruning import prune_renewals
from forecastops.release.recovery import recover_interrupted, repair
from forecastops.release.transition import move_in, plan_transition
from forecastops.reporting.sentences.panels import panel_summary
from forecastops.reporting.sentences.runs import renewal_words
from forecastops.usecases.moved import Moved
from forecastops.usecases.panels.decision_log import read_panel_decision
from forecastops.usecases.panels.evaluate import require_trained_so, run_panel
from forecastops.usecases.panels.force import forced_run, is_forced, move_in_forced
from forecastops.usecases.panels.record import PanelDecision
from forecastops.usecases.panels.successor import promotion_tags, renewal_tags

__all__ = ["promote_panel"]

_LOG = logging.getLogger(__name__)


def promote_panel(config: Config, run_id: str, force_reason: str | None = None) -> Moved:
    """Put the run's panel into production: as decided where series change, else as the champion's renewal.

    A ``force_reason`` overrides the verdict on the whole: after REJECT the changes come in that a guardrail of the
    panel stopped, after HOLD the challengers of all series; but none that a guardrail of its own series rejected.
    Running it again finishes or undoes what an interrupted call has begun; once finished, it changes nothing.

    Raises:
        PromotionRefusedError: when the decision was made against another champion or by other settings.
        EndpointError: when deployment or smoke test fail; production is then as it was.
    """
    production = Production.open(config)
    run = production.runs.get(run_id)
    if (decided := forced_run(run)) != run_id:
        run = production.runs.get(decided)
    production.runs.require_resumable(run.run_id)
    decision = read_panel_decision(production.runs, run)
    with production.exclusively():
        return _promote(production, decision, run, force_reason and redacted(force_reason))


def _promote(production: Production, decision: PanelDecision, run: Run, force_reason: str | None) -> Moved:
    versions = production.registry.versions()
    current = production.current(versions)
    if current and (current.run_id == run.run_id or is_forced(current, run.run_id)):
        return _already(production, decision, current)
    mine = own_version(versions, run)
    summary = panel_summary(decision.model_dump(mode="json"))
    if decision.verdict == "REJECT" and force_reason is None:
        recover_interrupted(production)
        stays = f"the champion stays {named(current.version)}" if current else "there is still no champion"
        note = f"not promoted (REJECT: {summary}); {stays}"
        return Moved(run.run_id, False, None, current.version if current else None, None, "REJECT", note)
    require_trained_so(production.config, run, run_panel(production.runs, run), current.version if current else None)
    if force_reason is not None and decision.verdict != "PROMOTE":
        return move_in_forced(production, decision, run, current, force_reason)
    if mine and ROLLED_BACK in mine.tags and force_reason is None:
        remedy = f"to return to it, run `forecastops rollback --to-version {mine.version} --reason ...`"
        raise PromotionRefusedError(f"version {mine.version}", f"it was rolled back: {mine.tags[ROLLED_BACK]}", remedy)
    if decision.verdict == "HOLD" and not decision.states.get("renewed"):
        recover_interrupted(production)
        reason = "no series has newer data that were accepted"
        previous = current.version if current else None
        note = f"not promoted (HOLD: {summary}); the champion stays {named(previous)}: {reason}"
        return Moved(run.run_id, False, None, previous, None, "HOLD", note, reason=reason)
    return _move_in(production, decision, run, current, summary)


def _move_in(
    production: Production, decision: PanelDecision, run: Run, current: ModelVersion | None, summary: str
) -> Moved:
    versions = recover_interrupted(production, None)
    mine = own_version(versions, run)
    legacy = find_legacy_endpoint(production.runs, production.registry, production.endpoint, current, mine)
    promoted = decision.verdict == "PROMOTE"
    kind = Kind.PROMOTE if promoted or current is None else Kind.RENEW
    words = f"**{decision.verdict}**: {summary}."
    if kind is Kind.RENEW and current:
        words = renewal_words(model_version(current), decision.end)
    moving = version_or_files(production.registry, run, versions)
    previous = current.version if current else None
    journal = plan_transition(
        production, moving, kind, previous=previous, reason=None, legacy_endpoint=legacy, words=words
    )
    of_data = {MODEL_DIGEST: decision.model_sha256, DATA_END: decision.end, VERDICT: decision.verdict}
    tags = promotion_tags(run, previous) if kind is Kind.PROMOTE or current is None else renewal_tags(current)
    state = move_in(production, journal, decision.golden, tags | of_data)
    what = "is the champion" if promoted else "is the champion renewed"
    note = f"version {journal.version} {what} and serves at {state.url}: {summary}"
    if not promoted:
        prune_renewals(production)
    return Moved(run.run_id, promoted, journal.version, previous, state, decision.verdict, note, renewed=not promoted)


def _already(production: Production, decision: PanelDecision, current: ModelVersion) -> Moved:
    recover_interrupted(production)
    forced = is_forced(current, decision.run_id)
    golden = production.golden(current) if forced else decision.golden
    state, repaired = repair(production, current, golden, None if forced else decision.model_sha256)
    note = f"version {current.version} is the champion already" + ("; its endpoint was repaired" if repaired else "")
    promoted = forced or decision.verdict == "PROMOTE"
    return Moved(
        decision.run_id,
        promoted,
        current.version,
        decision.champion,
        state,
        decision.verdict,
        note,
        renewed=not promoted,
    )
