"""Where this machine keeps what belongs to no project: local endpoints and locks."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

from forecastops.core.errors import ConfigError

__all__ = ["home", "lock_domain", "require_home"]


def home() -> Path:
    """Return the folder ``FORECASTOPS_HOME`` names, else ``~/.forecastops``; it need not exist."""
    named = os.environ.get("FORECASTOPS_HOME")
    try:
        return Path(named).expanduser().absolute() if named else Path.home() / ".forecastops"
    except RuntimeError as error:  # of a user who does not exist, or has no home
        place = f"FORECASTOPS_HOME {named}" if named else "home"
        raise ConfigError(place, f"cannot be found ({error})", "set FORECASTOPS_HOME to a folder") from error


def require_home(*, writable: bool = True) -> None:
    """Refuse a home that is no folder, or cannot be one, before anything is done.

    Args:
        writable: whether something is to be written there.

    Raises:
        ConfigError: naming it.
    """
    path = home()
    there = next(found for found in (path, *path.parents) if os.path.lexists(found))
    if not there.is_dir():
        raise ConfigError(f"FORECASTOPS_HOME {path}", f"{there} is no folder", "set FORECASTOPS_HOME to one")
    if writable and not os.access(there, os.W_OK | os.X_OK):
        what = f"{there} cannot be written to"
        raise ConfigError(f"FORECASTOPS_HOME {path}", what, "fix its permissions, or set FORECASTOPS_HOME to another")


def lock_domain() -> str:
    """Return a name of those processes that share our locks: the machine, and the home that holds the locks.

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
