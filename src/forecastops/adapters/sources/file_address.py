"""The path that an address ``file://`` stands for (RFC 8089), as systems write them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

__all__ = ["is_file_address", "path_of"]

_FILE = re.compile("file:", re.IGNORECASE)
_DRIVE = re.compile(r"/+([A-Za-z])[:|](?=/|$)")  # the bar as old browsers wrote it
_LOCAL = ("", "localhost", "127.0.0.1")


def is_file_address(text: str) -> bool:
    """Tell whether it begins with ``file://``, or with ``file:/`` as Java has it."""
    return _FILE.match(text) is not None and text[5:6] == "/"


def path_of(address: str, *, windows: bool = os.name == "nt") -> str:
    """Return the path: ``file:///C:/a%20b.csv`` is ``C:/a b.csv`` on Windows, ``file://server/share`` a share there.

    Elsewhere what follows ``file://`` has always been read as it stands, a relative path too; a file of exactly that
    name comes before one whose name is written with percent signs.

    Args:
        address: as ``is_file_address`` knows it.
        windows: whether paths are those of Windows.
    """
    rest = address[5:]
    rest = rest.removeprefix("//") if rest.startswith("//") else rest
    if windows:
        return _on_windows(unquote(rest))
    host, _, path = rest.partition("/")
    if host and host.lower() in _LOCAL:
        rest = f"/{path}"
    return rest if Path(rest).exists() else unquote(rest)


def _on_windows(rest: str) -> str:
    host, _, path = rest.partition("/")
    if re.fullmatch(r"[A-Za-z]:", host):  # file://C:/a.csv, which is wrong and common
        return rest
    if host.lower() not in _LOCAL:
        return f"//{rest}"
    return _DRIVE.sub(r"\1:", f"/{path}", count=1)
