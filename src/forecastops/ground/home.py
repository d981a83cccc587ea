"""Where this machine keeps what belongs to no project: local endpoints and locks."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["home"]


def home() -> Path:
    """The folder ``FORECASTOPS_HOME`` names, else ``~/.forecastops``; it need not exist."""
    named = os.environ.get("FORECASTOPS_HOME")
    return Path(named).expanduser().absolute() if named else Path.home() / ".forecastops"
