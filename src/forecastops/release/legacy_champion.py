"""A champion that was not created by forecastops but registered by older scripts: how to tell, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecastops.adapters.endpoint.interface import Endpoint
from forecastops.adapters.mlflow_store.registry import FilesGoneError, ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.model_artifact import is_own_format
from forecastops.core.errors import ModelError, RegistryError
from forecastops.core.tags import JOURNAL, MODEL_DIGEST, SERVED
from forecastops.forecasting.forecaster import Forecaster
from forecastops.panel.any_model import single_series
from forecastops.release.entry import LegacyEndpoint
from forecastops.release.journal import read_journal
from forecastops.release.kinds import registered_by
from forecastops.release.models import any_version_model

if TYPE_CHECKING:
    from forecastops.panel.any_model import AnyModel

__all__ = [
    "any_champion",
    "any_proven",
    "champion_model",
    "find_legacy_endpoint",
    "made_by_forecastops",
    "proven_model",
]


def champion_model(runs: Runs, registry: ModelRegistry, version: ModelVersion) -> Forecaster | None:
    """Return the champion's model, which must be of one series; None where it is a legacy champion.

    Raises:
        ModelError: when it is a forecastops model that cannot be rebuilt, or not the one that was logged; or a panel.
    """
    found = any_champion(runs, registry, version)
    return None if found is None else single_series(found, _place(registry, version))


def any_champion(runs: Runs, registry: ModelRegistry, version: ModelVersion) -> AnyModel | None:
    """Return the champion's model, be it of one series or of a panel; None where it is a legacy champion.

    Raises:
        ModelError: when it is a forecastops model that cannot be rebuilt, or not the one that was logged.
    """
    return any_version_model(runs, registry, version) if made_by_forecastops(runs, registry, version) else None


def proven_model(runs: Runs, registry: ModelRegistry, version: ModelVersion) -> Forecaster:
    """Return the version's model, which forecastops must have made, of one series.

    Raises:
        ModelError: when it is none, cannot be rebuilt, or is not the one that was logged; or a panel.
    """
    return single_series(any_proven(runs, registry, version), _place(registry, version))


def any_proven(runs: Runs, registry: ModelRegistry, version: ModelVersion) -> AnyModel:
    """Return the version's model, which forecastops must have made, be it of one series or of a panel.

    Raises:
        ModelError: when it is none, cannot be rebuilt, or is not the one that was logged.
    """
    found = any_champion(runs, registry, version)
    if found is None:
        what = "was not created by forecastops, so it can be neither rebuilt nor verified here"
        remedy = "promote one that is, or deploy this one by the means that made it"
        raise ModelError(_place(registry, version), what, remedy)
    return found


def _place(registry: ModelRegistry, version: ModelVersion) -> str:
    return f"version {version.version} of {registry.name}"


def made_by_forecastops(runs: Runs, registry: ModelRegistry, version: ModelVersion) -> bool:
    """Tell whether the version is a forecastops model by any mark: on the version, on its run, or in its files.

    One mark is enough, so that a version of ours that lost its tags is an error and no legacy champion.
    """
    if version.tags.keys() & {MODEL_DIGEST, SERVED, JOURNAL} or registered_by(version):
        return True
    try:
        if version.run_id and MODEL_DIGEST in runs.get(version.run_id).tags:
            return True
    except RegistryError:
        pass  # older runs are deleted, or lie in another workspace; the files say it too
    try:
        return is_own_format(registry.description(version.version))
    except FilesGoneError:
        return False  # nothing is left that could say it


def find_legacy_endpoint(
    runs: Runs, registry: ModelRegistry, endpoint: Endpoint, champion: ModelVersion | None, mover: ModelVersion | None
) -> LegacyEndpoint | None:
    """Tell whether a legacy champion has the endpoint before ``mover`` takes its place; None for other champions.

    An interrupted move has recorded what it found, and may have changed it since.
    """
    if champion is None or made_by_forecastops(runs, registry, champion):
        return None
    earlier = read_journal(mover) if mover else None
    if earlier and earlier.outcome is None and earlier.legacy_endpoint:
        return earlier.legacy_endpoint
    return "unserved" if endpoint.state() is None else "served"
