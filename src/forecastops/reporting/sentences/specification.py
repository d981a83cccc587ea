"""A model's specification in words."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

__all__ = ["specification", "specification_of_run"]


def specification(spec: Mapping[str, Any]) -> str:
    """Name one ARIMA's orders, or those of which the mean is taken."""
    names = [
        f"ARIMA{tuple(one['order'])}{tuple(one['seasonal_order']) if any(one['seasonal_order']) else ''}"
        for one in spec.get("members", [spec])
    ]
    return names[0] if len(names) == 1 else f"mean of {', '.join(names)}"


def specification_of_run(parameters: Mapping[str, str]) -> str | None:
    """Name what the parameters of a training run record, as MLflow keeps them; None where they record nothing such."""
    found = {}
    for name in ("members", "order", "seasonal_order"):
        try:
            found[name] = ast.literal_eval(parameters[f"model.{name}"])
        except (KeyError, ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    try:
        return specification(found)
    except (KeyError, TypeError):
        return None
