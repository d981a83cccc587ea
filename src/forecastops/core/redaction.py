"""Keeping credentials, and paths where they are nobody's business, out of what is shown, stored or answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

__all__ = ["redact_paths", "redact_uri", "redacted", "redacted_tree"]

_MASK = "***"
# In these schemes the part before "@" names a container, not a user.
_CONTAINER_SCHEMES = frozenset({"abfs", "abfss", "wasb", "wasbs"})
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s'\"<>]+")  # unbounded, a long word would take its length squared
_PATH = re.compile(r"(?<![\w:/.])(?:/[\w.@+~-]+){2,}/?")
# User and password that are not percent-encoded, so that no parser finds where they end: up to the last "@".
_RAW_USER = re.compile(r"(?<=://)[^\s/?#@:\[]*:(?!\d{1,5}(?:[/?#'\"<>\s]|$))[^\s]*@")
_SENSITIVE_WORD = r"(?:token|password|passwd|secret|credentials?|(?:api|account|access|primary|secondary)[_-]?key)"
_SENSITIVE = rf"(?i:[\w-]*{_SENSITIVE_WORD}|sig|pwd)"
_SECRETS = (
    # key=value pairs of query strings, connection strings, headers and records
    (
        re.compile(rf"((?i:{_SENSITIVE_WORD}|\b(?:sig|pwd))['\"]?\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)"),
        rf"\1{_MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {_MASK}"),
    # what URL parsers take for host or port where a password was not percent-encoded
    (re.compile(r"(Failed to parse: |nonnumeric port: |cast to integer value as )\S+"), rf"\1{_MASK}"),
    # JSON web tokens, wherever they stand
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), _MASK),
)


def redact_uri(uri: str) -> str:
    """Return the URI without user, password, query and fragment; anything that is no URL stays as it is."""
    uri = _RAW_USER.sub("", uri)
    try:
        parts = urlsplit(uri)
    except ValueError:
        return re.sub(r"//[^/]*@", "//", uri).partition("?")[0]
    if "://" not in uri:
        return uri
    user, at, host = parts.netloc.rpartition("@")
    if at and parts.scheme in _CONTAINER_SCHEMES and ":" not in user:
        host = parts.netloc
    # Put together by hand where there is no host: urlunsplit would drop a slash of sqlite:///file.
    return urlunsplit((parts.scheme, host, parts.path, "", "")) if host else f"{parts.scheme}://{parts.path}"


def redacted(text: str) -> str:
    """Return ``text`` with URLs redacted, and passwords, keys and tokens of usual forms replaced by ``***``."""
    text = _RAW_USER.sub("", text)
    text = _URL.sub(lambda match: redact_uri(match.group()), text)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def redacted_tree(tree: Any, name: str = "") -> Any:
    """Return a document of mappings and lists with its texts redacted, and what stands under a secret's name masked."""
    if isinstance(tree, Mapping):
        return {key: redacted_tree(value, str(key)) for key, value in tree.items()}
    if isinstance(tree, list):
        return [redacted_tree(value, name) for value in tree]
    if tree is not None and re.fullmatch(_SENSITIVE, name):
        return _MASK
    return redacted(tree) if isinstance(tree, str) else tree


def redact_paths(text: str) -> str:
    """Return ``text`` redacted, with absolute paths of this machine replaced."""
    return _PATH.sub("<path>", redacted(text))
