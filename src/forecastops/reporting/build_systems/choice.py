"""Which build system listens: the one that was named, else the one whose variables are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TextIO

from forecastops.reporting.build_systems.azure_devops import AzureDevOps
from forecastops.reporting.build_systems.github import GitHub
from forecastops.reporting.build_systems.report import BuildSystem

__all__ = ["NAMES", "build_system", "found_name"]

_SYSTEMS: dict[str, Callable[[TextIO], BuildSystem]] = {"azure-devops": AzureDevOps, "github": GitHub}
NAMES = (*_SYSTEMS, "none")


def found_name(environment: Mapping[str, str]) -> str:
    """Return the build system on whose agent this process runs, by the variables that its agents set; else ``none``."""
    if environment.get("TF_BUILD", "").lower() == "true":
        return "azure-devops"
    return "github" if environment.get("GITHUB_ACTIONS", "").lower() == "true" else "none"


def build_system(name: str, stream: TextIO) -> BuildSystem | None:
    """Return the build system of that name, told through ``stream``; None for ``none``."""
    system = _SYSTEMS.get(name)
    return system(stream) if system else None
