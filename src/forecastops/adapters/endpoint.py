"""The endpoint that serves the champion, through MLflow's deployments interface, whatever the target."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from forecastops.ground.config import DeploymentConfig
from forecastops.ground.errors import EndpointError

__all__ = ["Endpoint", "EndpointState"]

_HEALTHY = "Healthy"
_LOCAL = "forecastops-local"


@dataclass(frozen=True)
class EndpointState:
    """What the target says of the deployment; ``version`` is the model version that it serves, if it says so."""

    name: str
    url: str | None
    state: str
    version: str | None
    ours: bool = True  # whether this registry's model was deployed there, rather than another's of the same name

    @property
    def healthy(self) -> bool:
        """Whether it answers now."""
        return self.state == _HEALTHY

    def serves(self, version: str) -> bool:
        """Whether it answers now, as this version of our model."""
        return self.healthy and self.ours and self.version == version


class Endpoint:
    """One named deployment of one registered model.

    Two registries may each have a version 1 of a model of that name. The local target therefore keeps a label of the
    registry, and a deployment with another label is not touched.
    """

    def __init__(self, config: DeploymentConfig, name: str, model_name: str, registry_uri: str) -> None:
        self._config = config
        self._model_name = model_name
        self._owner = hashlib.sha256(f"{registry_uri}\0{model_name}".encode()).hexdigest()[:16]
        self._place = f"endpoint {name!r} on {config.target}"
        self.name = name

    def state(self) -> EndpointState | None:
        """The deployment's state, None where the target says that there is no such deployment."""
        with self._errors():
            client = self._client()
            if all(entry["name"] != self.name for entry in client.list_deployments()):
                return None
            found = client.get_deployment(self.name)
        ours = found.get("owner", self._owner) == self._owner
        version = self._version(found) if ours else None
        return EndpointState(self.name, found.get("url"), str(found.get("state")), version, ours)

    def serve(self, version: str, at_least_seconds: float = 0.0) -> EndpointState:
        """Make the deployment serve ``version`` and wait until it is healthy, for the configured time or longer.

        Raises:
            EndpointError: when it does not become healthy, or serves something else.
        """
        model_uri = f"models:/{self._model_name}/{version}"
        timeout = max(self._config.timeout_seconds, at_least_seconds)
        settings = {**self._config.settings, "timeout_seconds": timeout}
        if self._config.target == _LOCAL:
            settings["owner"] = self._owner
        exists = self._exists_as_ours()
        with self._errors():
            client = self._client()
            change = client.update_deployment if exists else client.create_deployment
            change(self.name, model_uri, config=settings)
        state = self.state()
        if state is None or not state.serves(version):
            found = f"is {state.state} and serves version {state.version}" if state else "is gone"
            raise EndpointError(self._place, f"{found} after deploying version {version}", "see the target's log")
        return state

    def delete(self) -> None:
        """Delete the deployment; nothing happens where there is none, or where it is not ours."""
        state = self.state()
        if state is None or not state.ours:
            return
        with self._errors():
            self._client().delete_deployment(self.name)

    def forecast(self) -> list[dict[str, Any]]:
        """Ask the deployment for a forecast of its default horizon and levels, as rows."""
        with self._errors():
            answer = self._client().predict(self.name, {"inputs": []})
            rows = answer if isinstance(answer, list) else answer.get_predictions("dataframe").to_dict("records")
        return [dict(row) for row in rows]

    def _exists_as_ours(self) -> bool:
        state = self.state()
        if state is not None and not state.ours:
            raise EndpointError(
                self._place,
                "was deployed by hand or from another registry",
                f"set deployment.name to a free name, or run `mlflow deployments delete -t {self._config.target} "
                f"--name {self.name}`",
            )
        return state is not None

    def _client(self) -> Any:
        from mlflow.deployments import get_deploy_client

        return get_deploy_client(self._config.target)

    def _version(self, found: Mapping[str, Any]) -> str | None:
        match = re.fullmatch(rf"models:/{re.escape(self._model_name)}/(\d+)", str(found.get("model_uri")))
        return match[1] if match else None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except EndpointError:
            raise
        except Exception as error:  # each target raises errors of its own libraries
            cause = error.__cause__ or error
            lines = str(cause).splitlines() or [type(cause).__name__]
            raise EndpointError(self._place, lines[0][:300], "see its log, then run the command again") from error
