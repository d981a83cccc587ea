"""A state that is renewed day by day: what the alarm sees then, and what it must not keep out for ever."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecastops.data.series import Series
from forecastops.forecasting.config import ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Fit, Forecaster
from forecastops.gate.data_checks import judge_data
from forecastops.gate.policy import GatePolicy


def noise(rows: int, frequency: str = "D", seed: int = 0) -> pd.Series[float]:
    """A level of 100 and noise of deviation 1."""
    dates = pd.date_range("2013-01-01", periods=rows, freq=frequency)
    return pd.Series(100 + np.random.default_rng(seed).standard_normal(rows), dates)


def model_of(values: pd.Series[float]) -> Forecaster:
    found = estimate(values, ModelSpec(order=(1, 0, 0)))
    return Forecaster(Fit((found.member,), found.estimated_through, found.converged), values)


def renewed_daily(model: Forecaster, values: pd.Series[float], first: int) -> tuple[Forecaster, list[int]]:
    """The model renewed row by row, where no alarm keeps the row out; and the rows kept out."""
    refused = []
    for rows in range(first + 1, len(values) + 1):
        ahead = model.with_data(values.iloc[:rows])
        if ahead.alarm(len(model.values)):
            refused.append(rows - 1)
        else:
            model = ahead
    return model, refused


@pytest.mark.parametrize(("stuck", "let_in"), [(100.5, 4), (0.0, 0)])
def test_a_dead_feed_is_seen_although_its_first_days_were_renewed(stuck: float, let_in: int) -> None:
    values = noise(260)
    values.iloc[200:] = stuck
    model, refused = renewed_daily(model_of(values.iloc[:200]), values, 200)
    assert refused == list(range(200 + let_in, 260))
    assert len(model.values) == 200 + let_in


def test_clean_days_are_never_kept_out() -> None:
    assert renewed_daily(model_of(noise(260).iloc[:200]), noise(260), 200)[1] == []


def test_a_shift_that_was_accepted_does_not_lock_production_out_again() -> None:
    values = noise(300)
    values.iloc[200:] += 30.0
    model = model_of(values.iloc[:200])
    assert model.with_data(values.iloc[:201]).alarm(200)
    accepted = model.with_data(values.iloc[:215])
    assert renewed_daily(accepted, values, 215)[1] == []


def test_a_short_file_of_another_level_is_judged_by_itself() -> None:
    known = noise(1000)
    model = model_of(known)
    other = noise(1010).iloc[-35:] + 30.0
    joined = pd.concat([known[known.index < other.index[0]], other]).asfreq("D")
    policy = GatePolicy(plausible_data=False)
    assert judge_data(model, Series(joined), policy)[0].passed
    assert not judge_data(model, Series(joined), policy, Series(other.asfreq("D")))[0].passed


@pytest.mark.parametrize("frequency", ["MS", "QS", "YS", "W-SUN", "h"])
def test_newer_observations_are_taken_at_every_frequency(frequency: str) -> None:
    values = noise(60, frequency)
    model = model_of(values.iloc[:-2])
    rows = pd.DataFrame({"date": values.index[-2:], "value": values.to_numpy()[-2:]})
    forecast = model.predict(rows, {"horizon": 1})
    ahead = pd.date_range(values.index[-1], periods=2, freq=frequency)[1]
    assert pd.Timestamp(forecast["date"].iloc[0]) == ahead


def test_what_training_knew_is_remembered_through_renewals_and_a_wrong_end_is_forgotten_with_its_rows() -> None:
    values = noise(220)
    model = model_of(values.iloc[:200])
    assert model.with_data(values).known_through == values.index[199]
    assert model.with_data(values.iloc[:190]).known_through == values.index[189]
    again = Forecaster.from_files(model.with_data(values).to_files())
    assert again.known_through == values.index[199]
