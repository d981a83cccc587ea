"""Estimation: in any unit, and where the optimiser steps too far."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.arima.model import ARIMA

from forecastops.forecasting.estimation import estimate
from forecastops.ground.config import ModelSpec
from forecastops.ground.errors import ModelError

STREAMS = Path(__file__).parents[1] / "benchmarks" / "decisions" / "streams.py"


def streams() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_streams", STREAMS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


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


@pytest.mark.parametrize("trend", ["t", "ct"])
@pytest.mark.parametrize("d", [0, 1])
def test_a_time_trend_is_estimated_as_statsmodels_names_it(trend: Literal["t", "ct"], d: int) -> None:
    """By least squares it is known where there is no autoregression to speak of."""
    if (trend, d) == ("ct", 1):
        with pytest.raises(ModelError, match="cannot be fitted"):
            estimate(series(), ModelSpec(order=(1, d, 0), trend=trend))
        return
    steps = np.arange(1, 601)
    noise = np.random.default_rng(2).normal(size=600)
    values = pd.Series(
        50.0 + 0.25 * steps + (noise if d == 0 else np.cumsum(noise)), pd.date_range("2020", periods=600)
    )
    found = estimate(values, ModelSpec(order=(1, d, 0), trend=trend))
    plain = ARIMA(values, order=(1, d, 0), trend=trend).filter(list(found.params.values()))
    assert found.converged
    assert found.log_likelihood == pytest.approx(plain.llf, rel=1e-8)
    if (trend, d) == ("ct", 0):
        assert found.params["x1"] == pytest.approx(0.25, abs=0.002)
        assert found.params["const"] == pytest.approx(50, abs=0.5)
    if d == 1:
        assert found.params["x1"] == pytest.approx(np.diff(values).mean(), abs=0.01)


def test_the_likelihood_is_of_the_values_as_they_are() -> None:
    found = estimate(series(), ModelSpec(order=(2, 0, 1)))
    plain = ARIMA(series(), order=(2, 0, 1)).filter(list(found.params.values()))
    assert (found.log_likelihood, found.aic, found.bic) == pytest.approx((plain.llf, plain.aic, plain.bic), rel=1e-8)


def test_a_step_too_far_is_no_failure_to_fit() -> None:
    (stream,) = (found for found in streams().simulated_streams() if found.name.startswith("daily trend change 14 "))
    values = stream.values.iloc[:196]
    spec = ModelSpec(order=(1, 0, 1), seasonal_order=(1, 0, 1, 7))
    plain = ARIMA(values / np.std(values), order=spec.order, seasonal_order=spec.seasonal_order)
    with pytest.raises(np.linalg.LinAlgError):
        plain.fit(method_kwargs={"maxiter": spec.max_iterations}, cov_type="none")
    found = estimate(values, spec)
    assert found.converged
    assert found.params["sigma2"] < np.var(np.diff(values))
