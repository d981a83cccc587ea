"""S3 by moto's server, of `pip install moto[server] s3fs`; skipped where they are absent."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from click.testing import CliRunner

from forecastops.commands.main import main
from servers import free_port, wait_for_port

PARTS = [
    "date,value\n" + "".join(f"2023-{month:02}-{day:02},{day}\n" for month in months for day in range(1, 29))
    for months in ((1, 2, 3), (4, 5, 6))
]
SETTINGS = ["--set", "data.date_column=date", "--set", "data.value_column=value"]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of a server with the bucket ``data`` that holds two parts of a series."""
    if not (find_spec("moto") and find_spec("s3fs") and find_spec("flask")):
        pytest.skip("moto's server or s3fs is not installed")
    s3fs: Any = importlib.import_module("s3fs")
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port, 60)
            url = f"http://127.0.0.1:{port}"
            files = s3fs.S3FileSystem(key="test", secret="hunter2", endpoint_url=url, skip_instance_cache=True)
            files.mkdir("data")
            for number, part in enumerate(PARTS):
                files.pipe_file(f"data/sales/part-{number}.csv", part.encode())
            files.pipe_file("data/sales/_SUCCESS", b"")
            yield url
        finally:
            server.kill()


def test_a_file_and_a_folder_are_read_by_the_environments_credentials(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "hunter2", "ENDPOINT_URL": bucket}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    result = CliRunner().invoke(main, ["data", "check", "s3://data/sales/part-0.csv", *SETTINGS, "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["rows_read"] == 84
    result = CliRunner().invoke(main, ["data", "check", "s3://data/sales/", *SETTINGS, "--json"])
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["rows_read"], found["sum"], found["end"]) == (168, 6 * sum(range(1, 29)), "2023-06-28")
    gone = CliRunner().invoke(main, ["data", "check", "s3://data/none.csv", *SETTINGS])
    assert gone.exit_code == 1
    assert "s3://data/none.csv: is not there" in gone.stderr
    assert "hunter2" not in gone.stderr
