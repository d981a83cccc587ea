"""Calls that end in time, whatever the other side does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from forecastops.adapters.alerts.message import AlertError

__all__ = ["within"]


def within(seconds: float, place: str, call: Callable[[], None]) -> None:
    """Run a call in a thread of its own and wait no longer than that; what it raises is raised.

    A socket's time limit is for each packet: a server that sends a byte now and then would hold us for ever.

    Raises:
        AlertError: when it takes too long.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  # it is raised again where it can be seen
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True, name=place)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise AlertError(place, f"did not end in {seconds:g} s", "look at its server, or raise alerts.seconds")
    if raised:
        raise raised[0]
