"""A proxy in front of an MLflow server that fails as servers and networks do, as often as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from faults import Faults

__all__ = ["FaultyProxy", "faulty_proxy"]


@dataclass
class FaultyProxy(Faults):
    """Its address, the faults that wait, and what it was asked."""

    address: str = ""


@contextmanager
def faulty_proxy(target: str) -> Iterator[FaultyProxy]:
    """Listen on loopback and forward to ``target``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = proxy.next_fault(self.command, self.path, body)
            if kind == "slow":
                time.sleep(30)
            if kind in ("drop", "slow"):
                self.close_connection = True
                return
            if isinstance(kind, int):
                code = "INTERNAL_ERROR" if kind == 403 else "TEMPORARILY_UNAVAILABLE"  # as proxies in front answer
                self._answer(kind, json.dumps({"error_code": code, "message": "injected"}).encode(), {})
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            found = requests.request(
                self.command, target + self.path, data=body, headers=headers, timeout=60, allow_redirects=False
            )
            if kind == "lost":
                self.close_connection = True
                return
            self._answer(found.status_code, found.content, {"Content-Type": found.headers.get("Content-Type", "")})

        def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = FaultyProxy(address=f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
