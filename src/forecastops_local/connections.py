"""Connections with bounds: how many there may be, and how long a client may keep one without letting us answer."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["HEADER_SECONDS", "BoundedProtocol"]

_MAX_CONNECTIONS = 100
_MOST_AT_ONCE = 500  # for as long as it takes to read what those that were just accepted have sent
_GRACE_SECONDS = 0.5
HEADER_SECONDS = 20.0  # for the whole of a request's headers to arrive
_READ_SECONDS = 10.0  # for the client to take the answer


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP, which by itself waits for ever: for headers, and for an answer to be read.

    Where there are too many connections, the oldest of those that wait for their client makes room: one that is
    silent, or slow with its request or with reading; but each is first given the time to be read. A request that has
    arrived is answered. The guard bounds how long
    a body takes, and MLflow's app how long the model does.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to count, and make room if need be."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.cut)
        if len(self.connections) > _MOST_AT_ONCE:
            self._make_room()
        elif len(self.connections) > _MAX_CONNECTIONS:
            self.loop.call_later(_GRACE_SECONDS, self._make_room)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time limit."""
        self._deadline.cancel()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Lift the limit of headers once they have arrived."""
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self._deadline.cancel()

    def on_response_complete(self) -> None:
        """Limit how long the answer may wait to be read."""
        super().on_response_complete()
        self._deadline.cancel()
        self._deadline = self.loop.call_later(_READ_SECONDS, self.cut)

    def cut(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.connections.discard(self)
        self.transport.abort()

    @property
    def _waits_for_client(self) -> bool:
        cycle = self.cycle
        return cycle is None or cycle.more_body or cycle.response_complete

    def _make_room(self) -> None:
        """Close the oldest that waits for its client, where there are too many still."""
        if len(self.connections) <= _MAX_CONNECTIONS:
            return
        others = [one for one in self.connections if isinstance(one, BoundedProtocol) and one is not self]
        waiting = [one for one in others if one._waits_for_client]
        min(waiting, key=lambda one: one._since, default=self).cut()
