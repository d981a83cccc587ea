"""A signal on every day watched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecastops.monitoring.signal import Signal

__all__ = ["Curve"]


# No generated ==: comparing arrays gives arrays, not a truth value.
@dataclass(frozen=True, eq=False)
class Curve:
    """What a signal was on each day, and what it is on the newest.

    Attributes:
        signal: on the newest day.
        values: shape (days,), NaN where it could not be told.
        threshold: which values must not exceed; NaN for a signal without one.
        lower: whether values must not fall below it instead.
    """

    signal: Signal
    values: npt.NDArray[np.float64]
    threshold: float
    lower: bool = False
