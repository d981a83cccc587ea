"""Put the example configurations into the wheel."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Examples(BuildHookInterface):  # type: ignore[type-arg]
    """Add ``configs/`` to a wheel; an installation in place reads it where it lies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folder, unless the package is installed in place: a second ``forecastops`` would hide the first."""
        if version != "editable":
            build_data["force_include"]["configs"] = "forecastops/configs"
