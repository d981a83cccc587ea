"""The deployments targets, each one entry: its name, its settings, what it needs, and how its endpoints are made.

Any other target that MLflow has a plugin for is taken as it comes.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from forecastops.adapters.endpoint.azure.container_instance import ContainerInstance
from forecastops.adapters.endpoint.azure.online_endpoint import OnlineEndpoint
from forecastops.adapters.endpoint.azure.settings import ContainerSettings, OnlineSettings, read_settings
from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.endpoint.interface import Endpoint, Servers
from forecastops.adapters.endpoint.local_target import LOCAL, LocalTarget
from forecastops.adapters.endpoint.mlflow_target import MlflowTarget
from forecastops.core.errors import ConfigError

__all__ = ["TARGETS", "Target", "open_endpoint", "target_of"]

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Target(Generic[Settings]):
    """A kind of deployments target.

    Attributes:
        name: what ``deployment.target`` begins with, as MLflow knows the target.
        read_settings: checks ``deployment.settings`` for an endpoint of the given name.
        make: makes an endpoint from configuration, settings, endpoint's name, model's name and MLflow's servers.
        locate: returns the address that the target is asked by, and raises where what it needs is missing.
    """

    name: str
    read_settings: Callable[[Mapping[str, object], str], Settings]
    make: Callable[[DeploymentConfig, Settings, str, str, Servers], Endpoint]
    locate: Callable[[str, Servers], str]

    def open(self, config: DeploymentConfig, name: str, model_name: str, servers: Servers) -> Endpoint:
        """Make the endpoint; the target is not asked yet.

        Raises:
            ConfigError: when address, settings or name are not as the target needs them.
        """
        located = config.model_copy(update={"target": self.locate(config.target, servers)})
        settings = self.read_settings(config.settings, name)
        return self.make(located, settings, name, model_name, servers)


def open_endpoint(config: DeploymentConfig, name: str, model_name: str, servers: Servers) -> Endpoint:
    """Return the endpoint that the configuration names; the target is not asked yet.

    Args:
        config: the section ``deployment``.
        name: of the endpoint.
        model_name: of the registered model.
        servers: where MLflow has runs and models.

    Raises:
        ConfigError: when there is no such target, or the settings are not those of the target.
    """
    return target_of(config.target).open(config, name, model_name, servers)


def target_of(address: str) -> Target[Any]:
    """Return the target that ``deployment.target`` names.

    Raises:
        ConfigError: when neither forecastops nor a plugin of MLflow knows it; the error names the nearest.
    """
    name = address.partition(":")[0]
    for target in TARGETS:
        if target.name == name:
            return target
    _require_plugin(name)
    return Target(name, _any_settings, MlflowTarget, _any_address)


def _require_plugin(name: str) -> None:
    from mlflow.deployments.interface import plugin_store

    known = sorted({target.name for target in TARGETS} | set(plugin_store.registry))
    if name in known:
        return
    nearest = difflib.get_close_matches(name.lower(), known, n=1)
    meant = f"is {nearest[0]!r} meant? " if nearest else ""
    raise ConfigError(
        "configuration",
        f"deployment.target {name!r} is not a deployments target that is installed",
        f"{meant}known are {', '.join(known)}; any other needs its MLflow plugin",
    )


def _any_settings(settings: Mapping[str, object], _name: str) -> Mapping[str, object]:
    """Hand the settings on: the target checks them itself."""
    return settings


def _any_address(address: str, _servers: Servers) -> str:
    return address


def _workspace(address: str, servers: Servers) -> str:
    """Return the address of the Azure ML workspace: ``azureml`` alone means the one of the registry."""
    if "/workspaces/" in address:
        return address
    if "/workspaces/" in servers.registry_uri:
        return servers.registry_uri
    raise ConfigError(
        "configuration",
        f"deployment.target {address!r} means the workspace of the registry, which is {servers.registry_uri}",
        "set tracking.tracking_uri or MLFLOW_TRACKING_URI to the workspace's azureml:// URI",
    )


def _azure_endpoint(
    config: DeploymentConfig,
    settings: ContainerSettings | OnlineSettings,
    name: str,
    model_name: str,
    servers: Servers,
) -> Endpoint:
    if isinstance(settings, ContainerSettings):
        return ContainerInstance(config, settings, name, model_name, servers)
    return OnlineEndpoint(config, settings, name, model_name, servers)


TARGETS: tuple[Target[Any], ...] = (
    Target(LOCAL, _any_settings, LocalTarget, _any_address),
    Target("azureml", read_settings, _azure_endpoint, _workspace),
)
