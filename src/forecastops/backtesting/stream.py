"""A series cut where it would have been retrained, and what was known of it on each day."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from forecastops.core.iso_dates import iso_date
from forecastops.data.frequency import read_offset
from forecastops.data.series import Series
from forecastops.forecasting.config import Evaluation, ModelConfig

__all__ = ["Stream"]


@dataclass(frozen=True, eq=False)
class Stream:
    """One series that is retrained every ``every`` observations, ``looks`` times, first when it has ``first``.

    A day is counted in observations: on day d the first d are known, and a forecast is of those from d on.

    Attributes:
        series: the whole past.
        evaluation: the gate's window and horizon.
        model: what each retraining asks for.
        first: observations that the first model is trained on.
        every: observations from one retraining to the next.
        looks: retrainings, the first model's included.
        patience: days after which a person accepts rows that the alarm kept out, and that are right.
        alarms: what was found of alarms so far, which several policies ask alike.
    """

    series: Series
    evaluation: Evaluation
    model: ModelConfig
    first: int
    every: int
    looks: int
    patience: int = 7
    alarms: dict[Hashable, bool] = field(default_factory=dict, init=False, repr=False)

    @property
    def values(self) -> pd.Series[float]:
        """All observations, NaN where one is missing."""
        return self.series.values

    @property
    def retrainings(self) -> list[int]:
        """The day of each retraining, the first model's included."""
        return list(range(self.first, self._last + 1, self.every))[: self.looks]

    @property
    def _last(self) -> int:
        """The last day on which all that is forecast has come to be known."""
        return len(self.values) - self.evaluation.horizon

    @cached_property
    def observed(self) -> pd.Series[float]:
        """What is scored: NaN where a value is missing or was filled in."""
        return self.series.observed

    def configuration(self, number: int) -> ModelConfig:  # noqa: ARG002  # other streams ask for another each time
        """Return what a retraining asks for."""
        return self.model

    def days(self, number: int) -> list[int]:
        """Return the days from one retraining until the next on which all that is forecast has come to be known."""
        start = self.retrainings[number]
        return list(range(start, min(start + self.every, self._last + 1)))

    def date(self, day: int) -> str:
        """Return the ISO date of the newest observation that is known on a day."""
        return iso_date(self.values.index[day - 1])

    def faulty(self, day: int) -> bool:  # noqa: ARG002  # in a series' own past, rows are as they are
        """Tell whether the data of that day hold rows that are corrected later."""
        return False

    def received(self, *, faulty: bool) -> Series:  # noqa: ARG002
        """Return all rows, as they come while some are wrong, or as they are."""
        return self.series

    def known(self, day: int, *, faulty: bool | None = None) -> Series:
        """Return the data of that day; they end with a value, as a file does."""
        series = self.received(faulty=self.faulty(day) if faulty is None else faulty)
        values = series.values.iloc[:day]
        values = values.loc[: values.last_valid_index()]
        end = iso_date(values.index[-1])
        return Series(values, filled=tuple(date for date in series.filled if date <= end))

    def patience_on(self, day: int) -> int | None:  # noqa: ARG002
        """Return after how many days a person accepts rows that were refused; None where these are wrong."""
        return self.patience

    def document(self) -> dict[str, Any]:
        """Return plain values from which ``of`` makes the same stream."""
        return {
            "start": iso_date(self.values.index[0]),
            "frequency": self.series.frequency,
            "values": [None if math.isnan(value) else value for value in self.values.tolist()],
            "filled": list(self.series.filled),
            "evaluation": self.evaluation.model_dump(mode="json"),
            "model": self.model.model_dump(mode="json", exclude_unset=True),
            "first": self.first,
            "every": self.every,
            "looks": self.looks,
            "patience": self.patience,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Stream:
        """Return the stream of a document."""
        given = dict(document)
        values = [math.nan if value is None else value for value in given.pop("values")]
        offset = read_offset(given.pop("frequency"))
        index = pd.date_range(given.pop("start"), periods=len(values), freq=offset)
        series = Series(pd.Series(values, index, dtype=float, name="value"), filled=tuple(given.pop("filled")))
        evaluation, model = Evaluation(**given.pop("evaluation")), ModelConfig(**given.pop("model"))
        return cls(series, evaluation, model, **given)
