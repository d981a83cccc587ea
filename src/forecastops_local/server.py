"""A server process: MLflow's own scoring app for one model, behind the guard, on a socket it inherited.

Started by the supervisor with two descriptors: a channel to it, and the listening socket. It accepts nothing before it
is told to, and ends when the channel does: a server never outlives its supervisor.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from forecastops.core.deferred_imports import defer_imports
from forecastops.core.unused_statistics import defer_unused_statistics
from forecastops_local.connections import BoundedProtocol
from forecastops_local.memory import limit_memory
from forecastops_local.messages import Command, Event
from forecastops_local.private_log import keep_input_out_of_log
from forecastops_local.state import read_wanted
from forecastops_local.token_file import read_token

if TYPE_CHECKING:
    from forecastops_local.guard import App

__all__ = ["Channel", "DrainingServer", "main"]

_logger = logging.getLogger("forecastops.endpoint")

# How long an accepted connection may take to send its request once the server drains.
_SILENT_SECONDS = 5.0
_ORPHAN_SECONDS = 10.0
_MARGIN_SECONDS = 5
# MLflow imports them along, and a scoring server uses nothing of them.
_UNUSED = (
    "azureml.mlflow",
    "mlflow.gateway",
    "mlflow.genai",
    "mlflow.genai.datasets",
    "mlflow.genai.scorers",
    "mlflow.genai.scorers.online",
    "numpy.f2py",
    "numpy.testing",
    "psutil",
    "scipy._lib.array_api_compat.numpy",
)
_STATSMODELS_BYTES = 256 << 20  # what importing it may take


class Channel:
    """The line to the supervisor. Its commands arrive on a thread, since loading a model blocks the main one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._lines = connection, connection.makefile("rb")
        self._told_to_serve = threading.Event()
        self._server: DrainingServer | None = None
        self.wanted: dict[str, Any] = json.loads(self._lines.readline())
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, event: Event, **details: str) -> None:
        """Report an event. A supervisor that is gone is noticed where its commands are read."""
        try:
            self._connection.sendall(json.dumps({"event": event, **details}).encode() + b"\n")
        except OSError:
            _logger.warning("the supervisor cannot be told %r", event.value)

    def wait_for_serve(self, server: DrainingServer) -> None:
        """Wait until the supervisor lets this server accept; it bounds that wait."""
        self._server = server
        self._told_to_serve.wait()

    def _listen(self) -> None:
        for line in self._lines:
            if json.loads(line).get("command") == Command.SERVE:
                self._told_to_serve.set()
            elif self._server is not None:
                self._server.should_exit = True
        if self._server is None or not self._told_to_serve.is_set():
            os._exit(1)
        self._server.should_exit = True
        _end_after(_ORPHAN_SECONDS)


def _end_after(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()


class DrainingServer(uvicorn.Server):
    """uvicorn, except that it also serves connections accepted before, and silent until, the end.

    uvicorn closes those, which loses the request of a client that has connected and not yet written.
    """

    def __init__(self, config: uvicorn.Config, channel: Channel) -> None:
        super().__init__(config)
        self._channel = channel

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and say so."""
        await super().startup(sockets=sockets)
        self._channel.tell(Event.SERVING)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, and say so; then give what was accepted its time."""
        loop = asyncio.get_running_loop()
        # Only the reader goes for now: closing the socket makes asyncio drop connections it accepted an instant ago.
        for listener in sockets or ():
            loop.remove_reader(listener)
        self._channel.tell(Event.DRAINING)
        await asyncio.sleep(0.1)
        for server in self.servers:
            server.close()
        deadline = loop.time() + _SILENT_SECONDS
        while self._waits_for_requests() and loop.time() < deadline:
            await asyncio.sleep(0.05)
        await super().shutdown(sockets)

    def _waits_for_requests(self) -> bool:
        # Any cycle at all means that the request has begun to arrive; uvicorn lets those finish.
        return any(getattr(connection, "cycle", None) is None for connection in self.server_state.connections)


def _build(wanted: dict[str, Any], token: str | None) -> App:
    from mlflow.pyfunc import scoring_server

    from forecastops_local import loading
    from forecastops_local.access import Access
    from forecastops_local.guard import Guard
    from forecastops_local.invocations import Invocations
    from forecastops_local.scoring import GuardedModel

    model = GuardedModel(loading.load_verified(Path(wanted["model_path"]), read_wanted(wanted)))
    served: Any = model  # MLflow's app asks for metadata and predict, and no more
    return Guard(
        scoring_server.init(served),
        model_uri=wanted["model_uri"],
        max_body_bytes=wanted["max_body_bytes"],
        access=Access(wanted["host"], token),
        columns=model.columns,
        invocations=Invocations(model),
    )


async def _warm(app: App, token: str | None) -> None:
    """Answer once in memory, so that what is imported or computed on first use does not delay a client."""
    from forecastops_local.guard import call_in_memory

    status = await call_in_memory(app, "GET", "/ping", token=token)
    if status != 200:
        raise RuntimeError(f"/ping answers {status}")


def _prepare_filtering(max_memory_bytes: int) -> None:
    """Import what only requests with observations need, while others are answered; then bound memory as asked."""
    if "forecastops.forecasting.forecaster" in sys.modules:
        importlib.import_module("statsmodels.tsa.arima.model")
    limit_memory(max_memory_bytes)


def main(channel_fd: int, listener_fd: int) -> None:
    """Load, report, wait to be let in, serve, drain, end."""
    os.umask(0o077)
    # Processes that the model itself may start must not keep socket or channel open.
    for handle in (channel_fd, listener_fd):
        os.set_inheritable(handle, False)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    channel = Channel(socket.socket(fileno=channel_fd))
    defer_imports(_UNUSED)
    defer_unused_statistics()
    gc.disable()  # nothing of what is loaded is garbage
    try:
        token = read_token(channel.wanted["token_file"])
        app = _build(channel.wanted, token)
        asyncio.run(_warm(app, token))
    except Exception as error:
        _logger.exception("the model cannot be served")
        channel.tell(Event.FAILED, error=_in_short(error))
        sys.exit(1)
    gc.freeze()  # nor will it be searched while requests wait
    gc.enable()
    server = DrainingServer(_configuration(app), channel)
    limit_memory(channel.wanted["max_memory_bytes"] + _STATSMODELS_BYTES)
    keep_input_out_of_log()
    channel.tell(Event.LOADED)
    channel.wait_for_serve(server)
    threading.Thread(target=_prepare_filtering, args=(channel.wanted["max_memory_bytes"],), daemon=True).start()
    server.run(sockets=[socket.socket(fileno=listener_fd)])
    logging.shutdown()
    # Not sys.exit: a prediction that hangs in its thread would keep the process.
    os._exit(0)


def _configuration(app: App) -> uvicorn.Config:
    from mlflow import environment_variables

    limit: Any = environment_variables.MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=limit.get() + _MARGIN_SECONDS,
    )


def _in_short(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= 500 else text[:497] + "..."


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
