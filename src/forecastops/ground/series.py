"""The series contract: numbers on a regular grid of dates, and a record of what was done to get there."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.offsets import BaseOffset

from forecastops.ground.cells import read_dates, read_numbers, shown
from forecastops.ground.config import DataConfig
from forecastops.ground.errors import DataError
from forecastops.ground.frequency import find_offset, on_grid, read_offset, season_length, steps

__all__ = ["Series", "regular_series", "require_rows", "season_length"]

_HEADER = "date,value"
_NAMED_GAPS = 5


# No generated ==: comparing pandas objects gives arrays, not a truth value.
@dataclass(frozen=True, eq=False)
class Series:
    """A regular series.

    Attributes:
        values: float64, finite or NaN where one is missing; its DatetimeIndex is strictly increasing, without timezone,
            with ``freq`` set; its name is the value column's. First and last are observed.
        notes: what was sorted, dropped, left out or interpolated; a sentence each.
        filled: ISO dates whose values are interpolated rather than observed.
    """

    values: pd.Series[float]
    notes: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()

    @property
    def interpolated(self) -> int:
        """How many values are interpolated rather than observed."""
        return len(self.filled)

    @property
    def missing(self) -> int:
        """How many dates have no value."""
        return int(self.values.isna().sum())

    @property
    def observed(self) -> pd.Series[float]:
        """The values that may be scored: NaN where one is missing or was filled in."""
        filled = np.isin(_iso(self.index), self.filled)
        return self.values.where(~filled)

    @property
    def index(self) -> pd.DatetimeIndex:
        """The dates."""
        index = self.values.index
        if not isinstance(index, pd.DatetimeIndex) or index.freq is None:
            raise DataError("series", "has no regular dates", "make it with regular_series")
        return index

    @property
    def frequency(self) -> str:
        """Pandas' name of the frequency, e.g. ``D`` or ``W-SAT``."""
        return str(self.index.freqstr)

    @property
    def start(self) -> str:
        """The first date, in ISO format."""
        return _iso(self.index[[0]])[0]

    @property
    def end(self) -> str:
        """The last date, in ISO format."""
        return _iso(self.index[[-1]])[0]

    @property
    def rows(self) -> int:
        """Number of dates, missing and interpolated ones included."""
        return len(self.values)

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of ``to_csv()``: two series are the same data when these are equal."""
        return hashlib.sha256(self.to_csv().encode()).hexdigest()

    def to_csv(self) -> str:
        """Canonical text: a header ``date,value``, ISO dates, numbers with all their digits, LF at each line's end.

        A missing value is an empty cell.
        """
        numbers = ("" if math.isnan(value) else repr(value) for value in self.values.tolist())
        lines = [f"{date},{number}" for date, number in zip(_iso(self.index), numbers, strict=True)]
        return "\n".join([_HEADER, *lines, ""])


def regular_series(frame: pd.DataFrame, config: DataConfig) -> Series:
    """Make a regular series of raw rows, or say what keeps them from being one.

    Args:
        frame: columns ``date`` and ``value`` (text or native), ``source`` (file) and ``row`` (1-based, in that file).
        config: names of the columns for messages, frequency, and what to do with missing dates.

    Raises:
        DataError: one line naming file, row, date and value of the first offence.
    """
    if frame.empty:
        raise DataError("data", "hold no rows", "name files that hold dates and values")
    table, notes = _read_rows(frame, config)
    table = _without_repeats(table, config, notes)
    if len(table) < 2:
        date = _iso(pd.DatetimeIndex(table["date"]))[0]
        raise DataError(_files(frame), f"holds the one date {date} only", "give at least two dates")
    offset = _offset(table, config)
    values, filled = _fill_gaps(table, offset, config, notes)
    if values.nunique() == 1:
        raise DataError(
            _files(frame),
            f"column {config.value_column!r} is {values.iloc[0]} on every date, which leaves nothing to forecast",
            "check data.value_column",
        )
    return Series(values, tuple(notes), filled)


def require_rows(series: Series, needed: int, why: str) -> None:
    """Refuse a series that is too short.

    Args:
        series: the series.
        needed: the smallest number of rows that will do.
        why: what they are needed for, completing "needed for ...".

    Raises:
        DataError: naming the number of rows and the number needed.
    """
    if series.rows < needed:
        raise DataError(
            f"series {series.start} to {series.end}",
            f"has {series.rows} rows, and {needed} are needed for {why}",
            "give more data or ask for less",
        )


def _iso(dates: pd.DatetimeIndex) -> list[str]:
    if (dates == dates.normalize()).all():
        return list(dates.strftime("%Y-%m-%d"))
    return [date.isoformat() for date in dates]


def _files(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame["source"].unique()))


def _read_rows(frame: pd.DataFrame, config: DataConfig) -> tuple[pd.DataFrame, list[str]]:
    """All files' rows with cells read, in order of date, and notes on what was done."""
    tables, notes = [], []
    for source, rows in frame.groupby("source", sort=False):
        dates, was_utc = read_dates(rows, config.date_column)
        table = rows.assign(date=dates)
        table["value"] = read_numbers(table, config.value_column)
        if was_utc:
            notes.append(f"{source}: the dates are marked as UTC, and the mark was dropped.")
        if not dates.is_monotonic_increasing:
            late = int(np.argmax((dates.diff() < pd.Timedelta(0)).to_numpy()))
            first = f"{_iso(pd.DatetimeIndex(dates))[late]} in row {rows['row'].iloc[late]}"
            notes.append(f"{source}: the rows were not in order of date and were sorted, the first late one {first}.")
        tables.append(table)
    return pd.concat(tables, ignore_index=True).sort_values("date", kind="stable", ignore_index=True), notes


def _without_repeats(table: pd.DataFrame, config: DataConfig, notes: list[str]) -> pd.DataFrame:
    repeated = table["date"].duplicated()
    if not repeated.any():
        return table
    first = table.groupby("date")["value"].transform("first")
    if (bad := (table["value"] != first).to_numpy()).any():
        row = table.iloc[int(np.argmax(bad))]
        other = table[table["date"] == row["date"]].iloc[0]
        raise DataError(
            f"{row['source']}:{row['row']}",
            f"column {config.value_column!r} holds {shown(float(row['value']))} on {row['date']:%Y-%m-%d}, "
            f"but {shown(float(other['value']))} at {other['source']}:{other['row']}",
            "keep one row for each date",
        )
    example = table[repeated].iloc[0]
    notes.append(
        f"{int(repeated.sum())} rows repeat a date with the same value and were dropped, "
        f"the first {example['date']:%Y-%m-%d} at {example['source']}:{example['row']}."
    )
    return table[~repeated].reset_index(drop=True)


def _offset(table: pd.DataFrame, config: DataConfig) -> BaseOffset:
    dates = pd.DatetimeIndex(table["date"])
    offset = read_offset(config.frequency) if config.frequency else find_offset(dates)
    fits = on_grid(dates, offset).to_numpy()
    if fits.all():
        return offset
    row, date = table.iloc[int(np.argmin(fits))], _iso(dates)[int(np.argmin(fits))]
    if config.frequency:
        what = f"date {date} is not of frequency {offset.freqstr}"
    else:
        what = f"date {date} fits no regular frequency; most dates suggest {offset.freqstr}"
    raise DataError(f"{row['source']}:{row['row']}", what, "correct or remove the row, or set data.frequency")


def _fill_gaps(
    table: pd.DataFrame, offset: BaseOffset, config: DataConfig, notes: list[str]
) -> tuple[pd.Series[float], tuple[str, ...]]:
    """Values on the whole grid, missing ones as the policy has them, and the dates of those that were filled in."""
    dates = pd.DatetimeIndex(table["date"])
    missing = steps(dates, offset).to_numpy(dtype=np.int64) - 1
    gaps = [int(i) for i in missing.nonzero()[0]]
    _require_allowed(table, offset, config, missing)
    _require_share(table, config, int(missing.sum()))
    grid = pd.date_range(dates[0], dates[-1], freq=offset)
    values = pd.Series(table["value"].to_numpy(), index=dates, name=config.value_column).reindex(grid)
    if not gaps:
        return values, ()
    more = f" and {len(gaps) - _NAMED_GAPS} more gaps" if len(gaps) > _NAMED_GAPS else ""
    spans = ", ".join(_span(dates, i, offset) for i in gaps[:_NAMED_GAPS]) + more
    if config.gaps == "missing":
        notes.append(f"{int(missing.sum())} dates are missing and left to the model: {spans}.")
        return values, ()
    filled = tuple(_iso(grid[values.isna().to_numpy()]))
    days = (grid - grid[0]) / pd.Timedelta(days=1)
    notes.append(f"{int(missing.sum())} missing dates were interpolated: {spans}.")
    return values.set_axis(days).interpolate(method="index").set_axis(grid), filled


def _require_allowed(
    table: pd.DataFrame, offset: BaseOffset, config: DataConfig, missing: npt.NDArray[np.integer]
) -> None:
    """Refuse a gap that the policy does not allow."""
    if config.gaps == "missing":
        return
    allowed = config.max_gap if config.gaps == "interpolate" else 0
    if (too_long := missing > allowed).any():
        i = int(np.argmax(too_long))
        after = table.iloc[i + 1]
        policy = f"max_gap is {allowed}" if allowed else "gaps is 'error'"
        span = _span(pd.DatetimeIndex(table["date"]), i, offset)
        what = f"no row for {span}: {missing[i]} missing of frequency {offset.freqstr}"
        remedy = "add the rows, or allow for them in the configuration"
        raise DataError(f"{after['source']}:{after['row']}", f"{what}, and data.{policy}", remedy)


def _require_share(table: pd.DataFrame, config: DataConfig, missing: int) -> None:
    """Refuse a series of which too much is missing; before its grid is made, which a wrong year would blow up."""
    share, rows = missing / (missing + len(table)), missing + len(table)
    if share > config.max_missing_share:
        longest = int(np.argmax(table["date"].diff()))
        before, after = table.iloc[longest - 1], table.iloc[longest]
        what = f"{missing} of {rows} dates are missing ({100 * share:.1f} %)"
        what += f", the longest gap after {before['date']:%Y-%m-%d}"
        allowed = f"data.max_missing_share is {config.max_missing_share:g}"
        remedy = "add the rows, set data.frequency, or allow for more"
        raise DataError(f"{after['source']}:{after['row']}", f"{what}, and {allowed}", remedy)


def _span(dates: pd.DatetimeIndex, position: int, offset: BaseOffset) -> str:
    first, last = dates[position] + offset, dates[position + 1] - offset
    return " to ".join(dict.fromkeys(_iso(pd.DatetimeIndex([first, last]))))
