"""Operations on azureml-mlflow's client; called here, each is a request, and the process that may be killed does it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from typing import Any, TypedDict

from forecastops.adapters.endpoint.azure.begun import operations_begun
from forecastops.adapters.endpoint.azure.request import named, operation

__all__ = [
    "Deployment",
    "OnlineEndpointDetails",
    "ServiceDetails",
    "ServiceOperation",
    "ask",
    "begun_operation",
    "carry_out",
    "create_deployment",
    "create_endpoint",
    "create_service",
    "delete_deployment",
    "delete_endpoint",
    "delete_service",
    "deployed_models",
    "deployment_log",
    "endpoint",
    "move_traffic",
    "service",
    "service_log",
    "update_service",
]

Document = dict[str, Any]


class ServiceDetails(TypedDict):
    """A container instance; ``models`` are pairs of name and version."""

    state: str
    url: str | None
    error: str
    tags: dict[str, str]
    models: list[list[str]]


class ServiceOperation(TypedDict):
    """An operation on a container instance; ``progress`` is the whole of it, one event a line."""

    state: str
    error: str
    progress: list[str]


class Deployment(TypedDict):
    """A deployment of an online endpoint; ``models`` are pairs of name and version."""

    state: str
    models: list[list[str]]


class OnlineEndpointDetails(TypedDict):
    """An online endpoint; ``traffic`` in per cent, by deployment."""

    url: str | None
    state: str
    tags: dict[str, str]
    traffic: dict[str, int]
    deployments: dict[str, Deployment]


def carry_out(client: Any, name: str, arguments: Mapping[str, Any]) -> Any:
    """Do what a request asks for.

    Args:
        client: azureml-mlflow's.
        name: of the operation.
        arguments: as in the request.
    """
    return named(name).carry_out(client, arguments)


@operation
def service(client: Any, name: str) -> ServiceDetails | None:
    """Return state, url, error, tags and models of a container instance, None where there is none of that name.

    Of the service alone: ``get_deployment`` asks for an online endpoint of that name first.
    """
    from azure.core.exceptions import HttpResponseError

    try:
        service = client._mms_client.get_service(name)
    except HttpResponseError as error:
        if "NoSuchService" in str(error.message):
            return None
        raise
    return {
        "state": str(service.state),
        "url": service.scoring_uri,
        "error": _error_text(service.error),
        "tags": dict(service.tags or {}),
        "models": [[model.name, str(model.version)] for model in service.models or ()],
    }


@operation
def begun_operation(client: Any, number: str) -> ServiceOperation:
    """Return state, error and progress of what was begun."""
    workspace = client.service_context
    begun = client._mms_client._client.operations.get(
        workspace.subscription_id, workspace.resource_group_name, workspace.workspace_name, number, offset=None
    )
    # TIME|EVENT#TIME|EVENT
    events = [event.rpartition("|")[2] for event in str(begun.streaming_operation_log or "").split("#")]
    return {
        "state": str(begun.state),
        "error": _error_text(begun.error),
        "progress": [event for event in events if event.strip()],
    }


@operation
def create_service(client: Any, name: str, model_uri: str, settings: Document, files: str | None) -> str:
    """Have a container instance created; returns the operation that does it, once Azure has begun it.

    ``files`` is a folder with the model's files, which the client else fetches to describe their environment.
    """
    with operations_begun(client, files) as begun:
        client.create_deployment(name, model_uri, config={"deploy-config-file": _file(settings | {"async": True})})
    return begun[-1]


@operation
def update_service(client: Any, name: str, model_uri: str, settings: Document, files: str | None) -> str:
    """Have what a container instance serves replaced; as ``create_service``."""
    with operations_begun(client, files) as begun:
        client.update_deployment(name, model_uri, config={"deploy-config-file": _file(settings | {"async": True})})
    return begun[-1]


@operation
def delete_service(client: Any, name: str) -> None:
    """Delete a container instance."""
    client.delete_deployment(name)


@operation
def service_log(client: Any, name: str, lines: int) -> str:
    """Return the last lines that a container instance logged; the client itself has no verb for it."""
    workspace = client.service_context
    log = client._mms_client._client.services.get_logs(
        workspace.subscription_id, workspace.resource_group_name, workspace.workspace_name, name, tail=lines
    )
    return str(log.content or "")


@operation
def deployed_models(client: Any) -> list[list[str]]:
    """Return name and version of every model that is deployed in the workspace, by whomever."""
    services = client._mms_client.list_services(compute_type="ACI")
    models = [[model.name, str(model.version)] for service in services for model in service.models or ()]
    for endpoint in client.list_endpoints():
        for deployment in client.list_deployments(endpoint["name"]):
            models += _deployment(deployment["properties"])["models"]
    return models


@operation
def endpoint(client: Any, name: str) -> OnlineEndpointDetails | None:
    """Return state, url, tags, traffic and deployments of an online endpoint, None where there is none of that name."""
    from azure.core.exceptions import HttpResponseError

    try:
        details = client.get_endpoint(name)
    except HttpResponseError as error:
        if error.status_code == 404:
            return None
        raise
    properties = details["properties"]
    return {
        "state": str(properties.get("provisioningState")),
        "url": properties.get("scoringUri"),
        "tags": dict(details.get("tags") or {}),
        "traffic": dict(properties.get("traffic") or {}),
        "deployments": {one["name"]: _deployment(one["properties"]) for one in client.list_deployments(name)},
    }


@operation
def create_endpoint(client: Any, name: str, tags: Mapping[str, str]) -> None:
    """Create an online endpoint that asks for a key."""
    settings = {"auth_mode": "key", "identity": {"type": "system_assigned"}, "tags": dict(tags)}
    client.create_endpoint(name, {"endpoint-config-file": _file(settings)})


@operation
def create_deployment(client: Any, name: str, deployment: str, model_uri: str, settings: Document) -> None:
    """Create a deployment of an online endpoint, without traffic; returns when Azure says that it is done."""
    client.create_deployment(deployment, model_uri, config={"deploy-config-file": _file(settings)}, endpoint=name)


@operation
def move_traffic(client: Any, name: str, deployment: str) -> None:
    """Give one deployment all requests."""
    client.update_endpoint(name, {"endpoint-config-file": _file({"traffic": {deployment: 100}})})


@operation
def delete_deployment(client: Any, name: str, deployment: str) -> None:
    """Delete a deployment of an online endpoint."""
    client.delete_deployment(deployment, endpoint=name)


@operation
def delete_endpoint(client: Any, name: str) -> None:
    """Delete an online endpoint with its deployments."""
    client.delete_endpoint(name)


@operation
def deployment_log(client: Any, name: str, deployment: str, lines: int) -> str:
    """Return the last lines that a deployment's container logged; the client itself has no verb for it."""
    from azureml.mlflow._restclient.mfe_v2022_02_01_preview.models import DeploymentLogsRequest

    workspace = client.service_context
    log = client._mir_client._client.online_deployments.get_logs(
        workspace.resource_group_name,
        workspace.workspace_name,
        name,
        deployment,
        DeploymentLogsRequest(container_type="InferenceServer", tail=lines),
    )
    return str(log.content or "")


@operation
def ask(client: Any, name: str | None, endpoint: str | None) -> list[Document]:
    """Return what a container instance, or a deployment of an endpoint, forecasts by default; keys stay in here."""
    import pandas as pd
    from pandas.api.types import is_datetime64_any_dtype

    from forecastops.core.iso_dates import iso_dates

    table = client.predict(name, pd.DataFrame(), endpoint)
    for column in table:
        if is_datetime64_any_dtype(table[column]):  # pandas, in the client, reads dates where we sent text
            table[column] = iso_dates(pd.DatetimeIndex(table[column]))
    rows: list[Document] = table.to_dict("records")
    return rows


def _deployment(properties: Document) -> Deployment:
    # /subscriptions/.../workspaces/W/models/NAME/versions/N
    *_, name, _, version = ["", "", "", *str(properties.get("model")).split("/")]
    return {"state": str(properties.get("provisioningState")), "models": [[name, version]]}


def _error_text(error: Any) -> str:
    """Return the text of a service's error, which the client leaves as an object of its own."""
    if error is None:
        return ""
    document = error.as_dict() if hasattr(error, "as_dict") else error
    if not isinstance(document, dict):
        return str(document)
    details = [str(one.get("message")) for one in document.get("details") or () if isinstance(one, dict)]
    return " ".join(part for part in [str(document.get("message") or ""), *details] if part)


def _file(settings: Document) -> str:
    """Write settings to a file, since the client reads them from files only."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False, encoding="utf-8") as file:
        json.dump(settings, file)
    return file.name
