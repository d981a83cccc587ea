"""Estimation: in any unit, from several starts, with values missing; and what training makes of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.arima.model import ARIMA

from forecastops.adapters.sources.read_series import read_series
from forecastops.core.errors import DataError, ModelError
from forecastops.data.config import DataConfig
from forecastops.data.series import Series
from forecastops.forecasting import training
from forecastops.forecasting.config import Evaluation, EvaluationConfig, ModelConfig, ModelSpec, Orders
from forecastops.forecasting.cost import require_affordable
from forecastops.forecasting.estimation import Estimate, estimate, plain_forecast, rows_needed, spec_of
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster
from forecastops.forecasting.likelihood import Likelihood, NoLikelihoodError
from forecastops.forecasting.training import fit, fit_members, refit, require_trainable


def series() -> pd.Series[float]:
    random = np.random.default_rng(11)
    level = np.cumsum(random.normal(size=150)) + np.tile([0, 3, 1, -2, 5, 2, -4], 22)[:150]
    return pd.Series(200 + level, pd.date_range("2020-01-01", periods=150, freq="D"), name="value")


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(
    "spec",
    [ModelSpec(order=(1, 0, 0), trend="ct"), ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 7))],
    ids=lambda spec: spec.name,
)
def test_an_estimate_in_another_unit_is_the_same_model(spec: ModelSpec, factor: float) -> None:
    one, other = estimate(series(), spec), estimate(factor * series(), spec)
    assert one.converged is other.converged is True
    for name, value in one.params.items():
        power = 0 if name.startswith(("ar.", "ma.")) else 2 if name == "sigma2" else 1
        assert other.params[name] == pytest.approx(value * factor**power, rel=0.02)  # the optimum is flat
    densities = 150 - spec.order[1] - 7 * spec.seasonal_order[1]  # each is of values in a unit
    assert other.log_likelihood == pytest.approx(one.log_likelihood - densities * math.log(factor), abs=0.01)
    assert other.aic - one.aic == pytest.approx(-2 * (other.log_likelihood - one.log_likelihood))
    assert other.bic - one.bic == pytest.approx(-2 * (other.log_likelihood - one.log_likelihood))


@pytest.mark.parametrize(("trend", "d"), [("ct", 0), ("t", 0), ("t", 1)])
def test_a_time_trend_is_estimated_as_statsmodels_names_it(trend: Literal["t", "ct"], d: int) -> None:
    """The optimum is where statsmodels' own likelihood is highest, by another optimiser and from the truth."""
    steps = np.arange(1, 601)
    noise = np.random.default_rng(2).normal(size=600)
    level = 0.0 if trend == "t" and d == 0 else 50.0
    values = pd.Series(
        level + 0.25 * steps + (noise if d == 0 else np.cumsum(noise)), pd.date_range("2020", periods=600)
    )
    found = estimate(values, ModelSpec(order=(1, d, 0), trend=trend))
    model = ARIMA(values, order=(1, d, 0), trend=trend)
    assert found.converged
    assert list(found.params) == model.param_names
    assert found.params["x1"] == pytest.approx(0.25 if d == 0 else np.diff(values).mean(), abs=0.005)
    assert found.log_likelihood == pytest.approx(model.loglike(list(found.params.values())), rel=1e-8)
    best = model.fit(start_params=list(found.params.values()), method_kwargs={"method": "nm"}, cov_type="none")
    assert found.log_likelihood == pytest.approx(best.llf, abs=1e-3)


@pytest.mark.parametrize(
    ("rows", "spec"),
    [
        (43_800, ModelSpec(order=(1, 0, 1), seasonal_order=(0, 1, 1, 168))),
        (3_650, ModelSpec(order=(0, 1, 1), seasonal_order=(1, 0, 1, 365))),
    ],
    ids=["five years of hours, a week", "ten years of days, a year"],
)
def test_a_season_that_would_take_minutes_is_refused_with_one_that_does_not(rows: int, spec: ModelSpec) -> None:
    values = pd.Series(np.arange(rows, dtype=float), pd.date_range("2000", periods=rows, freq="h"))
    season = spec.seasonal_order[3]
    with pytest.raises(ModelError, match=f"would take about .* model.seasonal_order=.0,1,0,{season}."):
        estimate(values, spec)
    require_affordable(ModelSpec(order=(1, 0, 1), seasonal_order=(0, 1, 0, season)), rows)
    require_affordable(ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 24)), rows)
    require_affordable(ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 52)), 834)


def test_an_estimate_near_another_is_sought_from_there_alone() -> None:
    spec = ModelSpec(order=(1, 0, 1), seasonal_order=(0, 1, 1, 7))
    whole = estimate(series(), spec)
    part, near = estimate(series().iloc[:-10], spec), estimate(series().iloc[:-10], spec, whole.member, near=True)
    assert near.log_likelihood == pytest.approx(part.log_likelihood, abs=0.01)
    assert near.converged


def test_a_trend_that_the_difference_removes_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot be fitted"):
        estimate(series(), ModelSpec(order=(1, 1, 0), trend="ct"))
    with pytest.raises(ModelError, match="cannot be fitted"):
        estimate(series(), ModelSpec(order=(1, 2, 0), trend="t"))


@pytest.mark.parametrize("seasonal_order", [(0, 0, 0, 0), (0, 1, 1, 7)])
def test_logarithms_are_estimated_like_values(seasonal_order: tuple[int, int, int, int]) -> None:
    """In the logarithms' own unit, of a few hundredths, the optimiser stops far from the optimum."""
    spec = ModelSpec(order=(0, 1, 1), seasonal_order=seasonal_order)
    logs = series().map(np.log)
    one, other = estimate(series(), spec.model_copy(update={"log": True})), estimate(logs, spec)
    assert one.converged
    assert one.params == pytest.approx(other.params)
    assert one.log_likelihood == pytest.approx(other.log_likelihood)


@pytest.mark.parametrize("spec", [ModelSpec(), ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 7))])
def test_the_plain_forecast_is_statsmodels_own(spec: ModelSpec) -> None:
    values = 100 * series()
    plain = ARIMA(values, order=spec.order, seasonal_order=spec.seasonal_order).fit(
        method_kwargs={"maxiter": spec.max_iterations}
    )
    assert plain_forecast(values, spec, 15) == pytest.approx(plain.forecast(15).to_numpy(), rel=1e-12)


ORDERS = [
    ((2, 0, 1), (0, 0, 0, 0)),
    ((0, 1, 1), (0, 0, 0, 0)),
    ((0, 1, 1), (0, 1, 1, 7)),
    ((1, 0, 0), (1, 0, 0, 7)),
    ((0, 0, 0), (0, 1, 0, 7)),
]


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize(("order", "seasonal_order"), ORDERS)
def test_the_likelihood_is_of_the_values_as_they_are(
    order: tuple[int, int, int], seasonal_order: tuple[int, int, int, int], missing: bool
) -> None:
    values = holed() if missing else series()
    found = estimate(values, ModelSpec(order=order, seasonal_order=seasonal_order))
    plain = ARIMA(values, order=order, seasonal_order=seasonal_order).filter(list(found.params.values()))
    assert list(found.params) == plain.model.param_names
    # statsmodels' diffuse start is of one size in any unit, so that a difference leaves a trace of the unit.
    assert (found.log_likelihood, found.aic, found.bic) == pytest.approx((plain.llf, plain.aic, plain.bic), rel=1e-4)


def test_a_step_too_far_is_no_failure_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Near the edge of what is stationary a covariance matrix cannot be factored; who gets there depends."""
    plain, asked = Likelihood.at, [0]

    def at(likelihood: Likelihood, free: Any) -> Any:
        asked[0] += 1
        if asked[0] in (6, 12):
            raise NoLikelihoodError("the covariance matrix is not positive definite")
        return plain(likelihood, free)

    spec = ModelSpec(order=(1, 0, 1))
    expected = estimate(series(), spec)
    monkeypatch.setattr(Likelihood, "at", at)
    found = estimate(series(), spec)
    assert asked[0] > 12
    assert found.converged
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, abs=0.01)


def holed() -> pd.Series[float]:
    """The series with a day, a week and one value in ten missing."""
    values = series()
    values.iloc[[30, *range(60, 67), *np.random.default_rng(2).choice(np.arange(1, 149), 15, replace=False)]] = np.nan
    return values


@pytest.mark.parametrize(("order", "seasonal_order"), ORDERS)
def test_missing_values_are_left_to_the_filter(
    order: tuple[int, int, int], seasonal_order: tuple[int, int, int, int]
) -> None:
    """No parameters that statsmodels' own search finds on the same values are more likely."""
    found = estimate(holed(), ModelSpec(order=order, seasonal_order=seasonal_order))
    model = ARIMA(holed(), order=order, seasonal_order=seasonal_order)
    best = model.fit(start_params=list(found.params.values()), method_kwargs={"method": "nm"}, cov_type="none")
    assert found.converged
    assert model.loglike(list(found.params.values())) >= best.llf - 0.01
    assert found.estimated_through == "2020-05-29"


def two_optima() -> pd.Series[float]:
    """A persistent level under much noise: statsmodels' own start ends where nothing persists."""
    random = np.random.default_rng(1)
    level = np.zeros(120)
    for now in range(1, 120):
        level[now] = 0.97 * level[now - 1] + 0.5 * random.normal()
    return pd.Series(50 + level + 1.5 * random.normal(size=120), pd.date_range("2020", periods=120))


def test_a_start_of_strong_persistence_finds_the_better_optimum() -> None:
    values = two_optima()
    found = estimate(values, ModelSpec(order=(1, 0, 1)))
    own = ARIMA((values - values.mean()) / values.std(ddof=0), order=(1, 0, 1)).fit(cov_type="none")
    assert found.log_likelihood > own.llf - 120 * math.log(values.std(ddof=0)) + 1
    assert found.params["ar.L1"] > 0.9
    assert found.converged


def test_a_cycle_that_two_lags_can_follow_is_found_and_the_other_optimum_is_on_record() -> None:
    random = np.random.default_rng(0)
    week = 50 + 1.2 * np.sin(2 * np.pi * np.arange(150) / 7) + random.normal(size=150)
    values = pd.Series(week + 0.12 * np.cumsum(random.normal(size=150)), pd.date_range("2020", periods=150))
    found = estimate(values, ModelSpec(order=(2, 0, 2)))
    # The angle of the pair of roots is a week's.
    angle = math.acos(found.params["ar.L1"] / (2 * math.sqrt(-found.params["ar.L2"])))
    assert 2 * math.pi / angle == pytest.approx(7, abs=0.2)
    assert found.start_gap > 1
    assert found.converged


@pytest.mark.parametrize("rows", [200, 298, 306, 354])
def test_a_season_that_hardly_changes_is_filtered_as_it_was_estimated(rows: int) -> None:
    """Next to a unit root the filter's variances would be rounding, and forecasts wild."""
    dates = pd.date_range("2013-01-07", periods=rows, freq="D")
    noise = np.random.default_rng(1).normal(size=rows)
    values = pd.Series(np.round(1000 + 100 * (np.arange(rows) % 6) + 30 * noise, 2), dates)
    found = estimate(values, ModelSpec(order=(1, 0, 1), seasonal_order=(1, 0, 1, 6))).member.filtered(values)
    assert np.asarray(found.results.get_forecast(24).var_pred_mean).min() > 0.99
    assert np.nanstd((values - found.one_step_means())[60:]) < 31


def test_a_cycle_in_noise_that_gains_next_to_nothing_is_not_followed(shared_data: Path) -> None:
    """By roots that all but cancel, it would forecast worse than the level that moves."""
    values = pd.read_csv(shared_data / "adventureworks/mlops_forecast_data2013.csv")["PaidAmount"].astype(float)[:98]
    found = estimate(values.set_axis(pd.date_range("2013-07-31", periods=98)), ModelSpec(order=(2, 0, 2)))
    assert found.params["ar.L2"] > 0
    assert found.log_likelihood == pytest.approx(-743.24, abs=0.1)


@pytest.mark.parametrize("factor", [1.0, 1e3])
def test_starts_that_end_in_one_optimum_have_no_gap(factor: float) -> None:
    found = estimate(factor * series(), ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 7)))
    assert 0 <= found.start_gap < 0.01


def starts_of(monkeypatch: pytest.MonkeyPatch, spec: ModelSpec, previous: Arima | None) -> list[dict[str, float]]:
    """Where the search begins, by name."""
    plain, starts = Likelihood.free, []

    def spied(likelihood: Likelihood, coefficients: Any) -> Any:
        starts.append(dict(coefficients))
        return plain(likelihood, coefficients)

    with monkeypatch.context() as patched:
        patched.setattr(Likelihood, "free", spied)
        estimate(series(), spec, previous)
    return starts[:-1]  # the last is the optimum, which statsmodels is asked about


def test_the_previous_models_parameters_are_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModelSpec(order=(2, 0, 1))
    previous = Arima(
        (2, 0, 1), (0, 0, 0, 0), None, False, {"const": 190.0, "ar.L1": 0.5, "ar.L2": 0.3, "ma.L1": 0.2, "sigma2": 9.0}
    )
    # After them statsmodels is asked about the optimum, and one start follows a cycle.
    _, _, persistent, fourth, *_ = starts_of(monkeypatch, spec, previous)
    assert persistent == {"ar.L1": 0.9, "ar.L2": 0.0, "ma.L1": -0.6}
    assert fourth == pytest.approx({"ar.L1": 0.5 * 0.99, "ar.L2": 0.3 * 0.99**2, "ma.L1": 0.2 * 0.99})
    assert {"ar.L1": 0.5 * 0.99, "ar.L2": 0.3 * 0.99**2, "ma.L1": 0.2 * 0.99} not in starts_of(monkeypatch, spec, None)
    other = starts_of(monkeypatch, ModelSpec(order=(2, 0, 2)), previous)
    assert all(start["ar.L1"] != pytest.approx(0.5 * 0.99) for start in other)


@pytest.mark.parametrize("spec", [ModelSpec(order=(2, 0, 2)), ModelSpec(order=(1, 0, 1), trend="ct")])
def test_the_previous_models_optimum_is_found_again(spec: ModelSpec) -> None:
    found = estimate(series(), spec)
    bounded = spec.model_copy(update={"max_iterations": 2})
    without, with_it = estimate(series(), bounded), estimate(series(), bounded, found.member)
    assert with_it.log_likelihood > without.log_likelihood + 0.1
    assert with_it.log_likelihood == pytest.approx(found.log_likelihood, abs=0.5)


@pytest.mark.parametrize("missing", [False, True])
def test_a_spec_without_lags_is_estimated_without_a_search(missing: bool) -> None:
    values = holed() if missing else series()
    walk = estimate(values, ModelSpec(order=(0, 1, 0)))
    week = estimate(values, ModelSpec(order=(0, 0, 0), seasonal_order=(0, 1, 0, 7)))
    for found in (walk, week):
        assert list(found.params) == ["sigma2"]
        assert (found.converged, found.iterations, found.start_gap) == (True, 0, 0.0)
    if not missing:
        assert walk.params["sigma2"] == pytest.approx(np.mean(np.diff(values) ** 2), rel=1e-4)
        assert week.params["sigma2"] == pytest.approx(np.mean((values - values.shift(7)).dropna() ** 2), rel=1e-4)
    level = estimate(values, ModelSpec(order=(0, 0, 0)))
    assert level.params["const"] == pytest.approx(values.mean(), abs=0.01)
    assert level.params["sigma2"] == pytest.approx(np.nanvar(values), rel=1e-3)
    assert (level.converged, level.start_gap) == (True, 0.0)


@pytest.mark.parametrize(
    ("spec", "season", "needed"),
    [
        (ModelSpec(), 7, 30),
        (ModelSpec(order=(0, 1, 0)), 1, 11),
        (ModelSpec(order=(1, 0, 1), seasonal_order=(0, 1, 1, 7)), 7, 32),
        (ModelSpec(order=(0, 0, 0), seasonal_order=(0, 1, 0, 52)), 52, 104),
        (ModelSpec(order=(0, 1, 1)), 52, 104),
    ],
)
def test_the_rows_that_a_spec_needs(spec: ModelSpec, season: int, needed: int) -> None:
    assert rows_needed(spec, season) == needed


def test_the_spec_of_a_member_is_the_one_estimated() -> None:
    for spec in (
        ModelSpec(order=(1, 0, 1), trend="ct", log=True),
        ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 7)),
    ):
        assert spec_of(estimate(series(), spec).member, spec.max_iterations) == spec


# Training.

EVALUATION = EvaluationConfig(horizon=7, window=28).resolved("D")
FIXED = ModelConfig(order=(1, 0, 1))
MEMBERS = ModelConfig(members=(Orders(order=(0, 1, 1)), Orders(order=(1, 0, 1))))


@pytest.mark.parametrize("model", [FIXED, MEMBERS], ids=["one model", "two members"])
def test_training_estimates_before_the_window_and_on_everything(model: ModelConfig) -> None:
    trained = fit(Series(holed()), model, EVALUATION)
    specs = [model.spec] if model is FIXED else [model.spec.with_orders(orders) for orders in model.members or ()]
    assert list(trained.specs) == specs
    judged, served = trained.model.judged, trained.model.served
    assert served is not None
    assert (judged.estimated_through, served.estimated_through) == ("2020-05-01", "2020-05-29")
    for fitted, values in ((judged, holed().iloc[:-28]), (served, holed())):
        for member, spec in zip(fitted.members, specs, strict=True):
            assert member.params == pytest.approx(estimate(values, spec).params, rel=0.05, abs=0.05)
        assert fitted.converged
    assert judged.start_gap == max(one.start_gap for one in trained.estimates)
    assert (trained.model.horizon, trained.model.levels) == (7, (80, 95))
    assert (trained.selection, trained.warnings) == (None, ())


def test_the_recorded_metric_is_of_a_forecast_of_the_last_tenth() -> None:
    """One model's by statsmodels alone, as existing scripts have it; several members' by their mean."""
    alone = fit(Series(series()), FIXED, EVALUATION)
    errors = series().to_numpy()[135:] - plain_forecast(series().iloc[:135], FIXED.spec, 15)
    assert alone.metrics["RMSE"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-12)
    trained = fit(Series(series()), MEMBERS, EVALUATION)
    members = tuple(estimate(series().iloc[:135], spec).member for spec in trained.specs)
    path = Forecaster(Fit(members, "2020-05-14", True), series().iloc[:135]).forecast(15)["mean"].to_numpy()
    actual = series().to_numpy()[135:]
    assert trained.metrics["RMSE"] == pytest.approx(np.sqrt(np.mean((actual - path) ** 2)), rel=1e-3)
    assert {"iterations", "converged", "start_gap"} <= trained.metrics.keys()
    assert not {"aic", "bic", "log_likelihood"} & trained.metrics.keys()  # of several models they do not add up
    assert {"aic", "bic", "log_likelihood"} <= fit(Series(series()), FIXED, EVALUATION).metrics.keys()


def test_the_recorded_metric_counts_neither_missing_nor_interpolated_values() -> None:
    values = series()
    values.iloc[140] = 1e6
    filled = fit(Series(values, filled=("2020-05-20",)), FIXED, EVALUATION)  # the 141st day
    assert filled.metrics["RMSE"] < 50
    values.iloc[140] = np.nan
    assert fit(Series(values), FIXED, EVALUATION).metrics["RMSE"] == filled.metrics["RMSE"]


def test_the_metric_of_a_fixed_model_on_the_real_series_is_the_one_known(shared_data: Path) -> None:
    first = read_series([shared_data / "adventureworks" / "mlops_forecast_data2013.csv"], DataConfig())
    trained = fit(first, ModelConfig(order=(2, 0, 2)), EvaluationConfig().resolved("D"))
    assert trained.metrics["RMSE"] == pytest.approx(511.1, abs=0.05)
    assert trained.metrics["R2"] == pytest.approx(-0.099, abs=0.0005)


def test_the_spec_of_a_model_as_plain_values() -> None:
    alone = fit(Series(series()), FIXED, EVALUATION).spec
    assert (alone["order"], alone["log"]) == ([1, 0, 1], False)
    several = fit(Series(series()), MEMBERS, EVALUATION).spec
    assert several == {
        "members": [
            {"order": [0, 1, 1], "seasonal_order": [0, 0, 0, 0], "trend": None},
            {"order": [1, 0, 1], "seasonal_order": [0, 0, 0, 0], "trend": None},
        ],
        "log": False,
        "max_iterations": 500,
    }


def test_implausible_newest_rows_are_not_learnt_from() -> None:
    values = series()
    values.iloc[-3] = 2000.0
    trained = fit(Series(values), FIXED, EVALUATION)
    assert trained.model.served is None
    (warning,) = trained.warnings
    assert warning.startswith("served with the parameters estimated through 2020-05-01: the value of 2020-05-27 lies")
    values.iloc[-3] = np.nan
    assert fit(Series(values), FIXED, EVALUATION).warnings == ()


def test_a_fit_that_does_not_converge_is_said_and_serves_as_judged() -> None:
    trained = fit(Series(series()), ModelConfig(order=(2, 0, 2), max_iterations=1), EVALUATION)
    assert not trained.model.judged.converged
    assert trained.model.served is None
    assert "estimated on all data, a member did not converge in 1 iterations" in trained.warnings[0]
    assert "did not converge in 1 iterations: the gate will reject it" in trained.warnings[1]


def test_a_default_member_that_cannot_be_had_is_left_out_and_a_configured_one_is_not() -> None:
    specs = [ModelSpec(order=(0, 1, 1), trend="c"), ModelSpec(order=(1, 0, 1))]
    dropped: list[str] = []
    (left,) = fit_members(series(), specs, dropped=dropped)
    assert left.spec == specs[1]
    (reason,) = dropped
    assert reason.startswith("left out of the combination: ARIMA(0, 1, 1) trend c cannot be fitted")
    with pytest.raises(ModelError, match="cannot be fitted"):
        fit_members(series(), specs)
    with pytest.raises(ModelError, match="none can be used: ARIMA"):
        fit_members(series(), specs[:1], dropped=[])
    slow = [ModelSpec(order=(2, 0, 2), max_iterations=1), ModelSpec(order=(0, 1, 0))]
    dropped = []
    assert [one.spec for one in fit_members(series(), slow, dropped=dropped)] == slow[1:]
    assert "did not converge in 1 iterations" in dropped[0]
    assert not fit_members(series(), slow)[0].converged


def test_a_default_member_that_converged_far_off_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of thousands of fits does; the parameters are put in its place here."""

    def far_off(
        values: pd.Series[float], spec: ModelSpec, previous: Arima | None = None, *, near: bool = False
    ) -> Estimate:
        found = estimate(values, spec, previous, near=near)
        return (
            replace(found, params=found.params | {"const": 500.0, "ar.L1": 0.0}) if "const" in found.params else found
        )

    specs = [ModelSpec(order=(1, 0, 1)), ModelSpec(order=(0, 1, 1))]
    assert len(fit_members(holed(), specs, dropped=[])) == 2
    monkeypatch.setattr(training, "estimate", far_off)
    dropped: list[str] = []
    (left,) = fit_members(holed(), specs, dropped=dropped)
    assert left.spec == specs[1]
    assert "by more than 1.5 times the seasonal naive" in dropped[0]
    assert len(fit_members(holed(), specs)) == 2  # configured, it is the gate's to judge


def test_a_refit_is_the_same_specification_on_newer_data() -> None:
    model = fit(Series(series().iloc[:120]), MEMBERS, EVALUATION).model
    again = refit(model, Series(holed(), filled=("2020-03-01",)), EVALUATION, 500)
    assert [spec.canonical for spec in again.specs] == [spec.canonical for spec in _specs_of(model)]
    assert again.model.judged.estimated_through == "2020-05-01"
    assert again.model.served is not None
    assert again.model.served.estimated_through == "2020-05-29"
    assert (again.model.horizon, again.model.interpolated) == (7, ("2020-03-01",))
    old = replace(model, judged=replace(model.judged, members=model.judged.members[:1]), served=None, in_data_unit=True)
    assert not refit(old, Series(series()), EVALUATION, 500).model.in_data_unit


def _specs_of(model: Forecaster) -> list[ModelSpec]:
    return [spec_of(member, 500) for member in model.fit.members]


@pytest.mark.parametrize(
    ("model", "needed"),
    [
        (ModelConfig(), 28 + 8),
        (ModelConfig(order=(2, 0, 2)), 28 + 30),
        (MEMBERS, 28 + 20),
        (ModelConfig(selection="candidates"), 56 + 32),
    ],
    ids=["combination", "fixed", "members", "candidates"],
)
def test_a_series_too_short_to_train_on_is_refused_with_the_number_needed(model: ModelConfig, needed: int) -> None:
    evaluation = Evaluation(horizon=7, window=28, season_length=7)
    require_trainable(Series(series().iloc[:needed]), model, evaluation)
    with pytest.raises(DataError, match=f"has {needed - 1} rows, and {needed} are needed"):
        require_trainable(Series(series().iloc[: needed - 1]), model, evaluation)


@pytest.mark.simulation
@pytest.mark.parametrize("growth", [0.03, 0.0], ids=["in proportion", "not"])
@pytest.mark.parametrize("frequency", ["MS", "D"])
def test_logarithms_are_modelled_where_the_likelihood_says_so_on_long_steps(growth: float, frequency: str) -> None:
    random = np.random.default_rng(6)
    noise = random.normal(size=140)
    values = 100 * np.exp(growth * np.arange(140) + 0.1 * noise) if growth else 100 + 20 * noise
    grown = Series(pd.Series(np.maximum(values, 1.0), pd.date_range("2005-01-01", periods=140, freq=frequency)))
    evaluation = EvaluationConfig().resolved(frequency)
    trained = fit(grown, ModelConfig(), evaluation)
    logs = {spec.log for spec in trained.specs}
    assert logs == {bool(growth) and frequency == "MS"}
    assert {spec.log for spec in fit(grown, ModelConfig(log=False), evaluation).specs} == {False}
    assert {spec.log for spec in fit(grown, ModelConfig(log=True), evaluation).specs} == {True}


def test_a_zero_in_the_window_rules_logarithms_out() -> None:
    """The members are estimated before it, and forecast from it."""
    noise = np.random.default_rng(6).normal(size=100)
    values = pd.Series(
        100 * np.exp(0.03 * np.arange(100) + 0.1 * noise), pd.date_range("2005-01-01", periods=100, freq="MS")
    )
    values.iloc[-9] = 0.0
    trained = fit(Series(values), ModelConfig(), EvaluationConfig().resolved("MS"))
    assert {spec.log for spec in trained.specs} == {False}
