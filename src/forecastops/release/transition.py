"""The one way to change what is in production: a transition moves a version in, each step in its journal.

The endpoint is changed first and the pointer last, after the smoke test: a version under the pointer has always
answered it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from forecastops.adapters.endpoint.interface import EndpointState
from forecastops.adapters.mlflow_store.registry import LostPointerError, ModelVersion
from forecastops.core.errors import ForecastopsError, RegistryError
from forecastops.core.tags import MODEL_DIGEST, ROLLED_BACK, SERVED
from forecastops.release.champion import named
from forecastops.release.deployment import deploy_files, proven_copy
from forecastops.release.entry import Entry, Kind, LegacyEndpoint, Step, now
from forecastops.release.events import record_end
from forecastops.release.journal import Journal
from forecastops.release.kinds import placeholder_mark, predecessor_tags, registration_mark
from forecastops.release.lineage import model_version
from forecastops.release.production import Production
from forecastops.release.smoke_test import Golden, require_golden
from forecastops.release.turns import RivalError, give_way, require_in_time, require_still_ours, wait_for_turn
from forecastops.release.undo import discard_placeholder, undo_transition

__all__ = ["Files", "champion_already", "complete", "move_in", "plan_transition"]

_LOG = logging.getLogger(__name__)


class Files(NamedTuple):
    """The model of a run, to be registered: the run, and where the files are."""

    run_id: str
    source: str


def plan_transition(
    production: Production,
    moving: ModelVersion | Files,
    kind: Kind,
    *,
    previous: str | None,
    reason: str | None,
    forced: bool = False,
    legacy_endpoint: LegacyEndpoint | None,
    words: str = "",
) -> Journal:
    """Take a place among those that change production at the same moment, and make the journal of the transition.

    The place is a version number: of what is registered here, be it a placeholder where the version exists.

    Args:
        production: where to.
        moving: a version, or what is to become one.
        kind: what was asked for.
        previous: the champion's version, which must still be the champion when the pointer moves; None for none.
        reason: why, as the user gave it.
        forced: whether a verdict was overridden.
        legacy_endpoint: what ``find_legacy_endpoint`` returned.
        words: what the description of a version that is registered here says to people.
    """
    since = time.monotonic()
    version, placeholder = _registered(production, moving, kind, words)
    entry = Entry(
        kind=kind,
        previous=previous,
        reason=reason,
        forced=forced,
        alias=production.registry.pointer.name,
        endpoint=production.endpoint.name,
        legacy_endpoint=legacy_endpoint,
        domain=production.domain,
        placeholder=placeholder,
        limit=production.config.deployment.timeout_seconds,
    )
    return Journal(production.registry, version, entry, since)


def move_in(production: Production, journal: Journal, golden: Golden, tags: Mapping[str, str]) -> EndpointState:
    """Deploy the journal's version, prove that it answers as evaluated, tag it, and move the pointer to it.

    On failure production is what it was before; unless the pointer has moved, which the error says then.

    Args:
        production: locked by the caller, with nothing interrupted left in it.
        journal: of ``plan_transition``.
        golden: the forecast that the endpoint must give.
        tags: for the version, set once it has answered; the digest among them binds what is deployed.

    Raises:
        EndpointError: when it cannot be deployed, or answers otherwise.
        RivalError: when another machine's transition goes first, or has made another version the champion.
        PromotionRefusedError: when undoing fails too.
        RegistryError: when the registry fails, also after the pointer has moved.
    """
    try:
        _take_turn(production, journal)
        state = _serve(production, journal, golden, tags.get(MODEL_DIGEST))
        production.registry.tag(journal.version, tags)
        journal.done(Step.TAG)  # nothing has to be undone of it, so its beginning needs no record
        with journal.step(Step.POINT):
            versions = production.registry.versions()
            require_still_ours(production, journal, versions)
            _require_champion(production, versions, journal.entry.previous, journal.entry.kind)
            production.registry.point(journal.version)
            versions = production.registry.versions()
            _require_champion(production, versions, journal.version, journal.entry.kind)
    except BaseException as error:
        undone = undo_transition(production, journal, error)
        if isinstance(error, ForecastopsError) and not undone:
            raise _incomplete(production, journal, error) from error
        raise
    complete(production, journal, versions)
    return state


def complete(production: Production, journal: Journal, versions: Sequence[ModelVersion] | None = None) -> None:
    """Do what is left once the pointer has moved.

    Args:
        production: locked by the caller.
        journal: of the version that it has reached.
        versions: all of the model, where they were read since; None to read them.

    Raises:
        RegistryError: when that fails; it says that the version is the champion already.
    """
    try:
        production.endpoint.clean_up()
        _record_success(production, journal, production.registry.versions() if versions is None else versions)
    except ForecastopsError as error:
        raise _incomplete(production, journal, error) from error


def champion_already(place: str, again: str, error: ForecastopsError) -> RegistryError:
    """Make the error of a transition that has moved the pointer, and failed to record it."""
    what = f"is the champion already, but what is left to do failed: {error.where}: {error.what}"
    return RegistryError(place, what, f"to complete it, run `{again}`")


def _registered(
    production: Production, moving: ModelVersion | Files, kind: Kind, words: str
) -> tuple[ModelVersion, str | None]:
    """Return the version that moves in, and the placeholder of one that was there before."""
    registry, domain = production.registry, production.domain
    if isinstance(moving, Files):
        return registry.register(moving.run_id, moving.source, registration_mark(kind, domain, words)), None
    mark = placeholder_mark(kind, moving.version, domain)
    return moving, registry.register(moving.run_id, moving.source, mark).version


def _take_turn(production: Production, journal: Journal) -> None:
    """Begin the journal, let those go first that were earlier, and look where the pointer is after them.

    A version that exists may be moved in by another at the same moment, which writes its journal on it too: nothing is
    written over one that is seen to go first, or to have ended.
    """
    if journal.entry.placeholder:
        versions: Sequence[ModelVersion] = production.registry.versions()
        give_way(production, journal, versions)
        _require_champion(production, versions, journal.entry.previous, journal.entry.kind)
        journal.registered = next((one for one in versions if one.version == journal.version), journal.registered)
    journal.begin()
    require_in_time(production, journal)
    versions = wait_for_turn(production, journal)
    _require_champion(production, versions, journal.entry.previous, journal.entry.kind)


def _serve(production: Production, journal: Journal, golden: Golden, sha256: str | None) -> EndpointState:
    """Deploy the journal's version, smoke-test it, and give it to the callers.

    Also when it seems to be served: what an interrupted call has asked for may be on its way still, with the old
    version answering in between. A deployment that has returned has no other version behind it.
    """
    endpoint = production.endpoint
    with proven_copy(production, journal.registered, sha256) as copy, journal.step(Step.DEPLOY):
        _LOG.info("deploying version %s to endpoint %s", journal.version, endpoint.name)
        deploy_files(production, journal.registered, sha256, copy=copy)
    with journal.step(Step.VERIFY):
        _LOG.info("comparing the endpoint's forecasts with those evaluated")
        require_golden(endpoint, golden)
        return endpoint.release(journal.version)


def _require_champion(
    production: Production, versions: Sequence[ModelVersion], expected: str | None, kind: Kind
) -> None:
    """Raise where the pointer, read after the versions, is at another than the expected one."""
    try:
        champion = production.current(versions)
    except LostPointerError:
        champion = None  # a rollback is about to repair that
    today = champion.version if champion else None
    if today != expected:
        raise RivalError(
            f"model {production.registry.name!r}",
            f"its champion is {named(today)}, no longer {named(expected)}",
            "evaluate the run again" if kind is Kind.PROMOTE else "run the command again",
        )


def _record_success(production: Production, journal: Journal, found: Sequence[ModelVersion]) -> None:
    registry, loser = production.registry, journal.entry.previous
    versions = {version.version: version for version in found}
    tags = predecessor_tags(journal.version, journal.entry)
    if loser in versions and tags:
        for version in _with_model(versions, loser):
            registry.tag(version, tags)
    if SERVED not in versions[journal.version].tags:
        registry.tag(journal.version, {SERVED: now()})
    for version in _with_model(versions, journal.version):
        if ROLLED_BACK in versions[version].tags:
            registry.untag(version, ROLLED_BACK)
    record_end(production.runs, registry.name, versions[journal.version], journal.entry, outcome="done")
    journal.end("done")
    discard_placeholder(production, journal.entry)


def _with_model(versions: Mapping[str, ModelVersion], version: str) -> list[str]:
    """Return the version and, of a renewal, the one that brought its model in: what holds for one holds for both."""
    both = dict.fromkeys((version, model_version(versions[version])))
    return [name for name in both if name in versions]


def _incomplete(production: Production, journal: Journal, error: ForecastopsError) -> RegistryError:
    return champion_already(f"version {journal.version} of {production.registry.name!r}", journal.again, error)
