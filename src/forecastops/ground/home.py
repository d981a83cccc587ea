"""Where this machine keeps what belongs to no project: local endpoints and locks."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

__all__ = ["home", "lock_domain"]


def home() -> Path:
    """The folder ``FORECASTOPS_HOME`` names, else ``~/.forecastops``; it need not exist."""
    named = os.environ.get("FORECASTOPS_HOME")
    return Path(named).expanduser().absolute() if named else Path.home() / ".forecastops"


def lock_domain() -> str:
    """A name of those processes that share our locks: the machine, and the home that holds the locks.

    Another user, container or ``FORECASTOPS_HOME`` of the same machine has another one.
    """
    path = home() / "locks" / "domain"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="ascii") as file:
            file.write(uuid.uuid4().hex[:12])
    except FileExistsError:
        pass
    return f"{socket.gethostname()}/{path.read_text('ascii')}"
