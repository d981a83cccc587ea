"""Undo a transition whose pointer has not moved: the endpoint gets its version back, and what we registered goes."""

from __future__ import annotations

import logging

from forecastops.adapters.endpoint.interface import Endpoint
from forecastops.adapters.mlflow_store.registry import LostPointerError, ModelVersion
from forecastops.core.errors import EndpointError, ForecastopsError, PromotionRefusedError
from forecastops.core.redaction import redacted
from forecastops.release.deployment import deploy_files
from forecastops.release.entry import Entry, LegacyEndpoint, Step
from forecastops.release.events import record_end
from forecastops.release.journal import Journal, is_unused
from forecastops.release.kinds import placeholder
from forecastops.release.legacy_champion import made_by_forecastops
from forecastops.release.production import Production

__all__ = ["discard_placeholder", "restore_endpoint", "undo_transition"]

_LOG = logging.getLogger(__name__)


def undo_transition(production: Production, journal: Journal, cause: BaseException | None) -> bool:
    """Undo what the journal says was done.

    Args:
        production: where it was done.
        journal: of the transition.
        cause: why it is undone; None where it was found interrupted.

    Returns:
        False where the pointer has moved: the rest is finished by the next call then.

    Raises:
        PromotionRefusedError: when it cannot be undone.
    """
    try:
        return _undo_steps(production, journal, cause)
    except ForecastopsError as error:
        raise PromotionRefusedError(
            f"version {journal.version} of {production.registry.name!r}",
            f"{cause or 'an interrupted operation was found'}; undoing it failed too: {error}",
            "run `forecastops status`, fix what it names, and run the command again",
        ) from error


def restore_endpoint(production: Production, champion: ModelVersion | None, entry: Entry) -> None:
    """Give the endpoint the champion back, or remove it where it served none.

    Always, whatever it says that it serves now: a deployment that a killed call has asked for may still be on its
    way, and only a newer request supersedes it.

    Raises:
        EndpointError: when it does not serve the champion again.
    """
    endpoint = production.endpoint
    state = endpoint.state()
    if state is not None and not state.ours:
        return  # it was refused to us
    legacy = _legacy_endpoint(production, champion, entry)
    if champion is None or legacy == "unserved":
        endpoint.delete()
        return
    try:
        _redeploy_champion(production, champion, legacy)
    except ForecastopsError:
        if not production.registry.is_gone(champion.version):
            raise
        _leave_endpoint_of_lost_files(endpoint, champion.version)
        return
    endpoint.release(champion.version)
    try:
        endpoint.clean_up()
    except EndpointError as error:  # callers have what they had; the next deployment clears it away
        _LOG.warning("something is left behind: %s", error)
    if legacy:
        what = "endpoint %s serves version %s again; it is healthy, but not created by forecastops, so not verified"
        _LOG.warning(what, endpoint.name, champion.version)


def _leave_endpoint_of_lost_files(endpoint: Endpoint, version: str) -> None:
    """Keep what serves a version whose files are gone; nothing else may serve in its place."""
    state = endpoint.state()
    if state is None or state.serves(version):
        return
    _LOG.warning("endpoint %s is removed: it served version %s, whose files are gone", endpoint.name, version)
    endpoint.delete()


def _legacy_endpoint(production: Production, champion: ModelVersion | None, entry: Entry) -> LegacyEndpoint | None:
    """Return what the journal says of a legacy champion; None where the champion is one of ours.

    Whoever may write tags may write a journal. What forecastops made is never put back unproven, nor taken away.
    """
    if entry.legacy_endpoint is None or champion is None:
        return None
    ours = made_by_forecastops(production.runs, production.registry, champion)
    return None if ours else entry.legacy_endpoint


def _redeploy_champion(production: Production, champion: ModelVersion, legacy: LegacyEndpoint | None) -> None:
    """Stage what was there; where only what is proven or signed is loaded, nothing else can be given back."""
    endpoint = production.endpoint
    if legacy is None:
        deploy_files(production, champion, restoring=True)
    elif endpoint.checks_files or production.runs.trusted.keys:
        _require_untouched(endpoint, champion)
    else:
        endpoint.stage(champion.version, restoring=True)


def _require_untouched(endpoint: Endpoint, champion: ModelVersion) -> None:
    """Do nothing where the endpoint serves the champion still."""
    state = endpoint.state()
    if state is None or not state.serves(champion.version):
        what = f"cannot be given version {champion.version} back, which was not created by forecastops"
        raise EndpointError(f"endpoint {endpoint.name!r}", what, "deploy it by the means that made it")


def _undo_steps(production: Production, journal: Journal, cause: BaseException | None) -> bool:
    try:
        champion = production.current()
    except LostPointerError:
        _record(production, journal, cause)
        journal.end("undone")
        discard_placeholder(production, journal.entry)
        return True
    if champion and champion.version == journal.version and Step.POINT in journal.entry.steps:
        return False
    if Step.DEPLOY in journal.entry.steps:
        if production.registry.find(journal.version):
            journal.sign_of_life()  # it may take as long as a deployment
        restore_endpoint(production, champion, journal.entry)
    _record(production, journal, cause)  # before the version goes, and all that it tells with it
    _discard_version(production, journal)
    return True


def discard_placeholder(production: Production, entry: Entry) -> None:
    """Delete the version that kept the transition's place, where there is one."""
    kept = production.registry.find(entry.placeholder) if entry.placeholder else None
    if kept and placeholder(kept):
        production.registry.discard(kept.version)


def _discard_version(production: Production, journal: Journal) -> None:
    """Delete the version, and its journal with it; where it is not ours to delete, leave it as it was."""
    version = production.registry.find(journal.version)
    if version and not (is_unused(version) and production.registry.discard(version.version)):
        journal.withdraw(version)
    discard_placeholder(production, journal.entry)


def _record(production: Production, journal: Journal, cause: BaseException | None) -> None:
    said = redacted(str(cause)) if isinstance(cause, ForecastopsError) else "it was interrupted"
    record_end(
        production.runs, production.registry.name, journal.registered, journal.entry, outcome="undone", because=said
    )
