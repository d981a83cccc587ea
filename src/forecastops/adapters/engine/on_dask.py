"""Dask: the cluster that its configuration names, else one on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from forecastops.adapters.engine.port import Lost, alone, library

__all__ = ["Dask"]

_Piece = TypeVar("_Piece")


class Dask:
    """An engine of Dask's workers.

    Args:
        workers: of a cluster on this machine; as many as there are processors by default.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._distributed = library("distributed", "dask")
        self._settings = library("dask", "dask").config
        self._workers = workers

    def map(
        self,
        task: Callable[[_Piece], str],
        pieces: Sequence[_Piece],
        hangs: Callable[[_Piece], bool] | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[_Piece, str | Lost]]:
        """Yield each piece once with what came of it; see ``Engine``.

        ``hangs`` is not asked: nobody here can end one of its workers, which watch over themselves.
        """
        with self._client() as client:
            # Each sent by itself, or a worker that dies would take those with it that wait at it.
            futures = {client.submit(alone, task, piece, pure=False, retries=0): piece for piece in pieces}
            for future in self._distributed.as_completed(list(futures)):
                piece = futures.pop(future)
                error = future.exception()
                if isinstance(error, (self._distributed.KilledWorker, self._distributed.CancelledError)):
                    yield piece, Lost("Dask lost several workers on it")
                else:
                    yield piece, str(future.result())  # raises what the task raised

    def _client(self) -> Any:
        address = self._settings.get("scheduler-address", None)
        if address:
            return self._distributed.Client(address)
        return self._distributed.Client(
            n_workers=self._workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        )
