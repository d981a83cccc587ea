"""Reading bodies within bounds of size and time, for one request and for all together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from forecastops_local.access import header
from forecastops_local.refusal import RefusedError

__all__ = ["BodyLimits", "BodyReader"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_SECONDS = 30.0
# What is refused is read on and dropped, up to here: a client that is still sending would see a reset instead of the
# answer.
_PATIENCE_BYTES = 64 << 20
_HELD_BYTES = 32 << 20
_SMALL_BYTES = 64 << 10  # of each body are not counted, so that large ones that never end keep no small one out


class BodyLimits:
    """How large a body may be, and how many bytes all large ones that are held at one time may take together."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.free = max(_HELD_BYTES, 2 * limit)
        self.patience = max(_PATIENCE_BYTES, limit)


class BodyReader:
    """Reads the body of one request; a context, at whose end what it holds no longer counts."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits, self._size, self._held = limits, 0, 0

    def __enter__(self) -> BodyReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._limits.free += self._held
        self._held = 0

    async def read(self, scope: Message, receive: Receive) -> bytes | None:
        """Return the whole body; None when the client has gone.

        Raises:
            RefusedError: 408, 413, or 503 where too many others are being read.
        """
        limit = self._limits.limit
        refused = RefusedError(413, f"the body is larger than {limit} bytes")
        announced = int(header(scope, b"content-length") or 0)
        if announced > limit and header(scope, b"expect") is not None:
            raise refused
        chunks: list[bytes] = []
        size = await self._read_in_time(scope, receive, lambda chunk: self._keep(chunks, chunk))
        if size is not None and size > limit:
            raise refused
        return None if size is None else b"".join(chunks)

    async def drop(self, scope: Message, receive: Receive) -> None:
        """Read what comes and keep nothing of it."""
        if header(scope, b"expect") is None:
            await self._read_in_time(scope, receive, lambda _: None)

    def _keep(self, chunks: list[bytes], chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limits.limit:
            return
        more = max(0, self._size - _SMALL_BYTES) - self._held
        if more > self._limits.free:
            raise RefusedError(503, "the server is busy; ask again")
        self._limits.free -= more
        self._held += more
        chunks.append(chunk)

    async def _read_in_time(self, scope: Message, receive: Receive, use: Callable[[bytes], None]) -> int | None:
        """Read to the end, or as far as patience goes; the size, None when the client has gone."""
        if int(header(scope, b"content-length") or 0) > self._limits.patience:
            return self._limits.patience + 1
        try:
            return await asyncio.wait_for(self._read_all(receive, use), _SECONDS)
        except asyncio.TimeoutError:
            raise RefusedError(408, f"the body did not arrive within {_SECONDS:g} s") from None

    async def _read_all(self, receive: Receive, use: Callable[[bytes], None]) -> int | None:
        size, more = 0, True
        while more and size <= self._limits.patience:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk, more = message.get("body", b""), message.get("more_body", False)
            size += len(chunk)
            use(chunk)
        return size
