"""A request that is refused: the status and the one line that its sender gets."""

from __future__ import annotations

__all__ = ["RefusedError"]

Headers = list[tuple[bytes, bytes]]


class RefusedError(Exception):
    """Ends a request with an error of the sender's. Its message may repeat what was sent, so it is never logged."""

    def __init__(self, status: int, message: str, headers: Headers | None = None) -> None:
        self.status, self.message, self.headers = status, message, headers or []
        super().__init__(message)
