"""The commands against a stand-in Azure ML workspace, by the real client over TLS."""

from __future__ import annotations

from pathlib import Path

from command import Command
from standin.workspace import Workspace


def test_a_run_is_logged_with_its_model(azure: Workspace, tmp_path: Path) -> None:
    forecastops = Command(tmp_path, azure.environment() | {"FORECASTOPS_HOME": str(tmp_path / "home")})
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    run_id = forecastops.ok("train", "--data", "data/transaction_ts2013.csv")["run_id"]
    assert azure.artifacts.path(run_id, "model/MLmodel").is_file()
    assert azure.connected_hosts() == {"localhost", "127.0.0.1"}
