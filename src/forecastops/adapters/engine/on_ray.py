"""Ray: the cluster that ``RAY_ADDRESS`` names or the caller is in, else one on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from forecastops.adapters.engine.port import Lost, alone, library

__all__ = ["Ray"]

_Piece = TypeVar("_Piece")


class Ray:
    """An engine of Ray's workers.

    Args:
        workers: of a cluster on this machine; as many as there are processors by default.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._ray, self._workers = library("ray", "ray"), workers

    def map(
        self,
        task: Callable[[_Piece], str],
        pieces: Sequence[_Piece],
        hangs: Callable[[_Piece], bool] | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[_Piece, str | Lost]]:
        """Yield each piece once with what came of it; see ``Engine``.

        ``hangs`` is not asked: nobody here can end one of its workers, which watch over themselves.
        """
        ours = not self._ray.is_initialized()
        if ours:
            self._begin()
        try:
            remote = self._ray.remote(num_cpus=1, max_retries=0)(alone)
            running = {remote.remote(task, piece): piece for piece in pieces}
            while running:
                (done, *_), _rest = self._ray.wait(list(running), num_returns=1)
                yield running.pop(done), self._outcome(done)
        finally:
            if ours:
                self._ray.shutdown()

    def _begin(self) -> None:
        if os.environ.get("RAY_ADDRESS"):
            self._ray.init(log_to_driver=False)
            return
        self._ray.init(num_cpus=self._workers, include_dashboard=False, log_to_driver=False, configure_logging=False)

    def _outcome(self, done: object) -> str | Lost:
        errors = self._ray.exceptions
        try:
            return str(self._ray.get(done))
        except errors.RayTaskError as error:
            raise error.as_instanceof_cause() from None
        except errors.RayError as error:
            return Lost(f"Ray lost its worker ({type(error).__name__})")
