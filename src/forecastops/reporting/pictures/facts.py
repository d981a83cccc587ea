"""What pictures are drawn from: numbers alone, so that whoever has them can draw without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "Array",
    "Bound",
    "Event",
    "Fan",
    "FanFacts",
    "Line",
    "ResidualFacts",
    "Role",
    "StepFacts",
    "TimelineFacts",
    "WindowFacts",
]

Array = npt.NDArray[np.float64]
Role = Literal["actual", "challenger", "champion", "seasonal_naive", "accent", "muted", "alarm", "good"]


@dataclass(frozen=True)
class Line:
    """Values over time: ``values`` of shape (n,), NaN where there is none, on ``dates`` of the same length."""

    dates: pd.DatetimeIndex
    values: Array


@dataclass(frozen=True)
class Fan:
    """One forecast path: ``mean`` of shape (steps,), and bounds of that shape by level in percent."""

    dates: pd.DatetimeIndex
    mean: Array
    lower: Mapping[int, Array]
    upper: Mapping[int, Array]


@dataclass(frozen=True)
class FanFacts:
    """What a model forecast, and what came.

    Attributes:
        observed: the newest observations, reaching back before the first path.
        past: paths whose actuals are known.
        ahead: the path after the newest observation, if it is to be shown.
    """

    observed: Line
    past: Sequence[Fan]
    ahead: Fan | None = None


@dataclass(frozen=True)
class WindowFacts:
    """What each model forecast over the gate's window.

    Attributes:
        actual: what was observed.
        forecasts: one forecast for each date of ``actual`` by model, shape (n,); NaN where a model made none.
        origins: dates from which was forecast.
        rmse_by_origin: of each path by model, shape (origins,), in the data's unit.
    """

    actual: Line
    forecasts: Mapping[str, Array]
    origins: pd.DatetimeIndex
    rmse_by_origin: Mapping[str, Array]


@dataclass(frozen=True)
class StepFacts:
    """The error at each step ahead, by model: shape (horizon,), in the data's unit."""

    rmse_by_step: Mapping[str, Array]


@dataclass(frozen=True)
class ResidualFacts:
    """One-step errors in standard deviations of the one-step forecast, NaN where nothing was observed.

    Attributes:
        errors: of the model as judged.
        window_start: the first date that its estimation has not seen.
        season: rows in a season, 1 for none.
    """

    errors: Line
    window_start: pd.Timestamp
    season: int = 1


@dataclass(frozen=True)
class Bound:
    """A level that a curve is held against."""

    value: float
    label: str
    role: Role = "alarm"


@dataclass(frozen=True)
class Event:
    """Something that happened on a date, marked on the curve."""

    date: pd.Timestamp
    label: str
    role: Role = "muted"


@dataclass(frozen=True)
class TimelineFacts:
    """Curves over time with what happened meanwhile.

    Attributes:
        title: of the picture.
        description: what it shows, in a sentence, for who cannot see it.
        unit: of the values, as it stands above the axis; may be empty.
        curves: by their names in the legend.
        bounds: horizontal levels.
        events: vertical marks.
        roles: which colour a curve has; ``accent`` by default.
    """

    title: str
    description: str
    unit: str
    curves: Mapping[str, Line]
    bounds: Sequence[Bound] = ()
    events: Sequence[Event] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
