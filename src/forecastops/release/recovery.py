"""Recover production: finish or undo what was interrupted, and repair pointer and endpoint of the champion.

Whatever was begun and not ended is finished or undone before anything else is begun.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from forecastops.adapters.endpoint.interface import EndpointState
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.release.deployment import deploy_files
from forecastops.release.entry import Entry, Step
from forecastops.release.journal import Journal, unfinished
from forecastops.release.models import bound_digest
from forecastops.release.production import Production
from forecastops.release.smoke_test import Golden, answers, require_golden
from forecastops.release.transition import complete
from forecastops.release.turns import active_rivals, rival_error
from forecastops.release.undo import undo_transition

__all__ = ["recover_interrupted", "repair"]

_LOG = logging.getLogger(__name__)


def recover_interrupted(
    production: Production, resuming: str | None = None, versions: Sequence[ModelVersion] | None = None
) -> Sequence[ModelVersion]:
    """Finish or undo what interrupted transitions have left.

    A version that the pointer has reached is finished; any other is undone. Work on other aliases or endpoints of
    the model is left alone.

    Args:
        production: locked by the caller.
        resuming: a version that is left to the caller, who is about to move it in again.
        versions: all of the model, where they were just read; None to read them.

    Returns:
        All versions of the model, as they are now.

    Raises:
        RivalError: when another machine may still be at work.
    """
    versions = production.registry.versions() if versions is None else versions
    champion = production.current(versions)
    recovered = False
    rivals = {rival.version.version: rival for rival in active_rivals(production, versions)}
    # A placeholder goes with the transition that registered it, be it ours or on another alias or endpoint.
    under_way = {version.version: unfinished(version) for version in versions}
    placeholders = {entry.placeholder for entry in under_way.values() if entry}
    for version in versions:
        entry = under_way[version.version]
        if entry is None or not _concerns(production, entry) or version.version in placeholders:
            continue
        journal = Journal(production.registry, version, entry)
        if champion and version.version == champion.version:
            if Step.POINT in entry.steps:  # else somebody else has moved the pointer there, and nothing was proven
                complete(production, journal)
                recovered = True
            continue
        if version.version in rivals:  # what our lock keeps out is none of them, since we hold it
            raise rival_error(production, rivals[version.version])
        if version.version != resuming:
            _LOG.warning("undoing an interrupted %s of version %s", entry.kind, version.version)
            undo_transition(production, journal, None)
            recovered = True
    return production.registry.versions() if recovered else versions


def repair(
    production: Production, champion: ModelVersion, golden: Golden, sha256: str | None = None
) -> tuple[EndpointState, bool]:
    """Make pointer, stage and endpoint name the champion again.

    Args:
        production: locked by the caller.
        champion: the version under the pointer.
        golden: the forecast that the endpoint must give.
        sha256: the digest that a decision binds; the one that binds the version where none is given.

    Returns:
        The endpoint's state, and whether the champion had to be deployed.

    Raises:
        EndpointError: when it cannot be deployed, or answers otherwise.
    """
    endpoint, version = production.endpoint, champion.version
    production.registry.point(version)
    state, digest = endpoint.state(), sha256 or bound_digest(production.runs, champion)
    # A number alone is not trusted: the registry may have been made anew since it was deployed.
    as_bound = state and state.serves(version) and state.sha256 in (None, digest) and not state.unguarded
    if state and as_bound and answers(endpoint, golden):
        return state, False
    _LOG.info("deploying champion version %s to endpoint %s", version, endpoint.name)
    deploy_files(production, champion, digest)
    require_golden(endpoint, golden)
    state = endpoint.release(version)
    endpoint.clean_up()
    return state, True


def _concerns(production: Production, entry: Entry) -> bool:
    """Tell whether the entry is of our pointer and endpoint; one that got no further than registering is of none."""
    return entry.alias in ("", production.registry.pointer.name) and entry.endpoint in ("", production.endpoint.name)
