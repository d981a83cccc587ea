"""Forecasts from a model's own state, each row written once: fewer steps are the beginning of more."""

from __future__ import annotations

import io
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, TypeGuard

from mlflow.pyfunc.scoring_server import predictions_to_json

from forecastops.forecasting.forecaster import MAX_HORIZON, Forecaster

__all__ = ["Forecasts"]

_NO_ROWS: tuple[dict[str, Any], ...] = (
    {"inputs": []},
    {"instances": []},
    {"dataframe_records": []},
    {"dataframe_split": {"columns": [], "data": []}},
)
_FIRST_STEPS = 64  # computed at the least; twice as many whenever more are asked for
_MOST_LEVELS = 4  # of one request; more are forecast each time
_MOST_KEPT = 8  # lists of levels
_MIDNIGHT = "T00:00:00"


class Forecasts:
    """The answers to requests that bring no observations and give parameters as the model knows them.

    Any other request is left to MLflow: whatever its functions do to it, such as refusing or converting, they do.
    """

    def __init__(self, model: Forecaster, defaults: Mapping[str, Any]) -> None:
        """Begin with no forecast.

        Args:
            model: whose forecasts these are.
            defaults: of the parameters that it knows, ``horizon`` and ``levels``.
        """
        self._model, self._defaults = model, defaults
        self._rows: OrderedDict[tuple[int, ...], list[str]] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, content: Mapping[str, Any]) -> str | None:
        """Return what MLflow's app would answer to a decoded request, to the byte; None where it has to be asked."""
        params = content.get("params")
        if {key: value for key, value in content.items() if key != "params"} not in _NO_ROWS:
            return None
        if not (params is None or (isinstance(params, dict) and params.keys() <= {"horizon", "levels"})):
            return None
        asked = {**self._defaults, **(params or {})}
        steps, levels = asked.get("horizon"), asked.get("levels")
        if type(steps) is not int or not 1 <= steps <= MAX_HORIZON or not _are_levels(levels):
            return None
        try:
            with self._lock:
                rows = self._known(steps, tuple(levels))[:steps]
        except ValueError:  # the dates end in the year 2262; the model's own words say so
            return None
        # A table has times of day where one of its dates has one, which may come later than those that are asked for.
        if all(json.loads(row)["date"].endswith(_MIDNIGHT) for row in rows):
            return None
        return f'{{"predictions": [{", ".join(rows)}]}}'

    def _known(self, steps: int, levels: tuple[int, ...]) -> list[str]:
        rows = self._rows.pop(levels, [])
        if len(rows) < steps:
            rows = self._more(steps, max(steps, min(2 * len(rows), MAX_HORIZON), _FIRST_STEPS), levels)
        self._rows[levels] = rows
        if len(self._rows) > _MOST_KEPT:
            self._rows.popitem(last=False)
        return rows

    def _more(self, steps: int, most: int, levels: tuple[int, ...]) -> list[str]:
        """Return ``most`` rows; ``steps`` where there are no dates for more."""
        try:
            return self._written(most, levels)
        except ValueError:
            return self._written(steps, levels)

    def _written(self, steps: int, levels: tuple[int, ...]) -> list[str]:
        """Return the rows of a forecast as MLflow writes them."""
        written = io.StringIO()
        predictions_to_json(self._model.forecast(steps, levels), written)
        return [json.dumps(row) for row in json.loads(written.getvalue())["predictions"]]


def _are_levels(levels: object) -> TypeGuard[list[int]]:
    """Tell whether these are a few different whole percentages."""
    if not isinstance(levels, list) or not 1 <= len(levels) <= _MOST_LEVELS:
        return False
    return all(type(level) is int and 1 <= level <= 99 for level in levels) and len(set(levels)) == len(levels)
