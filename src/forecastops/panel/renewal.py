"""Bringing a panel's rows up to newer data without the old: states are moved on, no parameter is estimated."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from forecastops.core.errors import DataError, ForecastopsError
from forecastops.data.assemble import regular_series
from forecastops.data.config import DataConfig
from forecastops.data.frequency import read_offset
from forecastops.data.series import Series
from forecastops.data.table import RawTable
from forecastops.panel.facts import facts_without
from forecastops.panel.panel_forecaster import BLOCK, block_facts, moved_on
from forecastops.panel.rows import ROW
from forecastops.panel.series_work import Worked
from forecastops.panel.settings import WorkSettings

__all__ = ["given_of", "renew_all", "renew_one", "revised_share"]

Row = Mapping[str, Any]


def renew_all(
    series: Sequence[tuple[str, list[RawTable]]], champions: pa.Table, settings: WorkSettings, *, guarded: bool = True
) -> Iterator[Worked]:
    """Yield each series with its champion's row brought up to its newer rows, or as it was, with the reason.

    Args:
        series: names, with the rows that there are of each.
        champions: rows of a panel.
        settings: how rows are read, and the gate's bounds.
        guarded: whether implausible data are refused; otherwise only what does not fit.
    """
    rows = {row["unique_id"]: row for row in champions.to_pylist()}
    observed: dict[str, pd.Series[float]] = {}
    found: dict[str, Worked] = {}
    for name, tables in series:
        row = rows.get(name)
        if row is None:
            found[name] = _worked(name, None, "none", "is new: `forecastops retrain` gives it a model")
        elif not tables:
            found[name] = _worked(name, row, "unchanged", "the data hold no rows of it")
        else:
            try:
                observed[name] = _observed(tables, row, settings, guarded=guarded)
            except ForecastopsError as error:
                found[name] = _worked(name, row, "refused", error.what)
    moved = moved_on(champions, observed, guarded=guarded)
    for place, after in enumerate(moved.table.to_pylist() if observed else []):
        name = after["unique_id"]
        if name not in observed:
            continue
        before = rows[name]
        if place in moved.refused:
            found[name] = _worked(name, before, "refused", moved.refused[place])
        elif after["rows"] == before["rows"]:
            found[name] = _worked(name, before, "unchanged", "it has these data already")
        else:
            found[name] = _worked(name, after, "renewed", "")
    yield from (found[name] for name, _ in series)


def renew_one(name: str, tables: Sequence[RawTable], row: Row, settings: WorkSettings) -> Worked:
    """Return one series with its champion's row brought up to its newer rows, or as it was, with the reason."""
    (found,) = renew_all([(name, list(tables))], pa.Table.from_pylist([dict(row)], schema=ROW), settings)
    return found


def _worked(name: str, row: Row | None, state: str, why: str) -> Worked:
    facts = facts_without(name, "kept", state, has_champion=row is not None)
    return Worked(facts, champion=dict(row) if row else None, state=state, state_why=why)


def _observed(tables: Sequence[RawTable], row: Row, settings: WorkSettings, *, guarded: bool) -> pd.Series[float]:
    """Return the values after those that the row keeps, read by the rules of all data, beside what it keeps.

    Raises:
        DataError: when they make no regular series together, or revise what the row knows.
    """
    series, reaches_back = given_of(tables, row, settings.data)
    bound = settings.gate.max_revised_share
    if guarded and reaches_back and bound is not None and (share := revised_share(row, series)) > bound:
        what = f"{share:.0%} of the blocks of {BLOCK} rows that the champion knows are revised"
        raise DataError(row["unique_id"], what, "look at the data, or retrain")
    return series.observed


def given_of(tables: Sequence[RawTable], row: Row, config: DataConfig) -> tuple[Series, bool]:
    """Return the given rows as a series, and whether they reach back to all that the row keeps.

    Where they do not, what it keeps stands before them, so that what is missing between is treated as it always is.

    Raises:
        DataError: when they make no regular series.
    """
    config = config.model_copy(update={"where": {}, "frequency": _named(row["frequency"], config)})
    kept = _kept(row)
    if sum(map(len, tables)) > len(row["tail"]):
        with contextlib.suppress(DataError):
            alone = regular_series(tables, config, newest_part=True)
            if alone.index[0] <= pd.Timestamp(kept.dates[0].as_py()):
                return alone, True
    return regular_series([*tables, kept], config, newest_part=True), False


def _named(frequency: str, config: DataConfig) -> str | None:
    return None if config.weekmask else frequency


def _kept(row: Row) -> RawTable:
    """Return what the row keeps of its series, as rows of a source."""
    tail = np.asarray(row["tail"], dtype=float)
    known = np.flatnonzero(np.isfinite(tail))
    dates = pd.date_range(end=pd.Timestamp(row["end"]), periods=len(tail), freq=read_offset(row["frequency"]))[known]
    values = pa.array(tail[known])
    return RawTable("the champion's state", pa.array(dates.to_numpy()), values, np.arange(1, len(known) + 1))


def revised_share(row: Row, given: Series) -> float:
    """Return the share of the blocks that both know whole and that differ."""
    offset = read_offset(row["frequency"])
    index = pd.date_range(pd.Timestamp(row["start"]), periods=row["rows"], freq=offset)
    values = np.array(given.values.reindex(index), dtype=float)
    reached = (index >= given.index[0]) & (index <= given.index[-1])
    digests = zip(block_facts(values)["block_digests"], row["block_digests"], strict=True)
    same = [
        now == then
        for number, (now, then) in enumerate(digests)
        if reached[number * BLOCK : (number + 1) * BLOCK].all()
    ]
    return 1 - sum(same) / len(same) if same else 0.0
