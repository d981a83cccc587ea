"""Reading bodies within bounds of size and time, for one request and for all together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from forecastops_local.callers import header
from forecastops_local.refusal import RefusedError

__all__ = ["Incoming", "Share"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_SECONDS = 30.0
# What is refused is read on and dropped, up to here: a client that is still sending would see a reset instead of the
# answer.
_PATIENCE_BYTES = 64 << 20
_HELD_BYTES = 32 << 20
_SMALL_BYTES = 64 << 10  # of each body are not counted, so that large ones that never end keep no small one out


class Incoming:
    """Bodies of at most ``limit`` bytes each; all large ones that are held at one time share a bounded room."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.free = max(_HELD_BYTES, 2 * limit)
        self.patience = max(_PATIENCE_BYTES, limit)


class Share:
    """What one request holds of the room, as a context: all of it is given back in the end."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming, self._size, self._held = incoming, 0, 0

    def __enter__(self) -> Share:
        return self

    def __exit__(self, *_: object) -> None:
        self._incoming.free += self._held
        self._held = 0

    async def read(self, scope: Message, receive: Receive) -> bytes | None:
        """Return the whole body; None when the client has gone.

        Raises:
            RefusedError: 408, 413, or 503 where too many others are being read.
        """
        limit = self._incoming.limit
        refused = RefusedError(413, f"the body is larger than {limit} bytes")
        announced = int(header(scope, b"content-length") or 0)
        if announced > limit and header(scope, b"expect") is not None:
            raise refused
        chunks: list[bytes] = []
        size = await self._within_time(scope, receive, lambda chunk: self._keep(chunks, chunk))
        if size is not None and size > limit:
            raise refused
        return None if size is None else b"".join(chunks)

    async def drop(self, scope: Message, receive: Receive) -> None:
        """Read what comes and keep nothing of it."""
        if header(scope, b"expect") is None:
            await self._within_time(scope, receive, lambda _: None)

    def _keep(self, chunks: list[bytes], chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._incoming.limit:
            return
        more = max(0, self._size - _SMALL_BYTES) - self._held
        if more > self._incoming.free:
            raise RefusedError(503, "the server is busy; ask again")
        self._incoming.free -= more
        self._held += more
        chunks.append(chunk)

    async def _within_time(self, scope: Message, receive: Receive, use: Callable[[bytes], None]) -> int | None:
        """Read to the end, or as far as patience goes; the size, None when the client has gone."""
        if int(header(scope, b"content-length") or 0) > self._incoming.patience:
            return self._incoming.patience + 1
        try:
            return await asyncio.wait_for(self._all(receive, use), _SECONDS)
        except asyncio.TimeoutError:
            raise RefusedError(408, f"the body did not arrive within {_SECONDS:g} s") from None

    async def _all(self, receive: Receive, use: Callable[[bytes], None]) -> int | None:
        size, more = 0, True
        while more and size <= self._incoming.patience:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk, more = message.get("body", b""), message.get("more_body", False)
            size += len(chunk)
            use(chunk)
        return size
