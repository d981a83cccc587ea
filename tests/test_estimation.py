"""Estimation: in any unit, and where the optimiser steps too far."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.arima.model import ARIMA

from forecastops.forecasting.estimation import estimate, plain_forecast
from forecastops.ground.config import ModelSpec
from forecastops.ground.errors import ModelError


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


def test_the_likelihood_is_of_the_values_as_they_are() -> None:
    found = estimate(series(), ModelSpec(order=(2, 0, 1)))
    plain = ARIMA(series(), order=(2, 0, 1)).filter(list(found.params.values()))
    assert (found.log_likelihood, found.aic, found.bic) == pytest.approx((plain.llf, plain.aic, plain.bic), rel=1e-8)


def test_a_step_too_far_is_no_failure_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Near the edge of what is stationary statsmodels cannot solve for the covariance; who gets there depends."""
    plain, asked = ARIMA.loglike, [0]

    def loglike(model: Any, *args: Any, **kwargs: Any) -> Any:
        asked[0] += 1
        if asked[0] == 12:
            raise np.linalg.LinAlgError("LU decomposition error.")
        return plain(model, *args, **kwargs)

    spec = ModelSpec(order=(1, 0, 1))
    expected = estimate(series(), spec)
    monkeypatch.setattr(ARIMA, "loglike", loglike)
    found = estimate(series(), spec)
    assert asked[0] > 12
    assert found.converged
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, abs=0.01)
