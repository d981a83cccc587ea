"""Reports the connections that a process tries, and keeps it from any host but this one."""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["watch_connections"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def watch_connections() -> None:
    """Begin, where the environment asks for it; a process cannot end it."""
    path = os.environ.get("FORECASTOPS_TEST_CONNECTIONS")
    if not path:
        return

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            host, port = arguments[:2]
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            host, port = arguments[1][:2]
        else:
            return
        name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(handle, f"{name} {port}\n".encode())
        os.close(handle)
        if name not in _LOOPBACK:
            raise OSError(101, "Network is unreachable")

    sys.addaudithook(hook)
