"""Brings a model into the deployment's directory, so that serving it needs no tracking server and no credentials.

Nothing gets there but what the request binds: a copy that is other than its digest is thrown away, unread.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from mlflow.exceptions import MlflowException

from forecastops.core.artifact_files import UnfitFileError, copy_files
from forecastops.core.bounded_writes import bound_listing, bounded_writes
from forecastops.core.errors import ForecastopsError
from forecastops_local import loading
from forecastops_local.binding import Servers, source_of
from forecastops_local.bounded import within
from forecastops_local.state import Layout, Wanted

__all__ = ["download_model", "keep_copy", "kept_copy"]

_INCOMING = "incoming-"


def download_model(layout: Layout, source_uri: str, wanted: Wanted, servers: Servers) -> int:
    """Download into the folder of a new generation, complete, and proven, or not at all; the generation's number.

    Args:
        layout: of the deployment.
        source_uri: the model's address, credentials and all.
        wanted: what it must consist of, and how long it may take.
        servers: which have it, if it is a registered version.

    Raises:
        MlflowException: naming the model and the cause, without credentials.
    """
    with _incoming(layout) as incoming:
        shown = wanted.model_uri
        failure = f"model {shown} could not be downloaded"
        found = within(
            wanted.timeout_seconds, lambda: _download(source_uri, incoming, servers), failure, source_uri, shown
        )
        if not (found / "MLmodel").is_file():
            raise MlflowException.invalid_parameter_value(f"{wanted.model_uri} holds no MLmodel file")
        try:
            loading.require_bound(found, wanted)
        except ForecastopsError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        return _as_generation(layout, found)


def keep_copy(layout: Layout, wanted: Wanted) -> None:
    """Keep the request's copy, and no older one, so that a later update can be undone without the registry."""
    with contextlib.suppress(OSError, UnfitFileError, ForecastopsError), _incoming(layout) as incoming:
        copy_files(layout.model(wanted.generation), "", incoming)
        loading.require_bound(incoming, wanted)
        shutil.rmtree(layout.kept, ignore_errors=True)
        layout.kept.mkdir(mode=0o700)
        os.rename(incoming, layout.kept / wanted.model_sha256)


def kept_copy(layout: Layout, wanted: Wanted) -> int | None:
    """Make a generation of a copy that is here already; None where there is none, or it was altered."""
    for place in (layout.kept / wanted.model_sha256, *layout.generations().values()):
        with contextlib.suppress(OSError, UnfitFileError, ForecastopsError), _incoming(layout) as incoming:
            copy_files(place, "", incoming)
            loading.require_bound(incoming, wanted)
            return _as_generation(layout, incoming)
    return None


@contextlib.contextmanager
def _incoming(layout: Layout) -> Iterator[Path]:
    """Yield a path for a copy that is under way; remove what is left of it, and of earlier ones."""
    layout.models.mkdir(mode=0o700, parents=True, exist_ok=True)
    for abandoned in layout.models.glob(f"{_INCOMING}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    incoming = layout.models / f"{_INCOMING}{uuid.uuid4().hex}"
    try:
        yield incoming
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _as_generation(layout: Layout, folder: Path) -> int:
    generation = 1 + max(layout.generations(), default=0)
    os.rename(folder, layout.model(generation))
    return generation


def _download(source_uri: str, incoming: Path, servers: Servers) -> Path:
    """Copy a model's files here, links and devices excluded and each bounded, wherever they lie."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    uri, asked = source_of(source_uri, servers), {name: uri or None for name, uri in servers._asdict().items()}
    repository = get_artifact_repository(uri, **asked)
    while hasattr(repository, "repo"):  # of a run or a version, which only lead to where the files are
        repository = repository.repo
    if isinstance(repository, LocalArtifactRepository):
        return copy_files(Path(repository.artifact_dir), "", incoming)
    incoming.mkdir()
    bound_listing(repository)
    with bounded_writes():
        return Path(repository.download_artifacts("", dst_path=str(incoming)))
