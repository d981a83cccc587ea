"""What a request costs the local endpoint, beside `mlflow models serve` with the statsmodels flavor.

CPU is that of the server's processes; times are of a client that keeps its connection where the server lets it.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from measuring import process_seconds

__all__ = ["Scored", "score", "wait_for"]

REQUESTS = 200
_FIRST = 20  # requests that are not counted


class Scored(NamedTuple):
    """CPU milliseconds a request, milliseconds at p50 and p99, and requests a second at 1 and 8 connections."""

    cpu: float
    median: float
    tail: float
    alone: float
    eight: float


def score(port: int, pid: int, body: Callable[[int], dict[str, object]], requests: int = REQUESTS) -> Scored:
    """Ask a server, first on one connection and then on eight.

    Args:
        port: on loopback.
        pid: the process whose time, with its children's, counts.
        body: makes the request of each number; each is asked for once.
        requests: how many are sent each time.
    """
    _ask(port, body, range(_FIRST))
    before = process_seconds(pid)
    began = time.perf_counter()
    times = sorted(_ask(port, body, range(_FIRST, _FIRST + requests)))
    alone = requests / (time.perf_counter() - began)
    cpu = (process_seconds(pid) - before) / requests
    began = time.perf_counter()
    start, end = _FIRST + requests, _FIRST + 2 * requests
    threads = [threading.Thread(target=_ask, args=(port, body, range(start + one, end, 8))) for one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eight = requests / (time.perf_counter() - began)
    return Scored(1000 * cpu, 1000 * statistics.median(times), 1000 * times[int(0.99 * requests)], alone, eight)


def _ask(port: int, body: Callable[[int], dict[str, object]], numbers: range) -> list[float]:
    """Send requests one after the other; the seconds that each took."""
    times = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in numbers:
        content = json.dumps(body(number))
        began = time.perf_counter()
        connection.request("POST", "/invocations", content, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        times.append(time.perf_counter() - began)
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {text[:200]!r}")
    connection.close()
    return times


def wait_for(port: int, seconds: float = 120.0) -> None:
    """Wait until a server answers ``/ping``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing answers on port {port}")
