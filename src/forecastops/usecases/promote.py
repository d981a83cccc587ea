"""Promote a challenger that earned it: register, deploy, verify, move the pointer; all or nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.config import Config
from forecastops.core.errors import PromotionRefusedError, RegistryError
from forecastops.core.redaction import redacted
from forecastops.core.tags import (
    CHALLENGER,
    COMMAND,
    DATA_END,
    DATA_SOURCE,
    FORCED_REASON,
    GATE_METRICS,
    MODEL_DIGEST,
    MODEL_NAME,
    NOTE,
    PARENT_RUN,
    PREDECESSOR,
    PROMOTE_RUN,
    PROMOTED,
    PROMOTED_AT,
    PROMOTED_BY,
    RENEWED,
    ROLLED_BACK,
    RUN_ID,
    RUN_NAME,
    VERDICT,
    VERSION,
)
from forecastops.gate.evidence import Number
from forecastops.gate.record import Decision
from forecastops.release.adoption import own_version, version_or_files
from forecastops.release.champion import named
from forecastops.release.entry import Entry, Kind, LegacyEndpoint, now
from forecastops.release.journal import unfinished
from forecastops.release.legacy_champion import find_legacy_endpoint
from forecastops.release.lineage import is_renewal, model_run
from forecastops.release.models import challenger_model
from forecastops.release.production import Production
from forecastops.release.recovery import recover_interrupted, repair
from forecastops.release.transition import Files, champion_already, move_in, plan_transition
from forecastops.reporting.sentences.decision import summary
from forecastops.reporting.sentences.markdown import plain
from forecastops.reporting.sentences.runs import run_name, version_words
from forecastops.usecases.binding import require_binding
from forecastops.usecases.decision_log import read_decision
from forecastops.usecases.moved import Moved
from forecastops.usecases.renew import bring_up_to_date, on_hold

__all__ = ["promote"]

_NO_CHAMPION = (
    "there is still no champion: train on other data or settings, or override the verdict: "
    "forecastops promote --run-id {run_id} --force --reason ..."
)
_LOG = logging.getLogger(__name__)


class _Opponent(NamedTuple):
    """The champion that is replaced, and what ``find_legacy_endpoint`` says of it."""

    champion: ModelVersion | None
    legacy_endpoint: LegacyEndpoint | None


def promote(config: Config, run_id: str, force_reason: str | None = None) -> Moved:
    """Put the run's model into production if its decision says PROMOTE, or if ``force_reason`` overrides the verdict.

    Otherwise the champion stays, and is given the run's data as ``deployment.on_hold`` says, unless they were refused.
    Running it again finishes or undoes what an interrupted call has begun; once finished, it changes nothing.

    Raises:
        PromotionRefusedError: when the decision was made against another champion, or the run was rolled back.
        EndpointError: when deployment or smoke test fail; production is then as it was.
    """
    if force_reason is not None:
        force_reason = redacted(force_reason)  # it becomes a tag
    production = Production.open(config)
    run = production.runs.get(run_id)
    production.runs.require_resumable(run_id)
    decision = read_decision(production.runs, run)
    with production.exclusively():
        moved = _promote(production, decision, run, force_reason)
    _log(production.runs, run, moved)
    return moved


def _promote(production: Production, decision: Decision, run: Run, force_reason: str | None) -> Moved:
    versions: Sequence[ModelVersion] = production.registry.versions()
    current = production.current(versions)
    if current and model_run(current) == run.run_id:
        return _already_champion(production, decision, run, current)
    mine = own_version(versions, run)
    if decision.verdict != "PROMOTE" and force_reason is None:
        _abandon(production, mine)  # a forced promotion was interrupted, and is not forced again
        return _not_promoted(production, decision, run)
    try:
        require_binding(decision, run, production.config, current)
        _require_not_rolled_back(mine, force_reason)
    except PromotionRefusedError:
        _abandon(production, mine)
        raise
    if production.endpoint.checks_files:  # for others the registry's copy is proven, right before it is deployed
        challenger_model(production.runs, run)
    versions = recover_interrupted(production, mine.version if mine else None, versions)
    legacy_endpoint = find_legacy_endpoint(production.runs, production.registry, production.endpoint, current, mine)
    moving = version_or_files(production.registry, run, versions)
    moved = _move_in(
        production, moving, decision, run, force_reason=force_reason, opponent=_Opponent(current, legacy_endpoint)
    )
    return _kept_up_to_date(production, moved, current, run)


def _abandon(production: Production, mine: ModelVersion | None) -> None:
    """Undo what an interrupted call has begun and can no longer be finished; nothing where there was none."""
    if mine and unfinished(mine):
        recover_interrupted(production)


def _log(runs: Runs, run: Run, moved: Moved) -> None:
    """Tell the run that ``mlflow run`` made, if any, what came of it; and the challenger's which run that is."""
    own = runs.made_by_mlflow
    if own is None:
        return
    model, end = run.tags.get(MODEL_NAME, ""), run.tags.get(DATA_END, "")
    name = run_name(model, end, f"promotion: {_came_of_it(moved)}")
    lineage = {CHALLENGER: run.run_id, MODEL_NAME: model} | ({PARENT_RUN: run.run_id} if own != run.run_id else {})
    words = f"Of {runs.link(run, run_name(model, end, moved.verdict or ''))}: {plain(moved.note)}."
    try:
        with runs.record(name) as recorder:
            recorder.tags(
                {
                    PROMOTED: str(moved.promoted).lower(),
                    RENEWED: str(moved.renewed).lower(),
                    VERSION: moved.version or "none",
                    **lineage,
                    RUN_NAME: name,
                    NOTE: words,
                    COMMAND: "promote",
                }
            )
        if own != run.run_id and PROMOTE_RUN not in run.tags:  # a promotion rests on the first
            runs.recorder(run.run_id).tags({PROMOTE_RUN: own})
    except RegistryError as error:
        if not moved.promoted:
            raise
        again = f"forecastops promote --run-id {moved.run_id}"
        raise champion_already(f"version {moved.version}", again, error) from error


def _came_of_it(moved: Moved) -> str:
    if moved.promoted:
        return f"version {moved.version}"
    return f"champion renewed as version {moved.version}" if moved.renewed else "champion stays"


def _move_in(
    production: Production,
    moving: ModelVersion | Files,
    decision: Decision,
    run: Run,
    *,
    force_reason: str | None,
    opponent: _Opponent,
) -> Moved:
    forced = decision.verdict != "PROMOTE"
    if forced:
        _LOG.warning("promoting against the verdict %s: %s", decision.verdict, force_reason)
    previous = opponent.champion.version if opponent.champion else None
    journal = plan_transition(
        production,
        moving,
        Kind.PROMOTE,
        previous=previous,
        reason=force_reason,
        forced=forced,
        legacy_endpoint=opponent.legacy_endpoint,
        words=version_words(decision, force_reason),
    )
    state = move_in(production, journal, decision.golden, _version_tags(run, decision, journal.entry))
    note = f"version {journal.version} is the champion and serves at {state.url}"
    return Moved(run.run_id, True, journal.version, previous, state, decision.verdict, note)


def _version_tags(run: Run, decision: Decision, entry: Entry) -> dict[str, str]:
    tags = {
        "RMSE": str(run.metrics.get("RMSE", "")),
        "R2": str(run.metrics.get("R2", "")),
        RUN_ID: run.run_id,
        MODEL_DIGEST: decision.model_sha256,
        VERDICT: decision.verdict,
        PROMOTED_BY: entry.actor,
        PROMOTED_AT: now(),
        PREDECESSOR: entry.previous or "none",
        DATA_END: run.tags.get(DATA_END, ""),
        **_gate_tags(decision),
    }
    return tags | ({FORCED_REASON: entry.reason or ""} if entry.forced else {})


def _gate_tags(decision: Decision) -> dict[str, str]:
    """Return every score of the gate's window: one tag a model, since some registries take one request a tag."""
    return {
        f"{GATE_METRICS}{model}": ", ".join(f"{name} {_shown(value)}" for name, value in found.items())
        for model, found in decision.metrics.items()
        if found
    }


def _shown(value: Number) -> str:
    return "none" if value is None else f"{value:.6g}"


def _kept_up_to_date(production: Production, moved: Moved, before: ModelVersion | None, run: Run) -> Moved:
    """Renew the promoted model with its predecessor's data where the run's are older: states never lag."""
    known = before.tags.get(DATA_END, "") if before else ""
    if before is None or moved.version is None or known <= run.tags.get(DATA_END, ""):
        return moved
    if moved.verdict != "PROMOTE":  # forced: whoever did it knows why the data before are not to be trusted
        return moved
    renewal = bring_up_to_date(production, production.registry.get(moved.version), before)
    if renewal is None:
        return moved
    note = f"{moved.note}; {renewal.note}"
    return replace(moved, version=renewal.version, endpoint=renewal.endpoint, renewed=True, note=note)


def _already_champion(production: Production, decision: Decision, run: Run, current: ModelVersion) -> Moved:
    recover_interrupted(production)
    if is_renewal(current):
        state, repaired = repair(production, current, production.golden(current))
    else:
        state, repaired = repair(production, current, decision.golden, decision.model_sha256)
    note = f"version {current.version} is the champion already" + ("; its endpoint was repaired" if repaired else "")
    before = next((one for one in production.registry.versions() if one.version == current.tags.get(PREDECESSOR)), None)
    previous = before.version if before else None
    moved = Moved(decision.run_id, True, current.version, previous, state, decision.verdict, note)
    # An interrupted call may have got no further than the promotion itself.
    return moved if is_renewal(current) else _kept_up_to_date(production, moved, before, run)


def _not_promoted(production: Production, decision: Decision, run: Run) -> Moved:
    """Leave the champion in place, and give it the run's data unless these were refused."""
    recover_interrupted(production)
    current = production.current()
    found = current.version if current else None
    stays = f"the champion stays {named(found)}" if found else _NO_CHAMPION.format(run_id=decision.run_id)
    note = f"not promoted ({decision.verdict}: {summary(decision)}); {stays}"
    outcome = Moved(decision.run_id, False, None, found, None, decision.verdict, note)
    if current is None or production.config.deployment.on_hold == "nothing":
        return outcome
    if decision.data_refused:
        reason = f"the data were refused ({', '.join(decision.data_refused)})"
        return replace(outcome, note=f"{note}, and was not renewed: {reason}", reason=reason, refused=True)
    challenger = challenger_model(production.runs, run)
    renewal = on_hold(production, current, challenger, run.tags.get(DATA_SOURCE, f"run {run.run_id}"))
    return replace(
        outcome,
        renewed=renewal.renewed,
        version=renewal.version,
        endpoint=renewal.endpoint,
        reason=renewal.reason,
        refused=renewal.refused,
        note=f"{note}; {renewal.note}",
    )


def _require_not_rolled_back(mine: ModelVersion | None, force_reason: str | None) -> None:
    if mine and ROLLED_BACK in mine.tags and force_reason is None:
        raise PromotionRefusedError(
            f"version {mine.version}",
            f"it was rolled back: {mine.tags[ROLLED_BACK]}",
            f"to return to it, run `forecastops rollback --to-version {mine.version} --reason ...`",
        )
