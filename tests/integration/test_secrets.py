"""Passwords and tokens that are handed to the command are found nowhere afterwards."""

from __future__ import annotations

import base64
import json
import os
import string
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import Command, Result
from forecastops.core.redaction import redacted, redacted_tree

PASSWORD, TOKEN, CLIENT_SECRET, API_KEY = "Planted-Password-1", "Planted-Token-2", "Planted-Secret-3", "Planted-Key-4"
PHRASE = "Planted-Phrase-5"
BASIC = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, TOKEN, CLIENT_SECRET, API_KEY, PHRASE, BASIC)
ENVIRONMENT = {
    "MLFLOW_TRACKING_USERNAME": "robot",
    "MLFLOW_TRACKING_PASSWORD": PASSWORD,
    "MLFLOW_TRACKING_TOKEN": TOKEN,
    "AZURE_CLIENT_SECRET": CLIENT_SECRET,
    "AZUREML_API_KEY": API_KEY,
    "FORECASTOPS_SIGNING_PASSWORD": PHRASE,
}
CLOSED = f"http://robot:{PASSWORD}@127.0.0.1:9"
LOUD = ["--traceback", "-vv"]


def leaks(data: bytes) -> list[str]:
    return [secret for secret in SECRETS if secret.encode() in data]


def leaking_files(folder: Path) -> dict[str, list[str]]:
    """Every file in a folder that holds a secret: databases, artifacts, endpoints, locks, and what commands printed."""
    found = {str(path): leaks(path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    return {path: secrets for path, secrets in found.items() if secrets}


def leaking_processes(home: Path) -> tuple[set[int], list[str]]:
    """The processes that serve from ``home``, and those arguments and variables of theirs that hold a secret."""
    seen: dict[int, tuple[int, bytes, bytes]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            seen[int(folder.name)] = (parent, (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes())
        except OSError:
            continue  # it has ended, or is another user's
    supervisors = {pid for pid, (_, arguments, _) in seen.items() if str(home).encode() in arguments}
    pids = supervisors | {pid for pid, (parent, _, _) in seen.items() if parent in supervisors}
    entries = [entry for pid in pids for part in seen[pid][1:] for entry in part.split(b"\0")]
    return pids, [entry.decode() for entry in entries if leaks(entry)]


def require_silence(forecastops: Command, *results: Result) -> None:
    for result in results:
        assert leaks((result.stdout + result.stderr).encode()) == [], result.stderr
    assert leaking_files(forecastops.folder) == {}


@pytest.fixture
def planted(forecastops: Command) -> Command:
    """The command with secrets in its environment, and with a short patience for dead servers."""
    environment = forecastops.environment | ENVIRONMENT | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    planted = Command(forecastops.folder, environment, forks=False)
    planted.ok("data", "sample", "transactions", "--out", "data")
    return planted


def test_a_secret_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0" + TOKEN.encode())
    assert leaking_files(tmp_path) == {str(tmp_path / "file"): [TOKEN]}


def test_an_endpoint_holds_no_secret_of_the_command_that_made_it(planted: Command) -> None:
    retrained = planted("retrain", "--data", "data/transaction_ts2013.csv", *LOUD)
    assert retrained.code == 0, retrained.stderr
    status = planted("status", "--json", *LOUD)
    assert status.json["endpoint"]["state"] == "Healthy"
    require_silence(planted, retrained, status)
    if Path("/proc/self/environ").exists():
        pids, found = leaking_processes(planted.folder / "home")
        assert len(pids) >= 2, "supervisor and server"
        assert found == []


def test_a_setting_that_the_target_refuses_is_named_without_its_value(planted: Command) -> None:
    options = ["--set", f"deployment.settings.password={PASSWORD}", "--set", "model.max_iterations=400"]
    result = planted("retrain", "--data", "data/transaction_ts2013.csv", *options, *LOUD)
    assert result.code == 1
    assert "unknown setting password=***" in result.stderr
    require_silence(planted, result)


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["train", "--data", "data/transaction_ts2013.csv", "--set", "model.order=[1,0,0]"],
        ["evaluate", "--run-id", "any"],
        ["promote", "--run-id", "any"],
        ["config", "show"],
    ],
)
def test_an_address_is_shown_without_user_and_password(planted: Command, arguments: list[str]) -> None:
    (planted.folder / "secret.yaml").write_text(json.dumps({"tracking": {"tracking_uri": CLOSED}}))
    planted.environment["MLFLOW_TRACKING_URI"] = CLOSED
    by_environment = planted.start(*arguments, *LOUD)
    by_override = planted.start(*arguments, *LOUD, "--set", f"tracking.tracking_uri={CLOSED}")
    by_file = planted.start(*arguments, "--config", "secret.yaml")
    registry = planted.start(*arguments, *LOUD, "--set", f"tracking.registry_uri={CLOSED}")
    results = [running.result() for running in (by_environment, by_override, by_file, registry)]
    assert {result.code for result in results} == {0 if arguments[0] == "config" else 1}
    for result in results[1:3]:
        assert "http://127.0.0.1:9" in result.stdout + result.stderr
    (planted.folder / "secret.yaml").unlink()
    require_silence(planted, *results)


@pytest.mark.parametrize("password", ["a/b", "a#b", "a?b", "a'b", "a@b", 'a"b', "12345"])
def test_a_password_that_breaks_the_address_is_not_shown_either(planted: Command, password: str) -> None:
    address = f"http://robot:{PASSWORD}{password}{PASSWORD}@127.0.0.1:9"
    result = planted("status", *LOUD, "--set", "tracking.tracking_uri=" + json.dumps(address))
    assert result.code == 1
    require_silence(planted, result)


class _Refusing(BaseHTTPRequestHandler):
    """Answers 401 and repeats what it was sent, as some proxies do."""

    def do_POST(self) -> None:
        body = f"refused: Authorization: {self.headers['Authorization']}".encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815  # the name is the base class's

    def log_message(self, *arguments: object) -> None:
        """Not on the tests' stderr."""


@pytest.fixture
def refusing_server() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("credential", ["password", "token", "address"])
def test_a_server_that_repeats_the_credential_is_not_repeated(
    planted: Command, refusing_server: str, credential: str
) -> None:
    for name in ENVIRONMENT:
        if (credential == "token") != (name == "MLFLOW_TRACKING_TOKEN"):
            del planted.environment[name]
    user = f"robot:{PASSWORD}@" if credential == "address" else ""
    if user:
        planted.environment = {name: value for name, value in planted.environment.items() if name not in ENVIRONMENT}
    result = planted("status", *LOUD, "--set", f"tracking.tracking_uri=http://{user}{refusing_server}")
    assert result.code == 1
    assert "Authorization: ***" in result.stderr or "Bearer ***" in result.stderr or "Basic ***" in result.stderr
    require_silence(planted, result)


def test_the_configuration_is_shown_with_its_secrets_masked(planted: Command) -> None:
    options = [
        "--set",
        f"tracking.tracking_uri={CLOSED}",
        "--set",
        f"tracking.registry_uri=postgresql://robot:{PASSWORD}@db/mlflow?sslpassword={PASSWORD}",
        "--set",
        f"deployment.settings={{password: {PASSWORD}, api_key: {API_KEY}, note: 'token={TOKEN}', port: 5001}}",
    ]
    for shape in ([], ["--json"]):
        result = planted("config", "show", *options, *shape)
        assert result.code == 0
        assert "robot" not in result.stdout
        require_silence(planted, result)
    shown = result.json
    assert (shown["tracking"]["tracking_uri"], shown["tracking"]["registry_uri"]) == (
        "http://127.0.0.1:9",
        "postgresql://db/mlflow",
    )
    expected = {"password": "***", "api_key": "***", "note": "token=***", "port": 5001}
    assert shown["deployment"]["settings"] == expected


passwords = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=6, max_size=20).map("p".__add__)
schemes = st.sampled_from(["http", "https", "postgresql+psycopg2", "mysql", "azureml"])


@given(scheme=schemes, password=passwords, encode=st.booleans(), port=st.sampled_from(["", ":5000"]))
def test_no_password_in_an_address_survives(scheme: str, password: str, encode: bool, port: str) -> None:
    written = quote(password, safe="") if encode else password
    found = redacted(f"cannot reach '{scheme}://user:{written}@host{port}/path': timed out")
    assert written not in found
    assert f"{scheme}://host{port}/path" in found
    assert found.endswith(": timed out")


@given(password=passwords.filter(lambda text: not set(text) & set("'\"\\")))
def test_no_value_of_a_secret_name_survives_in_a_record(password: str) -> None:
    for name in ("password", "client_secret", "MLFLOW_TRACKING_TOKEN", "AccountKey", "aws_secret_access_key", "apiKey"):
        assert password not in redacted(str({name: password}))
        assert password not in redacted(json.dumps({name: password}))
        assert redacted_tree({"settings": {name: password, "port": 1}}) == {"settings": {name: "***", "port": 1}}


@pytest.mark.parametrize(
    "text",
    [
        "http://host:5000/a@b",
        "models:/forecast@champion",
        "abfss://container@account.dfs.core.windows.net/path",
        "sqlite:////srv/a@b/mlflow.db",
        "azureml://westeurope.api.azureml.ms/mlflow/v1.0/subscriptions/x",
        "Token expired: log in again",
        "https://[::1]:5000/x",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert redacted(text) == text
    assert redacted_tree([text, 1, None]) == [text, 1, None]


def test_the_environment_here_is_clean() -> None:
    assert not [name for name, value in os.environ.items() if value in SECRETS]
