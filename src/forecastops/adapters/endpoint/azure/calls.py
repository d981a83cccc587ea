"""Calls of azureml-mlflow's client with a deadline each, made in a process that can be killed.

The client may wait for ever, changes the working directory while it works, and prints to stdout. Credentials reach the
process as they reached this one, by the environment; requests go through a pipe; its arguments name neither.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, TypeVar, cast

from forecastops.adapters.endpoint.azure.request import Request
from forecastops.adapters.endpoint.interface import Servers

__all__ = ["CallError", "CallTimeoutError", "Calls"]

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_START_SECONDS = 120.0
_SIGN_OF_LIFE_SECONDS = 60.0
_ENDED = "ended"
_LOST = frozenset({"ServiceResponseError", "ServiceRequestError", "ConnectionError", "ProtocolError", _ENDED})


class CallError(Exception):
    """The client raised: what was at the root of it."""

    def __init__(self, message: str, kinds: frozenset[str] = frozenset(), status: int | None = None) -> None:
        super().__init__(message)
        self.kinds = kinds
        self.status = status

    @property
    def lost(self) -> bool:
        """Whether nobody knows if it was done: the answer was lost on the way."""
        return self.status is None and bool(self.kinds & _LOST)


class CallTimeoutError(Exception):
    """The client did not return in time."""


@dataclass(frozen=True)
class _Worker:
    requests: IO[str]
    answers: queue.SimpleQueue[dict[str, Any]]
    end: weakref.finalize[..., Any]


class Calls:
    """Have requests to one target carried out; the process that does it lives from call to call.

    It is started at once, since its imports take seconds; until the first call there is other work to do.
    """

    def __init__(self, target: str, servers: Servers) -> None:
        self._target, self._servers = target, servers
        self._worker: _Worker | None = None
        self._connected = False
        self._start()

    def __call__(self, request: Request[Result], seconds: float) -> Result:
        """Return what the request's operation returns.

        Raises:
            CallError: as the operation did.
            CallTimeoutError: after ``seconds``; what it had begun may still come about.
        """
        try:
            worker = self._worker or self._start()
            if not self._connected:
                _result(worker, _START_SECONDS)
                self._connected = True
            _send(worker, {"operation": request.operation, "arguments": dict(request.arguments)})
            result: Result = _result(worker, seconds)
            return result
        except CallError as error:
            if error.kinds & {_ENDED} or not self._connected:
                self._end()
            raise
        except BaseException:  # a deadline or a person: what it is doing now concerns nobody any more
            self._end()
            raise

    def _start(self) -> _Worker:
        self._worker = _start(self, self._servers)
        self._connected = False
        _send(self._worker, {"target": self._target})
        return self._worker

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def start_program(environment: Mapping[str, str], errors: IO[str]) -> subprocess.Popen[str]:
    """Start the process that calls the client, with pipes for requests and answers, and its stderr in a file."""
    return subprocess.Popen(
        [sys.executable, "-m", "forecastops.adapters.endpoint.azure.worker"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # a person's Ctrl-C is for us, who end it
    )


def _start(owner: object, servers: Servers) -> _Worker:
    folder = tempfile.TemporaryDirectory(prefix="forecastops-")  # the client leaves files behind
    errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    surroundings = {
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder.name),
        "MLFLOW_TRACKING_URI": servers.tracking_uri,
        "MLFLOW_REGISTRY_URI": servers.registry_uri,
        "PYTHONSAFEPATH": "1",
    }
    process = start_program({**os.environ, **surroundings}, errors)
    requests, said = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(said, errors, answers), daemon=True).start()
    return _Worker(requests, answers, weakref.finalize(owner, _stop, process, requests, folder))


def _read(lines: IO[str], errors: IO[str], answers: queue.SimpleQueue[dict[str, Any]]) -> None:
    with lines:
        for line in lines:
            message = json.loads(line)
            if "said" in message:
                _log_output(message["said"])
            else:
                answers.put(message)
    with errors:
        errors.seek(0)
        said = errors.read().strip().splitlines() or ["without a word"]
    message = f"the process that calls Azure ended: {said[-1]}"
    answers.put({"error": {"message": message, "kinds": [_ENDED], "status": None}})


def _log_output(line: str) -> None:
    """Show what Azure reports of an operation; a dot is one more look at it."""
    text = line.strip(" .")
    if text and text != "test":  # the client prints this word before it raises
        _LOG.info("  %s", text)


def _send(worker: _Worker, request: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # where it has ended, the answer says so
        worker.requests.write(json.dumps(request) + "\n")
        worker.requests.flush()


def _result(worker: _Worker, seconds: float) -> Any:
    begun = time.monotonic()
    while True:
        left = begun + seconds - time.monotonic()
        try:
            answer = worker.answers.get(timeout=max(0.0, min(left, _SIGN_OF_LIFE_SECONDS)))
        except queue.Empty:
            if left <= _SIGN_OF_LIFE_SECONDS:
                raise CallTimeoutError(f"no answer within {seconds:.0f} s") from None
            _LOG.info("  still waiting after %.0f s, for at most %.0f s", time.monotonic() - begun, seconds)
            continue
        if "error" in answer:
            error = answer["error"]
            raise CallError(error["message"], frozenset(error["kinds"]), error["status"])
        return answer["result"]


def _stop(process: subprocess.Popen[str], requests: IO[str], folder: tempfile.TemporaryDirectory[str]) -> None:
    process.kill()
    with contextlib.suppress(BrokenPipeError):
        requests.close()
    process.wait()
    folder.cleanup()
