"""Which kind of endpoint a target is."""

from __future__ import annotations

from forecastops.adapters.endpoint.azure.container_instance import ContainerInstance
from forecastops.adapters.endpoint.azure.online_endpoint import OnlineEndpoint
from forecastops.adapters.endpoint.azure.settings import ContainerSettings, read_settings
from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.endpoint.interface import Endpoint, Servers
from forecastops.adapters.endpoint.mlflow_target import MlflowTarget
from forecastops.core.errors import ConfigError

__all__ = ["open_endpoint"]

_AZURE = "azureml"


def open_endpoint(config: DeploymentConfig, name: str, model_name: str, servers: Servers) -> Endpoint:
    """Return the endpoint that the configuration names; the target is not asked yet.

    Raises:
        ConfigError: when the settings are not those of the target.
    """
    if config.target.partition(":")[0] != _AZURE:
        return MlflowTarget(config, name, model_name, servers)
    if "/workspaces/" not in config.target:  # "azureml" alone: the workspace of the registry
        registry_uri = servers.registry_uri
        if "/workspaces/" not in registry_uri:
            raise ConfigError(
                "configuration",
                f"deployment.target {config.target!r} means the workspace of the registry, which is {registry_uri}",
                "set tracking.tracking_uri or MLFLOW_TRACKING_URI to the workspace's azureml:// URI",
            )
        config = config.model_copy(update={"target": registry_uri})
    settings = read_settings(config.settings, name)
    if isinstance(settings, ContainerSettings):
        return ContainerInstance(config, settings, name, model_name, servers)
    return OnlineEndpoint(config, settings, name, model_name, servers)
