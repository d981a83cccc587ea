"""HTTP calls from the client to a deployment. Proxies of the environment are ignored: the server is on this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import requests
from mlflow.exceptions import MlflowException

from forecastops_local.messages import MODEL_HEADER
from forecastops_local.token_file import read_token

__all__ = ["Ping", "invoke", "ping", "url_of"]

_PING_SECONDS = 2.0
_INVOKE_SECONDS = 75.0


@dataclass(frozen=True)
class Ping:
    """What a server says of itself: whether it is healthy, and the model that it serves."""

    healthy: bool
    model_uri: str | None
    error: str | None


def url_of(host: str, port: int) -> str:
    """Return the address at which a client on this machine finds the server."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def ping(url: str, token_file: str) -> Ping:
    """Ask the server how it is."""
    try:
        with _session(token_file) as session:
            response = session.get(f"{url}/ping", timeout=_PING_SECONDS)
    except ValueError as error:
        return Ping(False, None, str(error))
    except requests.RequestException as error:
        return Ping(False, None, f"/ping does not answer: {type(error).__name__}")
    model = response.headers.get(MODEL_HEADER)
    if response.status_code != 200 or model is None:
        return Ping(False, None, f"/ping answers {response.status_code}")
    return Ping(True, unquote(model), None)


def invoke(url: str, payload: str, token_file: str) -> str:
    """Send inputs to be scored; the answer's text.

    Raises:
        MlflowException: with the server's message, and a code that tells a request at fault from a server at fault.
    """
    try:
        with _session(token_file) as session:
            response = session.post(
                f"{url}/invocations",
                data=payload.encode("utf-8"),
                headers={"Content-Type": "application/json"},
                timeout=_INVOKE_SECONDS,
            )
    except ValueError as error:
        raise MlflowException(str(error)) from error
    except requests.RequestException as error:
        raise MlflowException(f"{url} does not answer: {type(error).__name__}") from error
    if response.status_code == 200:
        return response.text
    message = f"{url} answers {response.status_code}: {_message(response)}"
    raise MlflowException.invalid_parameter_value(message) if response.status_code < 500 else MlflowException(message)


def _message(response: requests.Response) -> str:
    try:
        content: Any = json.loads(response.text)
        return str(content["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return response.text[:200]


def _session(token_file: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    if (token := read_token(token_file)) is not None:
        session.headers["Authorization"] = f"Bearer {token}"
    return session
