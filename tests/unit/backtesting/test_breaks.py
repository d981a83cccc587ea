"""Changes are dated where they are, and seldom where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from forecastops.backtesting.breaks import find_breaks


@pytest.mark.parametrize(
    ("kind", "errors"),
    [
        ("level", lambda random: random.normal(size=300) + 1.5 * (np.arange(300) >= 180)),
        ("spread", lambda random: random.normal(size=300) * np.where(np.arange(300) >= 180, 3.0, 1.0)),
    ],
)
def test_a_change_is_dated(kind: str, errors: object) -> None:
    (found,) = find_breaks(errors(np.random.default_rng(3)), 100)  # type: ignore[operator]
    assert found.kind == kind
    assert abs(found.row - 180) <= 5
    assert found.after > found.before


def test_what_the_first_model_was_trained_on_does_not_count() -> None:
    errors = np.random.default_rng(3).normal(size=300) + 1.5 * (np.arange(300) >= 60)
    assert find_breaks(errors, 100) == ()


def test_missing_days_and_one_outlier_are_no_change() -> None:
    errors = np.random.default_rng(4).normal(size=300)
    errors[50:60] = np.nan
    errors[200] = 500.0
    assert find_breaks(errors, 100) == ()
    assert find_breaks(np.full(40, np.nan), 10) == ()
    assert find_breaks(np.zeros(60), 10) == ()


@pytest.mark.simulation
def test_few_series_without_change_show_one() -> None:
    random = np.random.default_rng(0)
    for draw in (lambda: random.normal(size=300), lambda: random.standard_t(4, size=300) / np.sqrt(2)):
        assert np.mean([bool(find_breaks(draw(), 30)) for _ in range(500)]) < 0.06
