"""Azure Container Instances: one container that an update replaces, behind a key and TLS.

The client raises nothing when a service ends unhealthy, waits for ever on some operations, and loses sight of a service
whose creation failed or whose answer was lost. So the service's own state decides, read until it is settled.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from forecastops.adapters.endpoint.azure.asking import LABEL, POLL_SECONDS, AzureEndpoint
from forecastops.adapters.endpoint.azure.calls import CallError, CallTimeoutError
from forecastops.adapters.endpoint.azure.settings import ContainerSettings
from forecastops.adapters.endpoint.interface import HEALTHY, EndpointState
from forecastops.ground.config import DeploymentConfig

__all__ = ["ContainerInstance"]

_LOG = logging.getLogger(__name__)
_ON_ITS_WAY = "Transitioning"


@dataclass(frozen=True)
class _Asked:
    """What became of a request: whether its answer was lost, and what was said against it."""

    lost: bool = False
    refusal: str = ""


class ContainerInstance(AzureEndpoint):
    """One service of the workspace on Azure Container Instances."""

    def __init__(
        self, config: DeploymentConfig, settings: ContainerSettings, name: str, model_name: str, registry_uri: str
    ) -> None:
        super().__init__(config, name, model_name, registry_uri)
        self._settings = settings.document({LABEL: self._owner})

    def state(self) -> EndpointState | None:
        """What the service says of itself."""
        found = self._read("service", name=self.name)
        return self._state(found) if found else None

    def stage(self, version: str, *, restoring: bool = False) -> None:
        """Create the service, or let it serve ``version`` instead; callers get it at once."""
        before = self.state()
        self._require_ours(before)
        deadline = time.monotonic() + self._seconds(restoring=restoring)
        asked = self._ask_for(version, deadline, exists=before is not None, restoring=restoring)
        settled = self._settled(deadline)
        if asked.lost and (settled is None or (settled["state"] == HEALTHY and not self._serves(settled, version))):
            _LOG.info("the answer was lost, and nothing was done: asking again")
            asked = self._ask_for(version, deadline, exists=settled is not None, restoring=restoring)
            settled = self._settled(deadline)
        if settled is None or not self._serves(settled, version) or asked.refusal:
            raise self._failed(version, _cause(settled, asked), "service_log", name=self.name)

    def release(self, version: str) -> EndpointState:
        """Callers have it already."""
        return self._checked(self.state(), version)

    def forecast(self) -> list[dict[str, Any]]:
        """Ask the service, with its key."""
        rows: list[dict[str, Any]] = self._read("ask", name=self.name, endpoint=None)
        return rows

    def clean_up(self) -> None:
        """There is nothing else."""

    def delete(self) -> None:
        """Delete the service."""
        state = self.state()
        if state is not None and state.ours:
            self._change("delete_service")

    def _ask_for(self, version: str, deadline: float, *, exists: bool, restoring: bool) -> _Asked:
        """Have Azure create or update the service, and wait for the operation's end or the deadline."""
        operation = "update_service" if exists else "create_service"
        try:
            seconds = max(1.0, deadline - time.monotonic())
            self._calls(operation, seconds, name=self.name, model_uri=self._uri(version), settings=self._settings)
        except CallTimeoutError:
            return _Asked(refusal="Azure has not ended the operation in time")
        except CallError as error:
            if "ServiceExists" in str(error) and not exists:  # it was hidden from us, or is left from a failed creation
                return self._ask_for(version, deadline, exists=True, restoring=restoring)
            if error.status == 409 and exists and restoring:  # what is being deployed now must give way
                self._change("delete_service")
                return self._ask_for(version, deadline, exists=False, restoring=False)
            return _Asked(lost=True) if error.lost else _Asked(refusal=str(error))
        return _Asked()

    def _settled(self, deadline: float) -> dict[str, Any] | None:
        """The service, once it is on its way no longer; at the deadline, as it is then."""
        while True:
            found: dict[str, Any] | None = self._read("service", name=self.name)
            if found is None or found["state"] != _ON_ITS_WAY or time.monotonic() >= deadline:
                return found
            _LOG.info("endpoint %s is %s", self.name, found["state"])
            time.sleep(min(POLL_SECONDS, max(0.1, deadline - time.monotonic())))

    def _serves(self, found: dict[str, Any], version: str) -> bool:
        return self._state(found).serves(version)

    def _state(self, found: dict[str, Any]) -> EndpointState:
        ours = self._is_ours(found["tags"], found["models"])
        version = self._served(found["models"]) if ours else None
        return EndpointState(self.name, found["url"], found["state"], version, ours)


def _cause(found: dict[str, Any] | None, asked: _Asked) -> str:
    if found is None:
        return asked.refusal or "it is gone"
    return f"it is {found['state']}: {asked.refusal or found['error'] or 'without an error'}"
