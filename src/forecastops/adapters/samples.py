"""Bundled input for trying everything offline: a generated daily series with a known shift, and a real weekly one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from forecastops.core.errors import DataError
from forecastops.core.files import write_tables

__all__ = ["SAMPLES", "transactions", "write_sample"]

SAMPLES = ("transactions", "co2")

FIRST, LAST = "2013-07-31", "2014-05-31"
# Known by construction: on this day the distribution changes, from the first of each pair below to the second.
SHIFT = "2014-01-01"
LEVEL = (400.0, 440.0)
# The week swings as a cosine with this share of the level; its peak is on Wednesdays.
SWING = (0.20, 0.30)
# The logarithm of the values varies around the week by this standard deviation, correlated with the day before.
NOISE = (0.14, 0.22)
CORRELATION = (0.0, 0.9)


def transactions(seed: int = 0) -> pd.DataFrame:
    """Make up daily mean transaction amounts: 305 days from 2013-07-31, whose distribution shifts at New Year.

    The shift is known by construction (the constants above): from 2014-01-01 on, level, weekly swing and noise are
    larger, and a day above the week's pattern is followed by others. They were chosen so that, with the default
    configuration, a model trained on both years clearly beats one trained on 2013 alone and the seasonal naive, for
    seed 0 and for most others (6 of the first 10). So this shows how the gate works, and is no evidence of how well
    models do on real data.

    Args:
        seed: seed of NumPy's default generator; the same seed gives the same numbers.

    Returns:
        305 rows with columns ``TransactionDate`` (ISO text) and ``PaidAmount`` (positive, rounded to cents).
    """
    dates = pd.date_range(FIRST, LAST, freq="D")
    regime = (dates >= pd.Timestamp(SHIFT)).astype(int)
    level, swing, spread, correlation = (np.array(pair)[regime] for pair in (LEVEL, SWING, NOISE, CORRELATION))
    shocks = np.random.default_rng(seed).standard_normal(len(dates))
    noise = np.zeros(len(dates))
    for day in range(len(dates)):
        before = noise[day - 1] if day else 0.0
        noise[day] = correlation[day] * before + spread[day] * np.sqrt(1 - correlation[day] ** 2) * shocks[day]
    week = 1 + swing * np.cos(2 * np.pi * (dates.dayofweek.to_numpy() - 2) / 7)
    amounts = np.round(level * week * np.exp(noise), 2)
    return pd.DataFrame({"TransactionDate": dates.strftime("%Y-%m-%d"), "PaidAmount": amounts})


def write_sample(name: str, out_dir: Path) -> list[Path]:
    """Write a sample as CSV files; files that exist with the same content stay as they are.

    ``transactions`` makes ``transaction_ts2013.csv``, ``transaction_ts2014.csv`` and, with both years,
    ``transaction_ts.csv``. ``co2`` makes ``co2.csv``, columns ``date`` and ``co2``: weekly means of CO2 at Mauna Loa in
    parts per million, 1958 to 2001, without the weeks that were not measured (Keeling and Whorf; from statsmodels).

    Raises:
        DataError: for another name, or when a file exists with other content; then nothing is written.
    """
    if name == "transactions":
        frame = transactions()
        year = frame["TransactionDate"].str[:4]
        frames = {f"transaction_ts{part}": frame[year == part] for part in ("2013", "2014")} | {"transaction_ts": frame}
    elif name == "co2":
        frames = {"co2": _co2()}
    else:
        raise DataError(f"sample {name!r}", "is not bundled", f"choose one of {', '.join(SAMPLES)}")
    return write_tables(out_dir, frames)


def _co2() -> pd.DataFrame:
    from statsmodels.datasets import co2

    values = co2.load_pandas().data["co2"].dropna()
    return pd.DataFrame({"date": values.index.strftime("%Y-%m-%d"), "co2": values.to_numpy()})
