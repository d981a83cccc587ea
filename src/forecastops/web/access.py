"""Who may see the pages: a browser on this machine that was given the token, under the address that was printed.

Any program here may connect, and any web page may send a browser here; so the Host must be ours, against names of
others that are made to point here, and each request must bring a cookie that only the token is exchanged for.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.requests import Request

__all__ = ["HEADERS", "Access"]

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NAMES = ("127.0.0.1", "localhost")


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class Access:
    """The secrets of one server.

    Attributes:
        port: on which it listens.
        token: in the address that is printed.
        once: in the address that a browser is opened with, which other users of this machine may see in the list of
            its processes; good for one request.
    """

    port: int
    token: str = field(default_factory=_secret, repr=False)
    once: str | None = field(default_factory=_secret, repr=False)
    _session: str = field(default_factory=_secret, repr=False)

    def address(self, token: str | None = None) -> str:
        """Return the address of the pages, with a token where one is given."""
        query = f"?token={token}" if token else ""
        return f"http://{_NAMES[0]}:{self.port}/{query}"

    def is_our_host(self, request: Request) -> bool:
        """Tell whether the request is for this server by its own name."""
        hosts = request.headers.getlist("host")
        names = {f"{name}:{self.port}" for name in _NAMES} | (set(_NAMES) if self.port == 80 else set())
        return len(hosts) == 1 and hosts[0].lower() in names

    def exchanged(self, request: Request) -> bool:
        """Tell whether the request brings a token that is good."""
        query = parse_qs(request.url.query, keep_blank_values=True)
        given = query.get("token", [])
        if len(given) != 1:
            return False
        if self.once is not None and _equal(given[0], self.once):
            self.once = None
            return True
        return _equal(given[0], self.token)

    def is_known(self, request: Request) -> bool:
        """Tell whether the request brings the cookie that was given for the token."""
        return any(_equal(value, self._session) for value in self._cookies(request.headers.getlist("cookie")))

    @property
    def cookie(self) -> str:
        """The header that gives the cookie: for this site alone, out of reach of scripts, and gone with the browser."""
        return f"{self._cookie_name}={self._session}; HttpOnly; SameSite=Strict; Path=/"

    @property
    def _cookie_name(self) -> str:
        """Of this port's own: browsers send cookies to all ports of a machine."""
        return f"forecastops-ui-{self.port}"

    def _cookies(self, headers: Iterable[str]) -> Iterable[str]:
        for header in headers:
            found: SimpleCookie = SimpleCookie()
            try:
                found.load(header)
            except CookieError:
                continue
            if self._cookie_name in found:
                yield found[self._cookie_name].value


def _equal(given: str, expected: str) -> bool:
    """Compare in a time that tells nothing of where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
