"""Which model a version holds: a renewal has the parameters of the version that brought its model in."""

from __future__ import annotations

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.core.tags import KIND, PARAMETERS_OF, RUN_ID

__all__ = ["RENEWAL", "is_renewal", "model_run", "model_version"]

RENEWAL = "renewal"


def model_version(version: ModelVersion) -> str:
    """Return the version that brought the model in: itself, unless it is a renewal."""
    return version.tags.get(PARAMETERS_OF, version.version) if is_renewal(version) else version.version


def model_run(version: ModelVersion) -> str:
    """Return the run that estimated the version's parameters."""
    return version.tags.get(RUN_ID, version.run_id) if is_renewal(version) else version.run_id


def is_renewal(version: ModelVersion) -> bool:
    """Say whether the version has the parameters of another and newer data."""
    return version.tags.get(KIND) == RENEWAL
