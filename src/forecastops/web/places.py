"""The addresses of pages, from and to what they show: names hold whatever a registry lets them."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

__all__ = ["WELCOME", "Place", "decisions_path", "history_path", "model_path", "place_of", "report_path", "series_path"]

WELCOME = "/welcome"  # leads on to the pages
_PATTERNS = {
    "models": re.compile(r"/"),
    "model": re.compile(r"/models/([^/]+)"),
    "history": re.compile(r"/models/([^/]+)/history"),
    "decisions": re.compile(r"/models/([^/]+)/decisions"),
    "report": re.compile(r"/runs/([A-Za-z0-9_-]{1,256})/report"),
    "series": re.compile(r"/runs/([A-Za-z0-9_-]{1,256})/series/([^/]*)"),
}


class Place(NamedTuple):
    """A page, and the model or run that it is of; ``part`` is the series of a run's panel."""

    page: str
    subject: str
    part: str = ""


def place_of(raw_path: bytes) -> Place | None:
    """Return what a path, as it was sent, stands for; None for nothing.

    Not as servers decode it: a slash in a name is no end of it.
    """
    path = raw_path.decode("latin-1").partition("?")[0]
    for page, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(path):
            return _place(page, *found.groups())
    return None


def model_path(name: str) -> str:
    """Return the path of a model's page."""
    return f"/models/{quote(name, safe='', errors='surrogatepass')}"


def history_path(name: str) -> str:
    """Return the path of a model's history."""
    return f"{model_path(name)}/history"


def decisions_path(name: str) -> str:
    """Return the path of the decisions about a model."""
    return f"{model_path(name)}/decisions"


def report_path(run_id: str) -> str:
    """Return the path of the report on a run."""
    return f"/runs/{quote(run_id, safe='', errors='surrogatepass')}/report"


def series_path(run_id: str, series: str) -> str:
    """Return the path of the page of a series in the panel of a run."""
    run, name = (quote(one, safe="", errors="surrogatepass") for one in (run_id, series))
    return f"/runs/{run}/series/{name}"


def _place(page: str, subject: str = "", part: str = "") -> Place | None:
    try:
        return Place(page, *(unquote_to_bytes(one).decode("utf-8") for one in (subject, part)))
    except UnicodeDecodeError:
        return None
