"""Keeps credentials and local paths out of what is stored, logged or answered."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

__all__ = ["redact_paths", "redact_text", "redact_uri"]

# In these schemes the part before "@" names a container, not a user.
_CONTAINER_SCHEMES = frozenset({"abfs", "abfss", "wasb", "wasbs"})
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
_PATH = re.compile(r"(?<![\w:/.])(?:/[\w.@+~-]+){2,}/?")


def redact_uri(uri: str) -> str:
    """The URI without user, password, query and fragment; anything that is no URL stays as it is."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return re.sub(r"//[^/]*@", "//", uri).partition("?")[0]
    if "://" not in uri:
        return uri
    user, at, host = parts.netloc.rpartition("@")
    if at and parts.scheme in _CONTAINER_SCHEMES and ":" not in user:
        host = parts.netloc
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def redact_text(text: str) -> str:
    """The text with every URL in it redacted."""
    return _URL.sub(lambda match: redact_uri(match.group()), text)


def redact_paths(text: str) -> str:
    """The text with URLs redacted and absolute paths of this machine replaced."""
    return _PATH.sub("<path>", redact_text(text))
