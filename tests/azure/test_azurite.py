"""Azure storage by its emulator, of `npm install -g azurite` and `pip install adlfs`; skipped where they are absent."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from forecastops.commands.main import main
from servers import free_port, wait_for_port

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
    gone = CliRunner().invoke(main, ["data", "check", path.replace("sales", "none"), *settings])
    assert gone.exit_code == 1
    assert "is not there" in gone.stderr
    assert KEY not in gone.stderr
