"""What promotion needs of an endpoint, whatever the target."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.core.errors import EndpointError
from forecastops.core.identity import identify

__all__ = ["HEALTHY", "STOPPED", "BoundVersion", "Endpoint", "EndpointState", "Servers"]

HEALTHY, STOPPED = "Healthy", "Stopped"


class Servers(NamedTuple):
    """Where a target finds the versions that it is to serve: the addresses of tracking server and registry."""

    tracking_uri: str
    registry_uri: str


@dataclass(frozen=True)
class EndpointState:
    """What the target says of the deployment; ``version`` is the model version that it serves, if it says so."""

    name: str
    url: str | None
    state: str
    version: str | None
    ours: bool = True  # whether this registry's model was deployed there, rather than another's of the same name
    error: str | None = None  # what the target says is wrong
    sha256: str | None = None  # the digest of the files that it serves, if it says so
    unguarded: bool = False  # whether it answers everybody although a token is configured

    @property
    def healthy(self) -> bool:
        """Whether it answers now."""
        return self.state == HEALTHY

    @property
    def what_serves(self) -> str:
        """What answers there, in words."""
        if not self.ours:
            return "another model"
        return f"version {self.version}" if self.version else "a version that it does not name"

    def serves(self, version: str) -> bool:
        """Tell whether it answers now, as this version of our model."""
        return self.healthy and self.ours and self.version == version


@dataclass(frozen=True)
class BoundVersion:
    """A version, and what it must consist of to be loaded.

    Attributes:
        version: its number.
        sha256: the digest of its files; None for a model that forecastops did not make.
        run_id: the run that its files are of.
        public_keys: PEM texts of the keys of which one must have signed it; none where no signature is asked for.
        files: a folder with exactly these files, for a target whose client looks at them; None where there is none.
    """

    version: str
    sha256: str | None
    run_id: str
    public_keys: tuple[str, ...] = ()
    files: Path | None = None


class Endpoint(ABC):
    """One named endpoint of one registered model.

    A version moves in by three steps: it is staged, asked for a forecast, and released to the callers. Where the target
    can hold two deployments, callers get the old one until the release; elsewhere staging replaces it.

    Two registries may each have a version 1 of a model of that name. What we deploy is therefore labelled with the
    registry where the target keeps labels, and a deployment with another label is not touched.
    """

    def __init__(self, config: DeploymentConfig, name: str, model_name: str, servers: Servers) -> None:
        self._config = config
        self._model_name = model_name
        self._servers = servers
        registry = identify(servers.registry_uri)
        self._owner = registry.owner(model_name)
        self._owners = registry.owners(model_name)
        self._place = f"endpoint {name!r} on {config.target}"
        self.name = name

    @abstractmethod
    def state(self) -> EndpointState | None:
        """Return what callers meet, None where the target says that there is no such endpoint."""

    def versions_in_use(self) -> set[str]:
        """Return the versions of the model that deployments of this target serve, as far as it says."""
        state = self.state()
        return {state.version} if state and state.version else set()

    @property
    def checks_files(self) -> bool:
        """Whether the target itself refuses files that are not those of the digest that it is given."""
        return False

    def downloads(self, version: str, *, restoring: bool = False) -> bool:  # noqa: ARG002 - for those to whom it matters
        """Tell whether staging would have the target fetch the version's files anew."""
        return True

    def deploy(self, bound: BoundVersion, *, restoring: bool = False) -> None:
        """Stage exactly these files, as far as the target can tell; what it cannot is left to the caller.

        Raises:
            EndpointError: as ``stage``; or because the files are others, where ``checks_files``.
        """
        self.stage(bound.version, restoring=restoring)

    @abstractmethod
    def stage(self, version: str, *, restoring: bool = False) -> None:
        """Deploy ``version`` and wait until it can be asked, for the configured time.

        ``restoring`` puts back what was there: a time limit that was too short for another version does not count, and
        what is in the way gives way.

        Raises:
            EndpointError: when it does not become healthy in time; what the target says and logged is in the message.
        """

    @abstractmethod
    def forecast(self) -> list[dict[str, Any]]:
        """Ask what was staged last, else what serves, for a forecast of its default horizon and levels, as rows."""

    @abstractmethod
    def release(self, version: str) -> EndpointState:
        """Give callers what was staged.

        Raises:
            EndpointError: when they do not get ``version`` afterwards.
        """

    @abstractmethod
    def clean_up(self) -> None:
        """Remove deployments that no caller reaches any more."""

    @abstractmethod
    def delete(self) -> None:
        """Delete the endpoint; nothing happens where there is none, or where it is not ours."""

    @property
    def removal(self) -> str:
        """The command by which a person removes it."""
        return f"mlflow deployments delete -t {self._config.target} --name {self.name}"

    @property
    def start(self) -> str:
        """The command that starts what it served, where that is this machine's business; else empty."""
        return ""

    def _checked(self, state: EndpointState | None, version: str) -> EndpointState:
        if state is None or not state.serves(version):
            found = f"is {state.state} and serves {state.what_serves}" if state else "is gone"
            raise EndpointError(self._place, f"{found} after deploying version {version}", "see the target's log")
        return state

    def _require_ours(self, state: EndpointState | None) -> None:
        if state is not None and not state.ours:
            raise EndpointError(
                self._place,
                "was deployed by hand or from another registry",
                f"set deployment.name to a free name, or run `{self.removal}`",
            )

    def _uri(self, version: str) -> str:
        """Return the only form that every target resolves: by number."""
        return f"models:/{self._model_name}/{version}"

    def _version(self, model_uri: object) -> str | None:
        match = re.fullmatch(rf"models:/{re.escape(self._model_name)}/([0-9]+)", str(model_uri))
        return match[1] if match else None
