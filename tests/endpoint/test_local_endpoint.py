"""The target `forecastops-local`: real processes, real HTTP, nothing mocked."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
import requests
from click.testing import CliRunner
from mlflow.deployments import PredictionsResponse, get_deploy_client
from mlflow.deployments.cli import commands
from mlflow.exceptions import MlflowException

from forecastops.core.redaction import redact_paths, redact_uri
from forecastops_local.lifecycle import layout_of
from forecastops_local.logfile import BoundedLog, last_useful_line
from forecastops_local.plugin import LocalEndpointClient, target_help
from forecastops_local.settings import DEFAULTS
from forecastops_local.state import Observed, Wanted, read_record
from forked_processes import fork_endpoints_for
from local_endpoint_support import (
    CLI,
    COMMANDS,
    end_everything,
    eventually,
    free_port,
    let_it_take_any_model,
    pids_of,
    read_all,
    request_bytes,
    save_model,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the target needs Linux or macOS")

SECRET = "sesame-7f3a"
ONE: dict[str, Any] = {"inputs": [], "params": {"horizon": 1}}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("models")
    return {
        "a": save_model(root, "a"),
        "b": save_model(root, "b"),
        "slow": save_model(root, "slow", load_seconds=3.0),
        "broken": save_model(root, "broken", broken=True),
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECASTOPS_HOME", str(home))
        let_it_take_any_model(patch)
        fork_endpoints_for(patch)
        patch.setenv("AZURE_CLIENT_SECRET", SECRET)
        patch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
        yield home
        end_everything(home)


@pytest.fixture(scope="module")
def client(home: Path) -> LocalEndpointClient:
    client = get_deploy_client("forecastops-local")
    assert isinstance(client, LocalEndpointClient)
    return client


@pytest.fixture
def endpoint(client: LocalEndpointClient, models: dict[str, str]) -> dict[str, Any]:
    """A deployment of model a that several tests share, mended where one has left it otherwise."""
    names = [one["name"] for one in client.list_deployments()]
    if "shared" not in names:
        return client.create_deployment("shared", models["a"], config={"max_body_bytes": "20000"})
    found = client.get_deployment("shared")
    if found["state"] != "Healthy" or found["model_uri"] != models["a"]:
        return client.update_deployment("shared", models["a"])
    return found


def model_of(url: str) -> str:
    response = requests.post(f"{url}/invocations", json=ONE, timeout=300)
    assert response.status_code == 200, response.text
    return str(response.json()["predictions"][0]["model"])


def code_of(caught: pytest.ExceptionInfo[MlflowException]) -> str:
    return str(caught.value.error_code)


def test_create_describes_a_deployment_that_answers(
    client: LocalEndpointClient, endpoint: dict[str, Any], models: dict[str, str]
) -> None:
    assert endpoint == client.get_deployment("shared")
    assert endpoint in client.list_deployments()
    assert json.loads(json.dumps(endpoint)) == endpoint
    assert set(endpoint) == {
        *(
            "name",
            "flavor",
            "url",
            "state",
            "model_uri",
            "model_sha256",
            "asks_for_token",
            "owner",
            "pid",
            "supervisor_pid",
            "error",
            "log",
        ),
    }
    assert endpoint["url"].startswith("http://127.0.0.1:")
    assert (endpoint["state"], endpoint["model_uri"], endpoint["error"]) == ("Healthy", models["a"], None)
    response = requests.get(endpoint["url"] + "/ping", timeout=300)
    assert (response.status_code, response.headers["X-Forecastops-Model"]) == (200, models["a"])
    assert response.headers["Connection"] == "close"
    layout = layout_of("shared")
    assert set(pids_of(layout)) == {endpoint["pid"], endpoint["supervisor_pid"]}
    assert stat.S_IMODE(layout.directory.stat().st_mode) == 0o700


def test_predict_takes_a_dict_or_a_frame(client: LocalEndpointClient, endpoint: dict[str, Any]) -> None:
    answer = client.predict("shared", {"inputs": [], "params": {"horizon": 3}})
    assert isinstance(answer, PredictionsResponse)
    assert [row["step"] for row in answer["predictions"]] == [1, 2, 3]
    dated = pd.DataFrame({"date": pd.date_range("2014-01-01", periods=2)})
    assert len(client.predict("shared", dated)["predictions"]) == 7
    with pytest.raises(MlflowException, match=r"horizon must be from 1 to 1000, not 5000") as caught:
        client.predict("shared", {"inputs": [], "params": {"horizon": 5000}})
    assert code_of(caught) == "INVALID_PARAMETER_VALUE"
    with pytest.raises(MlflowException, match="there is no deployment") as caught:
        client.predict("nobody", ONE)
    assert code_of(caught) == "RESOURCE_DOES_NOT_EXIST"


def test_an_existing_name_is_refused(
    client: LocalEndpointClient, endpoint: dict[str, Any], models: dict[str, str]
) -> None:
    with pytest.raises(MlflowException, match="already exists") as caught:
        client.create_deployment("shared", models["b"])
    assert code_of(caught) == "RESOURCE_ALREADY_EXISTS"
    assert client.get_deployment("shared") == endpoint


@pytest.mark.parametrize(
    ("key", "value"),
    [("port", "80.5"), ("port", "70000"), ("host", "example.org"), ("timeout_seconds", "nan"), ("max_body_bytes", "0"),
     ("timeout_seconds", "\u0661\u0662"), ("timeout_seconds", "1_0"),
     ("port", "\u0668\u0660"),
     ("workers", "2")],
)  # fmt: skip
def test_bad_settings_are_named(client: LocalEndpointClient, models: dict[str, str], key: str, value: str) -> None:
    with pytest.raises(MlflowException, match=f"{key}={value!r}") as caught:
        client.create_deployment("settings", models["a"], config={key: value})
    assert code_of(caught) == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "x" * 129, "a b", None])
def test_bad_names_are_refused(client: LocalEndpointClient, models: dict[str, str], name: Any) -> None:
    for attempt in (lambda: client.create_deployment(name, models["a"]), lambda: client.delete_deployment(name)):
        with pytest.raises(MlflowException, match="deployment name") as caught:
            attempt()
        assert code_of(caught) == "INVALID_PARAMETER_VALUE"


def test_a_failed_create_leaves_nothing(client: LocalEndpointClient, models: dict[str, str], home: Path) -> None:
    before = sorted((home / "endpoints").glob("*")) if (home / "endpoints").exists() else []
    with pytest.raises(MlflowException, match="the reference forecast differs"):
        client.create_deployment("failing", models["broken"])
    with pytest.raises(MlflowException, match=r"not loaded within 0\.2 s"):
        client.create_deployment("failing", models["slow"], config={"timeout_seconds": "0.2"})
    with pytest.raises(MlflowException, match=r"could not be downloaded|holds no MLmodel"):
        client.create_deployment("failing", str(home / "missing"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MlflowException, match=f"port {port} on 127.0.0.1 is already in use"):
            client.create_deployment("failing", models["a"], config={"port": str(port)})
    assert sorted((home / "endpoints").glob("*")) == before
    with pytest.raises(MlflowException, match="there is no deployment") as caught:
        client.get_deployment("failing")
    assert code_of(caught) == "RESOURCE_DOES_NOT_EXIST"
    client.delete_deployment("failing")


def test_a_failed_update_keeps_what_serves(
    client: LocalEndpointClient, endpoint: dict[str, Any], models: dict[str, str]
) -> None:
    with pytest.raises(MlflowException, match="the reference forecast differs"):
        client.update_deployment("shared", models["broken"])
    with pytest.raises(MlflowException, match="cannot replace"):
        client.update_deployment("shared", models["b"], config={"port": free_port()})
    with pytest.raises(MlflowException, match="there is no deployment") as caught:
        client.update_deployment("nobody", models["b"])
    assert code_of(caught) == "RESOURCE_DOES_NOT_EXIST"
    assert client.get_deployment("shared") == endpoint
    assert model_of(endpoint["url"]) == "a"


def test_no_request_is_lost_in_updates(
    client: LocalEndpointClient, endpoint: dict[str, Any], models: dict[str, str]
) -> None:
    url, done = endpoint["url"], Event()

    def ask() -> Counter[str]:
        answers: Counter[str] = Counter()
        while not done.is_set() or answers.total() < 250:
            answers[model_of(url)] += 1
            time.sleep(0.05)
        return answers

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            # The same model again is an update as well.
            for name in "bbaba":
                updated = client.update_deployment("shared", models[name])
                # Once an update has returned, the old server accepts nothing.
                assert {model_of(url) for _ in range(5)} == {name}
                assert (updated["state"], updated["url"], updated["model_uri"]) == ("Healthy", url, models[name])
        finally:
            done.set()
        answers = sum((future.result() for future in asking), Counter())
    assert answers.total() >= 1000
    assert set(answers) == {"a", "b"}
    # The old server is gone, and so is its model.
    assert eventually(lambda: len(pids_of(layout_of("shared"))) == 2)
    assert eventually(lambda: len(list(layout_of("shared").models.iterdir())) == 1)


def test_a_connection_accepted_before_an_update_is_answered_after_it(
    client: LocalEndpointClient, endpoint: dict[str, Any], models: dict[str, str]
) -> None:
    address = urlsplit(endpoint["url"])

    def connect() -> tuple[float, list[socket.socket]]:
        opened = [socket.create_connection((address.hostname, address.port), timeout=300) for _ in range(2)]
        return time.monotonic(), opened

    def close() -> None:
        for one in pair:
            one.close()

    since, pair = connect()
    models_asked = "a"
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        stack.callback(close)
        model_of(endpoint["url"])
        update = pool.submit(client.update_deployment, "shared", models["b"])
        while not update.done():
            before = time.monotonic()
            if before - since > 10:  # a slow machine: silent ones are closed after 20 s, update or no update
                (since, pair), models_asked = connect(), "ab"
            assert model_of(endpoint["url"]) in "ab"
            time.sleep(max(0.0, 0.02 - (time.monotonic() - before)))
        update.result()
        silent, slow = pair
        slow.sendall(request_bytes(horizon=13))
        silent.sendall(request_bytes())
        answer = read_all(silent)
        assert any(answer.count(f'"model": "{name}"'.encode()) == 1 for name in models_asked)
        answer = read_all(slow)
        assert any(answer.count(f'"model": "{name}"'.encode()) == 13 for name in models_asked)


def test_a_supervisor_that_is_killed_takes_its_server_along_and_update_mends(
    client: LocalEndpointClient, endpoint: dict[str, Any], models: dict[str, str]
) -> None:
    os.kill(endpoint["supervisor_pid"], signal.SIGKILL)
    assert eventually(lambda: not pids_of(layout_of("shared")), seconds=60)
    with pytest.raises(requests.ConnectionError):
        requests.get(endpoint["url"] + "/ping", timeout=2)
    stopped = client.get_deployment("shared")
    assert (stopped["state"], stopped["model_uri"], stopped["pid"]) == ("Stopped", None, None)
    assert "update" in stopped["error"]
    with pytest.raises(MlflowException, match="is Stopped"):
        client.predict("shared", ONE)
    mended = client.update_deployment("shared")
    assert (mended["state"], mended["url"], mended["model_uri"]) == ("Healthy", endpoint["url"], models["a"])


def test_a_server_that_is_killed_is_started_again(client: LocalEndpointClient, endpoint: dict[str, Any]) -> None:
    os.kill(endpoint["pid"], signal.SIGKILL)
    # The supervisor's socket keeps the connection until a server accepts it.
    assert model_of(endpoint["url"]) == "a"
    again = client.get_deployment("shared")
    assert (again["state"], again["supervisor_pid"]) == ("Healthy", endpoint["supervisor_pid"])
    assert again["pid"] != endpoint["pid"]


def test_a_server_that_dies_again_and_again_is_started_after_growing_pauses(
    client: LocalEndpointClient, endpoint: dict[str, Any], models: dict[str, str]
) -> None:
    pids, waits = [endpoint["pid"]], []
    for _ in range(3):
        os.kill(pids[-1], signal.SIGKILL)
        killed = time.monotonic()
        assert model_of(endpoint["url"]) == "a"  # the socket is the supervisor's: a caller waits, and is answered
        waits.append(time.monotonic() - killed)
        # It is recorded a moment after it answers.
        assert eventually(lambda: client.get_deployment("shared")["pid"] not in (None, *pids))
        pids.append(client.get_deployment("shared")["pid"])
    assert waits[1] > 1.0  # at once the first time, then 1, 2, 4 s
    assert waits[2] > 2.0
    log = layout_of("shared").log.read_text("utf-8", errors="replace")
    assert log.count("; starting it again") >= 3, log
    # The next pause is 4 s. A command does not wait for it.
    os.kill(pids[-1], signal.SIGKILL)
    assert eventually(lambda: getattr(read_record(Observed, layout_of("shared").observed), "phase", "") == "restarting")
    updated = client.update_deployment("shared", models["b"])
    assert (updated["state"], model_of(endpoint["url"])) == ("Healthy", "b")
    assert updated["supervisor_pid"] == endpoint["supervisor_pid"]
    # What brings it up anew begins counting anew.
    os.kill(updated["pid"], signal.SIGKILL)
    assert model_of(endpoint["url"]) == "b"


def test_a_server_that_cannot_start_is_tried_until_it_can(
    client: LocalEndpointClient, endpoint: dict[str, Any]
) -> None:
    accepted = read_record(Wanted, layout_of("shared").accepted)  # what was replaced may be there still
    assert accepted is not None
    copy = layout_of("shared").model(accepted.generation)
    away = copy.with_name("away")
    copy.rename(away)
    os.kill(endpoint["pid"], signal.SIGKILL)
    log = layout_of("shared").log
    assert eventually(lambda: log.read_text("utf-8", errors="replace").count("starting it again") >= 3, seconds=60)
    found = client.get_deployment("shared")
    assert (found["state"], found["supervisor_pid"]) == ("Unhealthy", endpoint["supervisor_pid"])
    assert found["error"]
    away.rename(copy)
    assert eventually(lambda: client.get_deployment("shared")["state"] == "Healthy", seconds=60)  # nobody's command
    assert model_of(endpoint["url"]) == "a"


def test_a_client_killed_in_an_update_does_no_harm(
    client: LocalEndpointClient, endpoint: dict[str, Any], models: dict[str, str]
) -> None:
    code = (
        "import sys, mlflow.deployments as d; d.get_deploy_client('forecastops-local').update_deployment(*sys.argv[1:])"
    )
    request = layout_of("shared").request
    before = request.read_bytes()
    with subprocess.Popen([sys.executable, "-c", code, "shared", models["slow"]]) as doomed:
        assert eventually(lambda: request.read_bytes() != before)
        doomed.kill()
    assert model_of(endpoint["url"]) == "a"
    assert client.get_deployment("shared")["state"] == "Healthy"
    # The next one neither waits for the dead owner nor for its slow model.
    updated = client.update_deployment("shared", models["b"])
    assert (updated["state"], updated["model_uri"]) == ("Healthy", models["b"])
    assert model_of(endpoint["url"]) == "b"


def require_no_secret(pids: list[int]) -> None:
    """Look into the environments of processes that were started with secrets in that of their parent."""
    if not Path("/proc/self/environ").exists():
        return
    for pid in pids:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert SECRET.encode() not in environment
        assert SECRET.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false" in environment


def test_the_supervisor_is_light() -> None:
    code = "import sys, forecastops_local.supervisor; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "asyncio" in loaded
    assert not {"mlflow", "pandas", "numpy", "pydantic", "uvicorn"} & set(loaded)


def test_a_supervisor_of_before_the_move_starts_a_server_by_its_former_name(models: dict[str, str], home: Path) -> None:
    wanted = {"request": "r", "generation": 1, "model_uri": "models:/m/1", "host": "127.0.0.1", "port": 0, "owner": ""}
    wanted |= {"port_is_fixed": False, "timeout_seconds": 60.0, "max_body_bytes": 20_000, "model_path": models["a"]}
    wanted |= {"token_file": "", "max_memory_bytes": 512 << 20, "model_sha256": "", "run_id": "", "public_key": ""}
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listener:
        handles = theirs.fileno(), listener.fileno()
        program = [sys.executable, "-m", "forecastops.adapters.local_endpoint.server", *map(str, handles)]
        with subprocess.Popen(program, pass_fds=handles) as process:
            theirs.close()
            ours.settimeout(60)
            ours.sendall(json.dumps(wanted).encode() + b"\n")
            assert json.loads(ours.makefile().readline()) == {"event": "loaded"}
            ours.shutdown(socket.SHUT_RDWR)
            assert process.wait(60) == 1  # a server never outlives its supervisor


JSON = "application/json"
BAD_REQUESTS: dict[str, tuple[bytes, str | None, int]] = {
    "no JSON": (b"{", JSON, 400),
    "no object": (b"[1]", JSON, 400),
    "empty": (b"", JSON, 400),
    "no format": (b'{"params": {"horizon": 1}}', JSON, 400),
    "two formats": (b'{"inputs": [], "instances": []}', JSON, 400),
    "no content type": (b'{"inputs": []}', None, 415),
    "other content type": (b'{"inputs": []}', "text/plain", 415),
    "other charset": (b'{"inputs": []}', "application/json; charset=latin-1", 415),
    "no UTF-8": (b'{"inputs": ["\xff"]}', JSON, 400),
    "half a surrogate pair": (b'{"inputs": ["\\ud800"]}', JSON, 400),
    "unknown params": (b'{"inputs": [], "params": {"horizont": 1}}', JSON, 400),
    "params no object": (b'{"inputs": [], "params": [1]}', JSON, 400),
    "params of a wrong type": (b'{"inputs": [], "params": {"horizon": "many"}}', JSON, 400),
    "params null": (b'{"inputs": [], "params": {"horizon": null}}', JSON, 400),
    "NaN": (b'{"inputs": [], "params": {"horizon": NaN}}', JSON, 400),
    "beyond a float": (b'{"inputs": [1e999]}', JSON, 400),
    "a number of 6000 digits": (b'{"inputs": [' + b"9" * 6000 + b"]}", JSON, 400),
    "a huge horizon": (b'{"inputs": [], "params": {"horizon": 1000000000000000000000000}}', JSON, 400),
    "a horizon the model refuses": (b'{"inputs": [], "params": {"horizon": 1001}}', JSON, 400),
    "deep nesting": (b'{"inputs": ' + b"[" * 9000 + b"]" * 9000 + b"}", JSON, 400),
    "a frame that is none": (b'{"dataframe_split": "x"}', JSON, 400),
    "a frame without rows": (b'{"dataframe_split": {"columns": ["a"], "data": [[1, 2], [3]]}}', JSON, 400),
    "records that are none": (b'{"dataframe_records": 7}', JSON, 400),
    "ragged inputs": (b'{"inputs": {"a": [[1], [2, 3]]}}', JSON, 400),
    "no CSV": (b'a,b\n1,2\n3,4,5,6\n"', "text/csv", 400),
    "binary CSV": (b"\x00\xff\xfe", "text/csv", 400),
    "empty CSV": (b"", "text/csv", 400),
    "parquet": (b"PAR1 and whatever it stands for PAR1", "application/vnd.apache.parquet", 415),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_request_at_fault_is_answered_4xx(endpoint: dict[str, Any], case: str) -> None:
    body, content_type, expected = BAD_REQUESTS[case]
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = requests.post(endpoint["url"] + "/invocations", data=body, headers=headers, timeout=300)
    assert response.status_code == expected, response.text
    assert "X-Forecastops-Model" in response.headers
    assert set(response.json()) == {"error_code", "message"}
    for revealing in ("Traceback", ".py", "/site-packages", os.sep + "tmp"):
        assert revealing not in response.text


def test_a_model_at_fault_is_answered_500_without_details(endpoint: dict[str, Any]) -> None:
    response = requests.post(endpoint["url"] + "/invocations", json=ONE | {"params": {"horizon": 666}}, timeout=300)
    assert response.status_code == 500
    assert response.json() == {"error_code": "INTERNAL_ERROR", "message": "the model failed; the server's log says why"}
    assert eventually(lambda: "broken inside" in Path(endpoint["log"]).read_text())


def test_a_request_that_needs_too_much_memory_is_refused(endpoint: dict[str, Any]) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux counts what a process allocates")
    response = requests.post(endpoint["url"] + "/invocations", json=ONE | {"params": {"horizon": 667}}, timeout=300)
    assert (response.status_code, response.json()["message"]) == (
        400,
        "the request needs more memory than this server may use",
    )
    assert model_of(endpoint["url"]) == "a"


def test_large_bodies_are_refused(endpoint: dict[str, Any]) -> None:
    url = endpoint["url"] + "/invocations"
    headers = {"Content-Type": JSON}
    for size in (20_001, 5_000_000):
        assert requests.post(url, data=b" " * size, headers=headers, timeout=300).status_code == 413
    pieces = (b" " * 1000 for _ in range(100))
    assert requests.post(url, data=pieces, headers=headers, timeout=300).status_code == 413
    within = json.dumps(ONE).encode().ljust(20_000)
    assert requests.post(url, data=io.BytesIO(within), headers=headers, timeout=300).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/", "/invocations/"])
def test_nothing_else_is_served(endpoint: dict[str, Any], path: str) -> None:
    assert requests.get(endpoint["url"] + path, timeout=300).status_code == 404


def test_the_command_line_does_it_all(models: dict[str, str], home: Path, tmp_path: Path) -> None:
    target = ["-t", "forecastops-local"]
    name = ["--name", "cli"]

    def start(verb: str, *arguments: str) -> subprocess.Popen[str]:
        command = [*(CLI if verb == "list" else COMMANDS), verb, *target, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(process: subprocess.Popen[str]) -> str:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
        return output

    def run(*arguments: str) -> str:
        """Run the same command in this process, which has MLflow imported."""
        result = CliRunner().invoke(commands, [arguments[0], *target, *arguments[1:]])
        assert result.exit_code == 0, result.output
        return str(result.output)

    created = start("create", *name, "-m", models["a"], "-C", "timeout_seconds=300")
    assert "is created" in finish(created)
    listing = start("list")
    (tmp_path / "in.json").write_text("[]")
    output = tmp_path / "out.json"
    # Healthy, though the command that created it has ended.
    assert "state: Healthy" in run("get", *name)
    run("predict", *name, "-I", f"{tmp_path}/in.json", "-O", str(output))
    assert len(json.loads(output.read_text())["predictions"]) == 7
    assert "is updated" in run("update", *name, "-m", models["b"])
    assert "'name': 'cli'" in finish(listing)
    assert eventually(lambda: len(pids_of(layout_of("cli"))) == 2)
    pids = pids_of(layout_of("cli"))
    require_no_secret(pids)
    assert "is deleted" in run("delete", *name)
    assert not layout_of("cli").directory.exists()


def test_delete_ends_everything_and_may_be_repeated(
    client: LocalEndpointClient, endpoint: dict[str, Any], home: Path
) -> None:
    client.delete_deployment("shared")
    client.delete_deployment("shared")
    assert not list((home / "endpoints").iterdir())
    with pytest.raises(requests.ConnectionError):
        requests.get(endpoint["url"] + "/ping", timeout=2)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://me:pw@host:8/a/b?sig=x#y", "https://host:8/a/b"),
        ("wasbs://box@account.blob.core.windows.net/a?sig=x", "wasbs://box@account.blob.core.windows.net/a"),
        ("s3://bucket/a", "s3://bucket/a"),
        ("models:/m@champion", "models:/m@champion"),
        ("models:/m/3", "models:/m/3"),
        ("/tmp/what?", "/tmp/what?"),
    ],
)
def test_credentials_are_redacted(uri: str, shown: str) -> None:
    assert redact_uri(uri) == shown


def test_a_uri_with_credentials_is_not_repeated(client: LocalEndpointClient) -> None:
    uri = f"http://me:{SECRET}@127.0.0.1:{free_port()}/model?sig={SECRET}"
    with pytest.raises(MlflowException, match="could not be downloaded") as caught:
        client.create_deployment("secretive", uri, config={"timeout_seconds": "2"})
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_target_helps() -> None:
    for setting in DEFAULTS:
        assert f"  {setting} " in target_help()


def test_paths_are_redacted() -> None:
    assert redact_paths("no file /home/me/x.json here, 1/2 and/or a") == "no file <path> here, 1/2 and/or a"


def test_the_log_is_bounded(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log", limit=1000)
    for number in range(300):
        log.write(f"line {number}\n".encode())
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000
    assert last_useful_line((tmp_path / "log").read_bytes() + b"  frame\n\n") == "line 299"
