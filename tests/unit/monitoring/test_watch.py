from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecastops.data.series import Series
from forecastops.forecasting.config import Evaluation, ModelConfig
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.training import fit
from forecastops.gate.policy import GatePolicy
from forecastops.monitoring.config import MonitorConfig
from forecastops.monitoring.quality import Given
from forecastops.monitoring.signal import Signal
from forecastops.monitoring.watch import Watch, watch
from forecastops.reporting.sentences.signals import look_sentence, signal_sentence

TRAINED, LIVE = 250, 90
CHANGED = 40  # day after the training's end
EVALUATION = Evaluation(horizon=14, window=56, season_length=7)
DATES = pd.date_range("2013-01-01", periods=TRAINED + LIVE, freq="D")
WORLD = ("level", "spread", "season", "correlation", "distribution")
MODEL = ("error_vs_promise", "error_vs_naive", "pinball", "coverage_80", "coverage_95")
DATA = (
    "comparable_data",
    "plausible_data",
    "constant",
    "unit",
    "partial",
    "placeholder",
    "duplicates",
    "gaps",
    "late",
)


@cache
def noise(seed: int = 3) -> np.ndarray[Any, np.dtype[np.float64]]:
    shocks = np.random.default_rng(seed).standard_normal(len(DATES))
    values = np.zeros(len(DATES))
    for day in range(1, len(DATES)):
        values[day] = 0.5 * values[day - 1] + shocks[day]
    return np.asarray(values, dtype=float)


def quiet() -> np.ndarray[Any, np.dtype[np.float64]]:
    week = 2 * np.cos(2 * np.pi * np.arange(len(DATES)) / 7)
    return np.asarray(200 + 10 * (noise() + week), dtype=float)


def series(values: np.ndarray[Any, Any], days: int = TRAINED + LIVE) -> Series:
    return Series(pd.Series(values[:days], DATES[:days], name="value"))


@cache
def champion() -> Forecaster:
    order = {"order": (1, 0, 1), "seasonal_order": (0, 1, 1, 7)}
    return fit(series(quiet(), TRAINED), ModelConfig.model_validate(order), EVALUATION).model


def look(values: np.ndarray[Any, Any], days: int = TRAINED + LIVE, now: str | None = None, **settings: Any) -> Watch:
    given = series(values, days)
    moment = None if now is None else pd.Timestamp(now)
    return watch(
        champion(),
        Given(given, given, EVALUATION.season_length, moment),
        EVALUATION,
        GatePolicy(),
        MonitorConfig(**settings),
    )


def signal(found: Watch, name: str) -> Signal:
    (one,) = [one for one in found.look.signals if one.name == name]
    return one


def after(change: Any, start: int = TRAINED + CHANGED) -> np.ndarray[Any, Any]:
    values = quiet().copy()
    values[start:] = change(values[start:])
    return np.asarray(values, dtype=float)


def day_of(date: str | None) -> int:
    assert date is not None
    return list(DATES).index(pd.Timestamp(date)) - TRAINED


def test_a_quiet_year_moves_nothing_and_says_so() -> None:
    found = look(quiet())
    assert (found.look.retrain, found.look.broken, found.look.moved) == (False, False, ())
    assert [one.name for one in found.look.signals] == [*WORLD, "psi", *MODEL, *DATA]
    assert all(one.passed for one in found.look.signals)
    assert look_sentence(found.look).startswith(f"Nothing has moved in {LIVE} observations since its training")
    assert all(signal_sentence(one) for one in found.look.signals)
    for curve in found.curves:
        assert len(curve.values) == len(found.dates) == LIVE


def test_a_level_shift_is_noticed_and_dated() -> None:
    found = look(after(lambda values: values + 35))
    assert found.look.retrain
    level = signal(found, "level")
    assert not level.passed
    assert level.value is not None
    assert level.threshold is not None
    assert level.value > level.threshold
    assert abs(day_of(level.since) - CHANGED) <= 1
    assert day_of(level.date) - CHANGED <= 25
    assert "above their one-step forecasts" in signal_sentence(level)
    assert f"level since {level.since}" in look_sentence(found.look)


def test_a_level_that_falls_is_noticed_too() -> None:
    assert "below their one-step forecasts" in signal_sentence(signal(look(after(lambda v: v - 35)), "level"))


def test_more_noise_is_noticed_as_spread() -> None:
    wilder = 10 * np.random.default_rng(5).standard_normal(LIVE - CHANGED) * 2.2
    found = look(after(lambda values: values + wilder))
    spread = signal(found, "spread")
    assert not spread.passed
    assert abs(day_of(spread.since) - CHANGED) <= 7
    assert "larger than in training" in signal_sentence(spread)


def test_another_week_is_noticed_as_season() -> None:
    week = 20 * np.cos(2 * np.pi * np.arange(TRAINED + CHANGED, TRAINED + LIVE) / 7)
    moved = 20 * np.cos(2 * np.pi * (np.arange(TRAINED + CHANGED, TRAINED + LIVE) + 3) / 7)
    found = look(after(lambda values: values - week + moved), days=TRAINED + CHANGED + 28)
    season = signal(found, "season")
    assert not season.passed
    assert abs(day_of(season.since) - CHANGED) <= 14
    assert "seasonal pattern has changed" in signal_sentence(season)


def test_a_model_that_fails_is_measured_against_promise_and_naive() -> None:
    wilder = 10 * np.random.default_rng(5).standard_normal(LIVE - CHANGED) * 9
    found = look(after(lambda values: values + wilder))
    promised, pinball, coverage = (signal(found, name) for name in ("error_vs_promise", "pinball", "coverage_80"))
    assert not promised.passed
    assert not pinball.passed
    assert promised.value is not None
    assert promised.value > 2
    assert coverage.value is not None
    assert coverage.threshold is not None
    assert coverage.value < 0.8


def test_the_stability_index_is_shown_and_triggers_nothing() -> None:
    psi = signal(look(quiet() + 0), "psi")
    assert psi.group == "shown"
    assert psi.value is not None
    moved = look(after(lambda values: values + 35))
    shown = signal(moved, "psi")
    assert shown.passed
    assert shown.value is not None
    assert shown.threshold is not None
    assert shown.value > shown.threshold
    assert "psi" not in moved.look.moved


def test_missing_days_are_left_out() -> None:
    """statsmodels reports innovations of 0.0 there, which would hide what the others say."""
    values = after(lambda v: v + 35)
    values[TRAINED + CHANGED + 1 : -1 : 3] = np.nan
    found = look(values, max_missing_share=0.5)
    assert not signal(found, "level").passed
    gone = np.isnan(values[TRAINED:])
    (curve,) = [curve for curve in found.curves if curve.signal.name == "level"]
    assert np.isfinite(curve.values[1:][gone[1:]]).all()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("constant", lambda values: np.concatenate([values[:-9], np.full(9, values[-9])])),
        ("unit", lambda values: np.concatenate([values[:-3], values[-3:] * 10])),
        ("partial", lambda values: np.concatenate([values[:-1], values[-1:] * 0.2])),
        ("plausible_data", lambda values: np.concatenate([values[:-1], values[-1:] * 40])),
        ("placeholder", lambda values: np.concatenate([values[:-4], [-9999.0], values[-3:-1], [-9999.0]])),
        ("gaps", lambda values: np.concatenate([values[:-20], np.full(19, np.nan), values[-1:]])),
    ],
)
def test_broken_data_are_named_and_nothing_is_retrained(name: str, change: Any) -> None:
    values = after(lambda v: v + 35)
    found = look(change(values))
    assert not signal(found, name).passed
    assert found.look.broken
    assert not found.look.retrain
    assert look_sentence(found.look).startswith("The data are broken (")
    assert signal_sentence(signal(found, name))


def test_lateness_counts_only_against_now() -> None:
    assert signal(look(quiet()), "late").passed
    end = DATES[-1]
    in_time, late = ((end + pd.Timedelta(days=days)).date().isoformat() for days in (3, 5))
    assert signal(look(quiet(), now=in_time), "late").value == 2
    found = look(quiet(), now=late)
    assert signal(found, "late").value == 4
    assert found.look.broken
    assert "4 observations should have come" in signal_sentence(signal(found, "late"))


def test_another_series_is_no_movement() -> None:
    found = look(quiet() * 1000)
    assert not signal(found, "comparable_data").passed
    assert found.look.broken
    assert found.look.moved == ()


def test_values_that_repeat_a_date_are_broken() -> None:
    own = series(quiet(), TRAINED)
    given = Given(own, own, 7, repeated="row 3: twice")
    found = watch(champion(), given, EVALUATION, GatePolicy(), MonitorConfig())
    assert found.look.broken
    assert signal_sentence(signal(found, "duplicates")) == "row 3: twice."


def test_nothing_new_says_so() -> None:
    found = look(quiet(), days=TRAINED)
    assert found.look.start is None
    assert not found.look.retrain
    assert signal(found, "level").value is None
    assert "nothing newer than its training" in signal_sentence(signal(found, "level"))


def test_age_is_told_and_moves_nothing() -> None:
    assert look(quiet(), max_age=90).look.too_old is False
    old = look(quiet(), max_age=89).look
    assert (old.too_old, old.retrain, old.age_days) == (True, False, 90)
    assert look(quiet(), max_age=None).look.too_old is False


def test_a_short_season_a_long_horizon_and_other_levels_are_taken() -> None:
    given = series(quiet())
    evaluation = Evaluation(horizon=7, window=28, season_length=1, levels=(50,))
    found = watch(champion(), Given(given, given, 1), evaluation, GatePolicy(), MonitorConfig())
    assert signal(found, "season").value is None
    assert signal(found, "coverage_50").value is not None
    assert not found.look.retrain
