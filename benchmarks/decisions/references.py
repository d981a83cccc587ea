"""What the policies are compared with besides one another: the seasonal naive, and AutoARIMA, from the same days."""

from __future__ import annotations

import numpy as np
import pandas as pd
from retraining import Tally, tally
from streams import Stream

from forecastops.forecasting.rolling_origin import RollingForecasts, actuals, seasonal_naive

__all__ = ["auto_arima", "naive"]


def naive(stream: Stream) -> Tally:
    """The last season's values again, from every day's newest data."""
    evaluation, total = stream.evaluation, Tally()
    for number in range(len(stream.retrainings)):
        days = np.array(stream.days(number))
        found = seasonal_naive(stream.values, days, evaluation.horizon, evaluation.season_length, evaluation.levels)
        total += tally(actuals(stream.values, days, evaluation.horizon), found)
    return total


def auto_arima(stream: Stream) -> tuple[Tally, Tally]:
    """statsforecast's, searched anew at each retraining on all that is known.

    Missing values, which its search does not take, are interpolated.

    Returns:
        Its errors with its state renewed every day, and with its state left as it was at the retraining.
    """
    from statsforecast.models import AutoARIMA

    values: pd.Series[float] = stream.values.interpolate()
    known, horizon = values.to_numpy(), stream.evaluation.horizon
    renewed, frozen = Tally(), Tally()
    for number, start in enumerate(stream.retrainings):
        model = AutoARIMA(season_length=stream.evaluation.season_length).fit(known[:start])
        days = np.array(stream.days(number))
        actual = actuals(stream.values, days, horizon)
        mean = np.array([model.forward(known[:day], horizon)["mean"] for day in days])
        renewed += tally(actual, RollingForecasts(mean, {}, {}))
        ahead = np.asarray(model.predict(len(days) + horizon)["mean"])
        mean = ahead[days[:, None] - start + np.arange(horizon)]
        frozen += tally(actual, RollingForecasts(mean, {}, {}))
    return renewed, frozen
