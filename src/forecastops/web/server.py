"""The server: bound to loopback before its address is told, quiet, and gone as soon as it is asked to end."""

from __future__ import annotations

import errno
import os
import platform
import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from forecastops.config import Config
from forecastops.core.errors import ForecastopsError
from forecastops.web.access import Access
from forecastops.web.app import application
from forecastops.web.content import Pages

__all__ = ["LocalPages"]

_HOST = "127.0.0.1"
_USUAL_PORT = 8377
_START_SECONDS = 0.02  # between two looks at whether it answers
_LOOK_SECONDS = 0.5
_LAST_SECONDS = 2  # that a request under way gets at the end
_GRAPHICAL = ("DISPLAY", "WAYLAND_DISPLAY")


class LocalPages:
    """The pages on loopback, not served yet: their address is known, and nobody else can have it.

    Args:
        config: whose registry, runs and endpoint they show.
        port: to listen on; None for the usual one, or another where that is taken.

    Raises:
        ForecastopsError: when the port cannot be had.
    """

    def __init__(self, config: Config, port: int | None = None) -> None:
        self._socket = _bound(port)
        self._access = Access(int(self._socket.getsockname()[1]))
        self._app = application(Pages(config), self._access)

    def serve(self, ready: Callable[[str], None]) -> None:
        """Serve until Ctrl-C, or until SIGTERM where that is made the same.

        In a thread of its own, since whoever calls may have an event loop running.

        Args:
            ready: is called with the address for a person, with the token.
        """
        server = uvicorn.Server(_configuration(self._app))
        serving = threading.Thread(target=server.run, args=([self._socket],), daemon=True, name="pages")
        try:
            serving.start()
            while serving.is_alive() and not server.started:
                serving.join(_START_SECONDS)
            ready(self._access.address(self._access.token))
            while serving.is_alive():
                serving.join(_LOOK_SECONDS)
        except KeyboardInterrupt:
            pass
        finally:
            server.should_exit = True
            if serving.is_alive():
                serving.join(_LAST_SECONDS + 1)
            if not serving.is_alive():  # or it would find its socket gone, and say so
                self._socket.close()

    def open_browser(self) -> bool:
        """Open a browser where there is a screen; whether there is."""
        if not _has_screen() or self._access.once is None:
            return False
        import webbrowser

        address = self._access.address(self._access.once)
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        return True


def _configuration(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
        limit_concurrency=100,
        timeout_keep_alive=5,
    )


def _bound(port: int | None) -> socket.socket:
    if port is not None:
        return _listening(port)
    try:
        return _listening(_USUAL_PORT)
    except ForecastopsError:
        return _listening(0)


def _listening(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let another program have the same port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((_HOST, port))
        found.listen(100)
    except OSError as error:
        found.close()
        reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be listened on: {error.strerror}"
        raise ForecastopsError(f"port {port}", reason, "give another with --port, or 0 for any that is free") from error
    return found


def _has_screen() -> bool:
    if platform.system() in ("Darwin", "Windows"):
        return True
    return any(os.environ.get(name) for name in _GRAPHICAL)
