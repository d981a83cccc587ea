"""Spark: the session that is active or configured, else one on this machine.

One piece is one element of one partition, so that adaptive execution, which joins partitions, has nothing to join.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from forecastops.adapters.engine.port import Lost, alone, library

__all__ = ["Spark"]

_Piece = TypeVar("_Piece")
_ATTEMPTS = 2  # then Spark gives up all pieces of the call; what was finished is kept by the task


class Spark:
    """An engine of Spark's executors.

    Args:
        workers: of a session on this machine; as many as there are processors by default.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._pyspark, self._sql = library("pyspark", "spark"), library("pyspark.sql", "spark")
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
        known = self._sql.SparkSession.getActiveSession()
        session = known or self._begin()
        try:
            parallel = session.sparkContext.parallelize(list(pieces), len(pieces)).map(partial(_kept, task))
            yield from zip(pieces, map(_raised, self._collected(parallel, len(pieces))), strict=True)
        finally:
            if known is None:
                session.stop()

    def _begin(self) -> Any:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = self._sql.SparkSession.builder.appName("forecastops")
        if not self._pyspark.SparkConf().contains("spark.master"):
            builder = builder.master(f"local[{self._workers or '*'},{_ATTEMPTS}]")
            builder = builder.config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
            builder = builder.config("spark.ui.showConsoleProgress", "false")
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")  # of what it loses we tell in a line
        return session

    def _collected(self, parallel: Any, number: int) -> Sequence[str | Lost | Exception]:
        from py4j.protocol import Py4JJavaError

        try:
            found: list[str | Lost | Exception] = parallel.collect()
        except Py4JJavaError:
            return [Lost("Spark lost workers, and gave up the job")] * number
        return found


def _kept(task: Callable[[_Piece], str], piece: _Piece) -> str | Exception:
    """Return an error instead of raising it, since Spark would try again, and end all others."""
    try:
        return alone(task, piece)
    except Exception as error:  # noqa: BLE001  # whoever asked raises it
        return error


def _raised(found: str | Lost | Exception) -> str | Lost:
    if isinstance(found, Exception):
        raise found
    return found
