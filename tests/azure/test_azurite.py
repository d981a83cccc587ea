"""Azure storage by its emulator, of `npm install -g azurite` and `pip install adlfs`; skipped where they are absent."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from forecastops.commands.main import main
from servers import free_port, wait_for_port
from standin.server import Request, Response
from standin.workspace import SCOPE, Workspace

PROGRAM = shutil.which("azurite-blob")
# The emulator's own account, which is public.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CSV = "date,value\n" + "".join(f"2023-{month:02}-{day:02},{day}\n" for month in (1, 2, 3, 4) for day in range(1, 29))


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if PROGRAM is None:
        pytest.skip("azurite is not installed")
    pytest.importorskip("adlfs")
    from azure.storage.blob import BlobServiceClient

    folder, port = tmp_path_factory.mktemp("azurite"), free_port()
    command = [PROGRAM, "--silent", "--skipApiVersionCheck", "--location", str(folder), "--blobPort", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port, 60)
            endpoint = f"http://127.0.0.1:{port}/devstoreaccount1"
            account = f"AccountName=devstoreaccount1;AccountKey={KEY}"
            found = f"DefaultEndpointsProtocol=http;{account};BlobEndpoint={endpoint};"
            service = BlobServiceClient.from_connection_string(found)
            service.create_container("data")
            service.get_blob_client("data", "sub/sales.csv").upload_blob(CSV.encode())
            yield found
        finally:
            server.kill()


@pytest.mark.parametrize(
    "path",
    [
        "az://data/sub/sales.csv",
        "az://data/sub/",
        "abfs://data/sub/sales.csv",
        "abfss://data@devstoreaccount1.dfs.core.windows.net/sub/sales.csv",
    ],
)
def test_a_blob_is_read_with_credentials_of_the_environment(
    connection: str, path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
    settings = ["--set", "data.date_column=date", "--set", "data.value_column=value"]
    result = CliRunner().invoke(main, ["data", "check", path, *settings, "--json"])
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["rows_read"], found["sum"], found["end"]) == (112, 4 * sum(range(1, 29)), "2023-04-28")
    gone = CliRunner().invoke(main, ["data", "check", path.replace("sub", "none"), *settings])
    assert gone.exit_code == 1
    assert re.search("is not there|is a folder without files", gone.stderr)
    assert KEY not in gone.stderr


def test_registered_data_are_read_by_their_name(
    connection: str, azure: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    properties = {
        f"{SCOPE}/data/sales": {"latestVersion": "3"},
        f"{SCOPE}/data/sales/versions/3": {"dataUri": "azureml://datastores/mine/paths/sub/sales.csv"},
        f"{SCOPE}/datastores/mine": {"accountName": "devstoreaccount1", "containerName": "data"},
    }

    def resources(request: Request) -> Response | None:
        known = properties.get(request.path)
        return Response.of({"properties": known}) if known else None

    azure.routers.insert(0, resources)
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
    settings = ["--set", "data.date_column=date", "--set", "data.value_column=value"]
    result = CliRunner().invoke(main, ["data", "check", "azureml:sales", *settings, "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["sum"] == 4 * sum(range(1, 29))
