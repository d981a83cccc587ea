"""Single events, such as orders with a time of day, put to the periods that they are of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.tseries.offsets import BaseOffset, CustomBusinessDay, Tick

from forecastops.data.config import DataConfig
from forecastops.data.frequency import frequency_name, on_grid
from forecastops.data.rows import Rows

__all__ = ["are_events", "in_periods"]

_FEWEST_CLOCKS = 10  # different times of day, before rows are called events


def in_periods(rows: Rows, offset: BaseOffset | None, config: DataConfig, notes: list[str]) -> Rows:
    """Give rows the date of their period, where a frequency is configured and what several rows of one date make.

    Args:
        rows: in order of date.
        offset: the frequency that is configured; None where it is to be found.
        config: says by ``data.duplicates`` whether rows are added up or averaged.
        notes: to which what was done is added.
    """
    if offset is None or config.duplicates not in ("sum", "mean") or isinstance(offset, CustomBusinessDay):
        return rows
    dates = pd.DatetimeIndex(rows.stamps)
    if on_grid(pd.DatetimeIndex(dates.unique()), offset).all():
        return rows
    starts = _starts(dates, offset)
    moved = int((starts != dates).sum())
    notes.append(f"{moved} rows were put to their period (data.frequency={frequency_name(offset)}).")
    return replace(rows, stamps=np.asarray(starts, dtype="datetime64[ns]"))


def are_events(rows: Rows) -> bool:
    """Return whether rows look like single events: several a day, at many different times."""
    dates = pd.DatetimeIndex(rows.stamps)
    days = dates.normalize()
    return len(days.unique()) < len(dates) and len((dates - days).unique()) >= _FEWEST_CLOCKS


def _starts(dates: pd.DatetimeIndex, offset: BaseOffset) -> pd.DatetimeIndex:
    """Return the date on the grid of each: the start of its hours or days, months or weeks by their anchor."""
    if isinstance(offset, Tick):
        return dates.floor(offset)
    days, kinds = np.unique(dates.normalize(), return_inverse=True)
    starts_first = str(offset.rule_code).partition("-")[0].endswith("S")
    roll = offset.rollback if starts_first else offset.rollforward
    return pd.DatetimeIndex([roll(pd.Timestamp(day)) for day in days])[kinds]
