"""Frequencies: which regular grid a set of dates lies on, and how long a season is on it."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any, cast

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset, CustomBusinessDay, Tick

from forecastops.core.errors import DataError
from forecastops.data.weekmask import WEEKDAYS, mask_name, open_weekdays

__all__ = [
    "LONG_STEPS",
    "family",
    "find_offset",
    "frequency_name",
    "horizon_and_window",
    "on_grid",
    "read_offset",
    "same_grid",
    "season_length",
    "steps",
]

LONG_STEPS = frozenset({"M", "Q", "Y"})  # families of a month or more
# A date off the grid tells more against it than a missing one.
_OFF_GRID = 5
_DAY = pd.Timedelta(days=1)
_SEASONS = {"D": 7, "B": 5, "W": 52} | dict.fromkeys(("MS", "ME", "BMS", "BME"), 12)
_SEASONS |= dict.fromkeys(("QS", "QE", "BQS", "BQE"), 4) | dict.fromkeys(("YS", "YE", "BYS", "BYE"), 1)
_HORIZONS = {"h": (24, 168), "D": (14, 56), "B": (10, 40), "W": (8, 52), "M": (6, 24), "Q": (4, 12), "Y": (2, 8)}
# Shortest and longest distance in days between neighbours, business days at month's end included.
_CALENDAR = {"M": (26, 33), "Q": (87, 95), "Y": (362, 369)}
_UNITS = ((3600, "h"), (60, "min"), (1, "s"))
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def season_length(frequency: str) -> int:
    """Return the usual season in observations: daily 7, business days 5, weekly 52, monthly 12, hourly 24.

    Raises:
        DataError: where there is no usual one, e.g. ``10D``; says to set ``evaluation.season_length``.
    """
    offset = read_offset(frequency)
    if isinstance(offset, CustomBusinessDay):
        return len(_open_days(offset))
    season = _SEASONS.get(_family(offset))
    if offset.n == 1 and season:
        return season
    if isinstance(offset, Tick) and offset.nanos < _DAY.value and _DAY.value % offset.nanos == 0:
        return int(_DAY.value // offset.nanos)
    raise DataError(f"frequency {frequency!r}", "has no usual season", "set evaluation.season_length")


def family(frequency: str) -> str:
    """Return the kind of step: ``h`` (and shorter), ``D``, ``B``, ``W``, ``M``, ``Q``, ``Y``, whatever its anchor.

    A frequency of several steps, such as ``10D``, is of the family of its step.
    """
    offset = read_offset(frequency)
    if isinstance(offset, CustomBusinessDay):
        return "B"
    if isinstance(offset, Tick):
        return "h" if offset.nanos % _DAY.value else "D"
    name = _family(offset)
    return name if name in ("D", "B", "W") else name.removeprefix("B")[0]


def horizon_and_window(frequency: str) -> tuple[int, int]:
    """Return the usual horizon and evaluation window of a frequency, in observations: daily 14 and 56."""
    offset = read_offset(frequency)
    if isinstance(offset, CustomBusinessDay):
        week = len(_open_days(offset))
        return 2 * week, 8 * week
    return _HORIZONS[family(frequency)]


def frequency_name(offset: BaseOffset | None) -> str:
    """Return what ``read_offset`` reads: pandas' name, or ours for open weekdays, such as ``Mon-Sat``."""
    if offset is None:
        raise DataError("series", "has no regular dates", "make it with regular_series")
    return mask_name(_open_days(offset)) if isinstance(offset, CustomBusinessDay) else str(offset.freqstr)


@lru_cache(maxsize=256)
def read_offset(frequency: str) -> BaseOffset:
    """Return the offset that a frequency names: seconds to days, business days, weeks, months, quarters, years.

    Open weekdays, such as ``Mon-Sat``, are a frequency too.

    Raises:
        DataError: when pandas does not know it, or it makes no regular grid.
    """
    place, remedy = f"frequency {frequency!r}", "set data.frequency to e.g. D, B, W-SUN, MS or h"
    if frequency.strip()[:3].capitalize() in WEEKDAYS:
        return _open(place, frequency)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # older spellings, such as M and H, are still understood
            offset = to_offset(frequency)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise DataError(place, "is not known to pandas", remedy) from error
    if offset.n < 1 or not (_family(offset) in _SEASONS or (isinstance(offset, Tick) and offset.nanos >= 10**9)):
        raise DataError(place, "makes no regular grid of dates", remedy)
    return offset


def _open(place: str, frequency: str) -> BaseOffset:
    try:
        days = open_weekdays(frequency)
    except ValueError as error:
        raise DataError(place, str(error), "set data.weekmask to e.g. Mon-Sat") from error
    if days == (0, 1, 2, 3, 4):
        return to_offset("B")
    kind: Any = CustomBusinessDay  # whose arguments the stubs do not know
    return cast(BaseOffset, kind(weekmask=" ".join(WEEKDAYS[day] for day in days)))


def _open_days(offset: Any) -> tuple[int, ...]:
    return open_weekdays(str(offset.weekmask))


def find_offset(dates: pd.DatetimeIndex) -> BaseOffset:
    """Return the frequency that explains the dates best: few off its grid, few missing on it.

    Args:
        dates: at least two, distinct and increasing, without timezone, in nanoseconds.
    """
    gaps = np.diff(_nanoseconds(dates).to_numpy())
    kinds, counts = np.unique(gaps, return_counts=True)
    # The usual distance, and the distance that divides all of them: with gaps, they may differ.
    likely = dict.fromkeys([int(kinds[np.argmax(counts)]), int(np.gcd.reduce(kinds))])
    offsets = [read_offset(name) for step in likely for name in _candidates(dates, pd.Timedelta(step))]
    if not _misfit(dates, offsets[0]):
        return offsets[0]  # of several that explain everything, the first counts
    return min(offsets, key=lambda offset: _misfit(dates, offset))


def same_grid(one: str, other: str) -> bool:
    """Tell whether two names stand for the same dates: quarters from October on are those from January on."""
    return _grid(read_offset(one)) == _grid(read_offset(other))


def _grid(offset: BaseOffset) -> str:
    """Return one name for all that make the same dates."""
    if isinstance(offset, Tick):
        return f"{offset.nanos}ns"
    name, _, month = frequency_name(offset).partition("-")
    if _family(offset).endswith(("QS", "QE")) and offset.n == 1:
        return f"{name}-{_quarter_anchor(month)}"
    return frequency_name(offset)


def _quarter_anchor(month: str) -> str:
    """Return the first month of a year in which a quarter begins, or ends, where one does in ``month``."""
    return _MONTHS[_MONTHS.index(month) % 3]


def on_grid(dates: pd.DatetimeIndex, offset: BaseOffset) -> pd.Series[bool]:
    """Tell which dates (distinct, increasing) lie on an offset's grid, in the phase of most of them."""
    if isinstance(offset, Tick):
        phase = _nanoseconds(dates) % offset.nanos
        return phase == phase.mode().iloc[0]
    days, clock = dates.normalize(), dates - dates.normalize()
    grid = pd.date_range(days[0], days[-1], freq=offset)
    return pd.Series(days.isin(grid) & (clock == pd.Series(clock).mode().iloc[0]))


def steps(dates: pd.DatetimeIndex, offset: BaseOffset) -> pd.Series[int]:
    """Return the grid's steps from each date to the next, 1 where none is missing; all must be on the grid."""
    if isinstance(offset, Tick):
        # By arithmetic: a grid of seconds over centuries would not fit into memory.
        return (_nanoseconds(dates) // offset.nanos).diff().iloc[1:].astype("int64")
    grid = pd.date_range(dates[0], dates[-1], freq=offset)
    return pd.Series(grid.get_indexer(dates)).diff().iloc[1:].astype("int64")


def _nanoseconds(dates: pd.DatetimeIndex) -> pd.Series[int]:
    return pd.Series(dates).astype("int64")


def _family(offset: BaseOffset) -> str:
    return str(offset.rule_code).partition("-")[0]


def _candidates(dates: pd.DatetimeIndex, step: pd.Timedelta) -> list[str]:
    seconds = max(int(step.total_seconds()), 1)
    if step % _DAY:
        unit, name = next((unit, name) for unit, name in _UNITS if seconds % unit == 0)
        return [f"{seconds // unit}{name}"]
    days = step.days
    weekday = pd.Series(dates.day_name()).mode().iloc[0][:3].upper()
    month = _MONTHS[int(pd.Series(dates.month).mode().iloc[0]) - 1]
    names = []
    for family, (shortest, longest) in _CALENDAR.items():
        if shortest <= days <= longest:
            # The month that stands most often would be another with every quarter that is added.
            anchor = {"M": "", "Q": f"-{_quarter_anchor(month)}"}.get(family, f"-{month}")
            names += [f"{kind}{anchor}" for kind in (f"{family}S", f"{family}E", f"B{family}S", f"B{family}E")]
    if days % 7 == 0:
        return [*names, f"{days // 7}W-{weekday}"]
    return [*names, "D", "B"] if days == 1 else [*names, f"{days}D"]


def _misfit(dates: pd.DatetimeIndex, offset: BaseOffset) -> int:
    fits = on_grid(dates, offset)
    if not fits.any():
        return _OFF_GRID * len(dates)
    # One gap, as a mistyped year makes, must not outweigh all that fits.
    missing = (steps(dates[fits.to_numpy()], offset) - 1).clip(upper=len(dates)).sum()
    return int(_OFF_GRID * (~fits).sum() + missing)
