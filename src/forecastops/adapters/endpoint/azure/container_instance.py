"""Azure Container Instances: one container that an update replaces, behind a key and TLS.

The client raises nothing when a service ends unhealthy, does not know every end of an operation, and loses sight of a
service whose creation failed or whose answer was lost. So an operation is only begun through it: its state and the
service's own are read here until they are settled. A service is never deleted to make way for another version.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forecastops.adapters.endpoint.azure import operations
from forecastops.adapters.endpoint.azure.azure_endpoint import LOG_LINES, AzureEndpoint, pauses
from forecastops.adapters.endpoint.azure.calls import CallError, CallTimeoutError
from forecastops.adapters.endpoint.azure.operations import ServiceDetails, ServiceOperation
from forecastops.adapters.endpoint.azure.settings import ContainerSettings
from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.endpoint.interface import HEALTHY, BoundVersion, EndpointState, Servers
from forecastops.core.tags import OWNER

__all__ = ["ContainerInstance"]

_LOG = logging.getLogger(__name__)
_ON_ITS_WAY = "Transitioning"
_RUNNING = ("NotStarted", "Running")  # an operation; every other state is its end
_BROKEN = ("Failed", "Unhealthy", "Unschedulable")
_LOOKS = 2  # at a broken service whose operation still runs: it may be about to be replaced
_ENDED_PYTHON = (
    "container instances need Python 3.10, which has had no security fixes since October 2026, and Microsoft supports "
    "them no longer; `forecastops config example online-endpoint` shows what succeeds them"
)
_TOO_LATE = "Azure has not ended the operation in time"


@dataclass(frozen=True)
class _Submission:
    """What became of a request to Azure: the operation that it began, that its answer was lost, or the refusal."""

    operation: str | None = None
    lost: bool = False
    refusal: str = ""


@dataclass(frozen=True)
class _Outcome:
    """A service and the operation on it once they have ended, or at the deadline."""

    service: ServiceDetails | None
    operation: ServiceOperation | None = None
    in_time: bool = True

    @property
    def failure(self) -> str:
        """What the operation says against it, empty where it went well."""
        if not self.in_time:
            return _TOO_LATE
        if self.operation is None or self.operation["state"] == "Succeeded":
            return ""
        return str(self.operation["error"] or f"its operation ended {self.operation['state']}")


class ContainerInstance(AzureEndpoint):
    """One service of the workspace on Azure Container Instances."""

    def __init__(
        self, config: DeploymentConfig, settings: ContainerSettings, name: str, model_name: str, servers: Servers
    ) -> None:
        super().__init__(config, name, model_name, servers)
        self._settings = settings.document({OWNER: self._owner})

    def state(self) -> EndpointState | None:
        """Return what the service says of itself."""
        service = self._service()
        return self._state(service) if service else None

    def deploy(self, bound: BoundVersion, *, restoring: bool = False) -> None:
        """Stage a version; the client, which describes its environment to Azure, reads the files that were proven."""
        self._replace(bound, restoring=restoring)

    def stage(self, version: str, *, restoring: bool = False) -> None:
        """Create the service, or let it serve ``version`` instead; callers get it at once."""
        self._replace(BoundVersion(version, None, ""), restoring=restoring)

    def _replace(self, bound: BoundVersion, *, restoring: bool) -> None:
        version = bound.version
        before = self._service()
        self._require_ours(self._state(before) if before else None)
        _LOG.warning(_ENDED_PYTHON)
        logged = self._log() if before else []
        deadline = time.monotonic() + self._seconds(restoring=restoring)
        submission = self._submit(bound, deadline, exists=before is not None)
        outcome = self._wait_until_settled(submission, before, deadline)
        if submission.lost and not self._took_effect(outcome.service, before, version):
            _LOG.info("the answer was lost, and nothing was done: asking again")
            submission = self._submit(bound, deadline, exists=outcome.service is not None)
            outcome = self._wait_until_settled(submission, before, deadline)
        if submission.refusal or outcome.failure or not self._serves(outcome.service, version):
            raise self._deployment_error(version, _cause(outcome, submission), _new_lines(logged, self._log()))

    def release(self, version: str) -> EndpointState:
        """Do nothing: staging already serves callers."""
        return self._checked(self.state(), version)

    def forecast(self) -> list[dict[str, Any]]:
        """Ask the service, with its key."""
        return self._read(operations.ask(self.name, endpoint=None))

    def clean_up(self) -> None:
        """Do nothing: staging leaves nothing beside what serves."""

    def delete(self) -> None:
        """Delete the service."""
        state = self.state()
        if state is not None and state.ours:
            self._change(operations.delete_service(self.name))

    def _submit(self, bound: BoundVersion, deadline: float, *, exists: bool) -> _Submission:
        """Have Azure begin to create or update the service; where another operation runs, after that."""
        seconds = max(1.0, deadline - time.monotonic())
        change = operations.update_service if exists else operations.create_service
        files = str(bound.files) if bound.files else None
        request = change(self.name, self._uri(bound.version), self._settings, files)
        try:
            begun = self._call_when_free(request, seconds, deadline)
        except CallTimeoutError:
            return _Submission(refusal=_TOO_LATE)
        except CallError as error:
            if "ServiceExists" in str(error) and not exists:  # it was hidden from us, or is left from a failed creation
                return self._submit(bound, deadline, exists=True)
            return _Submission(lost=True) if error.lost else _Submission(refusal=str(error))
        return _Submission(operation=begun)

    def _wait_until_settled(self, submission: _Submission, before: ServiceDetails | None, deadline: float) -> _Outcome:
        """Watch what was begun until it has ended, or the deadline."""
        if submission.refusal:
            return _Outcome(self._service())
        shown = looks = 0
        replaced = before is None or before["state"] not in _BROKEN
        service: ServiceDetails | None = None
        operation: ServiceOperation | None = None
        for _ in pauses(deadline):
            if submission.operation:
                operation = self._read(operations.begun_operation(submission.operation))
                shown = _log_progress(operation["progress"], shown)
            service = self._service()
            state = service["state"] if service else None
            ended = operation is None or operation["state"] not in _RUNNING
            if ended and state != _ON_ITS_WAY:
                return _Outcome(service, operation)
            # What was broken before the request says nothing of the request until it has moved.
            replaced = replaced or state == _ON_ITS_WAY
            looks = looks + 1 if replaced and state in _BROKEN else 0
            if looks == _LOOKS:
                return _Outcome(service)
            _LOG.info("endpoint %s is %s", self.name, state)
        return _Outcome(service or self._service(), operation, in_time=False)

    def _took_effect(self, service: ServiceDetails | None, before: ServiceDetails | None, version: str) -> bool:
        """Tell whether a request whose answer was lost has come about; what failed by it has, too."""
        if service is None or service == before:
            return False
        return service["state"] != HEALTHY or self._serves(service, version)

    def _service(self) -> ServiceDetails | None:
        return self._read(operations.service(self.name))

    def _log(self) -> list[str]:
        return self._log_lines(operations.service_log(self.name, LOG_LINES))

    def _serves(self, service: ServiceDetails | None, version: str) -> bool:
        return service is not None and self._state(service).serves(version)

    def _state(self, service: ServiceDetails) -> EndpointState:
        ours = self._is_ours(service["tags"], service["models"])
        version = self._served(service["models"]) if ours else None
        return EndpointState(self.name, service["url"], service["state"], version, ours)


def _cause(outcome: _Outcome, submission: _Submission) -> str:
    """Return what is wrong: what was said to the request, else by the service itself, else by the operation."""
    if outcome.service is None:
        return submission.refusal or outcome.failure or "it is gone"
    own = outcome.service["error"] if outcome.service["state"] in _BROKEN else ""
    said = submission.refusal or own or outcome.failure or "without an error"
    ended = outcome.operation["state"] if outcome.operation and outcome.in_time else "Failed"
    more = "" if ended in ("Failed", "Succeeded") or outcome.failure == said else f" (its operation ended {ended})"
    return f"it is {outcome.service['state']}: {said}{more}"


def _log_progress(progress: Sequence[str], shown: int) -> int:
    """Show what is new of an operation's progress; how much has been shown then."""
    for event in progress[shown:]:
        _LOG.info("  %s", event)
    return max(shown, len(progress))


def _new_lines(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return what was logged since; the log may still be that of the container before, where none took its place."""
    for length in range(min(len(before), len(after)), 0, -1):
        if list(before[-length:]) == list(after[:length]):
            return list(after[length:])
    return list(after)
