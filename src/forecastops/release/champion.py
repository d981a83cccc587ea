"""The champion as the registry and the journal together have it."""

from __future__ import annotations

from collections.abc import Sequence

from forecastops.adapters.mlflow_store.registry import Champion, ModelRegistry, ModelVersion
from forecastops.core.tags import SERVED
from forecastops.release.entry import Step
from forecastops.release.journal import unfinished

__all__ = ["current_champion", "named"]


def current_champion(registry: ModelRegistry, versions: Sequence[ModelVersion] | None = None) -> Champion | None:
    """Return the champion, None only where no version has ever been one.

    Args:
        registry: where the model is registered.
        versions: all of the model, where they were just read; None to read them.

    Raises:
        LostPointerError: when nothing is under the pointer although a version was.
    """
    versions = registry.versions() if versions is None else versions
    champion = registry.champion(_is_moving_in, versions)
    if champion is None:
        served = [version.version for version in versions if SERVED in version.tags]
        if served:
            raise registry.lost_pointer(f"no version is under the pointer, though {named(served[-1])} was")
    return champion


def named(version: str | None) -> str:
    """Return a version, or its absence, in words."""
    return "none" if version is None else f"version {version}"


def _is_moving_in(version: ModelVersion) -> bool:
    """Tell whether the pointer was on its way to the version: a registry may need two steps to move a stage."""
    entry = unfinished(version)
    return entry is not None and Step.POINT in entry.steps
