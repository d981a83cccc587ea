"""Any MLflow deployments target whose update replaces what serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.endpoint.interface import Endpoint, EndpointState, Servers
from forecastops.adapters.endpoint.mlflow_defaults import pointed_at
from forecastops.core.errors import EndpointError

__all__ = ["MlflowTarget"]

_RESTORE_SECONDS = 120.0  # a time limit that was too short for the new version must not keep the old one away


class MlflowTarget(Endpoint):
    """One deployment, through MLflow's interface alone: staging a version replaces the one that serves."""

    def __init__(
        self,
        config: DeploymentConfig,
        settings: Mapping[str, object],
        name: str,
        model_name: str,
        servers: Servers,
    ) -> None:
        super().__init__(config, name, model_name, servers)
        self._settings = settings

    def state(self) -> EndpointState | None:
        """Return the deployment's state."""
        with self._errors():
            found = self._found()
        if found is None:
            return None
        ours = found.get("owner", self._owner) in self._owners
        version = self._version(found.get("model_uri")) if ours else None
        error, sha256 = found.get("error"), found.get("model_sha256") or None
        shown = error and str(error)
        guarded = not self._settings.get("token_file") or bool(found.get("asks_for_token", True))
        return EndpointState(
            self.name, found.get("url"), str(found.get("state")), version, ours, shown, sha256, not guarded
        )

    def versions_in_use(self) -> set[str]:
        """Return the versions of all deployments of the target, also of those made by hand."""
        with self._errors():
            found = [self._version(entry.get("model_uri")) for entry in self._client().list_deployments()]
        return super().versions_in_use() | {version for version in found if version}

    def stage(self, version: str, *, restoring: bool = False) -> None:
        """Make the deployment serve ``version``."""
        self._replace(version, {}, restoring=restoring)

    def _replace(self, version: str, told: Mapping[str, Any], *, restoring: bool) -> None:
        """Create or update the deployment, with the configured settings and what the target is told besides."""
        timeout = max(self._config.timeout_seconds, _RESTORE_SECONDS if restoring else 0.0)
        settings = {**self._settings, "timeout_seconds": timeout, **told}
        before = self.state()
        self._require_ours(before)
        with self._errors():
            client = self._client()
            change = client.create_deployment if before is None else client.update_deployment
            change(self.name, self._uri(version), config=settings)

    def release(self, version: str) -> EndpointState:
        """Do nothing: staging already serves callers."""
        return self._checked(self.state(), version)

    def clean_up(self) -> None:
        """Do nothing: staging leaves nothing beside what serves."""

    def delete(self) -> None:
        """Delete the deployment."""
        state = self.state()
        if state is None or not state.ours:
            return
        with self._errors():
            self._client().delete_deployment(self.name)

    def forecast(self) -> list[dict[str, Any]]:
        """Ask the deployment."""
        with self._errors():
            answer = self._client().predict(self.name, {"inputs": []})
            rows = answer if isinstance(answer, list) else answer.get_predictions("dataframe").to_dict("records")
        return [dict(row) for row in rows]

    def _found(self) -> Mapping[str, Any] | None:
        from mlflow.exceptions import MlflowException

        client = self._client()
        if not self._exists(client):
            return None
        try:
            found: Mapping[str, Any] = client.get_deployment(self.name)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return found

    def _exists(self, client: Any) -> bool:
        """Look for it: not every target raises an error of its own for a deployment that is not there."""
        return self.name in {entry["name"] for entry in client.list_deployments()}

    def _client(self) -> Any:
        from mlflow.deployments import get_deploy_client

        return get_deploy_client(self._config.target)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with self._reached():
                yield
        except EndpointError:
            raise
        except Exception as error:  # each target raises errors of its own libraries
            cause = error.__cause__ or error
            lines = str(cause).splitlines() or [type(cause).__name__]
            raise EndpointError(self._place, lines[0][:300], "see its log, then run the command again") from error

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Point MLflow at the servers that have the version: its targets ask where the process is pointed at."""
        with pointed_at(*self._servers):
            yield
