"""What both kinds of Azure endpoint share: requests with a deadline, and errors of one line that say what to do."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from forecastops.adapters.endpoint.azure import operations
from forecastops.adapters.endpoint.azure.calls import CallError, Calls, CallTimeoutError
from forecastops.adapters.endpoint.azure.request import Request
from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.endpoint.interface import Endpoint, Servers
from forecastops.core.errors import EndpointError
from forecastops.core.redaction import redacted
from forecastops.core.tags import OWNER

__all__ = ["LOG_LINES", "AzureEndpoint", "pauses"]

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
LOG_LINES = 40  # that are asked for, of a container's log
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 30.0
_READ_SECONDS = 120.0
_RESTORE_SECONDS = 900.0  # a time limit that was too short for another version must not keep the old one away
_CONFLICT = 409  # ServiceInTransition and the like
_SHOWN_LINES = 3
_SHOWN = 300  # characters of what Azure says
_FORBIDDEN = (
    "give the principal the role AzureML Data Scientist, or the actions onlineEndpoints/*, services/* and read of the "
    "workspace; the client asks for online endpoints first, whatever the kind"
)


class AzureEndpoint(Endpoint):
    """An endpoint of a workspace."""

    def __init__(self, config: DeploymentConfig, name: str, model_name: str, servers: Servers) -> None:
        super().__init__(config, name, model_name, servers)
        # The workspace's whole address is no help to a reader, and would crowd out what is wrong.
        workspace = config.target.partition("?")[0].rstrip("/").rpartition("/")[2]
        self._place = f"endpoint {name!r} of workspace {workspace!r}"
        self._calls = Calls(config.target, servers)

    def versions_in_use(self) -> set[str]:
        """Return the versions of all services and endpoints of the workspace, also of those made by hand."""
        return {version for name, version in self._read(operations.deployed_models()) if name == self._model_name}

    def _read(self, request: Request[Result]) -> Result:
        """Return what an operation says that changes nothing, or ends soon."""
        with self._errors():
            return self._calls(request, _READ_SECONDS)

    def _change(self, request: Request[object], *, waits: bool = True) -> None:
        """Have an operation done that may take as long as a deployment; what came of it is to be read afterwards.

        ``waits`` says whether to wait for another operation that is under way.
        """
        seconds = self._seconds(restoring=True)
        try:
            with self._errors():
                self._call_when_free(request, seconds, time.monotonic() + (seconds if waits else 0.0))
        except EndpointError as error:
            if not (isinstance(error.__cause__, CallError) and error.__cause__.lost):
                raise

    def _call_when_free(self, request: Request[Result], seconds: float, deadline: float) -> Result:
        """Do it, for ``seconds`` at most; while Azure says that another operation is under way, wait and ask again.

        What is under way is never deleted to make room: it ends, and with it an outage and new keys are avoided.
        """
        resting = pauses(deadline)
        while True:
            try:
                return self._calls(request, seconds)
            except CallError as error:
                if error.status != _CONFLICT or "ServiceExists" in str(error) or next(resting, None) is None:
                    raise
                _LOG.info("endpoint %s has another operation under way: waiting for its end", self.name)

    def _seconds(self, *, restoring: bool) -> float:
        return max(self._config.timeout_seconds, _RESTORE_SECONDS if restoring else 0.0)

    def _is_ours(self, tags: dict[str, str], models: list[list[str]]) -> bool:
        """Tell by the label; what older scripts deployed has none, but may serve our model."""
        if OWNER in tags:
            return tags[OWNER] in self._owners
        return all(name == self._model_name for name, _ in models)

    def _served(self, models: list[list[str]]) -> str | None:
        return models[0][1] if len(models) == 1 and models[0][0] == self._model_name else None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (CallError, CallTimeoutError) as error:
            raise EndpointError(self._place, one_line(str(error)), _remedy(error)) from error

    def _log_lines(self, request: Request[str]) -> list[str]:
        """Return the lines that a container logged; none where there is no container yet."""
        try:
            log = self._calls(request, _READ_SECONDS)
        except (CallError, CallTimeoutError):
            return []
        return [line.strip() for line in log.splitlines() if line.strip()]

    def _deployment_error(self, version: str, what: str, lines: Sequence[str]) -> EndpointError:
        """Make the error of a deployment that did not come about, with what its container logged."""
        tail = f"; its log ends with: {one_line(' / '.join(lines[-_SHOWN_LINES:]))}" if lines else ""
        remedy = "fix what it names, or raise deployment.timeout_seconds, and run the command again"
        return EndpointError(self._place, f"version {version} did not become healthy: {one_line(what)}{tail}", remedy)


def pauses(deadline: float) -> Iterator[float]:
    """Sleep once before each turn, longer each time, until the deadline has passed; yields the seconds."""
    pause = _FIRST_PAUSE_SECONDS
    while time.monotonic() < deadline:
        seconds = min(pause, max(0.0, deadline - time.monotonic()))
        time.sleep(seconds)
        yield seconds
        pause = min(1.5 * pause, _LONGEST_PAUSE_SECONDS)


def one_line(text: str) -> str:
    """Put what Azure says on one line, redacted before it is cut."""
    line = redacted(" ".join(text.split()))
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."


def _remedy(error: Exception) -> str:
    if isinstance(error, CallError) and error.status == 403:
        return _FORBIDDEN
    return "run `forecastops status`, then the command again"
