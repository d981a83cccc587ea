"""Our own target, ``forecastops-local``: it checks the files that it serves, and is told what they must be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from forecastops.adapters.endpoint.interface import BoundVersion
from forecastops.adapters.endpoint.mlflow_target import MlflowTarget

__all__ = ["LOCAL", "LocalTarget"]

LOCAL = "forecastops-local"


class LocalTarget(MlflowTarget):
    """A deployment of the package ``forecastops_local``, reached through MLflow's interface like any other."""

    @property
    def start(self) -> str:
        """Return the command that starts what it served, as after a reboot, from what the deployment has kept."""
        return "forecastops serve"

    @property
    def checks_files(self) -> bool:
        """It loads no files but those of the digest that it is given."""
        return True

    def deploy(self, bound: BoundVersion, *, restoring: bool = False) -> None:
        """Make the deployment serve these files: it is told their digest, and who must have signed them."""
        settings: dict[str, Any] = {"model_sha256": bound.sha256 or "", "run_id": bound.run_id}
        if bound.public_keys:
            settings["public_key"] = "".join(bound.public_keys)
        if restoring:
            settings["restore"] = "true"
        self._replace(bound.version, self._told() | settings, restoring=restoring)

    def stage(self, version: str, *, restoring: bool = False) -> None:
        """Make the deployment serve ``version``, whose digest it looks up itself."""
        self._replace(version, self._told(), restoring=restoring)

    def _told(self) -> dict[str, Any]:
        """Return whose deployment it is, and where its version is to be found."""
        return {"owner": self._owner, **self._servers._asdict()}

    def _exists(self, client: Any) -> bool:  # noqa: ARG002 - asking for one that is not there raises an error of its own
        return True

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Leave MLflow as it is pointed: the target is told where versions are."""
        yield
