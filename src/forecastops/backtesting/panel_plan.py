"""Where the past of a panel is cut: on the same dates for all series, so that they can be decided on together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecastops.backtesting.plan import earliest_first, every_of, looks_of, possible_looks
from forecastops.backtesting.stream import Stream
from forecastops.core.errors import DataError, ForecastopsError
from forecastops.core.iso_dates import iso_date
from forecastops.data.frequency import read_offset
from forecastops.data.series import Series
from forecastops.data.table import RawTable
from forecastops.panel.facts import facts_without
from forecastops.panel.series_work import Worked, failed, series_of, words_of
from forecastops.panel.settings import WorkSettings

__all__ = ["Calendar", "CutStream", "calendar_of", "cut", "plan_on"]

_PRESENT = 0.75  # share of the series that can have a first model when the past begins


@dataclass(frozen=True, eq=False)
class CutStream(Stream):
    """A series of a panel, cut on the panel's dates.

    Attributes:
        cuts: rows that are known at each retraining of the panel, and at the end of what is lived through; 0 where the
            series has not begun.
    """

    cuts: tuple[int, ...] = ()

    @property
    def retrainings(self) -> list[int]:
        """The day of each retraining, those before the series has begun included."""
        return list(self.cuts[:-1])

    def days(self, number: int) -> list[int]:
        """Return the days from one retraining until the next on which all that is forecast has come to be known."""
        return list(range(self.cuts[number], min(self.cuts[number + 1], self._last + 1)))


@dataclass(frozen=True)
class Calendar:
    """Dates of a panel's past.

    Attributes:
        frequency: of most series.
        horizon: steps that most series are forecast.
        every: rows of most series from one retraining to the next.
        dates: ISO dates of the newest rows at each retraining, the first models' included, and at the end.
    """

    frequency: str
    horizon: int
    every: int
    dates: tuple[str, ...]

    @property
    def looks(self) -> int:
        """How many retrainings are judged."""
        return len(self.dates) - 2


def plan_on(
    name: str, tables: Sequence[RawTable], _champion: Mapping[str, Any] | None, settings: WorkSettings
) -> Worked:
    """Read one series, and say how long its past is; ``evidence`` holds that as JSON."""
    past = settings.past
    assert past is not None  # noqa: S101  # whoever asks for this kind of work gives it
    try:
        series = series_of(tables, settings)
        evaluation = settings.evaluation_of(series.frequency)
    except ForecastopsError as error:
        return failed(name, words_of(error), None)
    every = past.every or every_of(series.frequency)
    try:
        earliest = earliest_first(series, evaluation, settings.model)
        possible = possible_looks(series, evaluation, every, earliest)
    except DataError:
        possible = 0
    found = {
        "frequency": series.frequency,
        "start": series.start,
        "end": series.end,
        "rows": series.rows,
        "possible": possible,
        "horizon": evaluation.horizon,
    }
    return Worked(facts_without(name, "kept", ""), evidence=json.dumps(found))


def calendar_of(found: Sequence[Mapping[str, Any]], every: int | None, looks: int | None) -> Calendar:
    """Return the dates on which most series can be looked at.

    Args:
        found: what ``plan_on`` said of each series that can be read.
        every: rows from one retraining to the next; by frequency when None.
        looks: how many retrainings are judged; as many as the past of most series holds when None.

    Raises:
        DataError: when no past is long enough.
    """
    frequency = Counter(one["frequency"] for one in found).most_common(1)[0][0]
    same = [one for one in found if one["frequency"] == frequency]
    ends = Counter(one["end"] for one in same)
    end = max(ends, key=lambda date: (ends[date], date))
    possible = np.array([one["possible"] for one in same if one["end"] == end])
    whole = int(np.quantile(possible, 1 - _PRESENT, method="lower"))
    wanted = looks or looks_of(frequency, whole if whole > 0 else int(possible.max()))
    every, horizon = every or every_of(frequency), int(same[0]["horizon"])
    if wanted > possible.max():
        longest = max(one["rows"] for one in same)
        needed = f"a first model, {wanted + 1} periods of {every}, and a horizon of {horizon}"
        what = f"of {len(same)} series of frequency {frequency} the longest has {longest} rows, too few for {needed}"
        raise DataError("data", what, "give a longer past, or set --every or --looks lower")
    offset = read_offset(frequency)
    rows = pd.date_range(end=pd.Timestamp(end), periods=horizon + (wanted + 1) * every, freq=offset)
    cuts = rows[: (wanted + 1) * every + 1 : every]
    return Calendar(frequency, horizon, every, tuple(iso_date(date) for date in cuts))


def cut(series: Series, dates: Sequence[str]) -> tuple[int, ...]:
    """Return how many rows of a series are known on each date."""
    stamps = pd.DatetimeIndex([pd.Timestamp(date) for date in dates])
    return tuple(int(row) for row in series.index.searchsorted(stamps, side="right"))
