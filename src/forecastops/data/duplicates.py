"""Several rows of one date: a mistake unless the configuration says what they are."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.errors import DataError
from forecastops.core.shown_cells import shown
from forecastops.data.config import DataConfig
from forecastops.data.rows import Rows

__all__ = ["RepeatedDatesError", "one_row_a_date"]

_EQUAL = 1e-6  # relative, as the gate and the served model compare values that are sent again
_COLUMNS = 5
_ORDERS = "order lines to sum? set data.duplicates=sum (or mean, first, last)"
_PARTS = re.compile(r"(?i)(time|hour|minute|hr|he|month|uhrzeit|zeit|stunde|monat|heure|mois|hora|mes)s?")


class RepeatedDatesError(DataError):
    """Rows of one date disagree."""


def one_row_a_date(rows: Rows, config: DataConfig) -> tuple[Rows, list[str]]:
    """Return the rows with one value a date, as ``data.duplicates`` has it, and notes on what was done.

    A missing value beside an observed one counts for nothing.

    Raises:
        DataError: where rows of one date disagree and nothing says what they are, counting them.
    """
    first = np.concatenate([[True], np.diff(rows.stamps) > np.timedelta64(0, "ns")])
    if first.all():
        return rows, []
    starts = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    if config.duplicates == "error":
        _require_agreement(rows, group, starts, config)
    values = _combined(rows.values, group, starts, "first" if config.duplicates == "error" else config.duplicates)
    repeats = np.flatnonzero(~first)
    example = f"the first {rows.date(int(repeats[0]))} at {rows.place(int(repeats[0]))}"
    if config.duplicates == "error":
        note = f"{len(repeats)} rows repeat a date with the same value and were dropped, {example}."
    else:
        note = f"{len(repeats)} rows repeat a date; data.duplicates={config.duplicates} was applied, {example}."
    return replace(rows.picked(first), values=values), [note]


def _combined(
    values: npt.NDArray[np.float64], group: npt.NDArray[np.intp], starts: npt.NDArray[np.intp], how: str
) -> npt.NDArray[np.float64]:
    """One value for each group of rows, NaN where none of its rows has one."""
    known = ~np.isnan(values)
    counts = np.add.reduceat(known.astype(np.int64), starts)
    if how in ("sum", "mean"):
        # Pandas' own sum keeps what rounding loses.
        totals = np.asarray(pd.Series(np.where(known, values, 0.0)).groupby(group).sum(), dtype=np.float64)
        totals = totals / np.maximum(counts, 1) if how == "mean" else totals
        return np.where(counts > 0, totals, np.nan)
    found = np.full(len(starts), np.nan)
    rows = np.flatnonzero(known)
    order = rows if how == "last" else rows[::-1]
    found[group[order]] = values[order]  # of several that go to one place, the last stays
    return found


def _require_agreement(
    rows: Rows, group: npt.NDArray[np.intp], starts: npt.NDArray[np.intp], config: DataConfig
) -> None:
    first = _combined(rows.values, group, starts, "first")[group]
    differ = np.abs(rows.values - first) > _EQUAL * np.abs(first)
    if not differ.any():
        return
    row = int(np.argmax(differ))
    members = np.flatnonzero((group == group[row]) & ~np.isnan(rows.values))
    other = int(members[0])
    what = (
        f"column {config.value_column!r} holds {shown(float(rows.values[row]))} on {rows.date(row)}, "
        f"but {shown(float(rows.values[other]))} at {rows.place(other)}; {_counted(np.bincount(group))}"
    )
    raise RepeatedDatesError(rows.place(row), what, _remedy(rows, group, config))


def _counted(counts: npt.NDArray[np.intp]) -> str:
    repeated = counts[counts > 1]
    if len(repeated) == len(counts) and (counts == counts[0]).all():
        return f"every date stands {counts[0]} times"
    most = int(repeated.max())
    often = f"{most} times" if (repeated == most).all() else f"up to {most} times"
    return f"{len(repeated)} of {len(counts)} dates stand {often}"


def _remedy(rows: Rows, group: npt.NDArray[np.intp], config: DataConfig) -> str:
    """Return what such rows may be, and the option for each."""
    if _clock_goes_back(rows, group):
        return "the hour that the clock goes back to? set data.duplicates to mean, sum, first or last"
    if len(set(rows.origin[rows.stamps == rows.stamps[_first_repeat(group)]].tolist())) > 1:
        return "versions of the same day? set data.duplicates=last, and name the newest file last"
    columns = _telling(rows)
    part = next((name for name in rows.others() if _PARTS.fullmatch(name)), None)
    if part is not None:
        joined = f"{config.date_column}+{part}"
        return f"does column {part!r} belong to the date? set data.date_column={joined}; {_ORDERS}"
    series = (
        f"several series (columns {', '.join(columns)})? set data.where, e.g. {_example(rows, columns[0])}; "
        if columns
        else ""
    )
    return f"{series}{_ORDERS}"


def _first_repeat(group: npt.NDArray[np.intp]) -> int:
    return int(np.argmax(np.diff(group) == 0))


def _clock_goes_back(rows: Rows, group: npt.NDArray[np.intp]) -> bool:
    """Whether all repeated times are of an early hour of a Sunday in a month in which clocks go back."""
    repeated = pd.DatetimeIndex(rows.stamps[np.flatnonzero(np.diff(group) == 0)])
    autumn = np.isin(repeated.month, (3, 4, 10, 11)) & (repeated.dayofweek == 6)
    whole_days = bool((repeated == repeated.normalize()).all())
    return bool((autumn & (repeated.hour <= 3)).all()) and not whole_days


def _telling(rows: Rows) -> list[str]:
    """Columns that tell the rows of one date apart: few different values, each on many dates."""
    found = []
    for name, cells in rows.others().items():
        kinds = len(cells.unique())
        if name and 1 < kinds <= max(2, len(cells) // 4):
            found.append(name)
    return found[:_COLUMNS]


def _example(rows: Rows, column: str) -> str:
    return f"{{{column}: {rows.others()[column][0].as_py()}}}"
