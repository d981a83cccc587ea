"""The ASGI app in front of MLflow's: who may ask, how much they may send, and what an error may give away."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from forecastops.core.redaction import redact_paths
from forecastops_local.access import Access, header
from forecastops_local.answers import Answer, Answers
from forecastops_local.bodies import Checked, checked_body
from forecastops_local.messages import MODEL_HEADER
from forecastops_local.refusal import RefusedError
from forecastops_local.request_body import BodyLimits, BodyReader
from forecastops_local.scoring import Progress, progress

if TYPE_CHECKING:
    from forecastops_local.invocations import Invocations, Scored

__all__ = ["App", "Guard", "call_in_memory"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_logger = logging.getLogger("forecastops.endpoint")
_PATHS = frozenset({"/ping", "/health", "/version", "/invocations"})
_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_MAX_AT_ONCE = 4  # requests that are decoded and scored; more would only share the processor, and add up in memory
_TURN_SECONDS = 30.0
_MESSAGE_LENGTH = 500
_TOO_LONG = "the model took too long"


class Guard:
    """Wraps ``app``; every answer names the model and closes the connection.

    Closing means that a server can be replaced without cutting a connection on which a client is about to ask again.
    """

    def __init__(
        self,
        app: App,
        *,
        model_uri: str,
        max_body_bytes: int,
        access: Access,
        columns: Mapping[str, str] | None,
        invocations: Invocations,
    ) -> None:
        self._app, self._access, self._columns, self._invocations = app, access, columns, invocations
        self._limits = BodyLimits(max_body_bytes)
        self._turns = asyncio.Semaphore(_MAX_AT_ONCE)
        self._answers = Answers()
        model = quote(model_uri, safe=_PRINTABLE).encode("ascii")
        self._headers = [(MODEL_HEADER.lower().encode(), model), (b"connection", b"close")]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except RefusedError as refused:
            status, headers, content = _error(refused.status, refused.message)
            answer = status, headers + refused.headers, content
        if answer is None:
            return
        status, headers, content = answer
        # Whoever is not let in is not told what is served either.
        ours = self._headers if status != 401 else self._headers[1:]
        headers = [pair for pair in headers if pair[0].lower() != b"connection"] + ours
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Message, receive: Receive) -> Answer | None:
        """Return what is answered; None when the client has gone."""
        with BodyReader(self._limits) as reader:
            if (refusal := self._refusal(scope)) is not None:
                await reader.drop(scope, receive)
                raise refusal
            body = await reader.read(scope, receive)
            return None if body is None else await self._route(scope, receive, body)

    def _refusal(self, scope: Message) -> RefusedError | None:
        """Tell why a request is refused before anything of its body is looked at."""
        try:
            self._access.check(scope)
        except RefusedError as refused:
            return refused
        if scope["path"] not in _PATHS:
            return RefusedError(404, "not found; there are /invocations, /ping, /health and /version")
        if (header(scope, b"content-encoding") or "identity").lower() != "identity":
            return RefusedError(415, "the body must not be compressed")
        return None

    async def _route(self, scope: Message, receive: Receive, body: bytes) -> Answer:
        if scope["path"] != "/invocations" or scope["method"] != "POST":
            return await self._ask_app(scope, receive, body, scores=False)
        asked = header(scope, b"content-type") or "", body
        if (known := self._answers.of(asked)) is not None:
            return known
        answer = await self._score(scope, receive, body)
        self._answers.keep(asked, answer)
        return answer

    async def _score(self, scope: Message, receive: Receive, body: bytes) -> Answer:
        """Return what the model answers, once it is this request's turn."""
        try:
            await asyncio.wait_for(self._turns.acquire(), _TURN_SECONDS)
        except asyncio.TimeoutError:
            raise RefusedError(503, "the server is busy; ask again") from None
        try:
            found = await self._in_time(scope, body)
            if isinstance(found, Checked):
                return await self._ask_app(_with_type(scope, found.kind), receive, found.body, scores=True)
            return found
        finally:
            self._turns.release()

    async def _in_time(self, scope: Message, body: bytes) -> Answer | Checked:
        """Return what the model answers to what can be decoded here; else the body, for MLflow's app."""
        work = asyncio.to_thread(self._decode_and_score, header(scope, b"content-type"), body)
        try:
            return await asyncio.wait_for(work, self._invocations.seconds)
        except asyncio.TimeoutError:
            return _error(504, _TOO_LONG)

    def _decode_and_score(self, content_type: str | None, body: bytes) -> Answer | Checked:
        """Do what takes time; on a thread of its own, in a copy of the context."""
        checked = checked_body(content_type, body, self._columns)
        if checked.content is None:
            return checked
        now = Progress()
        progress.set(now)
        status, content = self._invocations.score(checked.content)
        if status < 400:
            return status, _headers(content)[::-1], content  # in the order of MLflow's app
        return _error(*_as_error((status, content), at_fault=not now.reached_model))

    async def _ask_app(self, scope: Message, receive: Receive, body: bytes, *, scores: bool) -> Answer:
        """Return what the app answers."""
        now = Progress()
        token = progress.set(now)
        answer = _CollectedAnswer()
        try:
            await self._app(scope, _replay(body, receive), answer.send)
        except Exception:
            # The app has answered 500 by then; whose fault that is, is decided below.
            _logger.exception("the scoring app failed")
        finally:
            progress.reset(token)
        if answer.status < 400:
            return answer.status, answer.headers, answer.content
        return _error(*_as_error((answer.status, answer.content), at_fault=scores and not now.reached_model))


class _CollectedAnswer:
    """An answer kept until it is complete: what it says may have to change."""

    def __init__(self) -> None:
        self.status, self.headers, self.content = 500, list[tuple[bytes, bytes]](), b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        else:
            self.content += message.get("body", b"")


def _as_error(answer: Scored, at_fault: bool) -> tuple[int, str]:
    """Return status and message of an error: a request that never reached the model is at fault itself."""
    said, text = answer
    try:
        content = json.loads(text)
        message = str(content.get("message") or content.get("detail") or "")
    except (ValueError, AttributeError):
        message = text.decode("utf-8", "replace")
    if said == 504:
        return 504, _TOO_LONG
    if said >= 500 and not at_fault:
        return said, "the model failed; the server's log says why"
    # MLflow repeats the input first and its history of protocols last; what is wrong stands between.
    message = message.rpartition("\nError: ")[2].partition("IMPORTANT: ")[0]
    status = 400 if said >= 500 else said
    return status, message if status == said else "the body cannot be read as input for the model"


def _error(status: int, message: str) -> Answer:
    code = "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST"
    # What was sent may be as long as a body: only what can be shown is looked through.
    text = " ".join(redact_paths(message[: 2 * _MESSAGE_LENGTH]).split())
    text = text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 3] + "..."
    content = json.dumps({"error_code": code, "message": text}).encode("ascii")
    return status, _headers(content), content


def _headers(content: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


def _with_type(scope: Message, kind: str) -> Message:
    """Return the same request with a body of that type."""
    kept = [pair for pair in scope["headers"] if pair[0] not in (b"content-type", b"content-length")]
    return {**scope, "headers": [*kept, (b"content-type", kind.encode("ascii"))]}


async def call_in_memory(app: App, method: str, path: str, body: bytes = b"", token: str | None = None) -> int:
    """Send ``app`` one JSON request without a network; the status of its answer."""
    identity = [] if token is None else [(b"authorization", f"Bearer {token}".encode("ascii"))]
    answer, gone = _CollectedAnswer(), asyncio.Event()

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
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), *identity],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
    }
    await app(scope, _replay(body, hang_up), answer.send)
    return answer.status
