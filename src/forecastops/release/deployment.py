"""Deploy a version's files and no others: those whose digest a decision, a renewal or the version itself binds.

The local target checks the copy that it loads. Of a target that fetches and builds out of our sight, the registry's
copy is verified right before and right after; what remains is said in docs/azure.md.
"""

from __future__ import annotations

from forecastops.adapters.endpoint.interface import BoundVersion
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.release.models import bound_digest, version_model
from forecastops.release.production import Production

__all__ = ["deploy_files", "require_deployable"]


def require_deployable(production: Production, version: ModelVersion, sha256: str | None = None) -> None:
    """Prove the registry's copy of a version, for a target that fetches it out of our sight; others prove their own.

    Args:
        production: where it is to be deployed.
        version: registered.
        sha256: the digest that was decided on; the one that binds the version where none is given.

    Raises:
        ModelError: when the registry's copy is another.
    """
    if not production.endpoint.checks_files:
        version_model(production.runs, production.registry, version, sha256)


def deploy_files(
    production: Production,
    version: ModelVersion,
    sha256: str | None = None,
    *,
    restoring: bool = False,
    verified: bool = False,
) -> None:
    """Stage a version at the endpoint.

    Args:
        production: locked by the caller.
        version: registered.
        sha256: the digest that was decided on; the one that binds the version where none is given.
        restoring: whether this puts back what was there.
        verified: whether the caller has called ``require_deployable`` a moment ago.

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
    if not verified:
        require_deployable(production, version, digest)
    endpoint.deploy(bound, restoring=restoring)
    require_deployable(production, version, digest)
