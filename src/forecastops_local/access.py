"""Who may ask: callers on this machine, by a name of this machine, from no foreign web page, with the token if any."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import MutableMapping
from typing import Any

from forecastops_local.refusal import RefusedError

__all__ = ["Access", "header"]

Scope = MutableMapping[str, Any]

_ONCE = (b"host", b"origin", b"authorization", b"content-type", b"content-length", b"content-encoding")
_AUTHORITY = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,255})(:(?P<port>[0-9]{1,5}))?")
_ORIGIN = re.compile(r"https?://(?P<authority>[^/@?#\s]+)")
_CHALLENGE = [(b"www-authenticate", b"Bearer")]


class Access:
    """Checks callers of a server that listens on ``host``; ``token`` is what they must bring, if anything."""

    def __init__(self, host: str, token: str | None) -> None:
        self._loopback_only = ipaddress.ip_address(host).is_loopback
        self._token = None if token is None else token.encode("ascii")

    def check(self, scope: Scope) -> None:
        """Refuse a request by its address and headers.

        Raises:
            RefusedError: 400 for a header that stands twice, 403 for a foreign caller, 401 without the token.
        """
        for name in _ONCE:
            if sum(key == name for key, _ in scope["headers"]) > 1:
                raise RefusedError(400, f"the header {name.decode()} stands twice")
        self._check_origin(scope)
        self._check_token(header(scope, b"authorization"))

    def _check_origin(self, scope: Scope) -> None:
        host, origin = header(scope, b"host"), header(scope, b"origin")
        if self._loopback_only:
            client = scope.get("client")
            if client is not None and not _is_loopback(client[0]):
                raise RefusedError(403, "only callers on this machine are served")
            # A foreign name that resolves to loopback is how a web page reaches local services (DNS rebinding).
            if host is not None and not _names_this_machine(host):
                raise RefusedError(403, "the Host header must name this machine, e.g. localhost")
        if origin is not None and not self._may_come_from(origin, host):
            raise RefusedError(403, "web pages of other hosts are not served")

    def _may_come_from(self, origin: str, host: str | None) -> bool:
        found = _ORIGIN.fullmatch(origin)
        if found is None:
            return False
        if self._loopback_only:
            return _names_this_machine(found["authority"])
        return host is not None and found["authority"].lower() == host.lower()

    def _check_token(self, authorization: str | None) -> None:
        if self._token is None:
            return
        scheme, _, given = (authorization or "").partition(" ")
        # Compared even where there is none, so that time tells nothing; latin-1 is how headers arrive.
        same = hmac.compare_digest(given.strip(" ").encode("latin-1"), self._token)
        if scheme.lower() != "bearer" or not same:
            raise RefusedError(401, "a bearer token is needed: Authorization: Bearer TOKEN", _CHALLENGE)


def header(scope: Scope, name: bytes) -> str | None:
    """Return the value of a header, None where it is missing."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def _names_this_machine(authority: str) -> bool:
    """Tell whether it is exactly a name or address of loopback, with a port if any."""
    found = _AUTHORITY.fullmatch(authority)
    if found is None or (found["port"] is not None and not 1 <= int(found["port"]) <= 65535):
        return False
    name = found["name"]
    if name.startswith("["):
        return ":" in name and _is_loopback(name[1:-1])
    return name.lower() == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
