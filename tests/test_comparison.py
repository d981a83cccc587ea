from __future__ import annotations

import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.arima.model import ARIMA

from forecastops.forecasting.estimation import build_forecaster, estimate
from forecastops.forecasting.forecaster import Forecaster
from forecastops.gate.comparison import Comparison, compare
from forecastops.gate.decision import Ruling, decide
from forecastops.ground.config import EvaluationConfig, GatePolicy, ModelSpec
from forecastops.ground.errors import ModelError

EVALUATION = EvaluationConfig(horizon=7, window=42)
POLICY = GatePolicy()
ROWS, CHAMPION_ROWS = 200, 120
POOR, GOOD = ModelSpec(order=(0, 0, 1)), ModelSpec(order=(1, 0, 0), seasonal_order=(0, 1, 1, 7))
DIFFERENCED = ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 7))
BOUND = 200


class Models(NamedTuple):
    """A champion from the older part of a series, and a better challenger from all of it up to the window."""

    champion: Forecaster
    challenger: Forecaster


def series(rows: int = ROWS, start: str = "2013-01-01", frequency: str = "D") -> pd.Series[float]:
    random = np.random.default_rng(7)
    days = np.arange(ROWS)
    season = 12 * np.sin(2 * np.pi * days / 7) + 0.05 * days
    noise = np.zeros(ROWS)
    for day in range(1, ROWS):
        noise[day] = 0.2 * noise[day - 1] + random.normal(scale=3)
    index = pd.date_range(start, periods=ROWS, freq=frequency)
    return pd.Series(100 + season + noise, index=index, name="value").iloc[:rows]


def trained(spec: ModelSpec, values: pd.Series[float], evaluation: EvaluationConfig = EVALUATION) -> Forecaster:
    return build_forecaster(spec, estimate(values.iloc[: -evaluation.window], spec), values, evaluation)


@pytest.fixture(scope="module")
def models() -> Models:
    return Models(trained(POOR, series(CHAMPION_ROWS)), trained(GOOD, series()))


@pytest.fixture(scope="module")
def comparison(models: Models) -> Comparison:
    return compare(models.challenger, models.champion, EVALUATION, BOUND)


def ruling(challenger: Forecaster, champion: Forecaster | None, policy: GatePolicy = POLICY) -> Ruling:
    return decide(compare(challenger, champion, EVALUATION, BOUND).evidence, policy)


def test_the_better_model_is_promoted_and_the_worse_one_is_not(models: Models) -> None:
    assert ruling(models.challenger, models.champion).verdict == "PROMOTE"
    worse = replace(models.champion, values=series())
    better = replace(models.challenger, values=series())
    assert ruling(worse, better).verdict == "REJECT"
    assert ruling(models.challenger, better).verdict == "HOLD"


def test_the_window_holds_every_origin_and_nothing_else(comparison: Comparison) -> None:
    window = comparison.window
    index = series().index
    assert (window.start, window.end) == (index[-42].date().isoformat(), index[-1].date().isoformat())
    assert (window.origins, window.horizon) == (36, 7)


@pytest.mark.parametrize("first", [False, True])
def test_the_table_is_complete_and_tells_the_same_as_the_evidence(models: Models, first: bool) -> None:
    found = compare(models.challenger, None if first else models.champion, EVALUATION, BOUND)
    names = ["challenger", *([] if first else ["champion"]), "seasonal_naive"]
    table = found.table
    assert list(table.columns) == ["origin", "date", "step", "actual", *names]
    assert len(table) == found.window.origins * found.window.horizon
    assert not table.isna().any().any()
    assert not table.duplicated(["origin", "step"]).any()
    values = series()
    assert table["actual"].tolist() == values[table["date"]].tolist()
    assert (table["date"] - table["origin"] == pd.to_timedelta(table["step"], unit="D")).all()
    assert str(table["date"].min().date()) == found.window.start
    assert str(table["date"].max().date()) == found.window.end
    assert table["origin"].min() == table["date"].min() - pd.Timedelta(days=1)
    for name in names:
        evidence = getattr(found.evidence, name)
        squares = (table[name] - table["actual"]) ** 2
        assert evidence.rmse == pytest.approx(np.sqrt(squares.mean()))
        assert evidence.loss_by_origin == pytest.approx(squares.groupby(table["origin"]).mean().tolist())
        assert evidence.rmse_by_step == pytest.approx(np.sqrt(squares.groupby(table["step"]).mean()).tolist())
        metrics = found.metrics[name]
        assert metrics is not None
        assert metrics["bias"] == pytest.approx((table[name] - table["actual"]).mean())
        assert evidence.finite
    assert found.metrics["champion"] == (None if first else found.evidence.champion and found.evidence.champion.metrics)
    assert (found.evidence.champion is None) == first


def test_weekdays_are_those_of_the_dates_forecast(models: Models) -> None:
    found = compare(models.challenger, None, EVALUATION, BOUND)
    errors = (found.table["challenger"] - found.table["actual"]) ** 2
    by_day = errors.groupby(found.table["date"].dt.day_name()).mean().pow(0.5)
    assert found.evidence.challenger.rmse_by_weekday == pytest.approx(by_day.to_dict())


def test_the_scale_of_mase_is_from_before_the_window(comparison: Comparison) -> None:
    before = series().to_numpy()[: ROWS - EVALUATION.window]
    scale = np.mean(np.abs(before[7:] - before[:-7]))
    metrics = comparison.evidence.challenger.metrics
    assert metrics["mae"] is not None
    assert metrics["mase"] == pytest.approx(metrics["mae"] / scale)


def test_seasonal_naive_in_the_table_is_the_value_a_week_before(comparison: Comparison) -> None:
    table = comparison.table
    week_before = series()[table["date"] - pd.Timedelta(days=7)]
    assert table["seasonal_naive"].tolist() == week_before.tolist()


def test_what_is_scored_is_what_is_deployed(models: Models, comparison: Comparison) -> None:
    """The parameters of the challenger, its state filtered up to each origin."""
    first = comparison.table["origin"].min()
    own = replace(models.challenger, values=series()[:first].asfreq("D")).forecast()
    scored = comparison.table[comparison.table["origin"] == first]
    np.testing.assert_allclose(scored["challenger"], own["mean"], rtol=1e-8)


def test_a_challenger_that_was_estimated_inside_the_window_is_refused_by_its_dates(models: Models) -> None:
    index = series().index
    for position in (-42, -20, -1):
        leaking = replace(models.challenger, estimated_through=index[position].isoformat())
        with pytest.raises(ModelError, match="inside the window") as caught:
            compare(leaking, models.champion, EVALUATION, BOUND)
        assert index[position].date().isoformat() in str(caught.value)
        assert index[-42].date().isoformat() in str(caught.value)
    compare(replace(models.challenger, estimated_through=index[-43].isoformat()), None, EVALUATION, BOUND)


def test_a_longer_window_than_the_challenger_was_trained_for_is_refused(models: Models) -> None:
    with pytest.raises(ModelError, match="inside the window of 43"):
        compare(models.challenger, None, EvaluationConfig(horizon=7, window=43), BOUND)


@pytest.mark.parametrize(
    ("rows", "season_length", "named"),
    [(42, None, "no more than the window of 42"), (49, None, "seasonal naive needs 8"), (60, 30, "needs 31")],
)
def test_a_series_too_short_for_window_and_season_is_refused(rows: int, season_length: int | None, named: str) -> None:
    short = Forecaster(
        (1, 0, 0), (0, 0, 0, 0), "n", False, {"ar.L1": 0.5, "sigma2": 1.0}, series(rows), "2013-01-01", True
    )
    evaluation = EvaluationConfig(horizon=7, window=42, season_length=season_length)
    with pytest.raises(ModelError, match=named):
        compare(short, None, evaluation, BOUND)


def test_a_champion_with_older_parameters_is_scored_with_them(models: Models, comparison: Comparison) -> None:
    assert not comparison.re_estimated
    expected = compare(replace(models.champion, values=series()), None, EVALUATION, BOUND).evidence.challenger
    assert comparison.evidence.champion == expected


def test_a_champion_that_has_seen_the_window_is_estimated_anew_before_it(models: Models) -> None:
    values = series()
    seen = replace(
        models.champion,
        params={"const": 0.0, "ma.L1": -0.9, "sigma2": 1.0},
        values=values,
        estimated_through=values.index[-30].isoformat(),
    )
    found = compare(models.challenger, seen, EVALUATION, BOUND)
    assert found.re_estimated
    anew = trained(POOR, values)
    assert found.evidence.champion == compare(anew, None, EVALUATION, BOUND).evidence.challenger
    assert "champion" in found.table.columns


def test_a_champion_that_cannot_be_estimated_anew_beats_nobody_and_is_beaten_by_nobody(models: Models) -> None:
    champion = replace(models.challenger, estimated_through=series().index[-1].isoformat())
    found = compare(models.challenger, champion, EVALUATION, 1)
    assert not found.re_estimated
    (reason,) = found.evidence.incomparable
    assert "did not converge in 1 iterations; raise model.max_iterations" in reason
    assert decide(found.evidence, POLICY).verdict == "REJECT"
    assert ruling(models.challenger, champion).verdict == "HOLD"  # where it converges it is the challenger's equal


def test_a_champion_that_cannot_be_fitted_anew_is_incomparable(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    def loglike(*_args: object, **_kwargs: object) -> float:
        raise np.linalg.LinAlgError("LU decomposition error.")

    champion = replace(models.champion, estimated_through=series().index[-1].isoformat())
    monkeypatch.setattr(ARIMA, "loglike", loglike)  # no series is known that makes it fail on every machine
    (reason,) = compare(models.challenger, champion, EVALUATION, BOUND).evidence.incomparable
    assert reason.startswith("the champion's spec, estimated anew before the window, cannot be fitted: LU")
    assert reason.endswith("once the window holds newer observations only")


def test_a_series_that_shares_no_date_with_the_champions_is_rejected(models: Models) -> None:
    later = trained(GOOD, 1000 * series(start="2015-01-01"))
    found = ruling(later, models.champion)
    assert found.verdict == "REJECT"
    assert next(check.name for check in found.checks if not check.passed) == "comparable_data"


def test_the_champion_is_estimated_anew_only_from_the_first_day_of_the_window_on(models: Models) -> None:
    index = series().index
    for position, expected in ((-43, False), (-42, True)):
        champion = replace(models.champion, estimated_through=index[position].isoformat())
        assert compare(models.challenger, champion, EVALUATION, BOUND).re_estimated is expected


def require_incomparable(challenger: Forecaster, champion: Forecaster, *named: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare(challenger, champion, EVALUATION, BOUND)
    (reason,) = found.evidence.incomparable
    assert all(part in reason for part in named)
    assert not found.re_estimated
    assert "champion" not in found.table.columns
    for policy in (
        POLICY,
        GatePolicy(beat_seasonal_naive=False, max_coverage_shortfall=None, max_step_ratio=None, alpha=None),
    ):
        verdict = decide(found.evidence, policy)
        assert verdict.verdict == "REJECT"
        assert "comparable_data" in verdict.summary
        (check,) = (check for check in verdict.checks if check.name == "comparable_data")
        assert check.reason == reason


def test_a_champion_of_another_frequency_is_incomparable(models: Models) -> None:
    weekly = replace(models.champion, values=series(CHAMPION_ROWS, frequency="W-SAT"))
    require_incomparable(models.challenger, weekly, "frequency D", "W-SAT")


def test_a_challenger_with_older_data_than_the_champions_is_incomparable(models: Models) -> None:
    newer = replace(models.champion, values=series(start="2013-01-02"))
    end = series().index[-1]
    require_incomparable(models.challenger, newer, f"ends on {end.date()}", str((end + pd.Timedelta(days=1)).date()))
    same_end = replace(models.champion, values=series())
    assert compare(models.challenger, same_end, EVALUATION, BOUND).evidence.incomparable == ()


def test_a_champion_of_logarithms_is_incomparable_where_values_are_not_positive(models: Models) -> None:
    negative = replace(models.challenger, values=series() - 200)
    logarithmic = replace(models.champion, log=True, params=dict(models.champion.params))
    require_incomparable(negative, logarithmic, "logarithms", "not positive")


def test_a_challenger_that_did_not_converge_is_rejected(models: Models) -> None:
    assert ruling(replace(models.challenger, converged=False), models.champion).verdict == "REJECT"


def test_a_challenger_equal_to_the_champion_is_held(models: Models) -> None:
    found = ruling(models.challenger, models.challenger)
    assert found.verdict == "HOLD"
    assert [check.name for check in found.checks if not check.passed] == ["min_improvement", "diebold_mariano"]


def in_other_units(forecaster: Forecaster, factor: float) -> Forecaster:
    units = {"const": factor, "sigma2": factor**2}
    params = {name: value * units.get(name, 1.0) for name, value in forecaster.params.items()}
    return replace(forecaster, params=params, values=forecaster.values * factor)


def shifted(forecaster: Forecaster, days: int) -> Forecaster:
    by = pd.Timedelta(days=days)
    through = pd.Timestamp(forecaster.estimated_through) + by
    return replace(forecaster, values=forecaster.values.shift(freq=by), estimated_through=through.isoformat())


PAIRS = [("challenger", "champion"), ("champion", "challenger"), ("challenger", "challenger")]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_the_unit_of_the_series_does_not_change_the_verdict(
    models: Models, ours: str, theirs: str, factor: float
) -> None:
    one, other = (replace(getattr(models, name), values=series()) for name in (ours, theirs))
    before, after = ruling(one, other), ruling(in_other_units(one, factor), in_other_units(other, factor))
    assert before.verdict == after.verdict
    assert [check.passed for check in before.checks] == [check.passed for check in after.checks]
    for old, new in zip(before.checks, after.checks, strict=True):
        if old.name != "beats_seasonal_naive" and old.value is not None:
            assert new.value == pytest.approx(old.value, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("days", [-3640, -1, 1, 7, 366])
def test_the_date_at_which_the_series_starts_does_not_change_the_verdict(
    models: Models, ours: str, theirs: str, days: int
) -> None:
    one, other = (replace(getattr(models, name), values=series()) for name in (ours, theirs))
    policy = GatePolicy(max_weekday_ratio=1.5)
    before = ruling(one, other, policy)
    after = ruling(shifted(one, days), shifted(other, days), policy)
    if days % 7:  # other weekdays: the same numbers under other names
        assert before.verdict == after.verdict
        assert [check.value for check in before.checks] == [check.value for check in after.checks]
    else:
        assert before == after


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("spec", [GOOD, DIFFERENCED], ids=lambda spec: spec.name)
def test_the_unit_does_not_change_the_verdict_on_models_estimated_in_that_unit(
    models: Models, spec: ModelSpec, factor: float
) -> None:
    before = ruling(trained(spec, series()), models.champion)
    other = Models(trained(POOR, factor * series(CHAMPION_ROWS)), trained(spec, factor * series()))
    after = ruling(other.challenger, other.champion)
    assert before.verdict == after.verdict == "PROMOTE"
    for old, new in zip(before.checks, after.checks, strict=True):
        scale = factor if old.name == "beats_seasonal_naive" else 1.0
        assert new.value == pytest.approx(None if old.value is None else scale * old.value, rel=2e-3, abs=2e-3 * scale)
    held = ruling(replace(other.champion, values=factor * series()), other.challenger)
    assert held.verdict == ruling(replace(models.champion, values=series()), trained(spec, series())).verdict


def test_without_a_champion_the_guardrails_decide(models: Models) -> None:
    assert ruling(models.challenger, None).verdict == "PROMOTE"
    assert ruling(replace(models.champion, values=series()), None).verdict == "REJECT"


def test_a_season_without_usual_length_may_be_set(models: Models) -> None:
    evaluation = EvaluationConfig(horizon=7, window=42, season_length=14)
    table = compare(models.challenger, None, evaluation, BOUND).table
    assert table["seasonal_naive"].tolist() == series()[table["date"] - pd.Timedelta(days=14)].tolist()
