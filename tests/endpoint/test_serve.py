"""`forecastops serve`: the local endpoint as a service manager's process, real and without any registry."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException

from command import hear_interrupts
from forecastops_local.lifecycle import layout_of
from forecastops_local.plugin import LocalEndpointClient
from local_endpoint_support import (
    end_everything,
    eventually,
    free_port,
    let_it_take_any_model,
    pids_of,
    save_model,
)

QUOTED = """data.date_column='the "day"'"""
NAME = ["--set", "deployment.name=served"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("models")
    return {name: save_model(root, name, broken=name == "broken") for name in ("a", "b", "broken")}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEndpointClient]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECASTOPS_HOME", str(home))
        let_it_take_any_model(patch)
        patch.setenv("AZURE_CLIENT_SECRET", "sesame-7f3a")
        # Nobody is there: serving asks no registry.
        patch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
        client = get_deploy_client("forecastops-local")
        assert isinstance(client, LocalEndpointClient)
        yield client
        end_everything(home)


def command(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "forecastops", *arguments]
    return subprocess.run(program, capture_output=True, text=True, timeout=300, cwd=folder, check=False)


@contextmanager
def serving(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command in the foreground, ended politely."""
    program = [sys.executable, "-m", "forecastops", "serve", *NAME, "--json"]
    with (
        (tmp_path / "out").open("wb") as output,
        subprocess.Popen(program, stdout=output, stderr=output, cwd=tmp_path) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0, (tmp_path / "out").read_text()


def model_of(url: str) -> str:
    body: dict[str, Any] = {"inputs": [], "params": {"horizon": 1}}
    return str(requests.post(f"{url}/invocations", json=body, timeout=300).json()["predictions"][0]["model"])


def reboot() -> None:
    """End every process of the deployment at once."""
    layout = layout_of("served")
    for pid in pids_of(layout):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not pids_of(layout))


def test_it_brings_up_what_was_served_last_and_ends_politely(
    client: LocalEndpointClient, models: dict[str, str], tmp_path: Path
) -> None:
    before = client.create_deployment("served", models["a"])
    with pytest.raises(MlflowException, match="the reference forecast differs"):
        client.update_deployment("served", models["broken"])
    reboot()
    with serving(tmp_path) as process:
        assert eventually(lambda: client.get_deployment("served")["state"] == "Healthy", seconds=60)
        found = client.get_deployment("served")
        assert (found["url"], found["supervisor_pid"]) == (before["url"], process.pid)
        assert model_of(found["url"]) == "a"
        told = json.loads((tmp_path / "out").read_text())
        assert told == {"name": "served", "url": found["url"], "log": found["log"]}
        if Path("/proc/self/environ").exists():
            assert b"sesame" not in Path(f"/proc/{process.pid}/environ").read_bytes()
        # It is the deployment's supervisor like any other: a server that dies comes back, a promotion reaches it.
        os.kill(found["pid"], signal.SIGKILL)
        assert model_of(found["url"]) == "a"
        assert client.update_deployment("served", models["b"])["supervisor_pid"] == process.pid
        assert model_of(found["url"]) == "b"
    assert client.get_deployment("served")["state"] == "Stopped"
    assert not pids_of(layout_of("served"))


def test_python_serves_too_until_it_is_interrupted(client: LocalEndpointClient, models: dict[str, str]) -> None:
    names = [one["name"] for one in client.list_deployments()]
    change = client.update_deployment if "served" in names else client.create_deployment
    before = change("served", models["a"])
    reboot()
    hear_interrupts()
    program = "import forecastops as fo; fo.serve({'deployment.name': 'served'})"
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) as process:
        assert eventually(lambda: client.get_deployment("served")["state"] == "Healthy", seconds=60)
        assert client.get_deployment("served")["supervisor_pid"] != process.pid
        assert model_of(before["url"]) == "a"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    assert "KeyboardInterrupt" in said
    assert client.get_deployment("served")["state"] == "Stopped"
    assert not pids_of(layout_of("served"))


def test_it_takes_over_from_what_a_promotion_has_started(
    client: LocalEndpointClient, models: dict[str, str], tmp_path: Path
) -> None:
    names = [one["name"] for one in client.list_deployments()]
    change = client.update_deployment if "served" in names else client.create_deployment
    before = change("served", models["a"])
    with serving(tmp_path) as process:
        assert eventually(lambda: client.get_deployment("served")["supervisor_pid"] == process.pid, seconds=60)
        assert model_of(before["url"]) == "a"
        # Whoever deletes the deployment ends its service, too.
        client.delete_deployment("served")
        assert process.wait(40) == 0


def test_there_must_be_something_to_serve(client: LocalEndpointClient) -> None:
    missing = command("serve", "--set", "deployment.name=nobody")
    assert missing.returncode == 1
    assert "there is no deployment 'nobody'; put a champion there: forecastops promote" in missing.stderr
    elsewhere = command("serve", "--set", "deployment.target=azureml")
    assert elsewhere.returncode == 2
    assert "deployment.target is 'azureml', which serves by itself" in elsewhere.stderr
    for refused in (missing, elsewhere):
        assert len(refused.stderr.splitlines()) == 1


def test_the_unit_starts_it(client: LocalEndpointClient, tmp_path: Path) -> None:
    folder = tmp_path / "50% of $HOME"
    folder.mkdir()
    (folder / "served.yaml").write_text('deployment: {name: "served"}\n')
    printed = command("serve", "--systemd", "--config", "served.yaml", "--set", QUOTED, folder=folder)
    assert printed.returncode == 0, printed.stderr
    lines: Any = dict(line.split("=", 1) for line in printed.stdout.splitlines() if "=" in line and line[0] != "#")
    escaped = str(folder).replace("%", "%%")
    assert lines["WorkingDirectory"] == escaped
    assert lines["Environment"] == f'"FORECASTOPS_HOME={os.environ["FORECASTOPS_HOME"]}"'
    path = escaped.replace("$", "$$") + "/served.yaml"
    words = ["-m", "forecastops", "serve", "--config", path, "--set", QUOTED.replace('"', r"\"")]
    assert lines["ExecStart"] == " ".join(f'"{word}"' for word in (sys.executable, *words))
    assert (lines["Restart"], lines["WantedBy"]) == ("on-failure", "multi-user.target")
    unit = json.loads(command("serve", "--systemd", "--json", *NAME, folder=folder).stdout)["unit"]
    assert "Description=forecastops endpoint served" in unit
    if shutil.which("systemd-analyze"):
        file = tmp_path / "forecastops-served.service"
        file.write_text(printed.stdout)
        verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
        assert (verified.returncode, verified.stderr) == (0, "")
