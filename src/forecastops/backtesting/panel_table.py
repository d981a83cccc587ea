"""The table of a panel's backtest: a row a series, with what each policy would have served it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecastops.backtesting.panel_plan import Calendar
from forecastops.backtesting.panel_policies import NAIVE

__all__ = ["column", "series_table"]

_OF_POLICIES = ("rmse", "rmsse", "promotions", "changes", "needless", "alarms")
_SERIES = ("unique_id", "outcome", "why", "segment", "frequency", "rows", "entered", "begins", "default")
_SCALES = ("targets", "volume", "scale")


def column(rule: str, name: str) -> str:
    """Return the column that holds a figure of a policy, such as ``shrunk_rmse``."""
    return f"{rule.replace(' ', '_')}_{name}"


def series_table(
    rules: tuple[str, ...], told: Mapping[str, Mapping[str, Any]], left_out: Mapping[str, str], calendar: Calendar
) -> pd.DataFrame:
    """Return a row a series, in the order of their names.

    ``outcome`` is ``scored`` where it is in the figures, ``unscored`` where it was lived through and has nothing that
    could be added up, ``left_out`` where it was not; ``why`` says why not. RMSE is in the unit of the data, RMSSE over
    ``scale``.

    Args:
        rules: of the policies.
        told: of each series that was lived through, what ``live_on`` told at last.
        left_out: of the others, why.
        calendar: of the past.
    """
    rows = [dict(_row(name, one, rules, calendar)) for name, one in told.items()]
    rows += [{"unique_id": name, "outcome": "left_out", "why": why} for name, why in left_out.items()]
    figures = [column(rule, name) for rule in rules for name in _OF_POLICIES]
    figures += [column(rule, "model") for rule in rules] + [column(NAIVE, name) for name in ("rmse", "rmsse")]
    table = pd.DataFrame(rows, columns=[*_SERIES, *_SCALES, *figures])
    texts = [*("why", "segment", "default"), *(column(rule, "model") for rule in rules)]
    table[texts] = table[texts].astype(object).where(table[texts].notna(), "")
    return table.sort_values("unique_id", kind="stable", ignore_index=True)


def _row(name: str, one: Mapping[str, Any], rules: tuple[str, ...], calendar: Calendar) -> Iterator[tuple[str, object]]:
    yield "unique_id", name
    yield from ((key, one[key]) for key in ("segment", "frequency", "rows", "entered", "default"))
    if one["entered"] is None:
        yield from (("outcome", "unscored"), ("why", "has no two values before the last retraining"))
        return
    yield "begins", calendar.dates[one["entered"]]
    parts = {rule: [part[:3] for part in one["policies"][rule]["parts"]] for rule in rules} | {NAIVE: one["naive"]}
    targets = sum(part[2] for part in one["naive"])
    scale = one["scale"]
    yield from (("targets", targets), ("volume", one["volume"]), ("scale", scale))
    for rule in (*rules, NAIVE):
        error = _rmse(parts[rule])
        yield column(rule, "rmse"), error
        yield column(rule, "rmsse"), error / scale if scale else np.nan
    for rule in rules:
        found = one["policies"][rule]
        yield from ((column(rule, key), found[key]) for key in ("promotions", "changes", "needless", "model"))
        yield column(rule, "alarms"), len(found["alarms"])
    why = _unscored(targets, scale)
    yield from (("outcome", "unscored" if why else "scored"), ("why", why))


def _rmse(parts: list[list[Any]]) -> float:
    squares, targets = sum(part[1] for part in parts), sum(part[2] for part in parts)
    return float(np.sqrt(squares / targets)) if targets else np.nan


def _unscored(targets: float, scale: float | None) -> str:
    if not targets:
        return "nothing that was forecast has been observed"
    return "" if scale else "did not change before the first forecast, so that its errors have no scale"
