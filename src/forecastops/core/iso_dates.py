"""Dates as ISO text: the one way in which records, messages and documents write them."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["iso_date", "iso_dates", "iso_unit"]


def iso_date(stamp: pd.Timestamp) -> str:
    """Return one date, with the time of day only where there is one."""
    return stamp.date().isoformat() if stamp == stamp.normalize() else stamp.isoformat()


def iso_dates(dates: pd.DatetimeIndex, unit: str | None = None) -> list[str]:
    """Return dates, with the time of day only where one of them has it.

    Args:
        dates: without time zone.
        unit: of the longer index that they are part of, as ``iso_unit`` gives it; found by default.
    """
    unit = unit or iso_unit(dates)
    if unit == "ns":
        return [date.isoformat() for date in dates]
    texts: list[str] = np.datetime_as_string(dates.to_numpy(), unit="D" if unit == "D" else "s").tolist()
    return texts


def iso_unit(dates: pd.DatetimeIndex) -> str:
    """Return what dates are written to: days (``D``), seconds (``s``) or whatever they have (``ns``)."""
    stamps = dates.to_numpy()
    return next((unit for unit in ("D", "s") if (stamps == stamps.astype(f"datetime64[{unit}]")).all()), "ns")
