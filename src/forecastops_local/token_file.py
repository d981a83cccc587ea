"""The bearer token of a deployment: kept in a file that the user names, read by server and client, shown by neither."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["read_token"]

_LIMIT = 4096


def read_token(path: str) -> str | None:
    """Return the token in the file; None where the deployment has no file.

    Raises:
        ValueError: naming the file, when it cannot be read or holds no token.
    """
    if not path:
        return None
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(_LIMIT + 1)
    except OSError as error:
        raise ValueError(f"token_file {path} cannot be read: {error.strerror}") from None
    token = content.strip()
    if len(content) > _LIMIT or not re.fullmatch(rb"[\x21-\x7e]+", token):
        raise ValueError(f"token_file {path} must hold one token: a line of visible ASCII characters without spaces")
    return token.decode("ascii")
