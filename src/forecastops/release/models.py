"""The models that a use case needs, fetched from their run or version and proven unaltered and signed as configured."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.errors import ModelError
from forecastops.core.signatures import Trusted
from forecastops.core.tags import MODEL_DIGEST
from forecastops.forecasting.artifact import read_files, require_verified
from forecastops.forecasting.forecaster import Forecaster
from forecastops.panel.any_model import rebuilt_model, single_series

if TYPE_CHECKING:
    from forecastops.panel.any_model import AnyModel

__all__ = [
    "VerifiedCopy",
    "any_version_model",
    "bound_digest",
    "challenger_model",
    "run_model",
    "verified_copy",
    "version_model",
]


class VerifiedCopy(NamedTuple):
    """A version's files as they were downloaded and proven, and the model that was rebuilt from them."""

    folder: Path
    model: AnyModel


def challenger_model(runs: Runs, run: Run) -> Forecaster:
    """Return the model of a training run of one series.

    Raises:
        ModelError: when the run has none, it is not the one that was logged, or is not signed as configured.
    """
    return single_series(run_model(runs, run), f"run {run.run_id}")


def run_model(runs: Runs, run: Run) -> AnyModel:
    """Return the model of a training run, be it of one series or of a panel; raises as ``challenger_model``."""
    place = f"run {run.run_id}"
    digest = run.tags.get(MODEL_DIGEST)
    if digest is None:
        raise ModelError(place, "holds no model of `forecastops train`", "give the run_id of a training run")
    with tempfile.TemporaryDirectory() as folder:
        found = runs.download(run.run_id, "model", Path(folder))
        return _verified_model(found, digest, runs.trusted, run.run_id, place)


def _verified_model(folder: Path, sha256: str, trusted: Trusted, run_id: str | None, place: str) -> AnyModel:
    """Read a model's folder, verify it, and rebuild the model; of what was checked, nothing is read again."""
    files = read_files(folder, place)
    require_verified(files, sha256, trusted, run_id, place)
    return rebuilt_model(files, place)


def version_model(runs: Runs, registry: ModelRegistry, version: ModelVersion, sha256: str | None = None) -> Forecaster:
    """Return the model of a registered version of one series.

    Args:
        runs: whose model it is.
        registry: which has the version.
        version: registered.
        sha256: the digest that its files must have; the one that binds the version where none is given.

    Raises:
        ModelError: when it carries no digest of ours, cannot be rebuilt, is not the one that was logged, or is not
            signed as configured.
    """
    found = any_version_model(runs, registry, version, sha256)
    return single_series(found, f"version {version.version} of {registry.name}")


def any_version_model(
    runs: Runs, registry: ModelRegistry, version: ModelVersion, sha256: str | None = None
) -> AnyModel:
    """Return the model of a registered version, be it of one series or of a panel; raises as ``version_model``."""
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
        yield VerifiedCopy(found, _verified_model(found, digest, runs.trusted, version.run_id, place))


def bound_digest(runs: Runs, version: ModelVersion) -> str | None:
    """Return the digest that binds the version's files: its own, else its run's; None where neither has one."""
    if digest := version.tags.get(MODEL_DIGEST):
        return digest
    return runs.get(version.run_id).tags.get(MODEL_DIGEST) if version.run_id else None
