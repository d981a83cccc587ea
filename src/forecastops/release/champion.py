"""The champion as the registry and the journal together have it."""

from __future__ import annotations

from forecastops.adapters.mlflow_store.registry import Champion, ModelRegistry, ModelVersion
from forecastops.release.journal import unfinished
from forecastops.release.tags import SERVED

__all__ = ["current_champion", "named"]


def current_champion(registry: ModelRegistry) -> Champion | None:
    """The champion, None only where no version has ever been one.

    Raises:
        LostPointerError: when nothing is under the pointer although a version was.
    """
    champion = registry.champion(_is_moving_in)
    if champion is None:
        served = [version.version for version in registry.versions() if SERVED in version.tags]
        if served:
            raise registry.lost_pointer(f"no version is under the pointer, though {named(served[-1])} was")
    return champion


def named(version: str | None) -> str:
    """A version, or its absence, in words."""
    return "none" if version is None else f"version {version}"


def _is_moving_in(version: ModelVersion) -> bool:
    """Whether the pointer was on its way to the version: a registry may need two steps to move a stage."""
    entry = unfinished(version)
    return entry is not None and "point" in entry.steps
