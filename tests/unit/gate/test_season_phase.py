"""Rows under wrong dates: each is plausible by itself, and together they fit another place in the season."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from forecastops.data.series import Series
from forecastops.forecasting.config import ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Fit, Forecaster
from forecastops.gate.check import Check
from forecastops.gate.data_checks import judge_data
from forecastops.gate.policy import GatePolicy
from forecastops.gate.season_phase import displacements
from forecastops.reporting.sentences.checks import needed_of, reason_of

KNOWN = 300
WEEK = np.array([0.0, 3.0, 1.0, -2.0, 4.0, -7.0, 1.0])


def series(rows: int = 360) -> pd.Series[float]:
    """A level of 100, a week, and noise of deviation 1."""
    dates = pd.date_range("2013-01-01", periods=rows, freq="D")
    noise = np.random.default_rng(0).standard_normal(rows)
    return pd.Series(100 + np.resize(WEEK, rows) + noise, dates)


@cache
def model_of() -> Forecaster:
    values = series().iloc[:KNOWN]
    found = estimate(values, ModelSpec(order=(1, 0, 1), seasonal_order=(0, 1, 1, 7)))
    return Forecaster(Fit((found.member,), found.estimated_through, found.converged), values)


def off(values: pd.Series[float], rows: int, first: int = KNOWN) -> pd.Series[float]:
    """The values from ``first`` on under dates that are so many rows too late."""
    moved = values.shift(rows).bfill().ffill()
    joined = np.concatenate([values.iloc[:first], moved.iloc[first:]])
    return pd.Series(joined, values.index)


def judged(model: Forecaster, values: pd.Series[float], rows: int) -> Check:
    (_, plausible) = judge_data(model, Series(values.iloc[:rows]), GatePolicy())
    return plausible


def renewed_daily(values: pd.Series[float], model: Forecaster) -> tuple[Forecaster, list[Check]]:
    """The model renewed row by row, where nothing is refused; and why rows were."""
    refused = []
    for rows in range(len(model.values) + 1, len(values) + 1):
        check = judged(model, values, rows)
        if check.passed:
            model = model.with_data(values.iloc[:rows])
        else:
            refused.append(check)
    return model, refused


@pytest.mark.parametrize("rows", [3, -2, 1])
def test_rows_under_wrong_dates_are_refused_after_a_few_days(rows: int) -> None:
    model, refused = renewed_daily(off(series(), rows).iloc[: KNOWN + 14], model_of())
    assert refused
    first = refused[0]
    assert (first.name, first.code, first.value) == ("plausible_data", "displaced_season", rows)
    assert len(model.values) - KNOWN < 10
    direction = "late" if rows > 0 else "early"
    assert f"{abs(rows)} row{'' if abs(rows) == 1 else 's'} too {direction}" in reason_of(first)
    assert needed_of(first)


def test_clean_days_are_never_refused() -> None:
    assert renewed_daily(series(), model_of())[1] == []


@pytest.mark.parametrize("change", ["level", "slope", "one day", "two days"])
def test_what_is_no_shift_is_not_taken_for_one(change: str) -> None:
    values = series().iloc[: KNOWN + 21].copy()
    ahead = np.arange(21)
    if change == "level":
        values.iloc[KNOWN:] += 4.0
    if change == "slope":
        values.iloc[KNOWN:] += 0.1 * ahead
    if change == "one day":
        values.iloc[KNOWN + 3] -= 8.0
    if change == "two days":
        values.iloc[KNOWN + 3 : KNOWN + 5] -= 8.0
    found = [judged(model_of(), values, rows) for rows in range(KNOWN + 1, KNOWN + 22)]
    assert {check.code for check in found} == {"plausible"}


@pytest.mark.parametrize("move", [-8.0, -6.0, 6.0, 8.0])
def test_a_level_that_has_moved_is_no_shift_to_a_model_that_expects_the_old_one(move: float) -> None:
    values = series()
    values.iloc[KNOWN:] += move
    known = values.iloc[:KNOWN]
    found = estimate(known, ModelSpec(order=(1, 0, 1), seasonal_order=(1, 0, 1, 7)))
    model = Forecaster(Fit((found.member,), found.estimated_through, found.converged), known)
    assert not any(displacements(model, values.iloc[: KNOWN + 28], range(KNOWN - 14, KNOWN + 29)))


def test_rows_that_a_person_accepted_do_not_raise_it_again() -> None:
    shifted = off(series(), 3)
    assert not judged(model_of(), shifted, KNOWN + 10).passed
    accepted = model_of().with_data(shifted.iloc[: KNOWN + 10])
    assert renewed_daily(shifted, accepted)[1] == []


def test_rows_that_were_wrong_are_refused_still_when_those_after_them_are_right() -> None:
    values = series()
    wrong = pd.concat([off(values, 3).iloc[: KNOWN + 20], values.iloc[KNOWN + 20 :]]).asfreq("D")
    assert judged(model_of(), wrong, KNOWN + 40).code == "displaced_season"


def test_a_history_that_comes_anew_under_wrong_dates_is_refused() -> None:
    check = judged(model_of(), off(series(), 3, KNOWN - 10), KNOWN + 1)
    assert (check.passed, check.code, check.value) == (False, "displaced_season", 3)


def test_missing_days_are_no_reason_and_no_hindrance() -> None:
    gaps = series()
    gaps.iloc[KNOWN + 1 : KNOWN + 20 : 4] = np.nan
    assert renewed_daily(gaps.iloc[: KNOWN + 21], model_of())[1] == []
    shifted = off(series(), 3)
    shifted.iloc[KNOWN + 4] = np.nan
    assert judged(model_of(), shifted, KNOWN + 14).code == "displaced_season"


def test_a_model_without_a_season_does_not_look_for_it() -> None:
    values = series().iloc[:KNOWN]
    found = estimate(values, ModelSpec(order=(2, 0, 2)))
    model = Forecaster(Fit((found.member,), found.estimated_through, found.converged), values)
    assert judged(model, off(series(), 3), KNOWN + 14).passed


def test_a_policy_without_the_alarm_does_not_look_for_it() -> None:
    checks = judge_data(model_of(), Series(off(series(), 3).iloc[: KNOWN + 14]), GatePolicy(plausible_data=False))
    assert [check.name for check in checks] == ["comparable_data"]
