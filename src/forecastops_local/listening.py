"""What a supervisor listens on: the TCP socket of the deployment, and the FIFO through which clients wake it."""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path

from forecastops_local.state import Wanted

__all__ = ["listen", "open_wake"]

_PORT_PATIENCE_SECONDS = 10.0


def listen(wanted: Wanted, again: bool) -> socket.socket:
    """Bind and listen where the request says; where its port is not fixed, on a free one if need be.

    ``again`` says that an earlier supervisor had the port: its orphans may keep it a moment, which is waited for.

    Raises:
        OSError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    deadline = time.monotonic() + (_PORT_PATIENCE_SECONDS if again else 0.0)
    port = wanted.port
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((wanted.host, port))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE or (wanted.port_is_fixed and time.monotonic() >= deadline):
                raise
            if time.monotonic() >= deadline:
                port = 0
            time.sleep(0.1)
        else:
            listener.setblocking(False)
            return listener


def open_wake(path: Path) -> int:
    """Make the FIFO anew and open it for reading, without waiting for a writer."""
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    # A writer of our own keeps the FIFO from reporting its end each time a client closes it.
    os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    return reader
