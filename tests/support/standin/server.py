"""An HTTP or HTTPS server on loopback that asks a list of routers, fails on demand, and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from faults import Faults

__all__ = ["UNAUTHORIZED", "Request", "Response", "Router", "serve"]

_SLOW_SECONDS = 30.0


@dataclass(frozen=True)
class Request:
    """One request; ``path`` is unquoted, ``target`` path and query as they were sent, header names are lower case."""

    method: str
    path: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, an empty one as an empty object."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Any, status: int = 200, **headers: str) -> Response:
        """A JSON answer; header names with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, json.dumps(document).encode(), {"Content-Type": "application/json"} | named)

    @classmethod
    def error(cls, status: int, code: str, message: str, **headers: str) -> Response:
        """An error as Azure's services word it; MLflow's client reads the outer pair, Azure's the inner one."""
        document = {"error_code": code, "message": message, "error": {"code": code, "message": message}}
        return cls.of(document, status, **headers)


UNAUTHORIZED = Response.error(401, "Unauthorized", "The access token is missing, wrong or expired.")
Router = Callable[[Request], Response | None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None, answer: Callable[[Request], Response], faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context, self.answer, self.faults = context, answer, faults

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.context is None:
            return connection, address
        # The handshake waits for the first read, in the connection's own thread.
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that are killed leave half a connection


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = -1  # headers and body in two packets would wait for each other

    def _handle(self) -> None:
        request = self._request()
        kind = self.server.faults.next_fault(request.method, request.target)
        if kind == "slow":
            time.sleep(_SLOW_SECONDS)
        if kind in ("drop", "slow"):
            self.close_connection = True
            return
        if isinstance(kind, int):
            self._send(_failed(kind))
            return
        response = self.server.answer(request)
        if kind == "lost":
            self.close_connection = True
            return
        self._send(response)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        return Request(self.command, unquote(parts.path), self.path, query, headers, body)

    def _send(self, response: Response) -> None:
        self.send_response_only(response.status)
        self.send_header("Date", response.headers.get("Date") or self.date_time_string())
        for name, value in response.headers.items():
            if name != "Date":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def log_message(self, *args: Any) -> None:
        pass


def _failed(status: int) -> Response:
    if status == 404:
        return Response(404)
    if status == 401:
        return UNAUTHORIZED
    wait = {"Retry_After": "1"} if status == 429 else {}
    return Response.error(status, "TEMPORARILY_UNAVAILABLE", "injected", **wait)


@contextmanager
def serve(context: ssl.SSLContext | None, answer: Callable[[Request], Response], faults: Faults) -> Iterator[int]:
    """Listen on loopback, with TLS where there is a context; the port."""
    server = _Server(context, answer, faults)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
