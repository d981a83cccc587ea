"""Deploy a version's files and no others: those whose digest a decision, a renewal or the version itself binds.

The local target checks the copy that it loads. Of a target that fetches and builds out of our sight, the registry's
copy is verified right before and right after; what remains is said in docs/azure.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from forecastops.adapters.endpoint.interface import BoundVersion
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.release.models import bound_digest, verified_copy
from forecastops.release.production import Production

__all__ = ["deploy_files", "proven_copy"]


@contextmanager
def proven_copy(production: Production, version: ModelVersion, sha256: str | None = None) -> Iterator[Path | None]:
    """Prove the registry's copy of a version, for a target that fetches it out of our sight; others prove their own.

    Args:
        production: where it is to be deployed.
        version: registered.
        sha256: the digest that was decided on; the one that binds the version where none is given.

    Yields:
        The folder of what was downloaded and proven; None for a target that proves its own copy.

    Raises:
        ModelError: when the registry's copy is another.
    """
    if production.endpoint.checks_files:
        yield None
        return
    with verified_copy(production.runs, production.registry, version, sha256) as copy:
        yield copy.folder


def deploy_files(
    production: Production,
    version: ModelVersion,
    sha256: str | None = None,
    *,
    restoring: bool = False,
    copy: Path | None = None,
) -> None:
    """Stage a version at the endpoint.

    Args:
        production: locked by the caller.
        version: registered.
        sha256: the digest that was decided on; the one that binds the version where none is given.
        restoring: whether this puts back what was there.
        copy: of ``proven_copy``, where the caller has one.

    Raises:
        ModelError: when the registry's copy is another.
        EndpointError: when it does not become healthy in time, or the target finds other files.
    """
    endpoint = production.endpoint
    digest = sha256 or bound_digest(production.runs, version)
    bound = BoundVersion(version.version, digest, version.run_id, production.runs.trusted.keys)
    if endpoint.checks_files or not endpoint.downloads(version.version, restoring=restoring):
        endpoint.deploy(bound, restoring=restoring)
        return
    with nullcontext(copy) if copy else proven_copy(production, version, digest) as files:
        endpoint.deploy(replace(bound, files=files), restoring=restoring)
    with proven_copy(production, version, digest):  # what Azure has fetched in between is out of our sight
        pass
