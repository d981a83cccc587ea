"""A look at every series of a panel before any is fitted: its state moved on by its newer rows, and how far it moved.

What a filter pass cannot tell is left to the work on a series by itself: series without a model, rows that cannot be
read or do not fit, and values that were revised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from forecastops.core.errors import ForecastopsError
from forecastops.data.frequency import read_offset
from forecastops.data.series import Series
from forecastops.data.table import RawTable
from forecastops.panel.facts import SeriesFacts, facts_without
from forecastops.panel.panel_forecaster import moved_on
from forecastops.panel.renewal import given_of, revised_share
from forecastops.panel.screening import movement
from forecastops.panel.series_work import Worked, failed, segment_of
from forecastops.panel.settings import WorkSettings

__all__ = ["looked_at"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Given:
    """The rows of a series that has a model, as a regular series."""

    row: Row
    series: Series


def looked_at(
    series: Sequence[tuple[str, list[RawTable]]], champions: pa.Table, settings: WorkSettings
) -> Iterator[Worked]:
    """Yield each series with its champion's row moved on; ``screening`` says where that is not enough.

    Args:
        series: names, with the rows that there are of each.
        champions: rows of a panel.
        settings: of the work.
    """
    rows = {row["unique_id"]: row for row in champions.to_pylist()}
    given: dict[str, _Given] = {}
    found: dict[str, Worked] = {}
    for name, tables in series:
        row = rows.get(name)
        if not tables:
            found[name] = replace(failed(name, "the data hold no rows of it", row), screening="unread")
        elif isinstance(one := _given(tables, row, settings), str):
            found[name] = replace(_kept(name, row), screening=one)
        else:
            given[name] = one
    found |= _moved(champions, given, settings) if given else {}
    for name, _ in series:
        treatment: Literal["renewed", "screened"] = "renewed" if found[name].state == "renewed" else "screened"
        yield replace(found[name], treatment=treatment)


def _moved(champions: pa.Table, given: Mapping[str, _Given], settings: WorkSettings) -> dict[str, Worked]:
    """Return what became of those whose rows could be read."""
    guarded = settings.gate.plausible_data
    moved = moved_on(champions, {name: one.series.observed for name, one in given.items()}, guarded=guarded)
    found: dict[str, Worked] = {}
    for place, after in enumerate(moved.table.to_pylist()):
        name = after["unique_id"]
        if name not in given:
            continue
        if place in moved.refused and place not in moved.implausible:
            found[name] = replace(_kept(name, given[name].row), screening="unfit")
        else:
            found[name] = _looked(name, given[name], after, moved.refused.get(place), settings)
    return found


def _given(tables: Sequence[RawTable], row: Row | None, settings: WorkSettings) -> _Given | str:
    """Return the rows as a series; or why the series has to be worked on by itself, whatever moved."""
    if row is None:
        return "new"
    if row["default"] is not None:
        return "no_model"
    try:
        series, reaches_back = given_of(tables, row, settings.data)
    except ForecastopsError:
        return "unfit"
    return "revised" if reaches_back and revised_share(row, series) > 0 else _Given(row, series)


def _looked(name: str, given: _Given, after: Row, refusal: str | None, settings: WorkSettings) -> Worked:
    """Return a series whose state was moved on, or refuses the rows as the gate would."""
    age = _age(after)
    volume, segment = float(np.nanmean(np.abs(given.series.values))), segment_of(name, settings.data)
    facts = facts_without(name, "kept", "", volume=volume, segment=segment)
    looked = Worked(facts, champion=dict(given.row), state="unchanged", age=age)
    if refusal is not None:
        rejected = replace(facts, outcome="rejected", verdict="REJECT", reason="plausible_data")
        looked = replace(looked, facts=rejected, why="plausible_data", screening="implausible")
        return replace(looked, state="refused", state_why=refusal)
    errors = np.asarray(after["errors"], dtype=float)
    looked = replace(looked, moved=movement(errors[len(errors) - min(age, len(errors)) :], after["season"]))
    if not settings.renews:
        return replace(looked, state_why="deployment.on_hold is nothing")
    if after["rows"] == given.row["rows"]:
        return replace(looked, state_why="the champion has these data already, or newer ones")
    return replace(looked, champion=dict(after), state="renewed")


def _kept(name: str, row: Row | None) -> Worked:
    facts: SeriesFacts = facts_without(name, "kept", "", has_champion=row is not None)
    return Worked(facts, champion=dict(row) if row else None, state="unchanged" if row else "none")


def _age(row: Row) -> int:
    """Return observations since a challenger was last sought: at its training, or later."""
    seen = [date for date in (row["trained_through"], row.get("compared_through")) if date is not None]
    if not seen:
        return 0
    return len(pd.date_range(max(map(pd.Timestamp, seen)), row["end"], freq=read_offset(row["frequency"]))) - 1
