"""Removing old renewals: a registry that grows by a version a day slows down after a thousand."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.core.errors import ForecastopsError
from forecastops.core.tags import (
    ACCEPTED_REASON,
    DATA_END,
    JOURNAL,
    KIND,
    MODEL_DIGEST,
    PARAMETERS_OF,
    PREDECESSOR,
    PROMOTED_AT,
    PROMOTED_BY,
    ROLLED_BACK,
    RUN_ID,
    SERVED,
    SIGNED,
)
from forecastops.release.journal import read_journal
from forecastops.release.kinds import Registration, registered_by, registration_mark
from forecastops.release.lineage import is_renewal
from forecastops.release.production import Production
from forecastops.reporting.sentences.runs import renewal_words

__all__ = ["prune_renewals"]

_LOG = logging.getLogger(__name__)
_OUR_TAGS = frozenset(
    {
        *("RMSE", "R2", RUN_ID, KIND, PARAMETERS_OF, PREDECESSOR, ACCEPTED_REASON),
        *(DATA_END, JOURNAL, MODEL_DIGEST, PROMOTED_AT, PROMOTED_BY, ROLLED_BACK, SERVED, SIGNED),
    }
)


def prune_renewals(production: Production) -> None:
    """Delete renewals beyond the newest ``registry.keep_renewals`` that nothing needs; their runs stay.

    Kept are those under a pointer, an alias or a stage, deployed, somebody's predecessor, named by a journal that is
    under way, or marked by anybody but forecastops. A renewal has done its work when this is called: what fails here is
    said, and left to the next.
    """
    try:
        for version in _superfluous(production):
            if production.registry.discard(version, archived=True):
                _LOG.info("removed renewal %s, beyond the newest %d", version, production.config.registry.keep_renewals)
    except ForecastopsError as error:
        _LOG.warning("old renewals were not removed: %s", error)


def _superfluous(production: Production) -> list[str]:
    versions = production.registry.versions()
    renewals = [version for version in versions if is_renewal(version)]
    old = [
        version for version in renewals[: -production.config.registry.keep_renewals] if _is_ours(production, version)
    ]
    if not old:
        return []
    needed = {*_named(versions), *production.endpoint.versions_in_use()}
    return [version.version for version in old if version.version not in needed]


def _is_ours(production: Production, version: ModelVersion) -> bool:
    """Tell whether forecastops alone has written on it, and it has ended its work for this pointer and endpoint."""
    registration = registered_by(version)
    entry = read_journal(version)
    return (
        registration is not None
        and version.tags.keys() <= _OUR_TAGS
        and version.stage in ("None", "Archived")
        and entry is not None
        and version.description in _own_words(version, registration)  # nothing was added to it
        and registration.domain == entry.domain
        and entry.outcome == "done"
        and (entry.alias, entry.endpoint) == (production.registry.pointer.name, production.endpoint.name)
    )


def _own_words(version: ModelVersion, registration: Registration) -> tuple[str, str]:
    """Return the descriptions that we give: with words, and as earlier versions of forecastops did."""
    words = renewal_words(version.tags.get(PARAMETERS_OF, ""), version.tags.get(DATA_END, ""))
    kind, domain = registration
    return registration_mark(kind, domain, words), registration_mark(kind, domain)


def _named(versions: Sequence[ModelVersion]) -> Iterator[str]:
    """Yield the versions that others need: as predecessor, as the model's own, or in a journal that is under way."""
    for version in versions:
        yield version.tags.get(PREDECESSOR, "none")
        yield version.tags.get(PARAMETERS_OF, "none")
        entry = read_journal(version)
        if entry is not None and entry.outcome is None and entry.previous is not None:
            yield entry.previous
