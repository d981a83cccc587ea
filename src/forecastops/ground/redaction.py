"""Keeping credentials out of whatever is shown or stored."""

from __future__ import annotations

import re

__all__ = ["redacted"]

_MASK = "***"
_PATTERNS = (
    # user:password@ in any address
    (re.compile(r"(?<=://)[^/\s@'\"]+(?=@)"), _MASK),
    # key=value pairs of query strings, connection strings and headers
    (
        re.compile(
            r"(?i)\b((?:[\w-]*(?:token|password|passwd|secret|api[_-]?key|account[_-]?key)|sig|pwd)\s*[=:]\s*)"
            r"([^\s&;,'\"]+)"
        ),
        rf"\1{_MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {_MASK}"),
    # JSON web tokens, wherever they stand
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), _MASK),
)


def redacted(text: str) -> str:
    """``text`` with passwords, keys and tokens of the usual forms replaced by ``***``."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
