"""Calls of MLflow with a time limit, which it has none of, and errors without credentials."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from mlflow.exceptions import MlflowException

from forecastops.core.redaction import redacted

__all__ = ["within"]

T = TypeVar("T")


def within(timeout: float, call: Callable[[], T], failure: str, hidden: str = "", shown: str = "") -> T:
    """Return what the call returns, made on a thread of its own.

    Args:
        timeout: seconds.
        call: what to do.
        failure: what messages say of it, e.g. ``model X could not be downloaded``.
        hidden: a text, credentials and all, that the cause may repeat.
        shown: what stands in its place.

    Raises:
        MlflowException: with the cause, or that it took too long.
    """
    result: list[T | Exception] = []

    def work() -> None:
        try:
            result.append(call())
        except Exception as error:  # noqa: BLE001 - raised again by the caller's thread
            result.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout)
    if not result:
        raise MlflowException(f"{failure} within {timeout:g} s")
    outcome = result[0]
    if isinstance(outcome, Exception):
        said = f"{type(outcome).__name__}: {outcome}"
        cause = " ".join(redacted(said.replace(hidden, shown) if hidden else said).split())
        error = MlflowException(f"{failure}: {cause[:500]}")
        error.error_code = outcome.error_code if isinstance(outcome, MlflowException) else "INTERNAL_ERROR"
        # "from None": the original repeats the URI, credentials and all.
        raise error from None
    return outcome
