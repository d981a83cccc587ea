"""What the target needs of the operating system."""

from __future__ import annotations

import sys

__all__ = ["lacking"]


_NEEDS = (
    "forecastops-local needs Linux or macOS: it hands a listening socket from process to process. "
    "On Windows, use it inside WSL"
)


def lacking() -> str | None:
    """Return what this system lacks, in one line; None where deployments work."""
    return _NEEDS if sys.platform == "win32" else None
