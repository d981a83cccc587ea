"""The choice of orders: what it rests on, what it never sees, what is recorded, and how it fails."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from statsmodels.tsa.arima.model import ARIMA

from command import Command
from forecastops.core.errors import ConfigError, ModelError
from forecastops.forecasting.config import EvaluationConfig, ModelConfig, ModelSpec, Orders
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import arima
from forecastops.forecasting.members import combination
from forecastops.forecasting.order_search import orders_of, search_orders
from forecastops.forecasting.selection import NEAR_TIE, select

EVALUATION = EvaluationConfig(horizon=7, window=28).resolved("D")
ALONE = EVALUATION.model_copy(update={"season_length": 1})
SEASONAL = "{order: [1, 0, 1], seasonal_order: [0, 1, 1, 7]}"
CANDIDATES = f"model.candidates=[{{order: [0, 1, 1], trend: c}}, {SEASONAL}, {{order: [0, 1, 1]}}]"


def series(rows: int = 200, *, season: float = 12, walk: bool = False) -> pd.Series[float]:
    random = np.random.default_rng(3)
    noise = random.normal(scale=3, size=rows)
    level = np.cumsum(noise) if walk else noise
    values = 100 + season * np.sin(2 * np.pi * np.arange(rows) / 7) + level
    return pd.Series(values, pd.date_range("2020-01-01", periods=rows, freq="D"), name="value")


def given(*orders: Orders, **rest: int) -> ModelConfig:
    return ModelConfig(selection="candidates", candidates=orders, max_iterations=rest.get("max_iterations", 500))


def test_a_candidate_is_scored_by_forecasts_from_parameters_older_than_the_selection_window() -> None:
    known = series()
    (found,) = select(known, given(Orders(order=(1, 0, 1))), EVALUATION).candidates
    before = estimate(known.iloc[:-28], ModelSpec(order=(1, 0, 1)))
    errors = []
    for origin in range(172, 194):
        model = ARIMA(known.iloc[:origin], order=(1, 0, 1)).filter(list(before.params.values()))
        errors.append(model.forecast(7) - known.iloc[origin : origin + 7])
    assert found.rmse == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-8)


def test_near_ties_prefer_fewer_parameters() -> None:
    lags = [((1, 0, 0), (1, 0, 1)), ((1, 0, 0), (0, 1, 1)), ((0, 0, 0), (0, 1, 1))]
    orders = [Orders(order=order, seasonal_order=(*seasonal, 7)) for order, seasonal in lags]
    found = select(series(), given(*orders), EVALUATION)
    scores = {candidate.parameters: candidate.rmse for candidate in found.candidates}
    lowest = min(rmse for rmse in scores.values() if rmse is not None)
    near = [number for number, rmse in scores.items() if number and rmse and rmse <= lowest * (1 + NEAR_TIE)]
    assert len(near) > 1  # or this would test nothing
    assert found.chosen.parameters == min(near)
    assert found.chosen.rmse != lowest
    far = select(series(), given(Orders(order=(0, 0, 0)), *orders), EVALUATION)  # the fewest, but no season
    assert far.chosen == found.chosen


def test_without_candidates_a_series_that_wanders_gets_a_difference() -> None:
    default = ModelConfig(selection="candidates")
    found = select(series(walk=True), default, EVALUATION)
    assert found.chosen.spec.order[1] or found.chosen.spec.seasonal_order[1]
    passed_over = {candidate.spec.name for candidate in found.candidates if candidate.passed_over}
    assert {"ARIMA(2, 0, 2)", "ARIMA(1, 0, 1)(1, 0, 1, 7)"} <= passed_over
    level = select(series(), default, EVALUATION)
    assert not any(candidate.passed_over and "KPSS" in candidate.passed_over for candidate in level.candidates)


def test_when_no_candidate_can_be_used_the_error_names_them_all() -> None:
    model = given(Orders(order=(0, 1, 1), trend="c"), Orders(order=(2, 0, 2)), max_iterations=1)
    with pytest.raises(ModelError, match="none of 2 candidates") as caught:
        select(series(), model, EVALUATION)
    assert "ARIMA(0, 1, 1) trend c cannot be fitted" in str(caught.value)
    assert "ARIMA(2, 0, 2) did not converge in 1 iterations" in str(caught.value)


@pytest.mark.parametrize(
    ("order", "seasonal", "mean", "drift", "trend"),
    [
        ((1, 0, 1), (0, 0, 0), True, False, None),
        ((1, 0, 1), (0, 0, 0), False, False, "n"),
        ((0, 1, 1), (1, 0, 1), False, False, None),
        ((0, 1, 1), (0, 0, 0), False, True, "t"),
        ((1, 0, 0), (0, 1, 1), False, True, "t"),
        ((2, 1, 0), (0, 1, 1), False, False, None),
    ],
)
def test_statsmodels_fits_what_statsforecast_found(
    order: tuple[int, int, int], seasonal: tuple[int, int, int], mean: bool, drift: bool, trend: str | None
) -> None:
    from statsforecast.models import ARIMA as Found  # noqa: N811

    values = series(season=12 if any(seasonal) else 0, walk=bool(order[1])) - (105 if trend == "n" else 0)
    model = Found(order=order, season_length=7, seasonal_order=seasonal, include_mean=mean, include_drift=drift)
    found = model.fit(values.to_numpy()).model_
    orders = orders_of(found["arma"], found["coef"])
    assert (orders.order, orders.seasonal_order[:3], orders.trend) == (order, seasonal, trend)
    spec = ModelSpec().with_orders(orders)
    ours = estimate(values, spec)
    names = {re.sub(r"^(s?)(ar|ma)(\d)$", _statsmodels_name, name): value for name, value in found["coef"].items()}
    theirs = {"const": names.pop("intercept", 0), "x1": names.pop("drift", 0), "sigma2": found["sigma2"], **names}
    at_theirs = arima(values, spec.order, spec.seasonal_order, spec.trend).filter(
        [float(theirs[name]) for name in ours.params]
    )
    assert at_theirs.llf == pytest.approx(found["loglik"], abs=0.5)
    assert ours.log_likelihood >= found["loglik"] - 0.5  # its optimiser often stops where ours goes on


def _statsmodels_name(found: re.Match[str]) -> str:
    seasonal, kind, lag = found.groups()
    return f"{kind}.S.L{7 * int(lag)}" if seasonal else f"{kind}.L{lag}"


def test_a_search_proposes_from_before_the_selection_window_and_competes_with_the_candidates() -> None:
    model, known = ModelConfig(selection="auto", order=(0, 1, 1)), third_order()
    proposal = model.spec.with_orders(search_orders(known.iloc[: -EVALUATION.window], model.spec, 1))
    listed = select(known, model.model_copy(update={"selection": "candidates"}), ALONE).candidates
    assert proposal not in [candidate.spec for candidate in listed]
    later = known.copy()
    later.iloc[-EVALUATION.window :] += np.linspace(0, 50, EVALUATION.window)  # the search never sees it
    for values in (known, later):
        found = select(values, model, ALONE)
        assert [candidate.spec for candidate in found.candidates] == [proposal, *(other.spec for other in listed)]
    assert select(known, model, ALONE).chosen.spec == proposal  # of an AR(3) no other candidate knows


def third_order() -> pd.Series[float]:
    """An autoregression whose third lag matters most, which no default candidate has."""
    noise = np.random.default_rng(5).normal(size=320)
    values = np.zeros(320)
    for now in range(3, 320):
        values[now] = -0.8 * values[now - 3] + noise[now]
    return pd.Series(20 + values[20:], pd.date_range("2020-01-01", periods=300, freq="D"), name="value")


def test_a_search_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast.models", None)
    with pytest.raises(ConfigError, match=r"pip install 'mlflow-forecastops\[auto\]'"):
        select(series(), ModelConfig(selection="auto"), EVALUATION)


def test_a_series_that_was_constant_before_the_window_is_no_crash() -> None:
    constant = pd.Series(5.0, series().index)
    with pytest.raises(ModelError) as refused:
        select(constant, ModelConfig(selection="candidates"), EVALUATION)
    assert "\n" not in str(refused.value)


def test_one_model_written_twice_is_one_candidate() -> None:
    twice = [
        Orders(order=(1, 0, 1)),
        Orders(order=(1, 0, 1), seasonal_order=(0, 0, 0, 7)),
        Orders(order=(1, 0, 1), trend="c"),
        Orders(order=(1, 0, 1), trend="n"),
    ]
    found = select(series(), given(*twice), EVALUATION).candidates
    assert [candidate.spec.trend for candidate in found] == [None, "n"]


def holed(values: pd.Series[float]) -> pd.Series[float]:
    """With some values missing before and in the selection window, and one whole week in it."""
    values = values.copy()
    values.iloc[[20, 21, 90, 175, *range(180, 187), 198]] = np.nan
    return values


@pytest.mark.parametrize("selection", ["candidates", "auto"])
def test_a_choice_is_made_where_values_are_missing(selection: Literal["candidates", "auto"]) -> None:
    found = select(holed(series()), ModelConfig(selection=selection), EVALUATION)
    assert all(found.rmse is not None or found.passed_over for found in found.candidates)
    assert found.chosen.spec.seasonal_order[3] == 7
    wandering = select(holed(series(walk=True)), ModelConfig(selection=selection), EVALUATION)
    assert wandering.chosen.spec.order[1] or wandering.chosen.spec.seasonal_order[1]


def test_a_missing_value_is_not_scored_in_the_choice() -> None:
    known = holed(series())
    (found,) = select(known, given(Orders(order=(1, 0, 1))), EVALUATION).candidates
    before = estimate(known.iloc[:-28], ModelSpec(order=(1, 0, 1)))
    losses = []
    for origin in range(172, 194):
        model = ARIMA(known.iloc[:origin], order=(1, 0, 1)).filter(list(before.params.values()))
        losses.append(np.square(model.forecast(7) - known.iloc[origin : origin + 7]).mean())
    assert np.isnan(losses).sum() == 1  # the week in which nothing was observed
    assert found.rmse == pytest.approx(np.sqrt(np.nanmean(losses)), rel=1e-8)


# The members that are averaged.


NAIVE, LAGGED = "ARIMA(0, 0, 0)(0, 1, 0, 7)", ("ARIMA(1, 0, 1)(1, 0, 1, 7)", "ARIMA(1, 0, 1)(0, 1, 1, 7)")


@pytest.mark.parametrize(
    ("step", "season", "rows", "members"),
    [
        ("D", 7, 500, [*LAGGED, "ARIMA(0, 1, 1)(0, 1, 1, 7)", NAIVE]),
        ("D", 7, 36, [*LAGGED, "ARIMA(0, 1, 1)(0, 1, 1, 7)", NAIVE]),
        ("h", 24, 500, ["ARIMA(1, 0, 1)(1, 0, 1, 24)", "ARIMA(1, 0, 1)(0, 1, 1, 24)", "ARIMA(0, 0, 0)(0, 1, 0, 24)"]),
        ("D", 7, 35, [NAIVE]),
        ("M", 7, 500, [*LAGGED, "ARIMA(0, 1, 1)(0, 1, 1, 7)", NAIVE]),
        ("W", 52, 104, ["ARIMA(0, 1, 1)", "ARIMA(1, 0, 1)(0, 1, 0, 52)", "ARIMA(0, 0, 0)(0, 1, 0, 52)"]),
        ("W", 52, 103, ["ARIMA(0, 1, 1)"]),
        ("D", 1, 500, ["ARIMA(0, 1, 1)", "ARIMA(1, 0, 1)", "ARIMA(0, 1, 0)"]),
        ("Y", 1, 500, ["ARIMA(0, 1, 1)", "ARIMA(0, 1, 0) trend t", "ARIMA(0, 1, 0)"]),
        ("Y", 1, 19, ["ARIMA(0, 1, 0)"]),
    ],
)
def test_members_suit_step_season_and_length(step: str, season: int, rows: int, members: list[str]) -> None:
    found = combination(ModelConfig(log=True, max_iterations=77), season, rows, step)
    assert [spec.name for spec in found] == members
    assert all(spec.log and spec.max_iterations == 77 for spec in found)


def test_configured_members_are_taken_as_they_are() -> None:
    orders = (Orders(order=(0, 1, 1)), Orders(order=(1, 0, 1), seasonal_order=(1, 0, 1, 7), trend="n"))
    found = combination(ModelConfig(members=orders), 7, 5)
    assert [(spec.order, spec.seasonal_order, spec.trend) for spec in found] == [
        (one.order, one.seasonal_order, one.trend) for one in orders
    ]


def artifacts_of(run: Run) -> Path:
    return Path(run.info.artifact_uri.removeprefix("file://"))


def test_the_choice_is_recorded_and_blind_to_the_gates_window(forecastops: Command) -> None:
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    options = ["--set", "model.selection=candidates", "--set", CANDIDATES]
    path = forecastops.folder / "data/transaction_ts.csv"
    trained = forecastops.ok("train", "--data", str(path), *options)
    assert trained["spec"] == trained["selection"]["chosen"]["spec"]
    assert trained["spec"]["seasonal_order"] == [0, 1, 1, 7]
    client = MlflowClient(forecastops.environment["MLFLOW_TRACKING_URI"])
    run = client.get_run(trained["run_id"])
    assert run.data.params["model.seasonal_order"] == "[0, 1, 1, 7]"
    assert run.data.params["model.selection"] == "candidates"
    assert json.loads((artifacts_of(run) / "selection.json").read_text()) == trained["selection"]
    names = [candidate["name"] for candidate in trained["selection"]["candidates"] if candidate["passed_over"]]
    assert names == ["ARIMA(0, 1, 1) trend c"]

    table = pd.read_csv(path)
    table.loc[len(table) - 56 :, "PaidAmount"] *= np.random.default_rng(5).uniform(0, 9, 56)
    table.to_csv(forecastops.folder / "altered.csv", index=False)
    told = forecastops("train", "--data", "altered.csv", *options)
    assert told.code == 0, told.stderr
    assert "passed over: ARIMA(0, 1, 1) trend c cannot be fitted" in told.stderr
    assert "chosen   out of 3 by RMSE" in told.stdout
    altered = client.get_run(told.stdout.split()[1])
    assert altered.data.tags["forecastops.data.sha256"] != run.data.tags["forecastops.data.sha256"]
    assert json.loads((artifacts_of(altered) / "selection.json").read_text()) == trained["selection"]

    judged = forecastops.ok("evaluate", "--run-id", trained["run_id"], *options)
    assert judged["verdict"] == "PROMOTE", judged["checks"]
    assert forecastops.ok("promote", "--run-id", trained["run_id"], *options)["promoted"]


def test_too_few_rows_are_refused_with_the_number_needed(forecastops: Command) -> None:
    path = forecastops.folder / "short.csv"
    series(120).rename_axis("TransactionDate").rename("PaidAmount").to_csv(path)
    refused = forecastops("train", "--data", str(path), "--set", "model.selection=candidates")
    assert refused.code == 1
    assert "has 120 rows, and 144 are needed for two windows of 56" in refused.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"candidates": [{"order": [1, 0, 0]}]}, "candidates are given, but selection is 'combination'"),
        ({"order": [1, 0, 0], "candidates": [{"order": [1, 0, 0]}]}, "candidates are given, but selection is 'fixed'"),
        ({"selection": "candidates", "candidates": []}, "at least 1"),
        ({"selection": "candidates", "candidates": [{"seasonal_order": [0, 1, 1, 7]}]}, "Field required"),
        ({"selection": "candidates", "candidates": [{"order": [1, 0, 0], "log": True}]}, "Extra inputs"),
        ({"selection": "best"}, "'combination', 'fixed', 'candidates' or 'auto'"),
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(model: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelConfig.model_validate_json(json.dumps(model))
