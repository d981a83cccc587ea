"""The registry of deployments targets: which class serves which, and what is refused before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest

from command import Command
from forecastops.adapters.endpoint.azure.online_endpoint import OnlineEndpoint
from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.endpoint.interface import Endpoint, Servers
from forecastops.adapters.endpoint.local_target import LocalTarget
from forecastops.adapters.endpoint.mlflow_target import MlflowTarget
from forecastops.adapters.endpoint.targets import TARGETS, open_endpoint
from forecastops.core.errors import ConfigError

SQLITE = "sqlite:////nowhere/mlflow.db"
WORKSPACE = (
    "azureml://westeurope.api.azureml.ms/mlflow/v1.0/subscriptions/s/resourceGroups/g/providers/"
    "Microsoft.MachineLearningServices/workspaces/w"
)


def endpoint(target: str, registry: str = SQLITE, **settings: Any) -> Endpoint:
    config = DeploymentConfig(target=target, settings=settings)
    return open_endpoint(config, "demand", "demand", Servers(registry, registry))


def test_each_target_has_one_entry() -> None:
    names = [target.name for target in TARGETS]
    assert sorted(names) == sorted(set(names)) == ["azureml", "forecastops-local"]


@pytest.mark.parametrize("target", ["forecastops-local", "forecastops-local:/here"])
def test_our_own_target_checks_files(target: str) -> None:
    found = endpoint(target)
    assert type(found) is LocalTarget
    assert found.checks_files


def test_a_target_that_only_mlflow_knows_is_taken_as_it_comes() -> None:
    found = endpoint("sagemaker:/eu-west-1")
    assert type(found) is MlflowTarget
    assert not found.checks_files


def test_azure_ml_alone_means_the_workspace_of_the_registry() -> None:
    found = endpoint("azureml", WORKSPACE, computeType="managed")
    assert type(found) is OnlineEndpoint
    assert WORKSPACE in found.removal
    with pytest.raises(ConfigError, match=r"'azureml' means the workspace of the registry, which is sqlite"):
        endpoint("azureml", computeType="managed")


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("forecastops-locl", "is 'forecastops-local' meant?"),
        ("Forecastops-Local", "is 'forecastops-local' meant?"),
        ("azurml://here/workspaces/w", "is 'azureml' meant?"),
        ("somewhere", "known are azureml, "),
        (":", "known are azureml, "),
    ],
)
def test_an_unknown_target_is_refused_by_name_with_the_nearest(target: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        endpoint(target)
    name = target.partition(":")[0]
    assert f"deployment.target {name!r} is not a deployments target that is installed" in str(caught.value)
    assert meant in str(caught.value)


@pytest.mark.parametrize("command", ["status", "serve"])
def test_a_command_refuses_it_in_one_line(forecastops: Command, command: str) -> None:
    refused = forecastops(command, "--set", "deployment.target=forecastops-locl")
    assert refused.code == 2
    assert "is 'forecastops-local' meant?" in refused.error
