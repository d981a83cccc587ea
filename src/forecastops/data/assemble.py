"""From the rows of all sources to one regular series."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.tseries.offsets import BaseOffset

from forecastops.core.errors import ConfigError, DataError
from forecastops.core.iso_dates import iso_dates
from forecastops.data.config import DataConfig
from forecastops.data.duplicates import one_row_a_date
from forecastops.data.frequency import family, find_offset, frequency_name, on_grid, read_offset, steps
from forecastops.data.gaps import fill_gaps
from forecastops.data.periods import are_events, in_periods
from forecastops.data.rows import Rows, read_rows
from forecastops.data.series import Series
from forecastops.data.table import RawTable
from forecastops.data.weekmask import WEEKDAYS

__all__ = ["NewestPart", "newest_part_of", "regular_series"]

_STEPS_THAT_TELL = 4  # that all are a multiple by chance happens to one daily series in two thousand at most


def regular_series(
    tables: Iterable[RawTable], config: DataConfig, *, newest_part: bool = False, of_many: bool = False
) -> Series:
    """Make a regular series of raw rows, or say what keeps them from being one.

    Args:
        tables: the rows of each source, in the order in which later ones are newer.
        config: how cells are written, and what repeated and missing dates are.
        newest_part: whether they follow others, so that it is not for them alone to say whether anything varies.
        of_many: whether ``data.frequency`` was meant for other series too, so that this one's own may be another.

    Raises:
        DataError: one line naming source, row, date and value of the first offence, and the way out.
    """
    rows, notes = _one_a_date(tables, config)
    rows = _up_to_last_value(rows, config, notes)
    offset = _offset(rows, config, None)
    rows = _complete(rows, offset, config, notes)
    if of_many and config.frequency:
        _require_own_frequency(rows, offset, config.frequency)
    filled = fill_gaps(rows, offset, config, notes)
    if filled.values.nunique() == 1 and not newest_part:
        what = (
            f"column {config.value_column!r} is {filled.values.iloc[0]} on every date, which leaves nothing to forecast"
        )
        raise DataError(rows.names, what, "check data.value_column")
    return Series(filled.values, tuple(notes), filled.interpolated, filled.zeros, rows.read)


@dataclass(frozen=True, eq=False)
class NewestPart:
    """Rows that follow others, which alone can say how far apart dates are where these are few.

    Attributes:
        rows: one a date.
        notes: what was done so far.
        config: how cells are written, and what missing dates are.
    """

    rows: Rows
    notes: tuple[str, ...]
    config: DataConfig

    def series(self, frequency: str | None = None) -> Series:
        """Return them as a series of the frequency of those that they follow; of their own where that does not fit.

        Args:
            frequency: of those that they follow; None where that is not known.

        Raises:
            DataError: when they are no regular series of either.
        """
        if frequency is None:
            return self._of(None)
        try:
            return self._of(read_offset(frequency))
        except DataError as error:
            if len(self.rows) < 2:
                raise
            try:
                return self._of(None)
            except DataError as own:
                raise own from error

    def _of(self, usual: BaseOffset | None) -> Series:
        notes = list(self.notes)
        rows = _up_to_last_value(self.rows, self.config, notes, fewest=1)
        if len(rows) < 2 and not (usual or _configured(self.config)):
            what = f"holds the one date {rows.date(0)} only, which tells no frequency"
            raise DataError(rows.names, what, "set data.frequency")
        offset = _offset(rows, self.config, usual)
        rows = _complete(rows, offset, self.config, notes, fewest=1)
        if usual:
            _require_own_frequency(rows, offset, frequency_name(usual))
        filled = fill_gaps(rows, offset, self.config, notes, newest_part=True)
        return Series(filled.values, tuple(notes), filled.interpolated, filled.zeros, rows.read)


def newest_part_of(tables: Iterable[RawTable], config: DataConfig) -> NewestPart:
    """Read rows that follow others; their dates are put on a grid later, by what they follow.

    Raises:
        DataError: one line naming source, row, date and value of the first offence, and the way out.
    """
    rows, notes = _one_a_date(tables, config)
    return NewestPart(rows, tuple(notes), config)


def _one_a_date(tables: Iterable[RawTable], config: DataConfig) -> tuple[Rows, list[str]]:
    """Return the rows as they were read, one a date, and notes on what was done."""
    rows, notes = read_rows(tables, config)
    rows = _until(rows, config, notes)
    rows = in_periods(rows, _configured(config), config, notes)
    rows, repeated = one_row_a_date(rows, config)
    return rows, [*notes, *repeated]


def _until(rows: Rows, config: DataConfig, notes: list[str]) -> Rows:
    """Leave out what is later than ``data.until``; a date without a time of day includes the whole day."""
    if config.until is None:
        return rows
    last = pd.Timestamp(config.until)
    if last == last.normalize() and len(config.until) <= 10:
        last += pd.Timedelta(days=1) - pd.Timedelta(1, "ns")
    kept = rows.stamps <= last.to_datetime64()
    if not kept.any():
        raise DataError(rows.names, f"holds nothing up to {config.until}", "correct data.until")
    if not kept.all():
        notes.append(f"{int((~kept).sum())} rows after {config.until} were left out (data.until).")
    return rows.picked(kept)


def _up_to_last_value(rows: Rows, config: DataConfig, notes: list[str], fewest: int = 2) -> Rows:
    """Leave out the dates after the last value: they are what is to be forecast."""
    known = np.flatnonzero(~np.isnan(rows.values))
    if not len(known):
        raise DataError(rows.names, f"column {config.value_column!r} holds no value", "check data.value_column")
    if len(known) < fewest:
        what = f"holds the one date {rows.date(int(known[0]))} only"
        raise DataError(rows.names, what, "give at least two dates with a value")
    kept = np.arange(len(rows)) <= known[-1]
    if not kept.all():
        notes.append(f"the last {int((~kept).sum())} dates have no value and were left out: the series ends with one.")
    return rows.picked(kept)


def _complete(rows: Rows, offset: BaseOffset, config: DataConfig, notes: list[str], fewest: int = 2) -> Rows:
    """Return the rows without the last periods of the grid that are said to be incomplete."""
    if not config.drop_last:
        return rows
    end = pd.Timestamp(rows.stamps[-1])
    for _ in range(config.drop_last):
        end -= offset
    kept = rows.stamps <= end.to_datetime64()
    if kept.sum() < fewest:
        what = f"has {len(rows)} dates, of which data.drop_last={config.drop_last} leaves none to forecast"
        raise DataError(rows.names, what, "give more data, or set data.drop_last")
    first = rows.date(int(np.argmin(kept)))
    notes.append(f"the last {config.drop_last} periods, from {first}, were left out (data.drop_last).")
    return _up_to_last_value(rows.picked(kept), config, notes, fewest)


def _offset(rows: Rows, config: DataConfig, usual: BaseOffset | None) -> BaseOffset:
    """Return the configured frequency, else the ``usual`` one, else what the dates show; all must be on its grid."""
    dates = pd.DatetimeIndex(rows.stamps)
    offset = _configured(config) or usual or find_offset(dates)
    fits = on_grid(dates, offset).to_numpy()
    if not fits.all():
        raise _off_grid(rows, int(np.argmin(fits)), offset, config)
    if rows.moved and family(frequency_name(offset)) != "h" and dates[0] != dates[0].normalize():
        what = f"the days begin at {iso_dates(dates[:1])[0]} in UTC"
        raise DataError(rows.names, what, "set data.timezone, e.g. Europe/Berlin, for local days")
    return offset


def _require_own_frequency(rows: Rows, offset: BaseOffset, asked: str) -> None:
    """Refuse dates that all lie several steps apart: weeks among days would be filled up with what never was."""
    between = steps(pd.DatetimeIndex(rows.stamps[~np.isnan(rows.values)]), offset).to_numpy(dtype=np.int64)
    apart = int(np.gcd.reduce(between)) if len(between) else 1
    if apart > 1 and len(between) >= _STEPS_THAT_TELL:
        own = frequency_name(find_offset(pd.DatetimeIndex(rows.stamps)))
        what = f"all dates lie {apart} steps of {asked} apart or a multiple: their own frequency seems to be {own}"
        remedy = f"leave data.frequency out, so that each series has its own, or give those of {own} by themselves"
        raise DataError(rows.names, what, remedy)


def _configured(config: DataConfig) -> BaseOffset | None:
    name = config.weekmask or config.frequency
    try:
        return read_offset(name) if name else None
    except DataError as error:
        raise ConfigError(error.where, error.what, error.remedy) from error


def _off_grid(rows: Rows, row: int, offset: BaseOffset, config: DataConfig) -> DataError:
    date, name = rows.date(row), frequency_name(offset)
    remedy = "correct or remove the row, or set data.frequency"
    if config.weekmask:
        weekday = WEEKDAYS[pd.Timestamp(rows.stamps[row]).dayofweek]
        return DataError(
            rows.place(row), f"{date} is a {weekday}, which data.weekmask {config.weekmask} closes", remedy
        )
    if config.frequency:
        return DataError(rows.place(row), f"date {date} is not of frequency {name}", remedy)
    if are_events(rows):
        remedy = "single events, such as orders? set data.frequency, e.g. D, and data.duplicates=sum (or mean)"
    if rows.moved:
        remedy = "set data.timezone, e.g. Europe/Berlin, so that a change of the clock moves no day; or data.frequency"
    return DataError(rows.place(row), f"date {date} fits no regular frequency; most dates suggest {name}", remedy)
