"""Any MLflow deployments target whose update replaces what serves, such as ``forecastops-local``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from forecastops.adapters.endpoint.interface import BoundVersion, Endpoint, EndpointState
from forecastops.adapters.endpoint.mlflow_defaults import pointed_at
from forecastops.core.errors import EndpointError

__all__ = ["MlflowTarget"]

_LOCAL = "forecastops-local"
_RESTORE_SECONDS = 120.0  # a time limit that was too short for the new version must not keep the old one away


class MlflowTarget(Endpoint):
    """One deployment, through MLflow's interface alone: staging a version replaces the one that serves."""

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
        guarded = not self._config.settings.get("token_file") or bool(found.get("asks_for_token", True))
        return EndpointState(
            self.name, found.get("url"), str(found.get("state")), version, ours, shown, sha256, not guarded
        )

    def versions_in_use(self) -> set[str]:
        """Return the versions of all deployments of the target, also of those made by hand."""
        with self._errors():
            found = [self._version(entry.get("model_uri")) for entry in self._client().list_deployments()]
        return super().versions_in_use() | {version for version in found if version}

    @property
    def start(self) -> str:
        """As after a reboot, from what the deployment has kept; our own target alone."""
        return "forecastops serve" if self._config.target == _LOCAL else ""

    @property
    def checks_files(self) -> bool:
        """Our own target does; of others nothing is known."""
        return self._config.target == _LOCAL

    def deploy(self, bound: BoundVersion, *, restoring: bool = False) -> None:
        """Make the deployment serve these files; our own target is told their digest, and who must have signed them."""
        if not self.checks_files:
            self._change(bound.version, {}, restoring=restoring)
            return
        settings: dict[str, Any] = {"owner": self._owner, "model_sha256": bound.sha256 or "", "run_id": bound.run_id}
        if bound.public_keys:
            settings["public_key"] = "".join(bound.public_keys)
        if restoring:
            settings["restore"] = "true"
        self._change(bound.version, settings, restoring=restoring)

    def stage(self, version: str, *, restoring: bool = False) -> None:
        """Make the deployment serve ``version``; our own target looks its digest up then."""
        self._change(version, {"owner": self._owner} if self.checks_files else {}, restoring=restoring)

    def _change(self, version: str, ours: Mapping[str, Any], *, restoring: bool) -> None:
        timeout = max(self._config.timeout_seconds, _RESTORE_SECONDS if restoring else 0.0)
        servers = self._servers._asdict() if self.checks_files else {}
        settings = {**self._config.settings, "timeout_seconds": timeout, **servers, **ours}
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
        # Not every target raises an error of its own for a deployment that is not there.
        if self._config.target != _LOCAL and self.name not in {entry["name"] for entry in client.list_deployments()}:
            return None
        try:
            found: Mapping[str, Any] = client.get_deployment(self.name)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return found

    def _client(self) -> Any:
        from mlflow.deployments import get_deploy_client

        return get_deploy_client(self._config.target)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        # Ours is told where versions are; every other target asks MLflow where the process is pointed at.
        with nullcontext() if self.checks_files else pointed_at(*self._servers):
            yield from self._explained()

    def _explained(self) -> Iterator[None]:
        try:
            yield
        except EndpointError:
            raise
        except Exception as error:  # each target raises errors of its own libraries
            cause = error.__cause__ or error
            lines = str(cause).splitlines() or [type(cause).__name__]
            raise EndpointError(self._place, lines[0][:300], "see its log, then run the command again") from error
