from __future__ import annotations

import math
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import examples
from forecastops.forecasting.metrics import (
    holdout_scores,
    loss_by_origin,
    mase_scale,
    rmse_by_label,
    rmse_by_step,
    scores,
)
from forecastops.forecasting.rolling_origin import RollingForecasts

fixed = examples(100)

Table = list[list[float]]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, Table, Table, Table]:
    """Actual, forecast, lower and upper, each of (origins, horizon)."""
    origins, horizon = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    cell = st.floats(-1e6, 1e6)
    table = st.lists(st.lists(cell, min_size=horizon, max_size=horizon), min_size=origins, max_size=origins)
    actual, mean, half = draw(table), draw(table), draw(table)
    lower = [[m - abs(h) for m, h in zip(*rows, strict=True)] for rows in zip(mean, half, strict=True)]
    upper = [[m + abs(h) for m, h in zip(*rows, strict=True)] for rows in zip(mean, half, strict=True)]
    return actual, mean, lower, upper


def rolling(mean: Table, lower: Table, upper: Table) -> RollingForecasts:
    return RollingForecasts(np.array(mean), {80: np.array(lower)}, {80: np.array(upper)})


@fixed
@given(tables(), st.floats(1e-3, 1e3))
def test_scores_equal_plain_formulas(found: tuple[Table, Table, Table, Table], scale: float) -> None:
    actual, mean, lower, upper = found
    errors = [m - a for rows in zip(mean, actual, strict=True) for m, a in zip(*rows, strict=True)]
    mae = math.fsum(map(abs, errors)) / len(errors)
    flat = [list(chain(*table)) for table in (actual, lower, upper)]
    inside = [low <= value <= high for value, low, high in zip(*flat, strict=True)]
    result = scores(np.array(actual), rolling(mean, lower, upper), scale)
    assert result == pytest.approx(
        {
            "rmse": math.sqrt(math.fsum(e * e for e in errors) / len(errors)),
            "mae": mae,
            "mase": mae / scale,
            "bias": math.fsum(errors) / len(errors),
            "coverage_80": sum(inside) / len(inside),
        },
        rel=1e-9,
        abs=1e-9,
    )
    assert all(type(value) is float for value in result.values())


@fixed
@given(tables())
def test_losses_by_origin_and_rmse_by_step_are_rows_and_columns_of_one_table(
    found: tuple[Table, Table, Table, Table],
) -> None:
    actual, mean, lower, upper = found
    squares = [
        [(m - a) ** 2 for m, a in zip(*rows, strict=True)]  # one row an origin
        for rows in zip(mean, actual, strict=True)
    ]
    losses = loss_by_origin(np.array(actual), np.array(mean))
    by_step = rmse_by_step(np.array(actual), np.array(mean))
    assert losses.tolist() == pytest.approx([math.fsum(row) / len(row) for row in squares])
    columns = list(zip(*squares, strict=True))
    assert by_step.tolist() == pytest.approx([math.sqrt(math.fsum(column) / len(column)) for column in columns])
    # All three tell of the same errors.
    rmse = scores(np.array(actual), rolling(mean, lower, upper), 1.0)["rmse"]
    assert math.sqrt(np.mean(losses)) == pytest.approx(rmse)
    assert math.sqrt(np.mean(by_step**2)) == pytest.approx(rmse)


def test_bias_is_positive_when_the_forecast_is_too_high() -> None:
    table = [[5.0, 7.0]]
    assert scores(np.array([[1.0, 3.0]]), rolling(table, table, table), 1.0)["bias"] == 4.0


def test_coverage_counts_the_bounds_as_inside() -> None:
    actual = np.array([[1.0, 2.0, 3.0, 4.0]])
    forecasts = RollingForecasts(
        mean=np.full((1, 4), 2.0),
        lower={80: np.full((1, 4), 2.0), 95: np.full((1, 4), 0.0)},
        upper={80: np.full((1, 4), 3.0), 95: np.full((1, 4), 9.0)},
    )
    result = scores(actual, forecasts, 1.0)
    assert (result["coverage_80"], result["coverage_95"]) == (0.5, 1.0)


@fixed
@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=30), st.integers(1, 7))
def test_the_scale_of_mase_is_the_mean_absolute_seasonal_difference(known: list[float], season: int) -> None:
    differences = [abs(known[i] - known[i - season]) for i in range(season, len(known))]
    assert mase_scale(np.array(known), season) == pytest.approx(math.fsum(differences) / len(differences))


def test_a_seasonal_naive_in_sample_forecast_has_mase_one() -> None:
    known = np.random.default_rng(0).normal(size=50)
    actual, forecast = known[7:][None, :], known[:-7][None, :]
    same = RollingForecasts(forecast, {}, {})
    assert scores(actual, same, mase_scale(known, 7))["mase"] == pytest.approx(1.0)


def test_mase_is_not_a_number_where_the_series_repeats_itself_exactly() -> None:
    known = np.tile([1.0, 2.0, 3.0], 5)
    scale = mase_scale(known, 3)
    assert scale == 0
    result = scores(np.array([[1.0]]), rolling([[2.0]], [[2.0]], [[2.0]]), scale)
    assert math.isnan(result["mase"])
    assert result["rmse"] == 1.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_forecast_that_is_no_number_is_never_a_finite_score(bad: float) -> None:
    result = scores(np.ones((2, 2)), rolling([[bad, 1.0], [1.0, 1.0]], [[0.0] * 2] * 2, [[2.0] * 2] * 2), 1.0)
    assert not any(math.isfinite(result[name]) for name in ("rmse", "mae", "mase", "bias"))
    assert not np.isfinite(loss_by_origin(np.ones((1, 2)), np.array([[bad, 1.0]]))).any()


@fixed
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=20))
def test_holdout_scores_equal_plain_formulas(pairs: list[tuple[float, float]]) -> None:
    actual, forecast = ([float(value) for value in side] for side in zip(*pairs, strict=True))
    centre = math.fsum(actual) / len(actual)
    total = math.fsum((value - centre) ** 2 for value in actual)
    squares = math.fsum((a - f) ** 2 for a, f in pairs)
    result = holdout_scores(np.array(actual), np.array(forecast))
    assert list(result) == ["RMSE", "R2"]
    assert result["RMSE"] == pytest.approx(math.sqrt(squares / len(pairs)))
    if total > 1e-6:
        assert result["R2"] == pytest.approx(1 - squares / total, rel=1e-6, abs=1e-6)


def test_r2_is_one_for_a_perfect_forecast_and_zero_for_the_mean() -> None:
    actual = np.array([1.0, 2.0, 6.0])
    assert holdout_scores(actual, actual) == {"RMSE": 0.0, "R2": 1.0}
    assert holdout_scores(actual, np.full(3, 3.0))["R2"] == pytest.approx(0.0)


def test_r2_is_not_a_number_where_nothing_varied() -> None:
    result = holdout_scores(np.full(5, 2.0), np.full(5, 3.0))
    assert result["RMSE"] == 1.0
    assert math.isnan(result["R2"])


ACTUAL = np.array([[1.0, math.nan, 3.0], [math.nan, math.nan, 4.0]])
MEAN = np.array([[2.0, 50.0, 6.0], [50.0, 50.0, 2.0]])


def test_what_was_not_observed_is_in_no_score() -> None:
    forecasts = RollingForecasts(MEAN, {80: MEAN - 1}, {80: MEAN + 1})
    assert scores(ACTUAL, forecasts, 2.0) == pytest.approx(
        {"rmse": math.sqrt(14 / 3), "mae": 2.0, "mase": 1.0, "bias": 2 / 3, "coverage_80": 1 / 3}
    )
    assert loss_by_origin(ACTUAL, MEAN).tolist() == [5.0, 4.0]
    by_step = rmse_by_step(ACTUAL, MEAN)
    assert by_step[[0, 2]].tolist() == pytest.approx([1.0, math.sqrt(13 / 2)])
    assert math.isnan(by_step[1])
    labels = np.array([["a", "b", "c"], ["b", "c", "a"]], dtype=object)
    assert rmse_by_label(ACTUAL, MEAN, labels) == pytest.approx({"a": math.sqrt(5 / 2), "c": 3.0})


@fixed
@given(tables(), st.data())
def test_scores_are_those_of_the_cells_that_were_observed(
    found: tuple[Table, Table, Table, Table], data: st.DataObject
) -> None:
    actual, mean, lower, upper = (np.array(table) for table in found)
    kept = data.draw(st.lists(st.booleans(), min_size=actual.size, max_size=actual.size))
    observed = np.array(kept).reshape(actual.shape)
    if not observed.any():
        return
    holed = np.where(observed, actual, math.nan)
    one_row = RollingForecasts(mean[observed][None], {80: lower[observed][None]}, {80: upper[observed][None]})
    expected = scores(actual[observed][None], one_row, 2.0)
    assert scores(holed, RollingForecasts(mean, {80: lower}, {80: upper}), 2.0) == pytest.approx(expected)
    assert holdout_scores(holed.ravel(), mean.ravel()) == pytest.approx(
        holdout_scores(actual[observed], mean[observed]), nan_ok=True
    )


def test_the_scale_of_mase_is_of_the_differences_that_were_observed() -> None:
    known = np.array([1.0, 2.0, math.nan, 4.0, 8.0, 9.0])
    assert mase_scale(known, 1) == pytest.approx((1 + 4 + 1) / 3)
    assert mase_scale(known, 3) == pytest.approx((3 + 6) / 2)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_forecast_that_is_no_number_is_not_taken_for_a_missing_value(bad: float) -> None:
    mean = MEAN.copy()
    mean[0, 0] = bad
    assert not math.isfinite(scores(ACTUAL, RollingForecasts(mean, {}, {}), 1.0)["rmse"])
    assert not math.isfinite(loss_by_origin(ACTUAL, mean)[0])
    assert not math.isfinite(holdout_scores(ACTUAL[0], mean[0])["RMSE"])
