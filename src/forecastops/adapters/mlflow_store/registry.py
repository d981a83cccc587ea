"""The model registry: versions of one model, their tags, and the pointer to the champion."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.adapters.mlflow_store.clock import clock_offset
from forecastops.adapters.mlflow_store.config import RegistryConfig
from forecastops.adapters.mlflow_store.connection import Connection
from forecastops.adapters.mlflow_store.downloads import download_files, is_gone, lacks
from forecastops.adapters.mlflow_store.mlflow_errors import mlflow_errors
from forecastops.adapters.mlflow_store.pointer import STAGE, Pointer, PointerKind
from forecastops.core.artifact_files import read_file
from forecastops.core.errors import ModelError, RegistryError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion

__all__ = ["Champion", "FilesGoneError", "LostPointerError", "ModelRegistry", "ModelVersion"]

_DESCRIPTION = "MLmodel"
_MODEL_MARK = "Forecasts promoted by forecastops."  # describes a registered model that we made


class LostPointerError(RegistryError):
    """There should be a champion, but nothing that exists is under the pointer."""


class FilesGoneError(RegistryError):
    """The artifact store has no files of a version any more."""


@dataclass(frozen=True)
class ModelVersion:
    """One registered version."""

    version: str
    run_id: str
    stage: str
    description: str
    created: float  # seconds since the epoch
    tags: Mapping[str, str]
    source: str = ""  # where its files were when it was registered
    creator: str = ""  # whom the server names as its maker, if anybody


@dataclass(frozen=True)
class Champion:
    """The version in production, and what says so."""

    version: ModelVersion
    pointer: PointerKind


class ModelRegistry:
    """The registered model that the configuration names.

    The pointer is the alias, or stage Production where the registry has no aliases. A version in that stage is
    recognised where no alias is set; where stages are in use beside aliases, they follow.
    """

    def __init__(self, connection: Connection, config: RegistryConfig) -> None:
        self._connection = connection
        self._client, self._direct = connection.client, connection.registry
        self.pointer = Pointer(connection, config)
        self.name = config.model_name
        self._registry_uri = connection.registry_uri
        self._place = f"registered model {self.name!r} at {connection.registry_uri}"
        self._variable = connection.registry_variable

    def champion(
        self,
        moving_in: Callable[[ModelVersion], bool] = lambda _: False,
        versions: Sequence[ModelVersion] | None = None,
    ) -> Champion | None:
        """Return the version under the pointer, None where the registry says that there is none.

        Of several in stage Production it is the one that is ``moving_in``: the others were not archived yet.

        Args:
            moving_in: whether the pointer was on its way to a version.
            versions: all of the model, where they were just read; None to read them.

        Raises:
            LostPointerError: when the alias names a version that was deleted, or two versions are in stage Production
                and no alias says which.
            RegistryError: when the registry does not answer.
        """
        versions = self.versions() if versions is None else versions
        if not versions:
            return None
        with self._errors():
            pointed = self.pointer.aliased()
        if pointed is not None:
            found = {version.version: version for version in versions}.get(pointed)
            if found is None:
                raise self.lost_pointer(f"the alias {self.pointer.alias!r} names version {pointed}, which was deleted")
            return Champion(found, "alias")
        staged = [version for version in versions if version.stage == STAGE]
        if len(staged) > 1:
            staged = [version for version in staged if moving_in(version)] or staged
        if len(staged) > 1:
            numbers = ", ".join(version.version for version in staged)
            raise self.lost_pointer(f"versions {numbers} are all in stage {STAGE}")
        return Champion(staged[0], "stage") if staged else None

    def lost_pointer(self, what: str) -> LostPointerError:
        """Return the error, with the way out."""
        remedy = "name the version that is to serve: forecastops rollback --to-version N --reason ..."
        return LostPointerError(self._place, what, remedy)

    def other_models(self) -> list[str]:
        """Return other registered models' names, as far as the registry tells; none where it has ours."""
        from mlflow.exceptions import MlflowException

        if self.versions():
            return []
        with self._errors():
            try:  # MLflow adds a condition on tags, which not every registry understands
                found = self._client.search_registered_models(max_results=1000)
            except MlflowException:
                return []
        return [model.name for model in found if model.name != self.name]

    def staged(self) -> list[ModelVersion]:
        """Return the versions in stage Production, where stages are in use."""
        return [version for version in self.versions() if version.stage == STAGE]

    def versions(self) -> list[ModelVersion]:
        """Return all versions of the model, oldest first; none where it is not registered, which is no error.

        Registered models are not searched for: MLflow adds a condition on tags, which not every registry understands.
        """
        with self._errors():
            found = []
            page = self._client.search_model_versions(f"name='{self.name}'")
            while True:
                found += [_record(version) for version in page]
                if not page.token:
                    return sorted(found, key=lambda version: int(version.version))
                page = self._client.search_model_versions(f"name='{self.name}'", page_token=page.token)

    def get(self, version: str) -> ModelVersion:
        """Return the version of that number."""
        with self._errors(f"version {version}", "name one that `mlflow` lists for this model"):
            return _record(self._client.get_model_version(self.name, version))

    def register(self, run_id: str, source: str, description: str) -> ModelVersion:
        """Make a version from a run's artifacts.

        MLflow repeats a POST whose answer was lost, so one call can make two versions: of those that it
        made, the younger ones are deleted. What somebody else has made of the run is not touched.
        """
        with self._errors():
            before = {version.version for version in self.versions()}
            if not before:
                self._create()
            created = self._client.create_model_version(self.name, source, run_id or None, description=description)
            marks = (description, created.source or "")
            found = [version for version in self.of_run(run_id) if version.version not in before]
            made, *doubles = [version for version in found if (version.description, version.source) == marks]
            for double in doubles:
                self._direct.delete_model_version(self.name, double.version)
        return made

    def _errors(self, part: str = "", remedy: str | None = None) -> AbstractContextManager[None]:
        return mlflow_errors(f"{part} of {self._place}" if part else self._place, remedy, self._variable)

    def _create(self) -> None:
        """Make the registered model where there is none; also when a repeated request meets what it has made itself."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(self.name, description=_MODEL_MARK)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def find(self, version: str) -> ModelVersion | None:
        """Return the version of that number, None where there is none."""
        return next((found for found in self.versions() if found.version == version), None)

    def now(self) -> float:
        """Return the time by the clock that stamps versions, in seconds since the epoch."""
        return time.time() + self._clock_offset

    @cached_property
    def _clock_offset(self) -> float:
        return clock_offset(self._registry_uri)

    def of_run(self, run_id: str) -> list[ModelVersion]:
        """Return the versions registered from that run, oldest first."""
        return [version for version in self.versions() if version.run_id == run_id]

    def tag(self, version: str, tags: Mapping[str, str]) -> None:
        """Set tags on a version; afterwards, since Azure ML refuses them at its creation."""
        with self._errors(f"version {version}"):
            for key, value in tags.items():
                self._direct.set_model_version_tag(self.name, version, key, value)

    def untag(self, version: str, key: str) -> None:
        """Remove a tag from a version that carries it."""
        with self._errors(f"version {version}"):
            self._direct.delete_model_version_tag(self.name, version, key)

    def point(self, version: str) -> None:
        """Move the pointer."""
        with self._errors(f"version {version}"):
            aliased = self.pointer.kind == "alias"
            in_use = aliased and any(staged.version != version for staged in self.staged())
            self.pointer.move(version, stages_in_use=in_use)

    def discard(self, version: str, *, archived: bool = False) -> bool:
        """Delete a version that was not promoted, and the registered model if we made it and nothing else is in it.

        A version under any alias or in any stage is somebody's, and stays: says whether it was deleted. ``archived``
        takes one in stage Archived too, in which a version ends that was in production where stages are the pointer.
        """
        with self._errors(f"version {version}"):
            model = self._client.get_registered_model(self.name)
            free = ("None", "Archived") if archived else ("None",)
            if version in map(str, (model.aliases or {}).values()) or self.get(version).stage not in free:
                return False
            self._direct.delete_model_version(self.name, version)
            if model.description == _MODEL_MARK and not self.versions():
                self._delete_empty()
        return True

    def _delete_empty(self) -> None:
        """Delete a registered model without versions; Azure ML cannot, so that it is found again the next time."""
        from mlflow.exceptions import MlflowException

        with contextlib.suppress(MlflowException):
            self._direct.delete_registered_model(self.name)

    def download(self, version: str, into: Path) -> Path:
        """Copy a version's model folder into ``into``.

        Raises:
            ModelError: when it holds what is no regular file, or is larger than anything that is written here.
            RegistryError: when its files are gone, which is a ``FilesGoneError``, or out of reach.
        """
        return self._fetched(version, "", into) or into

    def description(self, version: str) -> bytes | None:
        """Return the file ``MLmodel`` of a version, None where it has none. Raises as ``download`` does."""
        with tempfile.TemporaryDirectory() as folder:
            found = self._fetched(version, _DESCRIPTION, Path(folder))
            return None if found is None else read_file(found)

    def _fetched(self, version: str, name: str, into: Path) -> Path | None:
        """Copy the model's files, or the one of that name, of which there may be none."""
        part, remedy = f"model of version {version}", "check that its artifact store can be reached from here"
        with self._errors(part, remedy):
            # Azure ML resolves version numbers only, neither aliases nor `latest`.
            root, servers = self._connection.version_uri(self.name, version), self._connection.servers
            try:
                return download_files(root, name, into, f"{part} of {self._place}", remedy, servers=servers)
            except ModelError as error:
                raise ModelError(f"version {version} of {self.name}", error.what, error.remedy) from error
            except Exception:
                if is_gone(root, servers):
                    raise self._gone(part) from None
                if name and lacks(root, name, servers):
                    return None
                raise

    def _gone(self, part: str) -> FilesGoneError:
        what = "its files are gone: its run was purged, or its artifacts were deleted"
        remedy = "train a model and promote it, which is judged without this one"
        return FilesGoneError(f"{part} of {self._place}", what, remedy)

    def is_gone(self, version: str) -> bool:
        """Tell whether the artifact store says that the version has no files; False where it does not answer."""
        return is_gone(self._connection.version_uri(self.name, version), self._connection.servers)


def _record(found: MlflowVersion) -> ModelVersion:
    return ModelVersion(
        version=str(found.version),
        run_id=found.run_id or "",
        stage=found.current_stage or "None",
        description=found.description or "",
        created=found.creation_timestamp / 1000,
        tags=dict(found.tags),
        source=found.source or "",
        creator=found.user_id or "",
    )
