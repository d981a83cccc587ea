"""The application: which request gets which page, and with which headers."""

from __future__ import annotations

import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from forecastops.core.errors import ForecastopsError, ModelError
from forecastops.core.redaction import redacted
from forecastops.reporting.pages.rendering import render
from forecastops.web.access import HEADERS, Access
from forecastops.web.background import Recent
from forecastops.web.content import Pages, UnknownModelError, error_page
from forecastops.web.places import WELCOME, Place, place_of

__all__ = ["application"]

_LOG = logging.getLogger(__name__)
_METHODS = ("GET", "HEAD")
_RECENT_SECONDS = 5.0
_LOCKED = "This page is for whoever holds the address that `forecastops ui` has printed: open that one."
_NOT_FOUND_CODES = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


def application(pages: Pages, access: Access) -> ASGIApp:
    """Return the application.

    Args:
        pages: what there is to see.
        access: who may.
    """
    recent = Recent(_RECENT_SECONDS)

    async def answer(request: Request) -> Response:
        response = _refused(request, access) or _exchanged(request, access)
        if response is None and _raw_path(request).decode("latin-1") == WELCOME:
            response = HTMLResponse(render("welcome.html"))
        if response is None:
            response = await _page(request, pages, recent) if access.is_known(request) else _locked()
        response.headers.update(HEADERS)
        return response

    return Starlette(routes=[_AnyMethod("/{path:path}", answer)])


class _AnyMethod(Route):
    """Takes every method, so that all are refused alike."""

    def __init__(self, path: str, endpoint: Callable[..., object]) -> None:
        super().__init__(path, endpoint)
        self.methods = set()


def _refused(request: Request, access: Access) -> Response | None:
    """Answer what is not for this server, or asks for more than to see."""
    if not access.is_our_host(request):
        return Response("this server has another name\n", 421, media_type="text/plain")
    if request.method not in _METHODS:
        return Response("pages can only be read\n", 405, {"Allow": ", ".join(_METHODS)}, "text/plain")
    return None


def _exchanged(request: Request, access: Access) -> Response | None:
    """Exchange a token for a cookie, and lead to the address without it, so that it stays in no log and no history.

    A browser that another site has sent here does not bring the new cookie along on a redirection; from a page of ours
    it does.
    """
    if "token" not in request.query_params:
        return None
    if not access.exchanged(request):
        return _locked()
    path = _raw_path(request).decode("latin-1") if place_of(_raw_path(request)) else "/"  # never to another machine
    is_sent = request.headers.get("sec-fetch-site") == "cross-site"
    response = RedirectResponse(WELCOME if is_sent else path, 303)
    response.headers["Set-Cookie"] = access.cookie
    return response


def _locked() -> Response:
    return HTMLResponse(error_page("Not for everyone", _LOCKED, known=False), 403)


async def _page(request: Request, pages: Pages, recent: Recent) -> Response:
    place = place_of(_raw_path(request))
    if place is None:
        return HTMLResponse(error_page("Not found", "There is no such page."), 404)
    try:
        return HTMLResponse(await recent.get(place, lambda: _made(pages, place)))
    except ForecastopsError as error:
        said = f"{error.where}: {error.what}"
        return HTMLResponse(error_page("This cannot be shown", redacted(said), redacted(error.remedy)), _status(error))
    except Exception as error:  # noqa: BLE001  # the last resort, so that no traceback reaches a reader
        text = redacted(" ".join(f"{type(error).__name__}: {error}".split()))[:400]
        _LOG.error("a page failed: %s", text)
        return HTMLResponse(error_page("This cannot be shown", f"unexpected error: {text}", "report it"), 500)


def _made(pages: Pages, place: Place) -> str:
    if place.page == "models":
        return pages.models()
    if place.page == "series":
        return pages.series(place.subject, place.part)
    made: Callable[[str], str] = getattr(pages, place.page)
    return made(place.subject)


def _status(error: ForecastopsError) -> int:
    """Return 404 for what is not there, 503 for a server that did not answer."""
    if isinstance(error, UnknownModelError | ModelError):
        return 404
    cause = error.__cause__
    return 404 if cause is None or getattr(cause, "error_code", None) in _NOT_FOUND_CODES else 503


def _raw_path(request: Request) -> bytes:
    path: bytes = request.scope["raw_path"]
    return path
