"""The smoke test: what the endpoint answers is what was evaluated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from forecastops.adapters.endpoint.interface import Endpoint
from forecastops.core.errors import EndpointError

__all__ = ["Golden", "answers", "require_golden"]

_TOLERANCE = 1e-6  # relative

Golden = Mapping[str, list[Any]]  # a forecast by columns, as evaluated


_PROMOTING = "nothing was promoted; compare the libraries of model and endpoint"


def require_golden(endpoint: Endpoint, golden: Golden, remedy: str = _PROMOTING) -> None:
    """Ask the endpoint for a forecast and compare.

    Args:
        endpoint: what is asked.
        golden: what it must answer.
        remedy: the way out where it answers otherwise.

    Raises:
        EndpointError: when it does not answer, or otherwise than evaluated.
    """
    rows = endpoint.forecast()
    for column, expected in golden.items():
        found = [row.get(column) for row in rows]
        if len(found) != len(expected) or not all(map(_equal, found, expected)):
            raise EndpointError(
                f"endpoint {endpoint.name!r}",
                f"its forecasts differ from those evaluated in {column!r}",
                remedy,
            )


def answers(endpoint: Endpoint, golden: Golden) -> bool:
    """Tell whether the endpoint passes it."""
    try:
        require_golden(endpoint, golden)
    except EndpointError:
        return False
    return True


def _equal(found: object, expected: object) -> bool:
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return math.isclose(found, expected, rel_tol=_TOLERANCE)
    return found == expected
