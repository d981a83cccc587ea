"""What became of a run's model: the version that has it, what is in production now, and what happened since."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from forecastops.adapters.mlflow_store.config import RegistryConfig
from forecastops.adapters.mlflow_store.connection import Connection
from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Run
from forecastops.core.errors import ForecastopsError
from forecastops.core.tags import (
    ACCEPTED_REASON,
    DATA_END,
    FORCED_REASON,
    KIND,
    PREDECESSOR,
    PROMOTED_AT,
    PROMOTED_BY,
    ROLLED_BACK,
)
from forecastops.release.champion import current_champion
from forecastops.release.entry import Entry, Kind
from forecastops.release.journal import read_journal
from forecastops.release.lineage import is_renewal, model_version
from forecastops.release.successor import REFIT
from forecastops.reporting.pages.lineage import Lineage, VersionFact
from forecastops.usecases.past_events import PastEvent, merged, of_run, of_versions

__all__ = ["ModelStory", "model_story"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelStory:
    """What the registry says.

    Attributes:
        versions: all of the model, oldest first.
        champion: the one in production now; None for none.
    """

    versions: Sequence[ModelVersion]
    champion: str | None

    def lineage(self, run_id: str) -> Lineage:
        """Return what it says of a run's model."""
        mine = next((version for version in reversed(self.versions) if version.run_id == run_id), None)
        return Lineage(version_fact(mine, self.champion) if mine else None, self.champion)

    def version(self, number: str | None) -> VersionFact | None:
        """Return the version of that number; None where there is none any more."""
        found = next((version for version in self.versions if version.version == number), None)
        return version_fact(found, self.champion) if found else None

    def since(self, moment: datetime, run: Run) -> list[PastEvent]:
        """Return what happened to the model after that, the newest first, as versions and the run tell it."""
        found = merged([*of_run(run), *of_versions(self.versions)])
        own = [one for one in found if one.event.kind == "decision" and one.run_id == run.run_id]
        return [one for one in found if one.moment >= moment and one not in own]


def model_story(connection: Connection, config: RegistryConfig) -> ModelStory | None:
    """Ask the registry; None, with a warning, where it does not answer."""
    registry = ModelRegistry(connection, config)
    try:
        versions = registry.versions()
        champion = current_champion(registry, versions)
    except ForecastopsError as error:
        _LOG.warning("the report does not tell what happened since: %s", error)
        return None
    return ModelStory(versions, champion.version.version if champion else None)


def version_fact(version: ModelVersion, current: str | None) -> VersionFact:
    """Return what a version says of itself.

    Args:
        version: of which.
        current: the version under the pointer.
    """
    tags, entry = version.tags, _journal(version)
    previous = entry.previous if entry else tags.get(PREDECESSOR)
    return VersionFact(
        version=version.version,
        kind=_kind(version, entry),
        model_version=model_version(version),
        data_end=tags.get(DATA_END) or None,
        at=tags.get(PROMOTED_AT) or (entry.touched if entry else None),
        actor=tags.get(PROMOTED_BY) or (entry.actor if entry else None),
        previous=None if previous == "none" else previous,
        reason=tags.get(FORCED_REASON) or tags.get(ACCEPTED_REASON) or (entry.reason if entry else None),
        rolled_back=_rolled_back(tags.get(ROLLED_BACK)),
        current=version.version == current,
    )


def _kind(
    version: ModelVersion, entry: Entry | None
) -> Literal["promoted", "forced", "renewed", "refitted", "returned", "registered"]:
    if entry is not None and entry.kind is Kind.ROLLBACK:
        return "returned"
    if is_renewal(version):
        return "renewed"
    if version.tags.get(KIND) == REFIT:
        return "refitted"
    if FORCED_REASON in version.tags:
        return "forced"
    return "promoted" if PROMOTED_AT in version.tags else "registered"


def _journal(version: ModelVersion) -> Entry | None:
    try:
        return read_journal(version)
    except ForecastopsError as error:  # whoever may write tags can write anything; `status` tells what to do
        _LOG.debug("%s", error)
        return None


def _rolled_back(text: str | None) -> str | None:
    """Return the note of a rollback in words; what is none as it stands."""
    if text is None:
        return None
    try:
        note = json.loads(text)
        told: Sequence[object] = [note["reason"], f"by {note['actor']}", f"at {note['at']}", f"to version {note['to']}"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return text
    return ", ".join(map(str, told))
