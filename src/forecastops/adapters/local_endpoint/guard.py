"""The ASGI app in front of MLflow's: who may ask, how much they may send, and what an error may give away."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from forecastops.adapters.local_endpoint.scoring import Progress, fault_of, progress
from forecastops.ground.redaction import redact_paths

__all__ = ["MODEL_HEADER", "App", "Guard", "call_in_memory"]

MODEL_HEADER = "X-Forecastops-Model"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_logger = logging.getLogger("forecastops.endpoint")
_PATHS = frozenset({"/ping", "/health", "/version", "/invocations"})
_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_BODY_SECONDS = 30.0
# A client that is still sending would see a reset instead of the 413; beyond this it may.
_DISCARD_BYTES = 64 << 20
_MESSAGE_LENGTH = 500


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


class Guard:
    """Wraps ``app``; every answer names the model and closes the connection.

    Closing means that a server can be replaced without cutting a connection on which a client is about to ask again.
    """

    def __init__(self, app: App, *, model_uri: str, max_body_bytes: int, host: str) -> None:
        self._app, self._limit = app, max_body_bytes
        self._patience = max(max_body_bytes, _DISCARD_BYTES)
        self._loopback_only = ipaddress.ip_address(host).is_loopback
        model = quote(model_uri, safe=_PRINTABLE).encode("ascii")
        self._headers = [(MODEL_HEADER.lower().encode(), model), (b"connection", b"close")]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            self._check_caller(scope)
            body = await self._read(scope, receive)
            if body is None:
                return
            status, headers, content = await self._answer(scope, receive, body)
        except _RefusedError as refused:
            status, headers, content = _error(refused.status, refused.message)
        headers = [pair for pair in headers if pair[0].lower() != b"connection"] + self._headers
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _check_caller(self, scope: Message) -> None:
        if self._loopback_only:
            client = scope.get("client")
            if client is not None and not _is_loopback(client[0]):
                raise _RefusedError(403, "only callers on this machine are served")
            # A foreign name that resolves to loopback is how a web page reaches local services (DNS rebinding).
            host = _header(scope, b"host")
            if host is not None and not _is_loopback(_host_name(host)):
                raise _RefusedError(403, "the Host header must name this machine, e.g. localhost")
        if scope["path"] not in _PATHS:
            raise _RefusedError(404, "not found; there are /invocations, /ping, /health and /version")

    async def _read(self, scope: Message, receive: Receive) -> bytes | None:
        """The whole body; None when the client has gone."""
        try:
            return await asyncio.wait_for(self._read_all(scope, receive), _BODY_SECONDS)
        except asyncio.TimeoutError:
            raise _RefusedError(408, f"the body did not arrive within {_BODY_SECONDS:g} s") from None

    async def _read_all(self, scope: Message, receive: Receive) -> bytes | None:
        refused = _RefusedError(413, f"the body is larger than {self._limit} bytes")
        announced = int(_header(scope, b"content-length") or 0)
        if announced > self._patience or (announced > self._limit and _header(scope, b"expect") is not None):
            raise refused
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk, more = message.get("body", b""), message.get("more_body", False)
            size += len(chunk)
            if size > self._patience:
                raise refused
            if size <= self._limit:
                chunks.append(chunk)
        if size > self._limit:
            raise refused
        return b"".join(chunks)

    async def _answer(
        self, scope: Message, receive: Receive, body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        scores = scope["path"] == "/invocations" and scope["method"] == "POST"
        if scores and (fault := fault_of(_header(scope, b"content-type"), body)) is not None:
            raise _RefusedError(*fault)
        now = Progress()
        token = progress.set(now)
        answer = _Collected()
        try:
            await self._app(scope, _replay(body, receive), answer.send)
        except Exception:
            # The app has answered 500 by then; whose fault that is, is decided below.
            _logger.exception("the scoring app failed")
        finally:
            progress.reset(token)
        if answer.status < 400:
            return answer.status, answer.headers, answer.content
        return _error(*_as_error(answer, at_fault=scores and not now.reached_model))


class _Collected:
    """An answer kept until it is complete: what it says may have to change."""

    def __init__(self) -> None:
        self.status, self.headers, self.content = 500, list[tuple[bytes, bytes]](), b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        else:
            self.content += message.get("body", b"")


def _as_error(answer: _Collected, at_fault: bool) -> tuple[int, str]:
    """Status and message of an error: a request that never reached the model is at fault itself."""
    try:
        content = json.loads(answer.content)
        message = str(content.get("message") or content.get("detail") or "")
    except (ValueError, AttributeError):
        message = answer.content.decode("utf-8", "replace")
    if answer.status == 504:
        return 504, "the model took too long"
    if answer.status >= 500 and not at_fault:
        return answer.status, "the model failed; the server's log says why"
    # MLflow repeats the input first and its history of protocols last; what is wrong stands between.
    message = message.rpartition("\nError: ")[2].partition("IMPORTANT: ")[0]
    status = 400 if answer.status >= 500 else answer.status
    return status, message if status == answer.status else "the body cannot be read as input for the model"


def _error(status: int, message: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    code = "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST"
    text = " ".join(redact_paths(message).split())
    text = text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 3] + "..."
    content = json.dumps({"error_code": code, "message": text}).encode("ascii")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    return status, headers, content


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


def _header(scope: Message, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower().rstrip(".") == "localhost"


async def call_in_memory(app: App, method: str, path: str, body: bytes = b"") -> int:
    """Send ``app`` one JSON request without a network; the status of its answer."""
    answer, gone = _Collected(), asyncio.Event()

    async def hang_up() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
    }
    await app(scope, _replay(body, hang_up), answer.send)
    return answer.status
