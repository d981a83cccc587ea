"""The clock of a tracking server or registry, as its answers show it."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

__all__ = ["clock_offset"]

_SECONDS = 5.0


def clock_offset(uri: str) -> float:
    """Return the seconds by which the server's clock is ahead of ours; 0 where it does not say.

    A database that is reached directly is stamped by its clients, so ours is its clock.
    """
    import requests

    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https", "azureml"):
        return 0.0
    scheme = "https" if parts.scheme == "azureml" else parts.scheme
    host = parts.netloc.rpartition("@")[2]
    began = time.time()
    try:
        answer = requests.head(f"{scheme}://{host}", timeout=_SECONDS, allow_redirects=False)
        # Dates are cut to the second, and were written while we waited.
        there = parsedate_to_datetime(answer.headers["Date"]).timestamp() + 0.5
    except (requests.RequestException, KeyError, ValueError, TypeError):
        return 0.0
    return there - (began + time.time()) / 2
