"""The series contract: numbers on a regular grid of dates, and a record of what was done to get there."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecastops.core.errors import DataError
from forecastops.core.iso_dates import iso_dates, iso_unit
from forecastops.data.frequency import frequency_name, season_length

__all__ = ["Series", "require_rows", "season_length"]

_HEADER = "date,value"
_CHUNK = 100_000


# No generated ==: comparing pandas objects gives arrays, not a truth value.
@dataclass(frozen=True, eq=False)
class Series:
    """A regular series.

    Attributes:
        values: float64, finite or NaN where one is missing; its DatetimeIndex is strictly increasing, without timezone,
            with ``freq`` set; its name is the value column's. The last is observed.
        notes: what was sorted, dropped, left out or filled; a sentence each.
        filled: ISO dates whose values are interpolated rather than observed.
        zeros: how many missing dates count as zero, which is what was observed then.
        rows_read: rows of the sources, before any was left out or joined.
    """

    values: pd.Series[float]
    notes: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    zeros: int = 0
    rows_read: int = 0

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
        """The values that may be scored: NaN where one is missing or was interpolated."""
        if not self.filled:
            return self.values
        filled = np.isin(iso_dates(self.index), self.filled)
        return self.values.where(~filled)

    @property
    def index(self) -> pd.DatetimeIndex:
        """The dates."""
        index = self.values.index
        if not isinstance(index, pd.DatetimeIndex) or index.freq is None:
            raise DataError("series", "has no regular dates", "make it with regular_series")
        return index

    @property
    def iso_dates(self) -> list[str]:
        """The dates as ISO text."""
        return iso_dates(self.index)

    @property
    def frequency(self) -> str:
        """Name of the frequency, e.g. ``D``, ``W-SAT``, or ``Mon-Sat`` of open weekdays."""
        index = self.index
        assert index.freq is not None  # noqa: S101  # as index has proved
        return frequency_name(index.freq)

    @property
    def start(self) -> str:
        """The first date, in ISO format."""
        return iso_dates(self.index[[0]])[0]

    @property
    def end(self) -> str:
        """The last date, in ISO format."""
        return iso_dates(self.index[[-1]])[0]

    @property
    def rows(self) -> int:
        """Number of dates, missing and filled ones included."""
        return len(self.values)

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of ``to_csv()``: two series are the same data when these are equal."""
        digest = hashlib.sha256()
        lines = self._lines()
        while chunk := list(itertools.islice(lines, _CHUNK)):
            digest.update("".join(chunk).encode())
        return digest.hexdigest()

    def to_csv(self) -> str:
        """Return canonical text: header ``date,value``, ISO dates, numbers with all digits, LF line ends.

        A missing value is an empty cell.
        """
        return "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{_HEADER}\n"
        for dates, values in self._chunks():
            for date, value in zip(dates, values, strict=True):
                yield f"{date},{'' if math.isnan(value) else repr(value)}\n"

    def _chunks(self) -> Iterator[tuple[list[str], list[float]]]:
        """Yield dates and values by pieces: millions of them as texts at once would take gigabytes."""
        index = self.index
        unit = iso_unit(index)
        for start in range(0, len(index), _CHUNK):
            dates = iso_dates(index[start : start + _CHUNK], unit)
            yield dates, self.values.iloc[start : start + _CHUNK].tolist()


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
