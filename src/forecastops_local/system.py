"""What the target needs of the operating system."""

from __future__ import annotations

import sys

__all__ = ["lacking"]


def lacking() -> str | None:
    """Return what this system lacks, in one line; None where deployments work."""
    if sys.platform != "win32":
        return None
    return (
        "forecastops-local needs Linux or macOS: it hands a listening socket from process to process. "
        "On Windows, use it inside WSL"
    )
