"""The models that a use case needs, fetched from their run or version and proven unaltered and signed as configured."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.errors import ModelError
from forecastops.core.tags import MODEL_DIGEST
from forecastops.forecasting.artifact import verified_model
from forecastops.forecasting.forecaster import Forecaster

__all__ = ["VerifiedCopy", "bound_digest", "challenger_model", "verified_copy", "version_model"]


class VerifiedCopy(NamedTuple):
    """A version's files as they were downloaded and proven, and the model that was rebuilt from them."""

    folder: Path
    model: Forecaster


def challenger_model(runs: Runs, run: Run) -> Forecaster:
    """Return the model of a training run.

    Raises:
        ModelError: when the run has none, it is not the one that was logged, or is not signed as configured.
    """
    place = f"run {run.run_id}"
    digest = run.tags.get(MODEL_DIGEST)
    if digest is None:
        raise ModelError(place, "holds no model of `forecastops train`", "give the run_id of a training run")
    with tempfile.TemporaryDirectory() as folder:
        return verified_model(runs.download(run.run_id, "model", Path(folder)), digest, runs.trusted, run.run_id, place)


def version_model(runs: Runs, registry: ModelRegistry, version: ModelVersion, sha256: str | None = None) -> Forecaster:
    """Return the model of a registered version.

    Args:
        runs: whose model it is.
        registry: which has the version.
        version: registered.
        sha256: the digest that its files must have; the one that binds the version where none is given.

    Raises:
        ModelError: when it carries no digest of ours, cannot be rebuilt, is not the one that was logged, or is not
            signed as configured.
    """
    with verified_copy(runs, registry, version, sha256) as copy:
        return copy.model


@contextmanager
def verified_copy(
    runs: Runs, registry: ModelRegistry, version: ModelVersion, sha256: str | None = None
) -> Iterator[VerifiedCopy]:
    """Keep a copy of a version's files here for the block, proven as ``version_model`` does."""
    place = f"version {version.version} of {registry.name}"
    digest = sha256 or bound_digest(runs, version)
    if digest is None:
        what = "carries no digest of `forecastops train`, so it can be neither rebuilt nor proven"
        remedy = "put another in its place: `forecastops promote`, or `forecastops rollback --to-version N`"
        raise ModelError(place, what, remedy)
    with tempfile.TemporaryDirectory() as folder:
        found = registry.download(version.version, Path(folder))
        yield VerifiedCopy(found, verified_model(found, digest, runs.trusted, version.run_id, place))


def bound_digest(runs: Runs, version: ModelVersion) -> str | None:
    """Return the digest that binds the version's files: its own, else its run's; None where neither has one."""
    if digest := version.tags.get(MODEL_DIGEST):
        return digest
    return runs.get(version.run_id).tags.get(MODEL_DIGEST) if version.run_id else None
