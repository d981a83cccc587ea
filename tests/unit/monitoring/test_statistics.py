from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from forecastops.monitoring.dating import began, first_day_beyond
from forecastops.monitoring.distribution import kolmogorov_smirnov, stability_index
from forecastops.monitoring.losses import rolling_mean
from forecastops.monitoring.scores import clipped, persistence_error
from forecastops.monitoring.sums import correlation_evidence, level_evidence, season_evidence, spread_evidence
from forecastops.monitoring.thresholds import SHARES, threshold

TRAINED = 300
YEARS, DAYS = 150, 365


def shocks(seed: int = 1, rows: int = 1, days: int = DAYS) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, TRAINED + days))


def test_the_distance_is_that_of_scipy() -> None:
    values = shocks()[0]
    before, live = values[:TRAINED], values[TRAINED : TRAINED + 80].copy()
    live[10:20] = np.nan
    found = kolmogorov_smirnov(before, live, 56)
    newest = live[-56:]
    count = len(newest)
    expected = ks_2samp(before, newest).statistic * np.sqrt(TRAINED * count / (TRAINED + count))
    assert found[-1] == pytest.approx(expected)
    early = live[:25][np.isfinite(live[:25])]
    expected = ks_2samp(before, early).statistic * np.sqrt(TRAINED * len(early) / (TRAINED + len(early)))
    assert found[24] == pytest.approx(expected)
    assert found[5] == 0


def test_one_wild_day_is_no_evidence_of_a_level() -> None:
    values = shocks()
    values[0, TRAINED + 50] = 1e6
    wild = level_evidence(clipped(values, TRAINED), TRAINED).value
    values[0, TRAINED + 50] = 4.0
    found = level_evidence(clipped(values, TRAINED), TRAINED).value
    assert np.array_equal(wild, found, equal_nan=True)


def test_the_unit_does_not_matter() -> None:
    values = shocks()
    for evidence in (level_evidence, spread_evidence, correlation_evidence):
        one = evidence(clipped(values, TRAINED), TRAINED).value
        other = evidence(clipped(values * 1e6, TRAINED), TRAINED).value
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)


def test_a_mean_of_training_is_taken_out_as_far_as_it_is_more_than_chance() -> None:
    values = shocks(rows=400)
    chance = clipped(values, TRAINED)[:, :TRAINED].mean(axis=1)
    assert np.median(np.abs(chance)) > 0.4 / np.sqrt(TRAINED)
    skew = np.exp(0.8 * values) - 1.0
    assert np.abs(clipped(skew, TRAINED)[:, :TRAINED].mean(axis=1)).max() < 1 / np.sqrt(TRAINED)


def test_evidence_of_many_years_is_that_of_each() -> None:
    values = clipped(shocks(rows=3), TRAINED)
    together = season_evidence(values, TRAINED, 7).value
    for row in range(3):
        np.testing.assert_allclose(together[row], season_evidence(values[row], TRAINED, 7).value)


def test_each_change_is_seen_by_its_own_evidence() -> None:
    values = shocks()
    changed = values.copy()
    changed[0, TRAINED + 100 :] += 1.0
    assert level_evidence(clipped(changed, TRAINED), TRAINED).value[0, 140] > 5
    changed = values.copy()
    changed[0, TRAINED + 100 :] *= 2.0
    assert spread_evidence(clipped(changed, TRAINED), TRAINED).value[0, 140] > 5
    changed = values.copy()
    for day in range(TRAINED + 100, TRAINED + DAYS):
        changed[0, day] += 0.8 * changed[0, day - 1]
    assert correlation_evidence(clipped(changed, TRAINED), TRAINED).value[0, 160] > 5
    changed = values.copy()
    changed[0, TRAINED + 100 :] += 1.5 * np.cos(2 * np.pi * np.arange(DAYS - 100) / 7)
    assert season_evidence(clipped(changed, TRAINED), TRAINED, 7).value[0, 140] > 5


def test_a_change_is_dated_from_what_came_after_too() -> None:
    scores = shocks(days=DAYS)[0, TRAINED:]
    scores[200:] += 1.2
    evidence = level_evidence(np.concatenate([shocks(2)[0, :TRAINED], scores]), TRAINED)
    alarm = int(np.flatnonzero(evidence.value[200:] > 3.0)[0]) + 200
    assert abs(began(scores, evidence, alarm) - 200) <= 4


def test_a_stay_beyond_the_bound_begins_after_the_newest_day_within() -> None:
    assert first_day_beyond(np.array([3.0, 1.0, np.nan, 3.0, 3.0]), 2.0) == 3
    assert first_day_beyond(np.array([3.0, 3.0]), 2.0) == 0
    assert first_day_beyond(np.array([3.0, 1.0]), 2.0) is None
    assert first_day_beyond(np.array([]), 2.0) is None


def test_thresholds_grow_with_rarity_and_with_what_training_left_open() -> None:
    for signal in SHARES:
        usual = threshold(signal, 0.05, 365, 0.05)
        assert threshold(signal, 0.01, 365, 0.05) > usual
        assert threshold(signal, 0.05, 365 * 24, 0.05) > usual  # more looks a year
        assert threshold(signal, 0.05, 52, 0.05) < usual
        assert threshold(signal, 0.05, 365, 0.4) >= usual
        assert threshold(signal, 0.05, 365, 0.05, every=7) <= usual


def test_the_persistence_error_is_that_of_an_autoregression() -> None:
    values = shocks(days=0)[0]
    assert persistence_error(values, TRAINED, 1) == pytest.approx(TRAINED**-0.5, rel=0.2)
    persistent = np.cumsum(values)
    assert persistence_error(persistent, TRAINED, 7) > 0.2
    week = 100 * np.cos(2 * np.pi * np.arange(TRAINED) / 7)
    assert persistence_error(values + week, TRAINED, 7) == pytest.approx(persistence_error(values, TRAINED, 7), rel=0.2)


def test_a_rolling_mean_leaves_out_what_is_missing() -> None:
    losses = np.array([1.0, np.nan, 3.0, 5.0])
    np.testing.assert_allclose(rolling_mean(losses, 2, 1), [1, 1, 3, 4])
    assert np.isnan(rolling_mean(losses, 2, 2)[2])


def test_the_stability_index_is_zero_for_the_same_values() -> None:
    values = shocks(days=0)[0]
    assert stability_index(values, values) == pytest.approx(0, abs=1e-9)
    assert stability_index(values, values + 2) > 1


@pytest.mark.simulation
def test_few_quiet_years_raise_an_alarm() -> None:
    scores = clipped(shocks(7, YEARS), TRAINED)
    found = {
        "level": np.abs(level_evidence(scores, TRAINED).value),
        "spread": np.abs(spread_evidence(scores, TRAINED).value),
        "season": season_evidence(scores, TRAINED, 7).value,
        "correlation": np.abs(correlation_evidence(scores, TRAINED).value),
        "distribution": np.array([kolmogorov_smirnov(row[:TRAINED], row[TRAINED:]) for row in scores]),
    }
    alarms = [np.nanmax(values, axis=1) > threshold(name, 0.05, 365, 0.06) for name, values in found.items()]
    share = float(np.mean(np.any(alarms, axis=0)))
    assert 0.0 < share <= 0.11  # 5 %, and three standard errors of 150 years
