"""Copies artifacts here: regular files alone, each bounded, from a folder of this machine or from a store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from forecastops.adapters.mlflow_store.azure_artifacts import ask_once
from forecastops.adapters.mlflow_store.mlflow_errors import status_code
from forecastops.core.artifact_files import UnfitFileError, copy_files
from forecastops.core.bounded_writes import bound_listing, bounded_writes
from forecastops.core.errors import ModelError, RegistryError

__all__ = ["download_files", "is_gone", "lacks"]


def download_files(root: str, name: str, into: Path, place: str, remedy: str, *, servers: Mapping[str, str]) -> Path:
    """Copy the file or folder ``name`` of an artifact's ``root`` into the folder ``into``; its path there.

    Args:
        root: the URI of a run's or a version's artifacts, which leads to no other.
        name: below it, with slashes; empty for all of it.
        into: an existing folder.
        place: what messages call it.
        remedy: the way out.
        servers: the addresses by which the store may have to be asked, by MLflow's names of them.

    Raises:
        ModelError: when it is, or holds, what is no regular file, or is larger than anything that is written here.
        RegistryError: when it is not there.
    """
    try:
        folder = _local_path(root)
        if folder is not None:
            found = copy_files(folder, name, into)
        else:
            with bounded_writes():
                found = _from_store(root, name, into, servers)
        if not any(path.is_file() for path in (found, *found.rglob("*"))):  # some stores pass over what is not there
            raise RegistryError(place, "there are no files", remedy)
        return found
    except UnfitFileError as error:
        raise ModelError(place, str(error), remedy) from error
    except FileNotFoundError as error:
        raise RegistryError(place, "is not there", remedy) from error


def is_gone(root: str, servers: Mapping[str, str]) -> bool:
    """Tell whether the artifact store says that an artifact has no files; False where it does not answer."""
    path = _local_path(root)
    if path is not None:  # a store of another machine, or that is not mounted, is not there at all
        return not path.exists() and any(parent.is_dir() for parent in list(path.parents)[2:3])
    try:
        return not _repository(root, servers).list_artifacts(None)
    except Exception as error:  # noqa: BLE001 - each store raises errors of its own library
        return status_code(error) == 404


def lacks(root: str, name: str, servers: Mapping[str, str]) -> bool:
    """Tell whether the artifact store answers that there are files of an artifact, and none of that name."""
    path = _local_path(root)
    if path is not None:
        return path.is_dir() and not (path / name).exists()
    found = [file.path.rpartition("/")[2] for file in _repository(root, servers).list_artifacts(None)]
    return bool(found) and name not in found


def _local_path(uri: str) -> Path | None:
    """Return the folder that the URI names on this machine, None where it is of a store."""
    from mlflow.utils.file_utils import local_file_uri_to_path

    return Path(local_file_uri_to_path(uri)) if urlsplit(uri).scheme in ("", "file") else None


def _repository(root: str, servers: Mapping[str, str]) -> Any:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(root, **servers)


def _from_store(root: str, name: str, into: Path, servers: Mapping[str, str]) -> Path:
    from mlflow.utils.uri import append_to_uri_path

    folder, _, last = name.rpartition("/")
    repository = _repository(append_to_uri_path(root, folder) if folder else root, servers)
    if not name:
        ask_once(repository)
    bound_listing(repository)
    return Path(repository.download_artifacts(last, dst_path=str(into)))
