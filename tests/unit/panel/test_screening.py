"""What is fitted anew: what moved most, what is old, and what has no model."""

from __future__ import annotations

import numpy as np
import pytest

from forecastops.panel.screening import movement, screened

RANDOM = np.random.default_rng(3)


def autocorrelated(lag: int) -> np.ndarray:
    errors = RANDOM.normal(size=200)
    for now in range(lag, 200):
        errors[now] += 0.5 * errors[now - lag]
    return np.asarray(errors / errors.std())


@pytest.mark.parametrize(
    "errors",
    [
        RANDOM.normal(size=200) + 0.6,
        RANDOM.normal(size=200) * 1.8,
        RANDOM.normal(size=200) * 0.5,
        autocorrelated(1),
        autocorrelated(7),
        np.where(np.arange(200) % 3 == 0, np.nan, RANDOM.normal(size=200) + 0.8),
    ],
)
def test_what_moved_stands_out_of_what_did_not(errors: np.ndarray) -> None:
    calm = [movement(RANDOM.normal(size=200), 7) for _ in range(200)]
    assert movement(errors, 7) > np.quantile(calm, 0.97)


def test_one_outlier_and_too_few_errors_are_no_movement() -> None:
    errors = np.zeros(200) + RANDOM.normal(size=200) * 0.99
    with_outlier = errors.copy()
    with_outlier[50] = 1000.0
    assert movement(with_outlier, 7) < movement(errors, 7) + 10
    assert movement(np.array([9.0, 9.0]), 7) == 0
    assert movement(np.full(50, np.nan), 7) == 0
    assert np.isfinite(movement(RANDOM.normal(size=9), 12))


def test_the_share_that_moved_most_is_taken_and_what_is_old_beside_it() -> None:
    moved = np.array([5.0, 1.0, np.nan, 9.0, 1.0, 2.0])
    age = np.array([1, 1, 0, 1, 100, 1])
    assert screened(moved, age, 0.4, 90).tolist() == ["moved", "calm", "", "moved", "old", "calm"]
    assert screened(moved, age, 0.2, None).tolist() == ["calm", "calm", "", "moved", "calm", "calm"]
    assert screened(np.array([50.0, 40.0, 30.0, 1.0]), np.zeros(4), 0.1, None).tolist() == ["moved"] * 3 + ["calm"]
    assert (screened(np.ones(10), np.zeros(10), 0.3, None) == "moved").sum() == 3
    assert screened(np.array([]), np.array([]), 0.3, None).tolist() == []
