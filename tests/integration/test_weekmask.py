"""A shop that is closed on Sundays: no Sunday in its series, in its model, or in its forecast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from command import Command

SETTINGS = ["--set", "data.date_column=day", "--set", "data.value_column=amount", "--set", "data.weekmask=Mon-Sat"]


def test_closed_days_are_neither_learnt_nor_forecast(forecastops: Command) -> None:
    dates = pd.date_range("2013-01-07", "2014-03-01")
    dates = dates[dates.dayofweek < 6]
    amounts = 1000 + 100 * dates.dayofweek + 30 * np.random.default_rng(1).normal(size=len(dates))
    frame = pd.DataFrame({"day": dates, "amount": np.round(amounts, 2)})
    path = Path(forecastops.folder) / "shop.csv"
    frame[:-6].to_csv(path, index=False)
    result = forecastops.ok("retrain", "--data", "shop.csv", *SETTINGS, "--set", "evaluation.window=48")
    assert result["promote"]["promoted"]
    rows = forecastops.ok("forecast", "--horizon", "14", *SETTINGS)["forecast"]
    found = pd.DatetimeIndex([row["date"] for row in rows])
    assert found[0] == dates[-6]
    assert not (found.dayofweek == 6).any()
    assert list(found[:6]) == list(dates[-6:])
    frame.to_csv(path, index=False)
    renewed = forecastops.ok("renew", "--data", "shop.csv", *SETTINGS)
    assert renewed["renewed"]
    assert forecastops.ok("forecast", "--horizon", "1")["forecast"][0]["date"] == "2014-03-03"
