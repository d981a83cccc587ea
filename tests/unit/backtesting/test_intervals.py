"""The intervals of live errors hold what they say."""

from __future__ import annotations

import numpy as np
import pytest

from forecastops.backtesting.intervals import Resampled

HORIZON = 14


def squares_of_two_equals(random: np.random.Generator, days: int) -> list[np.ndarray]:
    """Squared errors of two models that are equally good: shared shocks, and a bias of each that changes weekly."""
    shocks = random.normal(size=days + HORIZON)
    errors, last = np.zeros((days, HORIZON)), np.zeros(days)
    for step in range(HORIZON):
        last = 0.5 * last + shocks[step : step + days]
        errors[:, step] = last
    found = []
    for _ in range(2):
        bias = np.repeat(random.normal(size=days // 7 + 1), 7)[:days]
        found.append(((errors + 0.5 * bias[:, None]) ** 2).sum(axis=1))
    return found


@pytest.mark.simulation
@pytest.mark.parametrize("days", [56, 140, 364])
def test_the_ratio_of_equals_lies_within_its_interval(days: int) -> None:
    random, drawn = np.random.default_rng(0), Resampled.of(days, HORIZON)
    held = 0
    for _ in range(300):
        ours, theirs = squares_of_two_equals(random, days)
        found = drawn.ratio(ours, theirs)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1 <= found.high
    assert 0.90 <= held / 300 <= 0.99


def test_the_same_errors_differ_by_nothing() -> None:
    random = np.random.default_rng(0)
    squares, targets = random.uniform(size=60), np.full(60, 14.0)
    drawn = Resampled.of(60, HORIZON)
    same = drawn.ratio(squares, squares)
    assert (same.low, same.estimate, same.high) == (1.0, 1.0, 1.0)
    assert drawn.error(squares, targets).estimate == pytest.approx(np.sqrt(squares.sum() / targets.sum()))


def test_one_that_is_better_on_every_day_is_better_for_sure_and_by_as_much() -> None:
    squares = np.random.default_rng(0).uniform(1, 3, size=140)
    found = Resampled.of(140, HORIZON).ratio(0.81 * squares, squares, level=0.99)
    assert found.estimate == pytest.approx(0.9)
    assert found.high == pytest.approx(0.9)


def test_no_error_at_all_and_nothing_observed_have_no_interval_of_nonsense() -> None:
    drawn, none = Resampled.of(30, HORIZON), np.zeros(30)
    assert drawn.ratio(none, none).estimate == 1.0
    assert drawn.ratio(none + 1, none).estimate is None
    assert drawn.error(none, none).estimate is None
    assert drawn.error(none, none + 1).high == 0.0


@pytest.mark.parametrize("days", [1, 2, 5])
def test_a_few_days_are_enough_to_answer(days: int) -> None:
    squares = np.arange(1.0, days + 1)
    found = Resampled.of(days, HORIZON).ratio(squares, squares[::-1].copy())
    assert found.estimate == pytest.approx(1.0)
