"""Workers on all processors, which carry out jobs from plain values.

Processes of our own instead of multiprocessing's: those would import the caller's script again, or copy a process whose
threads hold locks. Nothing is pickled, and a worker ends by itself when whoever started it is gone.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import IO, cast

from forecastops.adapters.workers.outcomes import Outcomes
from forecastops.backtesting.jobs import Compare, Displacements, Errors, Fit, Job, Outcome, Recheck, Recorded, Refit
from forecastops.backtesting.stream import Stream
from forecastops.core.errors import ConfigError, ForecastopsError

__all__ = ["Pool", "start_worker"]

# What others wait for comes first: a life goes on only when its challenger is fitted and judged.
_FIRST: Sequence[type[Job]] = (Fit, Refit, Compare, Errors, Displacements, Recheck, Recorded)
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_Entry = tuple[int, int, "Job | None"]


class Pool:
    """An engine of several processes, which remembers what was computed before.

    Args:
        stream: of every job.
        outcomes: of earlier calls; what is computed is added.
        workers: processes; as many as this one may use processors, by default.
    """

    def __init__(self, stream: Stream, outcomes: Outcomes, workers: int | None = None) -> None:
        self._stream, self._outcomes = json.dumps(stream.document()), outcomes
        self._jobs: queue.PriorityQueue[_Entry] = queue.PriorityQueue()
        self._answers: queue.SimpleQueue[tuple[Job, Outcome] | ForecastopsError] = queue.SimpleQueue()
        self._count = itertools.count()
        self._most = workers or _processors()
        self._threads: list[threading.Thread] = []
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
        for _ in self._threads:
            self._jobs.put((-1, next(self._count), None))
        for thread in self._threads:
            thread.join()

    def ask(self, job: Job) -> None:
        """Take a job; one whose outcome is known is done."""
        known = self._outcomes.find(job)
        if known is not None:
            self._answers.put((job, known[0]))
            return
        while len(self._threads) < self._most:  # at the first that is to be computed, since a start takes a second
            self._start()
        place = _FIRST.index(type(job)) if type(job) in _FIRST else len(_FIRST)
        self._jobs.put((place, next(self._count), job))

    def answer(self) -> tuple[Job, Outcome]:
        """Return what came of a job.

        Raises:
            ForecastopsError: when a worker failed.
        """
        found = self._answers.get()
        if isinstance(found, ForecastopsError):
            raise found
        return found

    def _start(self) -> None:
        process = start_worker()
        self._processes.append(process)
        thread = threading.Thread(target=self._serve, args=(process,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, process: subprocess.Popen[str]) -> None:
        """Hand one job after the other to a worker, until there are none."""
        requests, said = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
        try:
            _send(requests, self._stream)
            while (job := self._jobs.get()[2]) is not None:
                _send(requests, json.dumps(job.document()))
                answer = json.loads(said.readline())
                if "refused" in answer:
                    raise _refused(*answer["refused"])
                if "error" in answer:
                    raise _failed(answer["error"])
                self._outcomes.keep(job, answer["outcome"])
                self._answers.put((job, answer["outcome"]))
        except ForecastopsError as error:
            self._answers.put(error)
        except (OSError, ValueError):
            self._answers.put(_failed("it ended in the middle of a job"))
        finally:
            process.kill()
            _close(requests, said)
            process.wait()


def start_worker() -> subprocess.Popen[str]:
    """Start Python anew for a worker, which reads jobs from its stdin until that ends."""
    return subprocess.Popen(
        [sys.executable, "-m", "forecastops.adapters.workers.worker"],
        env={**os.environ, **_ONE_THREAD, "PYTHONSAFEPATH": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # a person's Ctrl-C is for us, who end it
    )


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _send(requests: IO[str], line: str) -> None:
    requests.write(line + "\n")
    requests.flush()


def _close(*pipes: IO[str]) -> None:
    for pipe in pipes:
        with contextlib.suppress(OSError):
            pipe.close()


def _refused(kind: str, where: str, what: str, remedy: str) -> ForecastopsError:
    return (ConfigError if kind == "ConfigError" else ForecastopsError)(where, what, remedy)


def _failed(what: str) -> ForecastopsError:
    return ForecastopsError("a worker of the backtest", f"failed: {what}", "run it again: what was computed is kept")
