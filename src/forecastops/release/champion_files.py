"""Whether a version's files are there, and are those that were logged and signed: what status says of the champion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.core.errors import ForecastopsError, ModelError
from forecastops.release.legacy_champion import any_champion
from forecastops.release.models import bound_digest

if TYPE_CHECKING:
    from forecastops.panel.any_model import AnyModel

__all__ = ["VersionFiles", "inspect_files"]

_WAY_OUT = "put them back, or another model in its place: `forecastops promote`, or `forecastops rollback`"
FilesState = Literal["verified", "altered", "gone", "foreign"]


@dataclass(frozen=True)
class VersionFiles:
    """What became of a version's files.

    Attributes:
        state: verified; altered, which says too that a signature is missing; gone, or out of reach; or foreign: of a
            model that forecastops did not make, which nothing binds.
        sha256: the digest that binds them; None where there is none.
        signed: whether a configured key has signed them; None where no signature is asked for, or they are not well.
        problem: what is wrong with them, as the rest of a sentence, and the way out; None where nothing is.
        model: rebuilt from them, where they are verified.
    """

    state: FilesState
    sha256: str | None = None
    signed: bool | None = None
    problem: str | None = None
    model: AnyModel | None = field(default=None, repr=False, compare=False)


def inspect_files(runs: Runs, registry: ModelRegistry, version: ModelVersion) -> VersionFiles:
    """Download a version's files and prove them; what fails is told, not raised."""
    digest = None
    try:
        digest = _digest(runs, version)
        model = any_champion(runs, registry, version)
    except ModelError as error:
        return VersionFiles("altered", digest, problem=f"are not to be trusted: {error}")
    except ForecastopsError as error:
        return VersionFiles(
            "gone", digest, problem=f"are gone, or out of reach: {error.where}: {error.what}; {_WAY_OUT}"
        )
    if model is None:
        return VersionFiles("foreign")
    return VersionFiles("verified", digest, signed=True if runs.trusted.keys else None, model=model)


def _digest(runs: Runs, version: ModelVersion) -> str | None:
    """Return the digest, where anything has one; a run that is gone is no problem of its own."""
    try:
        return bound_digest(runs, version)
    except ForecastopsError:
        return None
