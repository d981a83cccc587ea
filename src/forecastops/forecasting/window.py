"""Whether the evaluation window holds enough observed values to judge by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastops.core.errors import DataError
from forecastops.forecasting.config import Evaluation

__all__ = ["require_observed_window"]


def require_observed_window(observed: pd.Series[float], evaluation: Evaluation, place: str) -> None:
    """Refuse a window of which less than half, or less than a horizon, was observed.

    Args:
        observed: the series, NaN where a value is missing or was interpolated.
        evaluation: the window, in observations.
        place: what messages call the series.

    Raises:
        DataError: counting what is observed.
    """
    window = np.asarray(observed, dtype=float)[-evaluation.window :]
    known, needed = int(np.isfinite(window).sum()), max(evaluation.window // 2, evaluation.horizon)
    if known < needed:
        what = (
            f"only {known} of the newest {evaluation.window} values were observed, and {needed} are needed to judge by"
        )
        raise DataError(place, what, "bring newer data, set data.until before the gap, or a longer evaluation.window")
