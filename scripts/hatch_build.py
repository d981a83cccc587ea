"""Put the example configurations into the wheel, and the files that `init --pipeline` makes its own of."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDERS = {
    "configs": "configs",
    "pipelines": "pipeline_files/pipelines",
    "azure-pipelines.yml": "pipeline_files/azure-pipelines.yml",
    ".github/workflows/retrain.yml": "pipeline_files/github/workflows/retrain.yml",
    ".github/actions": "pipeline_files/github/actions",
}


class Examples(BuildHookInterface):  # type: ignore[type-arg]
    """Add them to a wheel; an installation in place reads them where they lie."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name them, unless the package is installed in place: a second ``forecastops`` would hide the first."""
        if version != "editable":
            build_data["force_include"] |= {here: f"forecastops/{there}" for here, there in _FOLDERS.items()}
