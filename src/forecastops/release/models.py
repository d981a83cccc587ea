"""The models that a use case needs, fetched from their run or version and proven unaltered."""

from __future__ import annotations

import tempfile
from pathlib import Path

from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.adapters.model_artifact import load_model
from forecastops.forecasting.forecaster import Forecaster
from forecastops.ground.errors import ModelError
from forecastops.release.tags import MODEL_DIGEST

__all__ = ["challenger_model", "version_model"]


def challenger_model(runs: Runs, run: Run) -> Forecaster:
    """The model of a training run.

    Raises:
        ModelError: when the run has none, or it is not the one that was logged.
    """
    place = f"run {run.run_id}"
    digest = run.tags.get(MODEL_DIGEST)
    if digest is None:
        raise ModelError(place, "holds no model of `forecastops train`", "give the run_id of a training run")
    with tempfile.TemporaryDirectory() as folder:
        return load_model(runs.download(run.run_id, "model", Path(folder)), digest, place)


def version_model(runs: Runs, registry: ModelRegistry, version: ModelVersion) -> Forecaster:
    """The model of a registered version.

    Raises:
        ModelError: when it carries no digest of ours, cannot be rebuilt, or is not the one that was logged.
    """
    place = f"version {version.version} of {registry.name}"
    digest = version.tags.get(MODEL_DIGEST) or (
        runs.get(version.run_id).tags.get(MODEL_DIGEST) if version.run_id else None
    )
    if digest is None:
        what = "carries no digest of `forecastops train`, so it can be neither rebuilt nor proven"
        remedy = "put another in its place: `forecastops promote`, or `forecastops rollback --to-version N`"
        raise ModelError(place, what, remedy)
    with tempfile.TemporaryDirectory() as folder:
        return load_model(registry.download(version.version, Path(folder)), digest, place)
