from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.arima.model import ARIMA

from forecastops.core.errors import ModelError
from forecastops.data.series import Series
from forecastops.forecasting.config import Evaluation, EvaluationConfig, ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster
from forecastops.forecasting.likelihood import Likelihood
from forecastops.gate.comparison import Comparison, compare
from forecastops.gate.data_checks import judge_data, revised_share
from forecastops.gate.decision import Ruling, decide
from forecastops.gate.evidence import Obstacle
from forecastops.gate.policy import GatePolicy
from forecastops.reporting.sentences.obstacles import obstacle_sentence

EVALUATION = EvaluationConfig(horizon=7, window=42).resolved("D")
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


def trained(spec: ModelSpec, values: pd.Series[float], evaluation: Evaluation = EVALUATION) -> Forecaster:
    found = estimate(values.iloc[: -evaluation.window], spec)
    judged = Fit((found.member,), found.estimated_through, found.converged, found.start_gap)
    return Forecaster(judged, values, horizon=evaluation.horizon, levels=evaluation.levels)


def refitted(forecaster: Forecaster, **changes: Any) -> Forecaster:
    """With these changes to its one fit."""
    return replace(forecaster, judged=replace(forecaster.judged, **changes))


def with_member(forecaster: Forecaster, **changes: Any) -> Forecaster:
    """With these changes to its one member."""
    (member,) = forecaster.judged.members
    return refitted(forecaster, members=(replace(member, **changes),))


def serving(forecaster: Forecaster, **changes: Any) -> Forecaster:
    """With parameters that serve, estimated on everything; ``changes`` tell them from the judged ones."""
    (member,) = forecaster.judged.members
    through = str(forecaster.values.index[-1].date())
    return replace(forecaster, served=Fit((replace(member, **changes),), through, True))


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
        leaking = refitted(models.challenger, estimated_through=index[position].isoformat())
        with pytest.raises(ModelError, match="inside the window") as caught:
            compare(leaking, models.champion, EVALUATION, BOUND)
        assert index[position].date().isoformat() in str(caught.value)
        assert index[-42].date().isoformat() in str(caught.value)
    compare(refitted(models.challenger, estimated_through=index[-43].isoformat()), None, EVALUATION, BOUND)


def test_a_longer_window_than_the_challenger_was_trained_for_is_refused(models: Models) -> None:
    with pytest.raises(ModelError, match="inside the window of 43"):
        compare(models.challenger, None, EVALUATION.model_copy(update={"window": 43}), BOUND)


@pytest.mark.parametrize(
    ("rows", "season_length", "named"),
    [(42, None, "no more than the window of 42"), (49, None, "seasonal naive needs 8"), (60, 30, "needs 31")],
)
def test_a_series_too_short_for_window_and_season_is_refused(rows: int, season_length: int | None, named: str) -> None:
    member = Arima((1, 0, 0), (0, 0, 0, 0), "n", False, {"ar.L1": 0.5, "sigma2": 1.0})
    short = Forecaster(Fit((member,), "2013-01-01", True), series(rows))
    evaluation = EvaluationConfig(horizon=7, window=42, season_length=season_length).resolved("D")
    with pytest.raises(ModelError, match=named):
        compare(short, None, evaluation, BOUND)


def test_a_champion_with_older_parameters_is_scored_with_them(models: Models, comparison: Comparison) -> None:
    assert not comparison.re_estimated
    expected = compare(replace(models.champion, values=series()), None, EVALUATION, BOUND).evidence.challenger
    assert comparison.evidence.champion == expected


def test_a_champion_that_has_seen_the_window_is_estimated_anew_before_it(models: Models) -> None:
    values = series()
    elsewhere = with_member(models.champion, params={"const": 0.0, "ma.L1": -0.9, "sigma2": 1.0})
    seen = refitted(replace(elsewhere, values=values), estimated_through=values.index[-30].isoformat())
    found = compare(models.challenger, seen, EVALUATION, BOUND)
    assert found.re_estimated
    anew = trained(POOR, values)
    assert found.evidence.champion == compare(anew, None, EVALUATION, BOUND).evidence.challenger
    assert "champion" in found.table.columns


def test_a_champion_that_cannot_be_estimated_anew_beats_nobody_and_is_beaten_by_nobody(models: Models) -> None:
    champion = refitted(models.challenger, estimated_through=series().index[-1].isoformat())
    found = compare(models.challenger, champion, EVALUATION, 1)
    assert not found.re_estimated
    assert found.evidence.incomparable == (Obstacle(code="re_estimation_stopped", iterations=1, bound=1),)
    assert "raise model.max_iterations" in obstacle_sentence(found.evidence.incomparable[0])
    assert decide(found.evidence, POLICY).verdict == "REJECT"
    assert ruling(models.challenger, champion).verdict == "HOLD"  # where it converges it is the challenger's equal


def test_a_champion_that_cannot_be_fitted_anew_is_incomparable(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    def loglike(*_args: object, **_kwargs: object) -> float:
        raise np.linalg.LinAlgError("LU decomposition error.")

    champion = refitted(models.champion, estimated_through=series().index[-1].isoformat())
    # No series is known that makes both searches fail on every machine.
    monkeypatch.setattr(Likelihood, "at", loglike)
    monkeypatch.setattr(ARIMA, "loglike", loglike)
    (obstacle,) = compare(models.challenger, champion, EVALUATION, BOUND).evidence.incomparable
    assert obstacle.code == "cannot_be_re_estimated"
    assert str(obstacle.detail).startswith("cannot be fitted: LU")
    assert str(obstacle.detail) in obstacle_sentence(obstacle)


def test_a_series_that_shares_no_date_with_the_champions_is_rejected(models: Models) -> None:
    later = trained(GOOD, 1000 * series(start="2015-01-01"))
    found = ruling(later, models.champion)
    assert found.verdict == "REJECT"
    assert next(check.name for check in found.checks if not check.passed) == "comparable_data"


def test_the_champion_is_estimated_anew_only_from_the_first_day_of_the_window_on(models: Models) -> None:
    index = series().index
    for position, expected in ((-43, False), (-42, True)):
        champion = refitted(models.champion, estimated_through=index[position].isoformat())
        assert compare(models.challenger, champion, EVALUATION, BOUND).re_estimated is expected


def require_incomparable(challenger: Forecaster, champion: Forecaster, *named: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare(challenger, champion, EVALUATION, BOUND)
    (obstacle,) = found.evidence.incomparable
    assert all(part in obstacle_sentence(obstacle) for part in named)
    assert not found.re_estimated
    assert "champion" not in found.table.columns
    for policy in (
        POLICY,
        GatePolicy(beat_seasonal_naive=False, max_coverage_shortfall=None, max_step_ratio=None, alpha=None),
    ):
        verdict = decide(found.evidence, policy)
        assert verdict.verdict == "REJECT"
        assert "comparable_data" in verdict.because
        (check,) = (check for check in verdict.checks if check.name == "comparable_data")
        assert (check.code, check.obstacles) == ("incomparable", (obstacle,))


def test_a_champion_of_another_frequency_is_incomparable(models: Models) -> None:
    weekly = replace(models.champion, values=series(CHAMPION_ROWS, frequency="W-SAT"))
    require_incomparable(models.challenger, weekly, "frequency D", "W-SAT")


def test_a_challenger_with_older_data_than_the_champion_was_estimated_on_is_incomparable(models: Models) -> None:
    end = series().index[-1]
    later = end + pd.Timedelta(days=1)
    newer = refitted(replace(models.champion, values=series(start="2013-01-02")), estimated_through=str(later.date()))
    require_incomparable(models.challenger, newer, f"ends on {end.date()}", str(later.date()))
    same_end = refitted(models.champion, estimated_through=str(end.date()))
    assert compare(models.challenger, same_end, EVALUATION, BOUND).evidence.incomparable == ()


def test_a_champion_of_logarithms_is_incomparable_where_values_are_not_positive(models: Models) -> None:
    negative = replace(models.challenger, values=series() - 200)
    logarithmic = with_member(models.champion, log=True)
    require_incomparable(negative, logarithmic, "logarithms", "not positive")


def test_a_challenger_that_did_not_converge_is_rejected(models: Models) -> None:
    assert ruling(refitted(models.challenger, converged=False), models.champion).verdict == "REJECT"


def test_a_challenger_equal_to_the_champion_is_held(models: Models) -> None:
    equal = serving(models.challenger)
    found = ruling(equal, equal)
    assert found.verdict == "HOLD"
    assert [check.name for check in found.checks if not check.passed] == ["newer_data", "min_improvement"]
    other = ruling(equal, equal, GatePolicy(same_spec_improvement=None))
    assert other.verdict == "HOLD"
    assert [check.name for check in other.checks if not check.passed] == ["min_improvement", "diebold_mariano"]


def in_other_units(forecaster: Forecaster, factor: float) -> Forecaster:
    units = {"const": factor, "sigma2": factor**2}
    params = {name: value * units.get(name, 1.0) for name, value in forecaster.judged.members[0].params.items()}
    return replace(with_member(forecaster, params=params), values=forecaster.values * factor)


def shifted(forecaster: Forecaster, days: int) -> Forecaster:
    by = pd.Timedelta(days=days)
    through = pd.Timestamp(forecaster.judged.estimated_through) + by
    moved = replace(forecaster, values=forecaster.values.shift(freq=by))
    return refitted(moved, estimated_through=through.isoformat())


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
        assert (new.value is None) == (old.value is None)
        if old.value is not None:
            assert new.value == pytest.approx(scale * old.value, rel=2e-3, abs=2e-3 * scale)
    held = ruling(replace(other.champion, values=factor * series()), other.challenger)
    assert held.verdict == ruling(replace(models.champion, values=series()), trained(spec, series())).verdict


def test_without_a_champion_the_guardrails_decide(models: Models) -> None:
    assert ruling(models.challenger, None).verdict == "PROMOTE"
    assert ruling(replace(models.champion, values=series()), None).verdict == "REJECT"


def test_a_season_without_usual_length_may_be_set(models: Models) -> None:
    evaluation = EvaluationConfig(horizon=7, window=42, season_length=14).resolved("D")
    table = compare(models.challenger, None, evaluation, BOUND).table
    assert table["seasonal_naive"].tolist() == series()[table["date"] - pd.Timedelta(days=14)].tolist()


# Members and two fits.


def test_what_is_scored_are_the_judged_parameters_of_both(models: Models, comparison: Comparison) -> None:
    nonsense = {"ar.L1": -0.9, "ma.S.L7": 0.9, "sigma2": 1.0}
    challenger = serving(models.challenger, params=nonsense)
    champion = serving(models.champion, params={"const": 0.0, "ma.L1": -0.9, "sigma2": 1.0})
    found = compare(challenger, champion, EVALUATION, BOUND)
    assert found.evidence.challenger == comparison.evidence.challenger
    assert found.evidence.champion == comparison.evidence.champion
    assert not found.re_estimated
    with pytest.raises(ModelError, match="inside the window"):
        compare(refitted(challenger, estimated_through="2013-07-01"), champion, EVALUATION, BOUND)


def test_a_mean_of_members_is_scored_as_one_model(models: Models) -> None:
    pair = refitted(models.challenger, members=(*models.challenger.judged.members, *models.champion.judged.members))
    found = compare(pair, models.champion, EVALUATION, BOUND)
    first = compare(models.challenger, models.champion, EVALUATION, BOUND).table
    np.testing.assert_allclose(found.table["challenger"], (first["challenger"] + first["champion"]) / 2, rtol=1e-9)
    assert not found.evidence.same_spec


def test_a_champion_of_several_members_is_estimated_anew_member_by_member(models: Models) -> None:
    both = (*models.challenger.judged.members, *models.champion.judged.members)
    seen = refitted(models.champion, members=both, estimated_through=series().index[-1].isoformat())
    found = compare(models.challenger, seen, EVALUATION, BOUND)
    assert found.re_estimated
    values = series()
    anew = [trained(spec, values) for spec in (GOOD, POOR)]
    tables = [compare(model, None, EVALUATION, BOUND).table["challenger"] for model in anew]
    np.testing.assert_allclose(found.table["champion"], (tables[0] + tables[1]) / 2, rtol=1e-9)


def test_the_start_gap_of_the_judged_parameters_is_in_the_evidence(models: Models) -> None:
    found = compare(serving(refitted(models.challenger, start_gap=2.5)), None, EVALUATION, BOUND)
    assert found.evidence.start_gap == 2.5
    ruling = decide(found.evidence, GatePolicy(max_start_gap=2.0))
    assert (ruling.verdict, ruling.grounds, ruling.because) == ("REJECT", "guardrails_failed", ("start_gap",))
    assert decide(found.evidence, POLICY).verdict == "PROMOTE"


# The same specification.


def test_the_champions_own_specification_is_known_however_it_is_written(models: Models) -> None:
    one, other = models.challenger.judged.members[0], models.champion.judged.members[0]
    written_otherwise = replace(other, trend="c", seasonal_order=(0, 0, 0, 7))
    champion = refitted(models.champion, members=(one, written_otherwise))
    challenger = refitted(models.challenger, members=(other, one))
    assert compare(challenger, champion, EVALUATION, BOUND).evidence.same_spec
    assert not compare(models.challenger, champion, EVALUATION, BOUND).evidence.same_spec
    assert not compare(models.challenger, None, EVALUATION, BOUND).evidence.same_spec


def test_newer_data_are_those_that_end_after_what_the_champion_was_estimated_on(models: Models) -> None:
    end = series().index[-1]
    for through, expected in ((end - pd.Timedelta(days=1), True), (end, False)):
        champion = replace(models.champion.with_data(series()), trained_through=str(through.date()))
        assert compare(models.challenger, champion, EVALUATION, BOUND).evidence.newer_data is expected
    assert compare(models.challenger, None, EVALUATION, BOUND).evidence.newer_data


def test_the_same_specification_is_asked_for_newer_data_and_a_gain(models: Models) -> None:
    champion = serving(trained(GOOD, series(CHAMPION_ROWS)))
    found = ruling(serving(models.challenger), champion)
    asked = {check.name: check for check in found.checks}
    assert asked["newer_data"].passed
    assert asked["min_improvement"].threshold == 0.001
    assert "diebold_mariano" not in asked
    other = {check.name: check for check in ruling(serving(models.challenger), models.champion).checks}
    assert other["min_improvement"].threshold == 0.01
    assert "diebold_mariano" in other
    assert "newer_data" not in other


@pytest.mark.parametrize("spec", [GOOD, POOR], ids=lambda spec: spec.name)
def test_the_same_data_never_promote(spec: ModelSpec) -> None:
    first = serving(trained(spec, series()))
    again = serving(trained(spec, series()), params=first.judged.members[0].params)
    for policy in (POLICY, GatePolicy(same_spec_improvement=0), GatePolicy(same_spec_improvement=None), NOTHING_ASKED):
        assert ruling(again, first, policy).verdict in {"HOLD", "REJECT"}
    assert ruling(again, first).verdict == "HOLD"


NOTHING_ASKED = GatePolicy(
    min_improvement=0, alpha=None, same_spec_improvement=0, beat_seasonal_naive=False, max_coverage_shortfall=None
)


# Missing and interpolated values.


def with_gaps(values: pd.Series[float], *positions: int) -> pd.Series[float]:
    values = values.copy()
    values.iloc[list(positions)] = np.nan
    return values


GAPS = (-1, -2, -20, -35, -60, -100)


def test_a_missing_value_is_scored_for_no_model(models: Models) -> None:
    holed = replace(models.challenger, values=with_gaps(series(), *GAPS))
    found = compare(holed, models.champion, EVALUATION, BOUND)
    table = found.table
    missing = series().index[[-1, -2, -20, -35]]
    assert table["actual"].isna().tolist() == table["date"].isin(missing).tolist()
    assert found.window.origins == 36
    for name in ("challenger", "champion", "seasonal_naive"):
        assert table[name].notna().all()
        evidence = getattr(found.evidence, name)
        squares = (table[name] - table["actual"]) ** 2
        assert evidence.rmse == pytest.approx(np.sqrt(squares.mean()))
        assert evidence.loss_by_origin == pytest.approx(squares.groupby(table["origin"]).mean().tolist())
        assert evidence.rmse_by_step == pytest.approx(np.sqrt(squares.groupby(table["step"]).mean()).tolist())
        assert evidence.finite
    assert decide(found.evidence, POLICY).verdict == "PROMOTE"


def test_an_interpolated_value_is_scored_for_no_model(models: Models) -> None:
    index = series().index[np.array(GAPS)]
    filled = series()
    filled.iloc[np.array(GAPS)] += 1.0
    holed = replace(models.challenger, values=filled, interpolated=tuple(str(date.date()) for date in index))
    found = compare(holed, models.champion, EVALUATION, BOUND)
    assert found.table["actual"].isna().tolist() == found.table["date"].isin(index).tolist()
    before = with_gaps(series(), *GAPS).to_numpy()[: ROWS - EVALUATION.window]
    metrics = found.evidence.challenger.metrics
    assert metrics["mae"] is not None
    assert metrics["mase"] == pytest.approx(metrics["mae"] / np.nanmean(np.abs(before[7:] - before[:-7])))


def test_an_origin_after_which_nothing_was_observed_is_none(models: Models) -> None:
    values = with_gaps(series(), *range(-30, -20))
    found = compare(replace(models.challenger, values=values), None, EVALUATION, BOUND)
    assert found.window.origins == len(found.evidence.challenger.loss_by_origin) == 36 - 4
    assert found.evidence.challenger.finite
    assert found.evidence.seasonal_naive.finite
    assert len(found.table) == 32 * 7


def test_a_window_of_which_too_little_was_observed_is_refused(models: Models) -> None:
    compare(replace(models.challenger, values=with_gaps(series(), *range(-22, -1))), None, EVALUATION, BOUND)
    with pytest.raises(ModelError, match="has 20 observed values in the window of 42, and 21 are needed"):
        compare(replace(models.challenger, values=with_gaps(series(), *range(-23, -1))), None, EVALUATION, BOUND)
    dates = tuple(str(date.date()) for date in series().index[-23:-1])
    with pytest.raises(ModelError, match="20 observed values"):
        compare(replace(models.challenger, interpolated=dates), None, EVALUATION, BOUND)
    short = EVALUATION.model_copy(update={"window": 10, "horizon": 7})
    with pytest.raises(ModelError, match="has 6 observed values in the window of 10, and 7 are needed"):
        compare(replace(models.challenger, values=with_gaps(series(), *range(-5, -1))), None, short, BOUND)


# Revised history.


def test_history_may_be_revised_by_rounding_or_a_percent_here_and_there(models: Models) -> None:
    champion = models.champion
    values = series()
    percent = values.copy()
    changed = np.random.default_rng(4).choice(CHAMPION_ROWS, CHAMPION_ROWS * 8 // 100, replace=False)
    percent.iloc[changed] *= 1.01
    for revised in (values.round(1), values.round(0), values * (1 + 1e-9), percent):
        assert revised_share(champion, revised, POLICY.revision_tolerance) == 0
        found = ruling(replace(models.challenger, values=revised), champion)
        assert found.verdict == "PROMOTE"
    strict = GatePolicy(revision_tolerance=0)
    assert revised_share(champion, percent, strict.revision_tolerance) == pytest.approx(len(changed) / CHAMPION_ROWS)
    assert revised_share(champion, values * (1 + 1e-9), 0) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda values: 1000 * values,
        lambda values: values / 1000,
        lambda values: 1.2 * values,
        lambda values: values + 20,
        lambda values: values.shift(3).bfill(),
        lambda values: pd.Series(100 + np.random.default_rng(9).normal(scale=9, size=ROWS), values.index),
    ],
    ids=["thousands", "thousandths", "taxed", "moved", "shifted by days", "another column"],
)
def test_another_column_or_unit_is_not_the_same_series(
    models: Models, change: Callable[[pd.Series[float]], pd.Series[float]]
) -> None:
    other = change(series())
    share = revised_share(models.champion, other, POLICY.revision_tolerance)
    assert share is not None
    assert share > 2 * 0.05
    found = compare(trained(GOOD, other), models.champion, EVALUATION, BOUND)
    verdict = decide(found.evidence, POLICY)
    assert verdict.verdict == "REJECT"
    assert "comparable_data" in verdict.because


def test_what_is_missing_or_interpolated_is_not_compared(models: Models) -> None:
    champion, values = models.champion, series()
    holed = with_gaps(values, *range(10, 20))
    assert revised_share(champion, holed, 0) == 0
    dates = tuple(str(date.date()) for date in values.index[10:20])
    moved = values.copy()
    moved.iloc[10:20] += 1000
    assert revised_share(champion, moved, 0.5) == pytest.approx(10 / CHAMPION_ROWS)
    assert revised_share(replace(champion, interpolated=dates), moved, 0.5) == 0
    assert revised_share(champion, Series(moved, filled=dates).observed, 0.5) == 0
    assert revised_share(champion, series(start="2015-01-01"), 0.5) is None


def test_the_tolerance_is_in_the_champions_one_step_errors(models: Models) -> None:
    errors = models.champion.one_step_errors()
    typical = 1.4826 * np.nanmedian(np.abs(errors))
    for size, expected in ((0.49, 0.0), (0.51, 1.0)):
        assert revised_share(models.champion, series() + size * typical, 0.5) == expected


# Implausible newest rows.


def test_newest_rows_that_the_champion_cannot_have_forecast_are_rejected(models: Models) -> None:
    spoilt = series()
    spoilt.iloc[-4] = 5000.0
    challenger = replace(models.challenger, values=spoilt)
    found = compare(challenger, models.champion, EVALUATION, BOUND)
    assert found.evidence.alarm is not None
    assert (found.evidence.alarm.rule, found.evidence.alarm.date) == ("single_error", str(spoilt.index[-4].date()))
    verdict = decide(found.evidence, POLICY)
    assert verdict.verdict == "REJECT"
    assert "plausible_data" in verdict.because
    alone = compare(challenger, None, EVALUATION, BOUND).evidence.alarm  # by its own judged parameters
    assert alone is not None
    assert alone.date == found.evidence.alarm.date
    old = replace(models.champion, values=spoilt)  # the champion has it in its state already
    assert compare(challenger, old, EVALUATION, BOUND).evidence.alarm is None


def test_clean_rows_are_plausible(models: Models, comparison: Comparison) -> None:
    assert comparison.evidence.alarm is None
    assert compare(models.challenger, None, EVALUATION, BOUND).evidence.alarm is None


def test_data_are_judged_by_themselves(models: Models) -> None:
    """Before a renewal, there is no challenger."""

    def outcome(values: pd.Series[float], policy: GatePolicy = POLICY) -> dict[str, bool]:
        return {check.name: check.passed for check in judge_data(models.champion, Series(values), policy)}

    assert outcome(series()) == {"comparable_data": True, "plausible_data": True}
    assert outcome(1000 * series())["comparable_data"] is False
    spoilt = series()
    spoilt.iloc[-1] = 5000.0
    assert outcome(spoilt) == {"comparable_data": True, "plausible_data": False}
    assert outcome(spoilt, GatePolicy(plausible_data=False)) == {"comparable_data": True}
    (older, _) = judge_data(models.champion, Series(series(CHAMPION_ROWS - 1)), POLICY)
    assert not older.passed
    assert older.obstacles == (Obstacle(code="ends_before_state", new="2013-04-29", champions="2013-04-30"),)
    (weekly, _) = judge_data(models.champion, Series(series(frequency="W-SAT")), POLICY)
    assert weekly.obstacles == (Obstacle(code="frequency", new="W-SAT", champions="D"),)
    dates = (str(series().index[-1].date()),)
    filled = judge_data(models.champion, Series(spoilt, filled=dates), POLICY)
    assert [check.passed for check in filled] == [True, True]
