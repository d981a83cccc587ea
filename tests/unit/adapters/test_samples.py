from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from forecastops.adapters import samples
from forecastops.adapters.samples import transactions, write_sample
from forecastops.adapters.sources.read_series import read_series
from forecastops.config import Config
from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig
from forecastops.data.series import season_length
from forecastops.forecasting.forecaster import Fit, Forecaster
from forecastops.forecasting.members import combination
from forecastops.forecasting.rolling_origin import actuals, rolling_forecasts, seasonal_naive, window_origins
from forecastops.forecasting.training import fit_members

CONFIG = Config()
HORIZON, WINDOW = 14, 56


def series(seed: int) -> pd.Series[float]:
    frame = transactions(seed)
    dates = pd.DatetimeIndex(pd.to_datetime(frame["TransactionDate"]), freq="D")
    return pd.Series(frame["PaidAmount"].to_numpy(), index=dates)


def rmse(forecasts: npt.NDArray[np.float64], values: pd.Series[float], origins: npt.NDArray[np.intp]) -> float:
    return float(np.sqrt(np.mean((forecasts - actuals(values, origins, HORIZON)) ** 2)))


def judged(values: pd.Series[float]) -> Fit:
    """The default model's parameters, estimated before the window."""
    known = values.iloc[:-WINDOW]
    found = fit_members(known, combination(CONFIG.model, 7, len(known)))
    converged = all(one.converged for one in found)
    return Fit(tuple(one.member for one in found), found[0].estimated_through, converged)


def model_rmse(found: Fit, values: pd.Series[float]) -> float:
    origins = window_origins(len(values), WINDOW, HORIZON)
    return rmse(rolling_forecasts(Forecaster(found, values), origins, HORIZON, (80,)).mean, values, origins)


def naive_rmse(values: pd.Series[float]) -> float:
    origins = window_origins(len(values), WINDOW, HORIZON)
    return rmse(seasonal_naive(values, origins, HORIZON, 7, (80,)).mean, values, origins)


def holds(seed: int) -> list[bool]:
    """What the demonstration shows, point by point."""
    both = series(seed)
    old = both[: samples.SHIFT].iloc[:-1]
    champion, challenger = judged(old), judged(both)
    before, after = model_rmse(champion, both), model_rmse(challenger, both)
    return [
        champion.converged and challenger.converged,
        model_rmse(champion, old) < naive_rmse(old),
        before < naive_rmse(both),
        after < naive_rmse(both),
        after < 0.98 * before,
    ]


def test_the_evaluation_is_the_default_one() -> None:
    evaluation = CONFIG.evaluation_of("D")
    assert (evaluation.horizon, evaluation.window) == (HORIZON, WINDOW)


def test_the_story_holds_for_the_bundled_seed() -> None:
    assert all(holds(0))


@pytest.mark.simulation
def test_the_story_holds_for_most_seeds() -> None:
    # That the old model still beats the naive after the shift is luck: elsewhere it is the shift that it fails at.
    found = [holds(seed) for seed in range(10)]
    assert sum(all(points[:2] + points[3:]) for points in found) >= 6


@pytest.mark.parametrize("seed", range(10))
def test_transactions(seed: int) -> None:
    values = series(seed)
    assert (len(values), values.index[0], values.index[-1]) == (
        305,
        pd.Timestamp("2013-07-31"),
        pd.Timestamp("2014-05-31"),
    )
    assert (values > 0).all()
    old, new = values[: samples.SHIFT].iloc[:-1], values[samples.SHIFT :]
    assert (len(old), len(new)) == (154, 151)
    assert new.std() > 1.3 * old.std()  # the shift
    for part in (old, new):
        assert part.autocorr(7) > 0.15  # the week
    assert not values.equals(series(seed + 1))
    assert values.equals(series(seed))


def test_transactions_as_files(tmp_path: Path) -> None:
    first, second, whole = write_sample("transactions", tmp_path)
    assert [path.name for path in (first, second, whole)] == [
        "transaction_ts2013.csv",
        "transaction_ts2014.csv",
        "transaction_ts.csv",
    ]
    joined, together = (read_series(paths, DataConfig()) for paths in ([first, second], [whole]))
    assert joined.sha256 == together.sha256
    assert (together.rows, together.frequency, together.notes) == (305, "D", ())
    assert together.values.tolist() == transactions(0)["PaidAmount"].tolist()
    assert write_sample("transactions", tmp_path) == [first, second, whole]
    second.write_text("mine")
    with pytest.raises(DataError, match="exists with other content"):
        write_sample("transactions", tmp_path)


def test_co2_is_real_and_has_gaps(tmp_path: Path) -> None:
    (path,) = write_sample("co2", tmp_path)
    lines = path.read_text().splitlines()
    assert lines[:2] == ["date,co2", "1958-03-29,316.1"]
    config = DataConfig(date_column="date", value_column="co2", gaps="interpolate", max_gap=20)
    left = read_series([path], config.model_copy(update={"gaps": "missing"}))
    found = read_series([path], config)
    assert (left.rows, left.missing, left.interpolated) == (2284, 59, 0)
    assert left.observed.equals(found.observed)
    assert (found.frequency, found.start, found.end) == ("W-SAT", "1958-03-29", "2001-12-29")
    assert (found.rows, found.interpolated) == (2284, 2284 - (len(lines) - 1))
    assert found.interpolated == 59
    assert season_length(found.frequency) == 52
    with pytest.raises(DataError, match="max_gap is 7"):
        read_series([path], config.model_copy(update={"max_gap": 7}))


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="choose one of transactions, co2"):
        write_sample("../x", tmp_path)
    assert list(tmp_path.iterdir()) == []
