"""Managed online endpoints: a new deployment beside the one that serves, and the traffic moved once it has answered."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from forecastops.adapters.endpoint.azure import operations
from forecastops.adapters.endpoint.azure.azure_endpoint import LOG_LINES, AzureEndpoint, pauses
from forecastops.adapters.endpoint.azure.calls import CallError, CallTimeoutError
from forecastops.adapters.endpoint.azure.operations import Deployment
from forecastops.adapters.endpoint.azure.settings import OnlineSettings
from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.endpoint.interface import HEALTHY, EndpointState, Servers
from forecastops.core.errors import EndpointError
from forecastops.core.tags import OWNER

__all__ = ["OnlineEndpoint"]

_LOG = logging.getLogger(__name__)
_COLOURS = ("blue", "green")
_DONE = "Succeeded"
_PATIENCE_SECONDS = 120.0
_ENDED = (_DONE, "Failed", "Canceled")


@dataclass(frozen=True)
class _Description:
    """An endpoint as Azure describes it; ``deployments`` with state and models by colour."""

    url: str | None
    state: str
    tags: dict[str, str]
    traffic: dict[str, int]
    deployments: dict[str, Deployment]

    @property
    def live(self) -> str | None:
        """The one deployment that gets requests, None where there is none or several do."""
        reached = [colour for colour, share in self.traffic.items() if share > 0]
        return reached[0] if len(reached) == 1 else None


class OnlineEndpoint(AzureEndpoint):
    """A managed online endpoint with two deployments, blue and green, of which one has the traffic."""

    def __init__(
        self, config: DeploymentConfig, settings: OnlineSettings, name: str, model_name: str, servers: Servers
    ) -> None:
        super().__init__(config, name, model_name, servers)
        self._settings = settings.document()
        self._staged: str | None = None

    @property
    def removal(self) -> str:
        """The command by which a person removes it."""
        return f"mlflow deployments delete-endpoint -t {self._config.target} --endpoint {self.name}"

    def state(self) -> EndpointState | None:
        """Return the endpoint with the deployment that has the traffic."""
        endpoint = self._read_endpoint()
        return self._state(endpoint) if endpoint else None

    def downloads(self, version: str, *, restoring: bool = False) -> bool:
        """Return False where the version's deployment is still there to be restored."""
        endpoint = self._read_endpoint() if restoring else None
        return endpoint is None or self._ready_deployment(endpoint, version) is None

    def stage(self, version: str, *, restoring: bool = False) -> None:
        """Deploy beside what serves; to restore a version that is still there, nothing is deployed."""
        endpoint = self._read_endpoint()
        self._require_ours(self._state(endpoint) if endpoint else None)
        if endpoint is None:
            endpoint = self._create()
        ready = self._ready_deployment(endpoint, version) if restoring else None
        if ready:
            self._staged = ready
            return
        self._require_undivided_traffic(endpoint)
        colour = next(colour for colour in _COLOURS if colour != endpoint.live)
        seconds = self._seconds(restoring=restoring)
        if colour in endpoint.deployments:
            self._remove(colour, endpoint.deployments[colour], seconds)  # left from an interrupted promotion
        self._deploy(colour, version, seconds)
        self._staged = colour

    def forecast(self) -> list[dict[str, Any]]:
        """Ask what was staged, else the endpoint, with the endpoint's key."""
        return self._read(operations.ask(self._staged, endpoint=self.name))

    def release(self, version: str) -> EndpointState:
        """Move the traffic to what was staged."""
        endpoint = self._read_endpoint()
        if self._staged is not None and endpoint and endpoint.live != self._staged:
            _LOG.info("moving the traffic of endpoint %s to deployment %s", self.name, self._staged)
            self._change(operations.move_traffic(self.name, self._staged))
            endpoint = self._read_endpoint()
        self._staged = None
        return self._checked(self._state(endpoint) if endpoint else None, version)

    def clean_up(self) -> None:
        """Delete the deployment without traffic."""
        endpoint = self._read_endpoint()
        if endpoint is None or endpoint.live not in endpoint.deployments:
            return
        for colour, deployment in endpoint.deployments.items():
            if colour != endpoint.live and self._served(deployment["models"]):
                self._remove(colour, deployment, min(self._config.timeout_seconds, _PATIENCE_SECONDS))

    def delete(self) -> None:
        """Delete the endpoint with its deployments."""
        state = self.state()
        if state is not None and state.ours:
            self._change(operations.delete_endpoint(self.name))

    def _read_endpoint(self) -> _Description | None:
        endpoint = self._read(operations.endpoint(self.name))
        return _Description(**endpoint) if endpoint else None

    def _state(self, endpoint: _Description) -> EndpointState:
        models = [model for deployment in endpoint.deployments.values() for model in deployment["models"]]
        ours = self._is_ours(endpoint.tags, models)
        serving = endpoint.deployments.get(endpoint.live or "")
        if serving is None:
            return EndpointState(
                self.name, endpoint.url, f"without a deployment (traffic: {_traffic_text(endpoint)})", None, ours
            )
        ended = [state for state in (endpoint.state, serving["state"]) if state != _DONE]
        version = self._served(serving["models"]) if ours else None
        return EndpointState(self.name, endpoint.url, ended[0] if ended else HEALTHY, version, ours)

    def _create(self) -> _Description:
        _LOG.info("creating endpoint %s", self.name)
        self._change(operations.create_endpoint(self.name, {OWNER: self._owner}))
        endpoint = self._read_endpoint()
        if endpoint is None or endpoint.state != _DONE:
            what = f"it was asked for, and is {endpoint.state if endpoint else 'absent'}"
            raise EndpointError(self._place, what, "run the command again")
        return endpoint

    def _require_undivided_traffic(self, endpoint: _Description) -> None:
        if endpoint.live is None and any(endpoint.traffic.values()):
            raise EndpointError(
                self._place,
                f"its traffic is split ({_traffic_text(endpoint)})",
                "give one deployment all of it, then run the command again",
            )

    def _ready_deployment(self, endpoint: _Description, version: str) -> str | None:
        """Return the deployment of that version which can be asked, the one with traffic first."""
        ready = [
            colour
            for colour, deployment in endpoint.deployments.items()
            if deployment["state"] == _DONE and self._served(deployment["models"]) == version
        ]
        return endpoint.live if endpoint.live in ready else next(iter(ready), None)

    def _deploy(self, colour: str, version: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        request = operations.create_deployment(self.name, colour, self._uri(version), self._settings)
        refusal = ""
        try:
            self._call_when_free(request, seconds, deadline)
        except CallTimeoutError:
            refusal = "Azure has not ended the operation in time"
        except CallError as error:
            refusal = "" if error.lost else str(error)
        state = self._settled(colour, deadline)
        if state != _DONE or refusal:
            what = f"deployment {colour} is {state or 'absent'}: {refusal or 'without an error'}"
            log = self._log_lines(operations.deployment_log(self.name, colour, LOG_LINES))
            raise self._deployment_error(version, what, log)

    def _settled(self, colour: str, deadline: float) -> str | None:
        """Return the deployment's state once it has ended, or at the deadline; None where there is none."""
        state = self._deployment_state(colour)
        for _ in pauses(deadline):
            if state is None or state in _ENDED:
                break
            _LOG.info("deployment %s of endpoint %s is %s", colour, self.name, state)
            state = self._deployment_state(colour)
        return state

    def _deployment_state(self, colour: str) -> str | None:
        endpoint = self._read_endpoint()
        deployment = endpoint.deployments.get(colour) if endpoint else None
        return deployment["state"] if deployment else None

    def _remove(self, colour: str, deployment: Deployment, seconds: float) -> None:
        _LOG.info("deleting deployment %s of endpoint %s", colour, self.name)
        if deployment["state"] not in _ENDED:  # Azure deletes none that is being made
            self._settled(colour, time.monotonic() + seconds)
        self._change(operations.delete_deployment(self.name, colour), waits=False)


def _traffic_text(endpoint: _Description) -> str:
    return ", ".join(f"{colour} {share} %" for colour, share in endpoint.traffic.items()) or "none"
