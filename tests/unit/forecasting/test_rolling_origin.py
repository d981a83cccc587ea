from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from examples import examples
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster, arima, interval, modelled, point_forecast
from forecastops.forecasting.rolling_origin import (
    actuals,
    forecast_moments,
    rolling_forecasts,
    seasonal_naive,
    window_origins,
)

Array = npt.NDArray[np.float64]

ROWS, WINDOW, HORIZON = 60, 18, 14
LEVELS = (50, 80, 95)
fixed = examples(60)


class Case(NamedTuple):
    order: tuple[int, int, int]
    seasonal_order: tuple[int, int, int, int]
    trend: str | None
    log: bool
    seed: int

    @property
    def values(self) -> pd.Series[float]:
        """A positive series with a drift, a season of 7 and a random walk."""
        random = np.random.default_rng(self.seed)
        days = np.arange(ROWS)
        walk = np.cumsum(random.normal(size=ROWS))
        level = 100 + 0.2 * days + 5 * np.sin(2 * np.pi * days / 7) + walk + random.normal(size=ROWS)
        return pd.Series(level, index=pd.date_range("2013-07-31", periods=ROWS, freq="D"), name="value")

    @property
    def modelled(self) -> pd.Series[float]:
        return self.values.map(np.log) if self.log else self.values

    def model(self, values: pd.Series[float] | None = None) -> Any:
        chosen = self.values if values is None else values
        return arima(modelled(chosen, log=self.log), self.order, self.seasonal_order, self.trend)

    @property
    def params(self) -> list[float]:
        """Random parameters that are stationary, invertible and of positive variance."""
        model = self.model()
        unconstrained = np.random.default_rng(self.seed + 1).normal(size=len(model.param_names))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            admissible: list[float] = model.transform_params(unconstrained).tolist()
        return admissible


def trends(d: int, sd: int) -> list[str | None]:
    """Those that statsmodels accepts: differencing removes a trend of lower degree."""
    accepted: dict[int, list[str | None]] = {0: [None, "n", "c", "t", "ct"], 1: [None, "n", "t"]}
    return accepted.get(d + sd, [None, "n"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    small, bit = st.integers(0, 2), st.integers(0, 1)
    order = (draw(small), draw(small), draw(small))
    sp, sd, sq = draw(bit), draw(bit), draw(bit)
    season = draw(st.sampled_from([2, 4, 7])) if sp or sd or sq else 0
    # A seasonal lag may not coincide with an ordinary one.
    if season == 2:
        order = (min(order[0], 1) if sp else order[0], order[1], min(order[2], 1) if sq else order[2])
    trend = draw(st.sampled_from(trends(order[1], sd)))
    return Case(order, (sp, sd, sq, season), trend, draw(st.booleans()), draw(st.integers(0, 10_000)))


def require_close(found: Array, expected: Array, scale: float) -> None:
    assert found.shape == expected.shape
    assert np.isfinite(expected).all()
    assert float(np.max(np.abs(found - expected))) <= 1e-8 * scale


@fixed
@given(cases())
def test_one_pass_equals_filtering_anew_at_every_origin(case: Case) -> None:
    results = case.model().filter(case.params)
    origins = window_origins(ROWS, WINDOW, HORIZON)
    mean, variance = forecast_moments(results, origins, HORIZON)
    assert mean.shape == variance.shape == (WINDOW - HORIZON + 1, HORIZON)
    for row, origin in enumerate(origins):
        anew = results.apply(case.modelled.iloc[:origin]).get_forecast(HORIZON)
        one = np.asarray(anew.predicted_mean, dtype=float)
        spread = np.asarray(anew.var_pred_mean, dtype=float)
        require_close(mean[row], one, float(np.max(np.abs(one))))
        require_close(variance[row] / spread, np.ones(HORIZON), 1.0)


@pytest.mark.parametrize("trend", [None, "n", "c", "t", "ct"])
@pytest.mark.parametrize("d", [0, 1, 2])
@pytest.mark.parametrize("season", [0, 2, 4, 7])
@pytest.mark.parametrize("log", [False, True])
def test_every_trend_and_differencing_that_statsmodels_accepts(
    trend: str | None, d: int, season: int, log: bool
) -> None:
    sd = int(season > 0)
    case = Case((1, d, 1), (sd, sd, sd, season), trend, log, seed=d + season)
    if trend not in trends(d, sd):
        with pytest.raises(ValueError, match="trend"):
            case.model()
        return
    results = case.model().filter(case.params)
    mean, variance = forecast_moments(results, np.array([ROWS - HORIZON]), HORIZON)
    anew = results.apply(case.modelled.iloc[:-HORIZON]).get_forecast(HORIZON)
    require_close(mean[0], np.asarray(anew.predicted_mean), float(np.max(np.abs(mean))))
    require_close(variance[0] / np.asarray(anew.var_pred_mean), np.ones(HORIZON), 1.0)


@examples(30)
@given(case=cases(), position=st.integers(0, WINDOW - 1), factor=st.floats(1.01, 3.0))
def test_a_later_value_changes_no_forecast(case: Case, position: int, factor: float) -> None:
    altered = case.values.copy()
    first = ROWS - WINDOW + position
    altered.iloc[first:] *= factor
    origins = window_origins(ROWS, WINDOW, HORIZON)
    before, after = (
        forecast_moments(case.model(values).filter(case.params), origins, HORIZON) for values in (case.values, altered)
    )
    unaware = origins <= first
    for old, new in zip(before, after, strict=True):
        assert np.array_equal(old[unaware], new[unaware])
    naive_before, naive_after = (
        seasonal_naive(values, origins, HORIZON, 7, LEVELS) for values in (case.values, altered)
    )
    assert np.array_equal(naive_before.mean[unaware], naive_after.mean[unaware])
    for level in LEVELS:
        assert np.array_equal(naive_before.upper[level][unaware], naive_after.upper[level][unaware])


def test_a_value_before_the_origin_does_change_the_forecast() -> None:
    case = Case((1, 0, 0), (0, 0, 0, 0), "n", False, seed=0)
    altered = case.values.copy()
    altered.iloc[-HORIZON - 1] *= 2
    origins = np.array([ROWS - HORIZON])
    before, after = (
        forecast_moments(case.model(values).filter([0.5, 1.0]), origins, HORIZON)[0]
        for values in (case.values, altered)
    )
    assert (before != after).all()


def test_a_window_of_56_holds_43_origins_of_14_steps() -> None:
    origins = window_origins(305, 56, 14)
    assert len(origins) == 43
    assert origins[0] == 305 - 56  # so the last observation known is the last one before the window
    assert origins[-1] + 14 == 305


@fixed
@given(data=st.data(), horizon=st.integers(1, 20))
def test_all_targets_lie_inside_the_window_and_cover_it(data: st.DataObject, horizon: int) -> None:
    window = data.draw(st.integers(horizon, 80))
    rows = data.draw(st.integers(window + 1, 200))
    origins = window_origins(rows, window, horizon)
    assert len(origins) == window - horizon + 1
    targets = origins[:, None] + np.arange(horizon)
    assert set(targets.ravel().tolist()) == set(range(rows - window, rows))
    position = pd.Series(np.arange(rows, dtype=float))
    assert np.array_equal(actuals(position, origins, horizon), targets)


@fixed
@given(
    numbers=st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=60),
    season=st.integers(1, 12),
    horizon=st.integers(1, 16),
)
def test_seasonal_naive_equals_a_plain_loop(numbers: list[float], season: int, horizon: int) -> None:
    values = pd.Series(numbers, index=pd.date_range("2013-07-31", periods=len(numbers)))
    origins = window_origins(len(numbers), horizon + 1, horizon)
    found = seasonal_naive(values, origins, horizon, season, LEVELS)
    scale = max(map(abs, numbers)) + 1
    for row, origin in enumerate(origins.tolist()):
        known = numbers[:origin]
        differences = [known[i] - known[i - season] for i in range(season, origin)]
        mean_square = sum(difference**2 for difference in differences) / len(differences)
        for step in range(1, horizon + 1):
            extended = list(known)
            for _ in range(step):
                extended.append(extended[-season])
            assert found.mean[row, step - 1] == extended[-1]
            seasons_ahead = (step + season - 1) // season
            deviation = (mean_square * seasons_ahead) ** 0.5
            for level in LEVELS:
                lower, upper = stats.norm.interval(level / 100, loc=extended[-1], scale=max(deviation, 1e-300))
                assert found.lower[level][row, step - 1] == pytest.approx(lower, rel=1e-9, abs=1e-9 * scale)
                assert found.upper[level][row, step - 1] == pytest.approx(upper, rel=1e-9, abs=1e-9 * scale)


moments = st.tuples(st.floats(-5, 5), st.floats(1e-4, 4))


@fixed
@given(cells=st.lists(moments, min_size=1, max_size=8), level=st.integers(1, 99))
def test_intervals_are_those_of_a_normal_or_a_log_normal(cells: list[tuple[float, float]], level: int) -> None:
    mean, variance = np.array(cells).T
    normal = stats.norm(mean, np.sqrt(variance))
    log_normal = stats.lognorm(s=np.sqrt(variance), scale=np.exp(mean))
    np.testing.assert_array_equal(point_forecast(mean, variance, log=False), mean)
    np.testing.assert_allclose(point_forecast(mean, variance, log=True), log_normal.mean(), rtol=1e-10)
    for distribution, log in ((normal, False), (log_normal, True)):
        lower, upper = interval(mean, variance, level, log=log)
        np.testing.assert_allclose(lower, distribution.ppf(0.5 - level / 200), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(upper, distribution.ppf(0.5 + level / 200), rtol=1e-9, atol=1e-9)


def holed(values: pd.Series[float]) -> pd.Series[float]:
    """With a single day, two in a row, and one in the window missing."""
    values = values.copy()
    values.iloc[[9, 30, 31, ROWS - 12]] = np.nan
    return values


def member_of(case: Case) -> Arima:
    params = dict(zip(case.model().param_names, case.params, strict=True))
    return Arima(case.order, case.seasonal_order, case.trend, case.log, params)


WEEKLY = Case((1, 1, 1), (0, 1, 1, 7), None, False, seed=3)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize(
    "cases",
    [
        (WEEKLY,),
        (WEEKLY._replace(log=True),),
        (WEEKLY, Case((1, 0, 0), (0, 0, 0, 0), None, False, 3), Case((0, 0, 0), (0, 1, 0, 7), None, False, 3)),
    ],
    ids=["one", "log", "three"],
)
@pytest.mark.parametrize("calibrated", [False, True], ids=["normal", "calibrated"])
def test_rolling_forecasts_are_the_forecasters_own_on_the_scale_of_the_data(
    cases: tuple[Case, ...], missing: bool, calibrated: bool
) -> None:
    values = holed(WEEKLY.values) if missing else WEEKLY.values
    fit = Fit(tuple(map(member_of, cases)), "2013-08-20", True)
    forecaster = Forecaster(fit, values, horizon=HORIZON, levels=LEVELS, calibrated=calibrated)
    origins = window_origins(ROWS, WINDOW, HORIZON)
    rolling = rolling_forecasts(forecaster, origins, HORIZON, LEVELS)
    for row, origin in enumerate(origins):
        earlier = forecaster.with_data(values.iloc[:origin].asfreq("D")).forecast()
        np.testing.assert_allclose(rolling.mean[row], earlier["mean"], rtol=1e-8)
        for level in LEVELS:
            np.testing.assert_allclose(rolling.lower[level][row], earlier[f"lower_{level}"], rtol=1e-8)
            np.testing.assert_allclose(rolling.upper[level][row], earlier[f"upper_{level}"], rtol=1e-8)


def test_rolling_forecasts_are_by_the_parameters_that_serve_unless_as_judged() -> None:
    judged, served = (Fit((member_of(WEEKLY._replace(seed=seed)),), "2013-08-20", True) for seed in (3, 4))
    both = Forecaster(judged, WEEKLY.values, served)
    origins = window_origins(ROWS, WINDOW, HORIZON)
    for forecaster, fit in ((both, served), (both.as_judged(), judged)):
        expected = rolling_forecasts(Forecaster(fit, WEEKLY.values), origins, HORIZON, LEVELS)
        assert np.array_equal(rolling_forecasts(forecaster, origins, HORIZON, LEVELS).mean, expected.mean)


@examples(20)
@given(cases())
def test_one_pass_equals_filtering_anew_where_values_are_missing(case: Case) -> None:
    values = modelled(holed(case.values), log=case.log)
    results = arima(values, case.order, case.seasonal_order, case.trend).filter(case.params)
    origins = window_origins(ROWS, WINDOW, HORIZON)
    mean, variance = forecast_moments(results, origins, HORIZON)
    for row, origin in enumerate(origins):
        anew = results.apply(values.iloc[:origin]).get_forecast(HORIZON)
        one = np.asarray(anew.predicted_mean, dtype=float)
        require_close(mean[row], one, float(np.max(np.abs(one))))
        require_close(variance[row] / np.asarray(anew.var_pred_mean, dtype=float), np.ones(HORIZON), 1.0)


def test_what_came_after_an_origin_may_be_missing() -> None:
    found = actuals(holed(WEEKLY.values), np.array([ROWS - HORIZON]), HORIZON)
    assert np.flatnonzero(np.isnan(found[0])).tolist() == [2]


@pytest.mark.parametrize("season", [1, 7])
def test_the_naive_takes_a_value_of_an_earlier_season_where_the_last_is_missing(season: int) -> None:
    values = pd.Series(np.arange(40.0), pd.date_range("2013-07-31", periods=40))
    values.iloc[[20, 27, 30]] = np.nan
    (mean,) = seasonal_naive(values, np.array([31]), 7, season, LEVELS).mean
    expected = [29.0] * 7 if season == 1 else [24.0, 25.0, 26.0, 13.0, 28.0, 29.0, 23.0]
    assert mean.tolist() == expected


def test_the_naive_takes_a_neighbour_where_no_season_before_is_observed() -> None:
    values = pd.Series(np.arange(20.0), pd.date_range("2013-07-31", periods=20))
    values.iloc[[1, 3, 8]] = np.nan  # the second day of both weeks
    (mean,) = seasonal_naive(values, np.array([14]), 7, 7, LEVELS).mean
    assert mean[1] == 7.0
    assert mean.tolist() == [7.0, 7.0, 9.0, 10.0, 11.0, 12.0, 13.0]


def test_the_naives_interval_is_of_the_differences_that_were_observed() -> None:
    values = WEEKLY.values
    values.iloc[[9, 30, 31]] = np.nan
    origin = 45
    found = seasonal_naive(values, np.array([origin]), HORIZON, 7, (80,))
    differences = (values - values.shift(7)).iloc[:origin].dropna()
    half = stats.norm.ppf(0.9) * np.sqrt(np.mean(differences**2))
    np.testing.assert_allclose(found.upper[80][0, :7] - found.mean[0, :7], half)
    np.testing.assert_allclose(found.mean[0, 7:] - found.lower[80][0, 7:], half * np.sqrt(2))


def test_a_missing_value_after_the_origin_changes_no_forecast_of_the_naive() -> None:
    values, origins = WEEKLY.values, np.array([ROWS - HORIZON])
    before = seasonal_naive(values, origins, HORIZON, 7, LEVELS)
    values.iloc[ROWS - HORIZON :] = np.nan
    after = seasonal_naive(values, origins, HORIZON, 7, LEVELS)
    assert np.array_equal(before.mean, after.mean)
    assert np.array_equal(before.upper[80], after.upper[80])


@fixed
@given(case=cases(), first=st.integers(3, ROWS - 1), missing=st.integers(1, ROWS - 1))
def test_states_kept_for_the_window_alone_are_those_of_one_pass(case: Case, first: int, missing: int) -> None:
    values = case.values
    values.iloc[missing] = np.nan
    names = case.model().param_names
    member = Arima(case.order, case.seasonal_order, case.trend, case.log, dict(zip(names, case.params, strict=True)))
    whole, kept = member.filtered(values), member.states(values, first)
    anew = whole.results.model.clone(modelled(values, log=case.log) / whole.unit)
    expected = anew.filter(whole.results.params, cov_type="none").filter_results
    found = kept.results.filter_results
    scale = float(np.max(np.abs(expected.predicted_state[:, first:])))
    require_close(found.predicted_state, expected.predicted_state[:, first:], scale)
    spread = expected.predicted_state_cov[:, :, first:]
    require_close(found.predicted_state_cov, spread, float(np.max(np.abs(spread))))
    assert np.array_equal(np.isnan(kept.errors), np.isnan(whole.standardised_errors()))
    assert np.nanmax(np.abs(kept.errors - whole.standardised_errors()), initial=0.0) <= 1e-8
