"""Roll back: put the recorded predecessor, or a named version, into production the same way as a promotion."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from forecastops.adapters.endpoint.interface import EndpointState
from forecastops.adapters.mlflow_store.registry import LostPointerError, ModelVersion
from forecastops.config import Config
from forecastops.core.errors import ForecastopsError, PromotionRefusedError
from forecastops.core.redaction import redacted
from forecastops.core.tags import DATA_END, PREDECESSOR, SERVED
from forecastops.data.series import Series
from forecastops.gate.data_checks import judge_data
from forecastops.release.entry import UNKNOWN_REASON, Entry, Kind, LegacyEndpoint
from forecastops.release.journal import read_journal
from forecastops.release.legacy_champion import champion_model, find_legacy_endpoint, proven_model
from forecastops.release.lineage import model_run, model_version
from forecastops.release.production import Production
from forecastops.release.recovery import recover_interrupted, repair
from forecastops.release.successor import install, renewed
from forecastops.release.transition import move_in, plan_transition
from forecastops.reporting.sentences.checks import reason_of
from forecastops.usecases.moved import Moved

__all__ = ["rollback"]

_LOG = logging.getLogger(__name__)
_SAME_SECONDS = 3600.0  # how long the same reason means the same rollback


def rollback(config: Config, reason: str, to_version: str | None = None) -> Moved:
    """Return to ``to_version`` as it is, or to the model before the champion's, with the champion's data.

    Either is proven to load and to answer before the pointer moves.
    Running it again finishes what an interrupted call has begun; the same rollback is not done twice.

    Raises:
        PromotionRefusedError: when there is nothing to return to.
        ModelError: when that version's model cannot be rebuilt.
        EndpointError: when it does not answer as it should; production is then as it was.
    """
    reason = redacted(reason)  # it becomes a tag
    production = Production.open(config)
    with production.exclusively():
        champion = _champion(production, to_version)
        if champion and _done_already(production, champion, reason, to_version):
            recover_interrupted(production)
            return _nothing_to_do(production, champion)
        target = _target(production, champion, to_version)
        if champion:
            recover_interrupted(production, resuming=target.version if to_version else None)
        legacy_endpoint = find_legacy_endpoint(
            production.runs, production.registry, production.endpoint, champion, target
        )
        moved = None
        if champion and to_version is None and not config.data.series_column:
            moved = _with_newest_data(production, target, champion, reason, legacy_endpoint)
        return moved or _exactly(production, target, champion, reason, legacy_endpoint)


def _exactly(
    production: Production,
    target: ModelVersion,
    champion: ModelVersion | None,
    reason: str,
    legacy_endpoint: LegacyEndpoint | None,
) -> Moved:
    """Move the version in as it is."""
    golden = production.golden(target)
    previous = champion.version if champion else None
    journal = plan_transition(
        production, target, Kind.ROLLBACK, previous=previous, reason=reason, legacy_endpoint=legacy_endpoint
    )
    state = move_in(production, journal, golden, {})
    moved = _moved(target, target.version, champion, state, "is the champion again")
    known, lost = (version.tags.get(DATA_END, "") if version else "" for version in (target, champion))
    if not known or known >= lost:
        return moved
    older = (
        f"it forecasts from {known}, not from {lost}, which `forecastops status --check` will say until it has newer "
        "data: forecastops renew --data FILE"
    )
    return replace(moved, note=f"{moved.note}; {older}")


def _with_newest_data(
    production: Production,
    target: ModelVersion,
    champion: ModelVersion,
    reason: str,
    legacy_endpoint: LegacyEndpoint | None,
) -> Moved | None:
    """Move the target's model in with the data that the champion has; None where it has them, or must not have them."""
    model = proven_model(production.runs, production.registry, target)
    try:
        known = champion_model(production.runs, production.registry, champion)
    except ForecastopsError as error:  # a champion that is broken is a reason to roll back, not one against it
        _LOG.warning("version %s returns with its own data: %s", target.version, error)
        return None
    if known is None or known.values.index[-1] <= model.values.index[-1]:
        return None
    series = Series(known.values, filled=known.interpolated)
    for check in judge_data(model, series, production.config.gate):
        if not check.passed:
            _LOG.warning(
                "version %s returns with its own data, as those of version %s are refused: %s",
                target.version,
                champion.version,
                reason_of(check),
            )
            return None
    successor = renewed(target, model.with_data(series.values, series.filled), f"version {champion.version}")
    version, state = install(
        production, successor, Kind.ROLLBACK, previous=champion.version, reason=reason, legacy_endpoint=legacy_endpoint
    )
    what = f"has the model of version {target.version} and the data of version {champion.version}"
    return _moved(target, version.version, champion, state, what)


def _moved(target: ModelVersion, version: str, champion: ModelVersion | None, state: EndpointState, what: str) -> Moved:
    loser = f"; {champion.version} was rolled back" if champion else ""
    note = f"version {version} {what} and serves at {state.url}{loser}"
    previous = champion.version if champion else None
    return Moved(model_run(target), True, version, previous, state, None, note)


def _champion(production: Production, to_version: str | None) -> ModelVersion | None:
    """Return the champion; None where the pointer is lost and ``to_version`` says where it belongs."""
    try:
        champion = production.current()
    except LostPointerError:
        if to_version is None:
            raise
        return None
    if champion is None:
        place = f"model {production.registry.name!r}"
        raise PromotionRefusedError(place, "has no champion to roll back from", "promote a model first")
    return champion


def _done_already(production: Production, champion: ModelVersion, reason: str, to_version: str | None) -> bool:
    """Tell whether this very rollback has reached the champion's model, which may have been renewed since.

    By number; or, without one, because it was interrupted after moving the pointer, or ended a moment ago for the same
    reason: a job that is run again must not go back one version further.
    """
    if to_version is not None:
        return to_version == champion.version
    entry = _last_rollback(production, champion)
    if entry is None:
        return False
    age = time.time() - datetime.fromisoformat(entry.touched).timestamp()
    return entry.outcome is None or (
        entry.outcome == "done" and entry.reason in (reason, UNKNOWN_REASON) and age < _SAME_SECONDS
    )


def _last_rollback(production: Production, champion: ModelVersion) -> Entry | None:
    """Return the newest rollback that brought the champion's model in; None where another transition did since."""
    model = model_version(champion)
    for version in reversed(production.registry.versions()):
        entry = read_journal(version) if model_version(version) == model else None
        if entry is not None and entry.kind is not Kind.RENEW:
            return entry if entry.kind is Kind.ROLLBACK else None
    return None


def _nothing_to_do(production: Production, champion: ModelVersion) -> Moved:
    state, _ = repair(production, champion, production.golden(champion))
    entry = read_journal(champion)
    previous = entry.previous if entry and entry.kind is Kind.ROLLBACK else None
    note = (
        f"version {champion.version} is the champion already, so nothing was rolled back; "
        "to go further back, name a version with --to-version"
    )
    return Moved(model_run(champion), True, champion.version, previous, state, None, note)


def _target(production: Production, champion: ModelVersion | None, to_version: str | None) -> ModelVersion:
    number = to_version or (champion.tags.get(PREDECESSOR, "none") if champion else "none")
    versions = {version.version: version for version in production.registry.versions()}
    proven = [name for name, version in versions.items() if _was_in_production(version, champion)]
    if number in proven:
        return versions[number]
    if number == "none":
        what = _no_predecessor(champion, versions)
    elif number in versions:
        what = f"version {number} never was in production"
    else:
        what = f"version {number} does not exist"
    others = ", ".join(name for name in proven if not champion or name != champion.version) or "none"
    raise PromotionRefusedError(
        f"version {champion.version} of {production.registry.name!r}" if champion else production.registry.name,
        what,
        f"name another with --to-version (there are: {others})",
    )


def _no_predecessor(champion: ModelVersion | None, versions: Mapping[str, ModelVersion]) -> str:
    """Tell why there is none: nothing was in production before, or only the same specification, estimated earlier."""
    origin = versions.get(model_version(champion)) if champion else None
    entry = read_journal(origin) if origin else None
    if entry is None or entry.kind is not Kind.REFIT or entry.previous is None:
        return "records no predecessor"
    return f"has the specification of version {entry.previous}, refitted, and no other was in production before it"


def _was_in_production(version: ModelVersion, champion: ModelVersion | None) -> bool:
    """Tell by our record, the champion's recorded predecessor, or the stage that older scripts gave it."""
    recorded = champion is not None and champion.tags.get(PREDECESSOR) == version.version
    return SERVED in version.tags or recorded or version.stage in ("Production", "Archived")
