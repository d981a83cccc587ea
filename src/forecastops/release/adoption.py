"""Which version of a run's model may move in: one that forecastops made from exactly that run's artifacts.

A version is a name for files anywhere. Whoever may create versions, and nothing else, could otherwise have a run's
promotion deploy files of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Run
from forecastops.core.errors import PromotionRefusedError
from forecastops.release.kinds import placeholder, registered_by
from forecastops.release.transition import Files

__all__ = ["own_version", "version_or_files"]


def own_version(versions: Sequence[ModelVersion], run: Run) -> ModelVersion | None:
    """Return the one of the versions that forecastops made from the run's model; None where there is none."""
    return next((version for version in versions if version.run_id == run.run_id and _is_own(version, run)), None)


def version_or_files(
    registry: ModelRegistry, run: Run, versions: Sequence[ModelVersion] | None = None
) -> ModelVersion | Files:
    """Return the version that an earlier try has made from the run's model, or the files that are to become one.

    Args:
        registry: where the model is registered.
        run: whose model it is.
        versions: all of the model, where they were just read; None to read them.

    Raises:
        PromotionRefusedError: when somebody else has made a version of that run, which it names.
    """
    versions = registry.versions() if versions is None else versions
    found = [version for version in versions if version.run_id == run.run_id and placeholder(version) is None]
    own = own_version(found, run)
    if own is None and found:
        raise _foreign(registry, found[0], run)
    return own or Files(run.run_id, _source(run))


def _is_own(version: ModelVersion, run: Run) -> bool:
    return registered_by(version) is not None and version.source in (_source(run), f"runs:/{run.run_id}/model")


def _source(run: Run) -> str:
    return f"{run.artifact_uri}/model"


def _foreign(registry: ModelRegistry, version: ModelVersion, run: Run) -> PromotionRefusedError:
    maker = f"by {version.creator}" if version.creator else "by whom the registry does not say"
    return PromotionRefusedError(
        f"version {version.version} of {registry.name!r}",
        f"was not made by forecastops, but names run {run.run_id}: it was registered {maker}, from {version.source}",
        "delete that version if nobody needs it, or train again; then run the command once more",
    )
