"""Where a past is cut: how often it is retrained by default, and from when on."""

from __future__ import annotations

import bisect

import pandas as pd
from pandas.tseries.offsets import Tick

from forecastops.backtesting.stream import Stream
from forecastops.core.errors import DataError
from forecastops.data.frequency import LONG_STEPS, family, read_offset, season_length
from forecastops.data.series import Series
from forecastops.forecasting.config import LONGEST_SEASON, Evaluation, ModelConfig
from forecastops.forecasting.training import require_trainable

__all__ = ["earliest_first", "every_of", "looks_of", "patience_of", "planned", "possible_looks", "rows_a_day"]

_MOST_LOOKS, _MOST_OF_HOURS = 26, 8  # estimates of hourly series take minutes
_DAY, _WEEK = pd.Timedelta(days=1), pd.Timedelta(days=7)
_EVERY = {"W": 4, "M": 1, "Q": 1, "Y": 1}  # observations; of shorter steps, those of a week
_FEWEST_ROWS, _FEWEST_WITHOUT_SEASON = 36, 20  # before the window, from which the default members are estimated


def planned(
    series: Series, evaluation: Evaluation, model: ModelConfig, *, every: int | None = None, looks: int | None = None
) -> Stream:
    """Return the past, cut so that its last retraining is followed by a whole period.

    Args:
        series: the whole past.
        evaluation: window and horizon.
        model: what each retraining asks for.
        every: observations from one retraining to the next; by frequency when None.
        looks: how many retrainings are judged; when None, as many as the past holds, 26 at most (hourly: 8).

    Raises:
        DataError: when the past is too short for that.
    """
    every = every or every_of(series.frequency)
    earliest = earliest_first(series, evaluation, model)
    possible = possible_looks(series, evaluation, every, earliest)
    wanted = looks or looks_of(series.frequency, possible)
    if wanted > possible:
        raise _too_short(series, earliest + (wanted + 1) * every + evaluation.horizon - 1, earliest, every, wanted)
    first = series.rows - evaluation.horizon + 1 - (wanted + 1) * every
    return Stream(series, evaluation, model, first, every, wanted + 1, patience_of(series.frequency))


def every_of(frequency: str) -> int:
    """Return how many rows come between two retrainings unless asked otherwise."""
    return _EVERY.get(family(frequency)) or _of_a_week(frequency)


def looks_of(frequency: str, possible: int) -> int:
    """Return how many retrainings are judged unless asked otherwise, of those that are possible."""
    return max(1, min(_MOST_OF_HOURS if family(frequency) == "h" else _MOST_LOOKS, possible))


def patience_of(frequency: str) -> int:
    """Return after how many rows a person is taken to accept what the alarm kept out."""
    step = family(frequency)
    return 1 if step in LONG_STEPS or step == "W" else _of_a_week(frequency)


def possible_looks(series: Series, evaluation: Evaluation, every: int, earliest: int) -> int:
    """Return how many retrainings can be judged, each followed by a whole period; none or less where it is too short.

    Args:
        series: the whole past.
        evaluation: window and horizon.
        every: observations from one retraining to the next.
        earliest: rows from which on a first model can be trained.
    """
    end = series.rows - evaluation.horizon + 1  # the first day on which not all that is forecast is known
    return (end - earliest) // every - 1


def rows_a_day(frequency: str) -> int:
    """Return how many rows come between two renewals, of which there is one a day at most."""
    offset = read_offset(frequency)
    return max(1, round(_DAY.value / offset.nanos)) if isinstance(offset, Tick) else 1


def earliest_first(series: Series, evaluation: Evaluation, model: ModelConfig) -> int:
    """Return from how many rows on a first model can be trained and judged."""
    require_trainable(series, model, evaluation)
    season = evaluation.season_length
    fewest = _FEWEST_ROWS if season > 1 else _FEWEST_WITHOUT_SEASON
    before = max(fewest, 3 * season if season <= LONGEST_SEASON else 2 * season)

    def enough(rows: int) -> bool:
        try:
            require_trainable(Series(series.values.iloc[:rows], filled=series.filled), model, evaluation)
        except DataError:
            return False
        return True

    least = min(evaluation.window + before, series.rows)
    return bisect.bisect_left(range(series.rows), True, lo=least, key=enough)


def _of_a_week(frequency: str) -> int:
    """Return the observations of a week: of days those of its open days, of longer steps one."""
    offset = read_offset(frequency)
    if isinstance(offset, Tick):
        return max(1, round(_WEEK.value / offset.nanos))
    return season_length(frequency) if family(frequency) == "B" else 1


def _too_short(series: Series, needed: int, earliest: int, every: int, looks: int) -> DataError:
    what = (
        f"has {series.rows} rows, and {needed} are needed: {earliest} to train and judge a first model, "
        f"{looks + 1} periods of {every}, and a horizon"
    )
    return DataError(
        f"series {series.start} to {series.end}", what, "give a longer past, or set --every or --looks lower"
    )
