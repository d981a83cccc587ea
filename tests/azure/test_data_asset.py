"""Registered data by their names: what the real client of Azure asks of the stand-in, and where that leads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from forecastops.adapters.sources.data_asset import asset_address, is_asset
from forecastops.commands.main import main
from forecastops.core.errors import ForecastopsError
from standin.server import Request, Response
from standin.workspace import SCOPE, Workspace

STORE = f"azureml:/{SCOPE.replace('/providers/Microsoft.MachineLearningServices', '')}/datastores/workspaceblobstore"
DATA: dict[str, dict[str, Any]] = {
    "transaction_ts/1": {"dataType": "uri_file", "dataUri": f"{STORE}/paths/old.csv"},
    "transaction_ts/2": {"dataType": "uri_file", "dataUri": f"{STORE}/paths/UI/2014/transaction_ts.csv"},
    "parts/1": {"dataType": "uri_folder", "dataUri": "wasbs://raw@lake.blob.core.windows.net/parts/"},
    "blob/1": {"dataType": "uri_file", "dataUri": "https://lake.blob.core.windows.net/raw/a/b.csv"},
    "web/1": {"dataType": "uri_file", "dataUri": "https://example.org/b.csv"},
    "table/1": {"dataType": "mltable", "dataUri": f"{STORE}/paths/table/"},
    "elsewhere/1": {"dataType": "uri_file", "dataUri": "hdfs://cluster/b.csv"},
}
STORES = {
    "workspaceblobstore": {"accountName": "lake", "containerName": "azureml-blobstore", "endpoint": "core.windows.net"}
}


def resources(request: Request) -> Response | None:
    """Data and datastores of the workspace, as Azure Resource Manager gives them."""
    path = request.path.removeprefix(SCOPE)
    if found := re.fullmatch(r"/data/([^/]+)", path):
        versions = [key.partition("/")[2] for key in DATA if key.partition("/")[0] == found[1]]
        latest = {"properties": {"latestVersion": versions[-1]}} if versions else {}
        return Response.of(latest, 200 if versions else 404)
    if found := re.fullmatch(r"/data/([^/]+)/versions/([^/]+)", path):
        known = DATA.get(f"{found[1]}/{found[2]}")
        return Response.of({"properties": known}) if known else Response(404)
    if found := re.fullmatch(r"/datastores/([^/]+)", path):
        return Response.of({"properties": STORES[found[1]]}) if found[1] in STORES else Response(404)
    return None


@pytest.fixture(autouse=True)
def registered(azure: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The stand-in with data, to which this process's environment leads."""
    azure.routers.insert(0, resources)
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    yield azure
    azure.routers.remove(resources)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("azureml:transaction_ts", "abfss://azureml-blobstore@lake.dfs.core.windows.net/UI/2014/transaction_ts.csv"),
        (
            "azureml:transaction_ts@latest",
            "abfss://azureml-blobstore@lake.dfs.core.windows.net/UI/2014/transaction_ts.csv",
        ),
        ("azureml:transaction_ts:1", "abfss://azureml-blobstore@lake.dfs.core.windows.net/old.csv"),
        ("azureml:parts", "abfss://raw@lake.dfs.core.windows.net/parts/"),
        ("azureml:blob", "abfss://raw@lake.dfs.core.windows.net/a/b.csv"),
        ("azureml:web:1", "https://example.org/b.csv"),
    ],
)
def test_a_name_leads_to_storage(name: str, address: str) -> None:
    assert is_asset(name)
    assert asset_address(name) == address


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("azureml:nothing", "the workspace has no data/nothing"),
        ("azureml:transaction_ts:9", "the workspace has no data/transaction_ts/versions/9"),
        ("azureml:table", "is a table definition"),
        ("azureml:elsewhere", "lives neither in Azure storage nor on the web"),
    ],
)
def test_what_cannot_be_reached_is_said(name: str, said: str) -> None:
    with pytest.raises(ForecastopsError, match=said):
        asset_address(name)


def test_a_job_of_azure_ml_knows_its_workspace(azure: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = SCOPE.split("/")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"azureml://{azure.address}/mlflow/v1.0")
    for name, value in zip(
        ("SUBSCRIPTION", "RESOURCEGROUP", "WORKSPACE_NAME"), (parts[2], parts[4], parts[-1]), strict=True
    ):
        monkeypatch.setenv(f"AZUREML_ARM_{name}", value)
    assert asset_address("azureml:transaction_ts:1").endswith("/old.csv")


def test_without_a_workspace_the_command_says_how_to_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    result = CliRunner().invoke(main, ["data", "check", "azureml:transaction_ts"])
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "forecastops: error: data azureml:transaction_ts: is registered data, and no workspace"
    )
    assert len(result.stderr.splitlines()) == 1


def test_without_a_credential_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name)
    result = CliRunner().invoke(main, ["data", "check", "azureml:transaction_ts"])
    assert result.exit_code == 1
    assert "no credential gave a token" in result.stderr
    assert len(result.stderr.splitlines()) == 1
