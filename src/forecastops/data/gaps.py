"""Missing dates: counted, named, and treated as the configuration says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.offsets import BaseOffset

from forecastops.core.errors import DataError
from forecastops.core.iso_dates import iso_dates
from forecastops.data.closed_days import closed_days
from forecastops.data.config import DataConfig
from forecastops.data.frequency import frequency_name, steps
from forecastops.data.rows import Rows

__all__ = ["Filled", "fill_gaps"]

_NAMED_GAPS = 5
_FEWEST = 28  # dates of which a newest part is taken to be one: of few, one that is missing is a large share
_WAYS = {
    "missing": "{} dates are missing and left to the model: {}.",
    "zero": "{} missing dates count as zero: {}.",
    "interpolate": "{} missing dates were interpolated: {}.",
}


class Filled(NamedTuple):
    """Values on the whole grid, ISO dates of those that were interpolated, and how many count as zero."""

    values: pd.Series[float]
    interpolated: tuple[str, ...]
    zeros: int


def fill_gaps(
    rows: Rows, offset: BaseOffset, config: DataConfig, notes: list[str], *, newest_part: bool = False
) -> Filled:
    """Put rows on their grid; what is missing is left out, filled or refused as the policy has it.

    Args:
        rows: one a date, all on the grid, NaN where there is no value; the last has one.
        offset: the grid.
        config: the policy.
        notes: to which what was done is added.
        newest_part: whether they follow others, of which they may be few.

    Raises:
        DataError: for a gap that the policy does not allow, or for too many.
    """
    begin = pd.Timestamp(rows.stamps[0])
    rows = rows.picked(~np.isnan(rows.values))
    dates = pd.DatetimeIndex(rows.stamps)
    missing = steps(dates, offset).to_numpy(dtype=np.int64) - 1
    ahead = len(pd.date_range(begin, dates[0], freq=offset)) - 1
    if ahead and config.gaps != "missing":
        notes.append(f"the first {ahead} dates have no value and were left out: the series begins with one.")
        begin, ahead = dates[0], 0
    total = int(missing.sum()) + ahead
    _require_allowed(rows, offset, config, missing)
    _require_share(rows, offset, config, total, newest_part)
    grid = pd.date_range(begin, dates[-1], freq=offset)
    # By position: looking millions of dates up would need a table of them.
    spread = np.full(len(grid), np.nan)
    spread[ahead + np.concatenate([[0], np.cumsum(missing + 1)])] = rows.values
    values = pd.Series(spread, index=grid, name=config.value_column)
    if not total:
        return Filled(values, (), 0)
    notes.append(_WAYS[config.gaps].format(total, _spans(dates, missing, offset, ahead)))
    if config.gaps == "zero":
        return Filled(values.fillna(0.0), (), total)
    if (closed := closed_days(values)) is not None:
        notes.append(closed.question)
    if config.gaps == "missing":
        return Filled(values, (), 0)
    filled = tuple(iso_dates(grid[values.isna().to_numpy()]))
    days = (grid - grid[0]) / pd.Timedelta(days=1)
    return Filled(values.set_axis(days).interpolate(method="index").set_axis(grid), filled, 0)


def _spans(dates: pd.DatetimeIndex, missing: npt.NDArray[np.integer], offset: BaseOffset, ahead: int) -> str:
    """Return where dates are missing: the first gaps by their dates, and how many more there are."""
    (gaps,) = missing.nonzero()
    named = [_span(dates, int(i), offset) for i in gaps[:_NAMED_GAPS]]
    more = f" and {len(gaps) - _NAMED_GAPS} more gaps" if len(gaps) > _NAMED_GAPS else ""
    return ", ".join([f"the first {ahead}", *named] if ahead else named) + more


def _require_allowed(rows: Rows, offset: BaseOffset, config: DataConfig, missing: npt.NDArray[np.integer]) -> None:
    """Refuse a gap that the policy does not allow."""
    if config.gaps in ("missing", "zero"):
        return
    allowed = config.max_gap if config.gaps == "interpolate" else 0
    too_long = missing > allowed
    if too_long.any():
        i = int(np.argmax(too_long))
        policy = f"max_gap is {allowed}" if allowed else "gaps is 'error'"
        span = _span(pd.DatetimeIndex(rows.stamps), i, offset)
        what = f"no row for {span}: {missing[i]} missing of frequency {frequency_name(offset)}"
        remedy = "add the rows, or allow for them in the configuration"
        raise DataError(rows.place(i + 1), f"{what}, and data.{policy}", remedy)


def _require_share(rows: Rows, offset: BaseOffset, config: DataConfig, missing: int, newest_part: bool) -> None:
    """Refuse a series of which too much is missing; before its grid is made, which a wrong year would blow up."""
    total = missing + len(rows)
    share = missing / (max(total, _FEWEST) if newest_part else total)
    # Also of zeros there is a bound: more than a hundred for each observation is a mistyped year.
    allowed = 0.99 if config.gaps == "zero" else config.max_missing_share
    if share <= allowed:
        return
    longest = int(np.argmax(np.diff(rows.stamps))) + 1
    what = f"{missing} of {total} dates are missing ({100 * share:.1f} %) of frequency {frequency_name(offset)}"
    what += f", the longest gap after {rows.date(longest - 1)}"
    if config.gaps == "zero":
        raise DataError(rows.place(longest), f"{what}, too many to be zeros", "correct the date")
    what += f", and data.max_missing_share is {config.max_missing_share:g}"
    closed = None
    if total < 100 * len(rows):
        dates = pd.DatetimeIndex(rows.stamps)
        closed = closed_days(
            pd.Series(rows.values, index=dates).reindex(pd.date_range(dates[0], dates[-1], freq=offset))
        )
    remedy = "add the rows; or set data.gaps=zero where no row means none, data.frequency, or data.max_missing_share"
    raise DataError(rows.place(longest), what, f"{closed.question} {remedy}" if closed else remedy)


def _span(dates: pd.DatetimeIndex, position: int, offset: BaseOffset) -> str:
    first, last = dates[position] + offset, dates[position + 1] - offset
    return " to ".join(dict.fromkeys(iso_dates(pd.DatetimeIndex([first, last]))))
