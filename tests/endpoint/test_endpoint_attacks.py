"""Attacks on one server: it goes on answering others, does not grow, and tells nobody what it was sent."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException

from endpoint_attacks import CANARY, NAMED, Attack, generated
from forecastops.adapters.model_artifact import folder_sha256
from forecastops_local import connections as connection_bounds
from forecastops_local.lifecycle import layout_of
from forecastops_local.plugin import LocalEndpointClient
from forked_processes import fork_endpoints_for
from local_endpoint_support import end_everything, eventually, pids_of, read_all, request_bytes, save_forecaster

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the server's memory from /proc")

PATIENCE = 60.0  # seconds; what is refused takes hundredths, but the machine may be busy with others
GROWTH = 100 << 20
TOKEN = "s3same-and-more"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEndpointClient]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECASTOPS_HOME", str(home))
        fork_endpoints_for(patch)
        client = get_deploy_client("forecastops-local")
        assert isinstance(client, LocalEndpointClient)
        yield client
        end_everything(home)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_forecaster(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture(scope="module")
def endpoint(client: LocalEndpointClient, model: str) -> dict[str, Any]:
    return client.create_deployment("attacked", model, config=bound(model))


@pytest.fixture
def impatient(client: LocalEndpointClient, model: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A deployment whose servers wait a fifth of the time for headers."""
    monkeypatch.setattr(connection_bounds, "HEADER_SECONDS", connection_bounds.HEADER_SECONDS / 5)
    return client.create_deployment("impatient", model, config=bound(model))


@pytest.fixture(scope="module")
def guarded(client: LocalEndpointClient, model: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("token") / "token"
    path.write_text(TOKEN + "\n")
    return client.create_deployment("guarded", model, config=bound(model, token_file=str(path)))


def bound(model: str, **settings: str) -> dict[str, str]:
    """Settings for a model that no registry knows: whoever deploys it says what its files must be."""
    return {"model_sha256": folder_sha256(Path(model)), **settings}


def send(endpoint: dict[str, Any], attack: Attack, **headers: str) -> requests.Response:
    given = {"Content-Type": attack.content_type, **headers}
    return requests.post(f"{endpoint['url']}/invocations", data=attack.body, headers=given, timeout=PATIENCE)


def memory(endpoint: dict[str, Any]) -> int:
    """Resident memory of the server, in bytes."""
    lines = Path(f"/proc/{endpoint['pid']}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


@contextmanager
def another_caller(endpoint: dict[str, Any]) -> Iterator[None]:
    """Ask for forecasts all the while, and require that each request was answered in time."""
    done, failures, answers = threading.Event(), list[str](), list[int]()

    def ask() -> None:
        while not done.is_set():
            try:
                found = requests.post(f"{endpoint['url']}/invocations", json={"inputs": []}, timeout=PATIENCE)
            except requests.RequestException as error:
                failures.append(repr(error))
            else:
                answers.append(found.status_code)
            done.wait(0.02)

    caller = threading.Thread(target=ask)
    caller.start()
    try:
        yield
    finally:
        done.set()
        caller.join()
    assert not failures
    assert answers
    assert set(answers) == {200}


def test_bodies_that_decode_to_much_are_refused(endpoint: dict[str, Any]) -> None:
    before = memory(endpoint)
    with another_caller(endpoint):
        for name, attack in NAMED.items():
            status = send(endpoint, attack).status_code
            assert 400 <= status < 500, (name, status)
    assert memory(endpoint) - before < GROWTH


def test_generated_bodies_are_refused(endpoint: dict[str, Any]) -> None:
    before = memory(endpoint)
    with another_caller(endpoint):
        for number, attack in enumerate(generated(500)):
            status = send(endpoint, attack).status_code
            assert 400 <= status < 500, (number, status, attack.content_type, attack.body[:200])
    assert memory(endpoint) - before < GROWTH


@pytest.mark.parametrize(
    "attack",
    [
        Attack("application/json", b'{"inputs": [{"steps": 3}]}'),
        Attack("application/json", b'{"inputs": {"steps": [3]}}'),
        Attack("application/json", b'{"instances": [{"horizon": 3, "steps": 3}]}'),
        Attack("application/json", b'{"dataframe_records": [{"horizon": 3}, {"steps": 3}]}'),
        Attack("application/json", b'{"dataframe_split": {"columns": ["steps"], "data": []}}'),
        Attack("text/csv", b"horizon,steps\n3,3\n"),
    ],
)
def test_unknown_columns_are_named(endpoint: dict[str, Any], attack: Attack) -> None:
    answer = send(endpoint, attack)
    assert answer.status_code == 400
    assert answer.json()["message"] == "unknown columns 'steps'; this model knows horizon, date, value"


@pytest.mark.parametrize(
    ("content_type", "body", "first"),
    [
        ("application/json", b'{"inputs": [{"horizon": 2}]}', "2014-06-01"),
        ("application/json; charset=UTF-8", b'{"instances": {"horizon": [2]}}', "2014-06-01"),
        ("text/csv", b"horizon\n2\n", "2014-06-01"),
        ("text/csv", b'\xef\xbb\xbfdate,value,horizon\r\n"2014-06-01",,2\r\n2014-06-02,12.5,2\r\n', "2014-06-03"),
    ],
)
def test_what_the_model_knows_is_answered(endpoint: dict[str, Any], content_type: str, body: bytes, first: str) -> None:
    answer = send(endpoint, Attack(content_type, body))
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["date"] == first
    assert len(answer.json()["predictions"]) == 2


_DAY = "\u0662\u0660\u0661\u0664-\u0660\u0666-\u0660\u0661"  # 2014-06-01 in Arabic digits


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        ("application/json", '{"inputs": [], "inputs": [{"horizon": 3}]}', "key 'inputs' stands twice"),
        ("application/json", '{"inputs": [], "params": {"horizon": 2, "horizon": 3}}', "key 'horizon' stands twice"),
        ("application/json", '{"dataframe_records": [{"horizon": 2, "horizon": 3}]}', "key 'horizon' stands twice"),
        ("application/json", '{"inputs": [{"horizon": true}]}', "row 1: horizon true is no number"),
        ("application/json", '{"inputs": {"horizon": ["7"]}}', 'row 1: horizon "7" is no number'),
        ("application/json", '{"inputs": [{"date": "2014-06-01", "value": true}]}', "row 1: value true is no number"),
        ("application/json", '{"inputs": [{"date": "2014-06-01", "value": "1"}]}', 'row 1: value "1" is no number'),
        (
            "application/json",
            '{"dataframe_split": {"columns": ["date", "value"], "data": [["2014-06-01", false]]}}',
            "row 1: value false is no number",
        ),
        ("application/json", f'{{"inputs": [{{"date": "{_DAY}", "value": 1}}]}}', "is no ISO date"),
        ("application/json", '{"inputs": [], "params": {"horizon": true}}', "params: 'horizon' is true or false"),
        ("application/json", '{"inputs": [], "params": {"levels": [80, true]}}', "params: 'levels' is true or false"),
        ("text/csv", "horizon\n\u0667\n", "row 1: horizon '\u0667' is no number"),
        ("text/csv", "horizon\n1_0\n", "row 1: horizon '1_0' is no number"),
        ("text/csv", "horizon\ntrue\n", "row 1: horizon 'true' is no number"),
        ("text/csv", "date,value\n2014-06-01,\uff11\uff12\n", "row 1: value '\uff11\uff12' is no number"),
        ("text/csv", f"date,value\n{_DAY},12\n", "is no ISO date"),
        # Each would else be refused by MLflow, which names no row.
        (
            "application/json",
            '{"inputs": [{"date": "2014-06-01T00:00:00Z", "value": 1}]}',
            "row 1: date '2014-06-01T00",
        ),
        ("text/csv", "date,value\n2014-06-01,12\n2014-06-02 00:00+02:00,12\n", "row 2: date '2014-06-02 00:00+02"),
        ("application/json", '{"inputs": [{"date": "2014-02-30", "value": 1}]}', "row 1: date '2014-02-30' is no ISO"),
        ("text/csv", "date,value\n9999-12-31,12\n", "row 1: date '9999-12-31' is no ISO date"),
        (
            "application/json",
            '{"inputs": [{"date": "2014-06-01T25:00", "value": 1}]}',
            "row 1: date '2014-06-01T25:00'",
        ),
        ("application/json", '{"inputs": [{"horizon": null}]}', "row 1: horizon is missing"),
        (
            "application/json",
            '{"inputs": [{"date": "2014-06-01", "value": 1, "horizon": 2}, {"date": "2014-06-02", "value": 1}]}',
            "row 2: horizon is missing",
        ),
        ("text/csv", "date,value,horizon\n2014-06-01,12,2\n2014-06-02,12,\n", "row 2: horizon is missing"),
    ],
)
def test_what_is_no_plain_number_or_stands_twice_is_refused(
    endpoint: dict[str, Any], content_type: str, body: str, said: str
) -> None:
    answer = send(endpoint, Attack(content_type, body.encode()))
    assert (answer.status_code, said in answer.json()["message"]) == (400, True), answer.text


def test_a_compressed_body_is_refused(endpoint: dict[str, Any]) -> None:
    answer = send(endpoint, Attack("application/json", b"\x1f\x8b"), **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_silent_and_slow_connections_are_closed(impatient: dict[str, Any]) -> None:
    """Nothing, half a header, and half a body: each would else be kept for ever."""
    endpoint, place = impatient, urlsplit(impatient["url"])
    beginnings = (b"", b"POST /invocations HTTP/1.1\r\nHost: local", request_bytes()[:-5])
    with ExitStack() as stack, another_caller(endpoint):
        held = [
            stack.enter_context(socket.create_connection((place.hostname, place.port), timeout=PATIENCE))
            for _ in range(400)
        ]
        for number, connection in enumerate(held):
            connection.sendall(beginnings[number % 3])
        # Far more than the server keeps open: it has made room already.
        assert eventually(lambda: connections(endpoint) <= 100)
        # Those that are silent go by themselves.
        assert eventually(lambda: all(map(is_closed, held[::3])) and all(map(is_closed, held[1::3])), seconds=40)


def test_large_bodies_that_never_end_keep_no_other_out(endpoint: dict[str, Any]) -> None:
    place = urlsplit(endpoint["url"])
    head = b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    before = memory(endpoint)
    with ExitStack() as stack, another_caller(endpoint):
        for _ in range(60):
            connection = socket.create_connection((place.hostname, place.port), timeout=PATIENCE)
            stack.enter_context(connection)
            # Some are refused while they send.
            with suppress(ConnectionError):
                connection.sendall(head + b" " * 900_000)
        assert requests.post(f"{endpoint['url']}/invocations", json={"inputs": []}, timeout=PATIENCE).status_code == 200
        assert memory(endpoint) - before < GROWTH


def connections(endpoint: dict[str, Any]) -> int:
    """The TCP connections that the server has open; its listening socket and others of its kind count too."""
    opened = 0
    for handle in Path(f"/proc/{endpoint['pid']}/fd").iterdir():
        # The server closes connections while they are counted.
        with suppress(FileNotFoundError):
            opened += os.readlink(handle).startswith("socket:")
    return opened - 4


def is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Host", "evil.example", 403),
        ("Host", "127.0.0.1.evil.example:80", 403),
        ("Host", "10.0.0.1", 403),
        ("Host", "localhost:evil", 403),
        ("Host", "localhost@evil.example", 403),
        ("Host", "localhost:80:evil.example", 403),
        ("Host", "localhost:99999", 403),
        ("Host", "[::1]evil.example", 403),
        ("Host", "[::1%25evil]", 403),
        ("Host", "[127.0.0.1]", 403),
        ("Host", "::1", 403),
        ("Host", "127.1", 403),
        ("Host", "localhost, evil.example", 403),
        ("Host", "localhost:1", 200),
        ("Host", "LOCALHOST", 200),
        ("Host", "127.0.0.2:80", 200),
        ("Host", "[::1]", 200),
        ("Origin", "http://evil.example", 403),
        ("Origin", "http://localhost.evil.example", 403),
        ("Origin", "http://localhost@evil.example", 403),
        ("Origin", "http://localhost:80 http://evil.example", 403),
        ("Origin", "localhost", 403),
        ("Origin", "file://localhost", 403),
        ("Origin", "http://localhost/", 403),
        ("Origin", "null", 403),
        ("Origin", "http://localhost:8888", 200),
        ("Origin", "https://127.0.0.1", 200),
    ],
)
def test_host_and_origin_are_read_strictly(endpoint: dict[str, Any], name: str, value: str, status: int) -> None:
    headers = {name: value, "X-Forwarded-For": "203.0.113.9"}
    assert requests.get(endpoint["url"] + "/ping", headers=headers, timeout=PATIENCE).status_code == status


@pytest.mark.parametrize("twice", ["Origin: http://localhost", "Content-Type: application/json"])
def test_headers_that_decide_stand_once(endpoint: dict[str, Any], twice: str) -> None:
    place = urlsplit(endpoint["url"])
    head = f"POST /invocations HTTP/1.1\r\nHost: localhost\r\n{twice}\r\n{twice}\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Basic {TOKEN}",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
    ],
)
@pytest.mark.parametrize("path", ["ping", "invocations", "nowhere"])
def test_without_the_token_nobody_is_answered(guarded: dict[str, Any], authorization: str | None, path: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    call = requests.post if path == "invocations" else requests.get
    answer = call(f"{guarded['url']}/{path}", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert TOKEN not in answer.text
    assert "X-Forecastops-Model" not in answer.headers


def test_the_token_opens_and_is_kept_to_itself(client: LocalEndpointClient, guarded: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = requests.post(f"{guarded['url']}/invocations", json={"inputs": []}, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 200
    assert client.get_deployment("guarded") == guarded
    assert guarded["state"] == "Healthy"
    assert len(client.predict("guarded", {"inputs": []})["predictions"]) == 14
    folder = layout_of("guarded").directory
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
    for pid in pids_of(layout_of("guarded")):
        assert TOKEN.encode() not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_token_that_is_changed_or_gone_is_told(client: LocalEndpointClient, guarded: dict[str, Any]) -> None:
    path = Path(layout_of("guarded").accepted.read_text().split('"token_file": "')[1].split('"')[0])
    path.write_text("another")
    assert client.get_deployment("guarded")["error"] == "/ping answers 401"
    with pytest.raises(MlflowException, match="answers 401: a bearer token is needed"):
        client.predict("guarded", {"inputs": []})
    path.unlink()
    found = client.get_deployment("guarded")
    assert (found["state"], found["error"]) == (
        "Unhealthy",
        f"token_file {path} cannot be read: No such file or directory",
    )
    path.write_text(TOKEN)
    assert client.get_deployment("guarded")["state"] == "Healthy"


@pytest.mark.parametrize("content", [None, "", "two words", "schön"])
def test_a_token_file_without_a_token_is_refused(
    client: LocalEndpointClient, model: str, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MlflowException, match=rf"token_file='{path}' must be a file that holds a token") as caught:
        client.create_deployment("tokenless", model, config=bound(model, token_file=str(path)))
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


def test_other_machines_are_let_in_with_a_token_only(client: LocalEndpointClient, model: str) -> None:
    with pytest.raises(MlflowException, match=r"host=0\.0\.0\.0 lets other machines in.*set token_file"):
        client.create_deployment("open", model, config=bound(model, host="0.0.0.0"))


def test_nothing_that_was_sent_is_in_the_log_or_the_cause_of_a_crash(
    client: LocalEndpointClient, endpoint: dict[str, Any]
) -> None:
    """The last of this file: all attacks before it, and one more, have left their marks by now."""
    row = Attack(
        "application/json", b'{"dataframe_records": [{"date": "2014-06-01", "value": "%s"}]}' % CANARY.encode()
    )
    assert send(endpoint, row).status_code == 400
    os.kill(endpoint["supervisor_pid"], signal.SIGSTOP)
    os.kill(endpoint["pid"], signal.SIGKILL)
    os.kill(endpoint["supervisor_pid"], signal.SIGCONT)
    assert requests.post(f"{endpoint['url']}/invocations", json={"inputs": []}, timeout=300).status_code == 200
    files = [path for path in layout_of("attacked").directory.iterdir() if path.is_file() and path.suffix != ".lock"]
    said = b"".join(path.read_bytes() for path in files)
    assert b"was killed by signal 9" in said
    for text in (CANARY, "5 May", "Monday", "k00001", "steps"):
        assert text.encode() not in said
