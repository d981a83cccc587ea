"""Work in threads: a registry that hangs holds up neither other pages nor the end of the server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["Recent", "in_thread"]

_T = TypeVar("_T")


async def in_thread(work: Callable[[], _T]) -> _T:
    """Return what ``work`` returns, from a thread that nothing waits for at the end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def tell(result: _T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # there is one where there is no error

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as caught:  # noqa: BLE001  # whoever waits gets it
            error = caught
        with suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, daemon=True, name="page").start()
    return await done


class Recent:
    """What was found a moment ago; of requests for the same at the same time, one does the work for all.

    Args:
        seconds: how long what was found is given again.
        most: results kept.
    """

    def __init__(self, seconds: float, most: int = 100) -> None:
        self._seconds, self._most = seconds, most
        self._found: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}

    async def get(self, key: Hashable, work: Callable[[], _T]) -> _T:
        """Return what ``work`` returns, or has returned for this key a moment ago."""
        self._forget()
        if key not in self._found:
            self._found[key] = (time.monotonic(), asyncio.ensure_future(in_thread(work)))
        task: asyncio.Task[_T] = self._found[key][1]
        # One visitor who leaves does not take it from the others.
        return await asyncio.shield(task)

    def _forget(self) -> None:
        """Forget what is old, what failed, and of what is done the oldest beyond the most that are kept."""
        now = time.monotonic()
        for key, (begun, task) in tuple(self._found.items()):
            if task.done() and (now - begun > self._seconds or task.cancelled() or task.exception() is not None):
                del self._found[key]
        done = [key for key, (_, task) in self._found.items() if task.done()]
        for key in done[: max(0, len(self._found) - self._most)]:
            del self._found[key]
