from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from scipy import stats

from examples import examples
from forecastops.forecasting.metrics import loss_by_origin, mase_scale, rmse_by_step, scores
from forecastops.forecasting.rolling_origin import RollingForecasts
from forecastops.gate.check import Check
from forecastops.gate.decision import Ruling, decide
from forecastops.gate.evidence import AlarmRecord, Evidence, ModelEvidence, Obstacle, finite_or_none
from forecastops.gate.notice import Notice
from forecastops.gate.policy import GatePolicy
from forecastops.gate.superiority import diebold_mariano
from forecastops.reporting.sentences.checks import needed_of, reason_of
from forecastops.reporting.sentences.decision import warnings as warnings_of
from forecastops.reporting.sentences.numbers import percent, ratio, show

Array = npt.NDArray[np.float64]

fixed = examples(100)

HORIZON, ORIGINS, LEVELS = 14, 43, (80, 95)
POLICY = GatePolicy()
ALL_BLOCK = GatePolicy(clear_improvement=None)
ONLY_COMPARISONS = GatePolicy(
    beat_seasonal_naive=False,
    max_coverage_shortfall=None,
    max_step_ratio=None,
    max_recent_ratio=None,
    max_bias_share=None,
    plausible_data=False,
)
SWITCHED_OFF = ONLY_COMPARISONS.model_copy(update={"min_improvement": None, "alpha": None})


def losses(level: float, seed: int = 0, origins: int = ORIGINS) -> Array:
    """Losses around ``level``, as smooth from one origin to the next as overlapping paths make them."""
    shocks = np.random.default_rng(seed).normal(size=origins + HORIZON - 1)
    return np.asarray(level * np.convolve(shocks**2, np.ones(HORIZON) / HORIZON, "valid"), dtype=np.float64)


def model(
    found: Array, coverage: float | None = None, step_shape: Array | None = None, horizon: int = HORIZON
) -> ModelEvidence:
    """Consistent scores of a model with these losses."""
    rmse = float(np.sqrt(np.mean(found)))
    shape = np.ones(horizon) if step_shape is None else step_shape
    by_step = rmse * shape / np.sqrt(np.mean(shape**2))
    covered = {f"coverage_{level}": level / 100 if coverage is None else coverage for level in LEVELS}
    metrics = {"rmse": rmse, "mae": 0.8 * rmse, "mase": 0.9, "bias": 0.01 * rmse} | covered
    return ModelEvidence.of(metrics, found.tolist(), by_step.tolist())


def evidence(
    challenger: ModelEvidence | None = None,
    champion: ModelEvidence | None = None,
    naive: ModelEvidence | None = None,
    *,
    first: bool = False,
    **others: Any,
) -> Evidence:
    """By default a challenger that is better than its champion, which is better than the seasonal naive."""
    found: dict[str, Any] = {
        "horizon": HORIZON,
        "levels": LEVELS,
        "challenger": challenger or model(losses(0.6, seed=1)),
        "champion": None if first else champion or model(losses(1.0, seed=1) + losses(0.1, seed=2)),
        "seasonal_naive": naive or model(losses(2.0, seed=1)),
        "converged": True,
        "revised_share": 0.0,
    }
    return Evidence(**(found | others))


def names(ruling: Ruling, *, passed: bool | None = None) -> list[str]:
    return [check.name for check in ruling.checks if passed is None or check.passed is passed]


def check_of(ruling: Ruling, name: str) -> Check:
    (found,) = (check for check in ruling.checks if check.name == name)
    return found


def told(sentence: str) -> Obstacle:
    """As records hold it that were made before there were facts."""
    return Obstacle(code="told", detail=sentence)


def numbers_in(sentence: str) -> set[str]:
    """As they stand there, whatever the words around them are."""
    return set(re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?", sentence))


GUARDRAILS = [
    "comparable_data",
    "plausible_data",
    "converged",
    "finite",
    "beats_seasonal_naive",
    "interval_coverage",
    "worst_step",
]
AGAINST_A_CHAMPION = ["bias", "recent_origins"]
COMPARISONS = ["min_improvement", "diebold_mariano"]


def test_a_challenger_that_is_proven_better_is_promoted() -> None:
    ruling = decide(evidence(), POLICY)
    assert ruling.verdict == "PROMOTE"
    assert names(ruling) == GUARDRAILS + AGAINST_A_CHAMPION + COMPARISONS
    assert names(ruling, passed=False) == []
    assert (ruling.grounds, ruling.because, ruling.notices) == ("better", (), ())


def test_a_first_model_is_promoted_by_the_guardrails_alone() -> None:
    ruling = decide(evidence(first=True), POLICY)
    assert ruling.verdict == "PROMOTE"
    assert names(ruling) == GUARDRAILS
    assert ruling.grounds == "no_champion"


@pytest.mark.parametrize("floor", [False, True], ids=["floor off", "floor on"])
def test_a_legacy_champion_that_cannot_be_scored_is_replaced_only_above_the_floor(floor: bool) -> None:
    policy = POLICY.model_copy(update={"beat_seasonal_naive": floor})
    ruling = decide(evidence(first=True, legacy_champion=True), policy)
    assert (ruling.verdict, names(ruling)) == ("PROMOTE", GUARDRAILS)
    assert ruling.grounds == "unscored_champion"
    assert check_of(ruling, "comparable_data").reference == "unscored_champion"
    below = decide(evidence(naive=model(losses(0.5, seed=1)), first=True, legacy_champion=True), policy)
    assert (below.verdict, names(below, passed=False)) == ("REJECT", ["beats_seasonal_naive"])


def test_a_legacy_champion_can_be_held_whatever_the_challenger_is() -> None:
    policy = GatePolicy(legacy_champion="hold")
    ruling = decide(evidence(first=True, legacy_champion=True), policy)
    assert (ruling.verdict, names(ruling, passed=False)) == ("HOLD", [])
    assert ruling.grounds == "unscored_champion"
    assert decide(evidence(first=True), policy).verdict == "PROMOTE"
    assert decide(evidence(first=True, legacy_champion=True, converged=False), policy).verdict == "REJECT"


def test_a_legacy_champion_with_scores_is_a_contradiction() -> None:
    with pytest.raises(ValidationError, match="here it has scores"):
        evidence(legacy_champion=True)


def test_a_challenger_that_is_not_proven_better_is_held() -> None:
    barely = model(losses(1.0, seed=1) + losses(0.095, seed=2))
    ruling = decide(evidence(challenger=barely), POLICY)
    assert ruling.verdict == "HOLD"
    assert names(ruling, passed=False) == ["min_improvement"]
    assert (ruling.grounds, ruling.because) == ("unproven", ("min_improvement",))


def lucky_pair() -> tuple[Array, Array]:
    """Losses of a challenger that is better by far at four origins in a row, worse at all others; and a champion's."""
    theirs = losses(1.0, seed=1)
    worst = int(np.argmax(np.convolve(theirs, np.ones(4), "valid")))
    lucky = 1.03 * theirs
    lucky[worst : worst + 4] *= 0.3
    return lucky, theirs


def test_a_challenger_that_may_be_better_by_luck_is_held_where_the_level_is_strict() -> None:
    lucky, theirs = lucky_pair()
    assert lucky.mean() < 0.9 * theirs.mean()
    ruling = decide(evidence(model(lucky), model(theirs)), at_level(POLICY, 0.20))
    assert ruling.verdict == "HOLD"
    assert names(ruling, passed=False) == ["diebold_mariano"]


ALARM = AlarmRecord(rule="single_error", value=30.0, threshold=12.0, date="2014-05-30")
bumpy = np.ones(HORIZON)
bumpy[5] = 4.0
GUARDRAIL_BREACHES: dict[str, Callable[[bool], Evidence]] = {
    "comparable_data": lambda first: evidence(first=first, incomparable=("the series differ",)),
    "plausible_data": lambda first: evidence(first=first, alarm=ALARM),
    "converged": lambda first: evidence(first=first, converged=False),
    "finite": lambda first: evidence(model(losses(0.6, seed=1)).model_copy(update={"loss_by_origin": ()}), first=first),
    "beats_seasonal_naive": lambda first: (
        evidence(naive=model(losses(0.5, seed=1)), first=True)
        if first
        else evidence(model(losses(0.6, seed=1)), model(losses(0.3, seed=1)), model(losses(0.5, seed=1)))
    ),
    "interval_coverage": lambda first: evidence(model(losses(0.6, seed=1), coverage=0.6), first=first),
    "worst_step": lambda first: evidence(model(losses(0.6, seed=1), step_shape=bumpy), first=first),
}


def biased(found: Array, share: float) -> ModelEvidence:
    plain = model(found)
    assert plain.rmse is not None
    return plain.model_copy(update={"metrics": {**plain.metrics, "bias": -share * plain.rmse}})


@pytest.mark.parametrize("first", [False, True], ids=["champion", "first model"])
@pytest.mark.parametrize("name", GUARDRAILS)
def test_every_guardrail_rejects_by_name(name: str, first: bool) -> None:
    ruling = decide(GUARDRAIL_BREACHES[name](first), ALL_BLOCK)
    assert ruling.verdict == "REJECT"
    assert names(ruling, passed=False)[0] == name
    assert ruling.grounds == "guardrails_failed"
    assert name in ruling.because
    assert reason_of(check_of(ruling, name))
    if name != "finite":
        assert names(ruling, passed=False) == [name] or not first


def test_a_challenger_that_is_worse_lately_is_rejected_by_name() -> None:
    lately = np.where(np.arange(ORIGINS) < ORIGINS - 3, 1.0, 9.0)
    ruling = decide(evidence(model(losses(0.5, seed=1) * lately)), POLICY)
    assert ruling.verdict == "REJECT"
    assert "recent_origins" in names(ruling, passed=False)
    assert (ruling.grounds, ruling.because) == ("guardrails_failed", ("recent_origins",))
    earlier = decide(evidence(model(losses(0.5, seed=1) * lately[::-1])), POLICY)
    assert check_of(earlier, "recent_origins").passed


@pytest.mark.parametrize("origins", [1, 5, 20, 60])
def test_as_many_origins_are_recent_as_the_policy_says(origins: int) -> None:
    ours, theirs = losses(0.5, seed=1), losses(1.0, seed=2)
    policy = POLICY.model_copy(update={"recent_origins": origins})
    check = check_of(decide(evidence(model(ours), model(theirs)), policy), "recent_origins")
    assert check.value == pytest.approx(np.sqrt(np.mean(ours[-origins:]) / np.mean(theirs[-origins:])))
    assert (check.code, check.segment) == ("rmse_ratio", min(origins, ORIGINS))


def test_a_promotion_by_recent_origins_says_what_the_whole_window_says() -> None:
    newer = np.arange(ORIGINS) >= ORIGINS - 14
    theirs = losses(1.0, seed=3)
    ours = theirs * np.where(newer, 0.5, 1.4)
    ruling = decide(evidence(model(ours), model(theirs)), POLICY.model_copy(update={"alpha": 0.5}))
    assert ruling.verdict == "PROMOTE"
    (notice,) = ruling.notices
    assert notice.code == "worse_over_the_window"
    assert notice.ours == pytest.approx(np.sqrt(np.mean(ours)))
    assert notice.theirs == pytest.approx(np.sqrt(np.mean(theirs)))
    (warning,) = warnings_of(ruling)
    assert {show(notice.ours, notice.theirs), show(notice.theirs, notice.ours)} <= numbers_in(warning)


def test_without_a_common_date_nothing_shows_that_the_series_is_the_same() -> None:
    ruling = decide(evidence(revised_share=None), POLICY)
    assert (ruling.verdict, names(ruling, passed=False)) == ("REJECT", ["comparable_data"])
    assert check_of(ruling, "comparable_data").code == "no_common_date"
    off = POLICY.model_copy(update={"max_revised_share": None})
    assert decide(evidence(revised_share=None), off).verdict == "PROMOTE"
    assert decide(evidence(first=True, revised_share=None), POLICY).verdict == "PROMOTE"


@pytest.mark.parametrize("gain", [0.00999, 0.0099999, 0.01, 0.01001])
def test_what_just_fails_does_not_read_as_if_it_passed(gain: float) -> None:
    theirs = losses(1.0, seed=1)
    check = check_of(decide(evidence(model(theirs * (1 - gain) ** 2), model(theirs)), POLICY), "min_improvement")
    assert check.passed is (gain >= 0.01)
    assert (check.code, check.half_life) == ("improvement", 15)
    ours, limit = show(check.ours, check.limit), show(check.limit, check.ours)
    assert {ours, limit} <= numbers_in(reason_of(check))
    assert (float(ours) <= float(limit)) is check.passed
    if not check.passed:
        lower, asked = percent(check.value, check.threshold), percent(check.threshold)
        assert {lower.removesuffix(" %"), asked.removesuffix(" %")} <= numbers_in(reason_of(check))
        assert float(lower.removesuffix(" %")) < float(asked.removesuffix(" %"))
        assert {ours, limit} <= numbers_in(needed_of(check))


NEARLY = 1 + 1e-8


@pytest.mark.parametrize("name", ["worst_step", "recent_origins", "beats_seasonal_naive"])
def test_what_a_guardrail_just_fails_reads_so(name: str) -> None:
    ours = losses(0.6, seed=1)
    found, naive = model(ours), model(ours / NEARLY**2)
    champion = model(ours / (1.25 * NEARLY) ** 2) if name == "recent_origins" else model(ours)
    if name == "worst_step":
        at_step = [value or 0.0 for value in found.rmse_by_step]
        at_step[3] /= 1.25 * NEARLY
        champion = champion.model_copy(update={"rmse_by_step": tuple(at_step)})
    if name == "beats_seasonal_naive":
        champion = model(0.9 * ours)  # it clears the floor
    check = check_of(decide(evidence(found, champion, naive), POLICY), name)
    assert not check.passed
    shown, limit = show(check.ours, check.limit), show(check.limit, check.ours)
    assert {shown, limit} <= numbers_in(needed_of(check))
    assert float(shown) > float(limit)
    if name != "beats_seasonal_naive":
        assert check.value is not None
        shown = ratio(check.value, check.threshold)
        assert shown in numbers_in(reason_of(check))
        assert float(shown) > 1.25


def test_a_champion_without_error_cannot_be_improved_on() -> None:
    ruling = decide(evidence(model(losses(0.6, seed=1)), model(np.zeros(ORIGINS))), ONLY_COMPARISONS)
    assert ruling.verdict != "PROMOTE"
    check = check_of(ruling, "min_improvement")
    assert (check.code, check.value, check.theirs) == ("no_improvement", None, 0.0)


def test_a_challenger_that_is_worse_on_one_weekday_is_rejected_where_that_is_asked_for() -> None:
    week = dict.fromkeys(["Friday", "Monday", "Saturday", "Sunday", "Thursday", "Tuesday", "Wednesday"], 1.0)
    ours, theirs = (
        model(level).model_copy(update={"rmse_by_weekday": week | {"Sunday": sunday}})
        for level, sunday in ((losses(0.6, seed=1), 1.6), (losses(1.0, seed=1) + losses(0.1, seed=2), 1.0))
    )
    naive = model(losses(2.0, seed=1)).model_copy(update={"rmse_by_weekday": week})
    assert decide(evidence(ours, theirs, naive), POLICY).verdict == "PROMOTE"
    strict = POLICY.model_copy(update={"max_weekday_ratio": 1.5})
    ruling = decide(evidence(ours, theirs, naive), strict)
    assert (ruling.verdict, names(ruling, passed=False)) == ("REJECT", ["worst_weekday"])
    check = check_of(ruling, "worst_weekday")
    assert (check.segment, check.reference, check.ours, check.theirs) == ("Sunday", "champion", 1.6, 1.0)
    assert check.value == 1.6
    # No weekday to compare is no pass.
    assert decide(evidence(), strict).verdict == "REJECT"
    short = naive.model_copy(update={"rmse_by_weekday": {}})
    assert "finite" in decide(evidence(ours, theirs, short), POLICY).because


def test_a_bias_is_borne_where_the_champion_has_a_larger_one() -> None:
    ours = biased(losses(0.6, seed=1), 0.6)
    theirs = biased(losses(1.0, seed=1) + losses(0.1, seed=2), 0.9)
    assert decide(evidence(ours, theirs), POLICY).verdict == "PROMOTE"
    ruling = decide(evidence(ours), ALL_BLOCK)
    assert (ruling.verdict, names(ruling, passed=False)) == ("REJECT", ["bias"])


def test_a_large_bias_blocks_only_where_it_grew() -> None:
    ours = biased(losses(0.6, seed=1), 0.6)
    assert ours.metrics["bias"] is not None
    for growth, verdict in ((0.5, "PROMOTE"), (1.0, "PROMOTE"), (1.24, "PROMOTE"), (1.26, "REJECT"), (9.0, "REJECT")):
        for sign in (1, -1):
            theirs = model(losses(1.0, seed=1) + losses(0.1, seed=2))
            theirs = theirs.model_copy(
                update={"metrics": {**theirs.metrics, "bias": sign * ours.metrics["bias"] / growth}}
            )
            ruling = decide(evidence(ours, theirs), ALL_BLOCK)
            assert ruling.verdict == verdict
            if verdict == "PROMOTE":
                (notice,) = ruling.notices
                assert (notice.code, notice.ours) == ("large_bias", ours.metrics["bias"])
                assert notice.share == pytest.approx(0.6)
            else:
                assert (ruling.grounds, ruling.because) == ("guardrails_failed", ("bias",))
                check = check_of(ruling, "bias")
                assert (check.growth, check.theirs) == (1.25, theirs.metrics["bias"])
                assert check.ours is not None
                assert check.limit is not None
                assert check.ours < -check.limit < 0
                shown = show(-check.limit, check.ours), show(check.limit, -check.ours), show(check.ours, -check.limit)
                assert set(shown) <= numbers_in(needed_of(check))
    small = biased(losses(0.6, seed=1), 0.4)
    assert decide(evidence(small), POLICY).notices == ()
    strict = POLICY.model_copy(update={"max_bias_growth": 1.0})
    theirs = biased(losses(0.6, seed=1) / 1.1, 0.6)
    ours = biased(losses(0.6, seed=1) / 1.2, 0.7)
    assert check_of(decide(evidence(ours, theirs), POLICY), "bias").passed
    assert not check_of(decide(evidence(ours, theirs), strict), "bias").passed


OUTWEIGHED = {
    "worst_step": lambda: model(losses(0.5, seed=1), step_shape=np.where(np.arange(HORIZON) == 0, 3.0, 0.8)),
    "bias": lambda: biased(losses(0.6, seed=1), 0.6),
}


@pytest.mark.parametrize("name", OUTWEIGHED)
def test_another_specification_that_is_clearly_better_may_be_biased_or_worse_at_a_step(name: str) -> None:
    ours = OUTWEIGHED[name]()
    ruling = decide(evidence(ours), POLICY)
    assert (ruling.verdict, ruling.grounds, ruling.because) == ("PROMOTE", "better_excused", (name,))
    (notice,) = [notice for notice in ruling.notices if notice.code == "clearly_better"]
    gain = check_of(ruling, "min_improvement").value
    assert notice.share == gain
    assert gain is not None
    assert any(f"{percent(gain)} lower" in sentence for sentence in warnings_of(ruling))
    for bound in (None, gain + 0.01):
        policy = POLICY.model_copy(update={"clear_improvement": bound})
        ruling = decide(evidence(ours), policy)
        assert (ruling.verdict, ruling.because) == ("REJECT", (name,))
    assert decide(evidence(ours, same_spec=True), POLICY).verdict == "REJECT"


def test_a_clear_improvement_excuses_no_number_that_is_missing_and_no_other_guardrail() -> None:
    perfect_step = model(losses(1.0, seed=1), step_shape=np.where(np.arange(HORIZON) == 0, 0.0, 1.0))
    assert decide(evidence(model(losses(0.1, seed=1)), perfect_step), POLICY).because == ("worst_step",)
    ours = uncovered(losses(0.3, seed=1), 0.5)
    assert decide(evidence(ours), POLICY).because == ("interval_coverage",)


def uncovered(found: Array, coverage: float) -> ModelEvidence:
    return model(found, coverage=coverage)


def test_failed_intervals_of_the_champion_are_no_proof() -> None:
    lucky, theirs = lucky_pair()
    for coverage in (None, 0.6):
        held = decide(evidence(model(lucky), model(theirs, coverage)), at_level(POLICY, 0.20))
        assert (held.verdict, names(held, passed=False)) == ("HOLD", ["diebold_mariano"])


# The same specification, estimated on newer data.


def same_spec(gain: float, **others: Any) -> Evidence:
    """A champion, and its own specification that is better at every origin by this share of its RMSE."""
    theirs = losses(1.0, seed=1)
    return evidence(model(theirs * (1 - gain) ** 2), model(theirs), same_spec=True, **others)


@pytest.mark.parametrize(
    ("gain", "passed"), [(0.0, False), (0.00099, False), (0.00101, True), (0.002, True), (0.02, True), (-0.01, False)]
)
def test_the_same_specification_needs_a_gain_and_no_test(gain: float, passed: bool) -> None:
    ruling = decide(same_spec(gain), POLICY)
    assert ruling.verdict == ("PROMOTE" if passed else "HOLD")
    assert names(ruling) == [*GUARDRAILS, *AGAINST_A_CHAMPION, "newer_data", "min_improvement"]
    assert names(ruling, passed=False) == ([] if passed else ["min_improvement"])
    other = decide(same_spec(gain).model_copy(update={"same_spec": False}), POLICY)
    assert other.verdict == ("PROMOTE" if gain == 0.02 else "HOLD")
    assert check_of(other, "min_improvement").threshold == 0.01


def test_the_same_specification_must_have_learnt_from_newer_data() -> None:
    ruling = decide(same_spec(0.5, newer_data=False), POLICY)
    assert (ruling.verdict, names(ruling, passed=False)) == ("HOLD", ["newer_data"])
    check = check_of(ruling, "newer_data")
    assert (check.code, check.value, check.threshold) == ("no_newer_data", 0.0, 1.0)
    assert needed_of(check)
    assert decide(same_spec(0.5).model_copy(update={"same_spec": False, "newer_data": False}), POLICY).verdict != "HOLD"


def test_the_same_specification_is_judged_like_any_other_where_the_policy_says_so() -> None:
    policy = POLICY.model_copy(update={"same_spec_improvement": None})
    ruling = decide(same_spec(0.005, newer_data=False), policy)
    assert names(ruling) == GUARDRAILS + AGAINST_A_CHAMPION + COMPARISONS
    assert ruling.verdict == "HOLD"


def test_the_same_specification_must_pass_the_guardrails() -> None:
    for name, others in (("converged", {"converged": False}), ("plausible_data", {"alarm": ALARM})):
        ruling = decide(same_spec(0.5, **others), POLICY)
        assert (ruling.verdict, names(ruling, passed=False)) == ("REJECT", [name])


@pytest.mark.parametrize("bound", [0.0, 0.001, 0.3])
def test_an_equal_of_the_same_specification_is_never_promoted(bound: float) -> None:
    policy = POLICY.model_copy(update={"same_spec_improvement": bound})
    assert decide(same_spec(0.0), policy).verdict == "HOLD"


# The data.


@pytest.mark.parametrize("rule", ["first_zero", "single_error", "median_error", "constant_run"])
@pytest.mark.parametrize("first", [False, True])
def test_implausible_newest_rows_reject_and_say_which(rule: Any, first: bool) -> None:
    alarm = AlarmRecord(rule=rule, value=30.0, threshold=12.0, date="2014-05-30")
    ruling = decide(evidence(first=first, alarm=alarm), POLICY)
    assert (ruling.verdict, names(ruling, passed=False)) == ("REJECT", ["plausible_data"])
    check = check_of(ruling, "plausible_data")
    assert (check.value, check.threshold) == (30.0, 12.0)
    assert (check.code, check.segment) == (rule, "2014-05-30")
    assert "2014-05-30" in reason_of(check)
    assert "--accept-data" in needed_of(check)


def test_plausible_newest_rows_pass() -> None:
    check = check_of(decide(evidence(), POLICY), "plausible_data")
    assert (check.passed, check.value, check.code, needed_of(check)) == (True, None, "plausible", "")


@pytest.mark.parametrize(("share", "passed"), [(0.0, True), (0.05, True), (0.0501, False), (1.0, False)])
def test_a_share_of_dates_may_be_revised(share: float, passed: bool) -> None:
    ruling = decide(evidence(revised_share=share), POLICY)
    check = check_of(ruling, "comparable_data")
    assert (check.passed, check.value, check.threshold) == (passed, share, 0.05)
    assert ruling.verdict == ("PROMOTE" if passed else "REJECT")


@pytest.mark.parametrize(("gap", "passed"), [(0.0, True), (2.0, True), (2.0001, False), (None, False)])
def test_starts_that_end_far_apart_reject_where_that_is_asked_for(gap: float | None, passed: bool) -> None:
    found = evidence(start_gap=gap)
    assert "start_gap" not in names(decide(found, POLICY))
    ruling = decide(found, POLICY.model_copy(update={"max_start_gap": 2.0}))
    check = check_of(ruling, "start_gap")
    assert (check.passed, check.value, check.threshold) == (passed, gap, 2.0)
    assert ruling.verdict == ("PROMOTE" if passed else "REJECT")
    assert bool(needed_of(check)) is not passed
    if gap and not passed:
        shown = show(check.value, check.threshold)
        assert {shown, f"{check.threshold:g}"} <= numbers_in(reason_of(check))
        assert float(shown) > 2.0


EQUAL_WEIGHTS = POLICY.model_copy(update={"half_life": None})


def test_recent_origins_weigh_more_in_the_margin() -> None:
    early, theirs = np.where(np.arange(ORIGINS) < ORIGINS // 2, 1.0, 0.0), losses(1.0, seed=3)
    for ours, better in ((theirs * (1.1 - 0.2 * early), False), (theirs * (0.9 + 0.2 * early), True)):
        found = evidence(model(ours), model(theirs))
        weighted = check_of(decide(found, POLICY), "min_improvement")
        alike = check_of(decide(found, EQUAL_WEIGHTS), "min_improvement")
        assert weighted.passed is better
        weights = np.power(0.5, np.arange(ORIGINS)[::-1] / 15)
        assert weighted.value == pytest.approx(1 - np.sqrt(np.sum(weights * ours) / np.sum(weights * theirs)))
        assert alike.value == pytest.approx(1 - np.sqrt(np.mean(ours) / np.mean(theirs)))
        assert (weighted.half_life, alike.half_life) == (15, None)
        assert reason_of(weighted) != reason_of(alike)
        p_values = {check_of(decide(found, policy), "diebold_mariano").value for policy in (POLICY, EQUAL_WEIGHTS)}
        assert len(p_values) == 2


def test_failed_intervals_do_not_block_where_the_champions_fail_further() -> None:
    ruling = decide(
        evidence(uncovered(losses(0.6, seed=1), 0.7), uncovered(losses(1.0, seed=1) + losses(0.1, seed=2), 0.6)),
        POLICY,
    )
    assert (ruling.verdict, names(ruling, passed=False)) == ("PROMOTE", ["interval_coverage"])
    assert (ruling.grounds, ruling.because) == ("better_excused", ("interval_coverage",))
    (notice,) = ruling.notices
    assert notice.code == "coverage_excused"
    assert [notice.ours, notice.theirs] == pytest.approx([0.25, 0.35])


def test_several_failed_guardrails_are_all_named() -> None:
    ruling = decide(evidence(model(losses(9.0), coverage=0.1), first=True, converged=False), POLICY)
    assert ruling.verdict == "REJECT"
    failed = names(ruling, passed=False)
    assert {"converged", "beats_seasonal_naive", "interval_coverage"} <= set(failed)
    assert ruling.grounds == "guardrails_failed"
    assert set(failed) == set(ruling.because)


FLOOR = model(losses(1.0, seed=1))


def test_the_floor_blocks_where_the_champion_clears_it() -> None:
    ruling = decide(evidence(model(losses(1.1, seed=1)), model(losses(0.99, seed=1)), FLOOR), POLICY)
    assert ruling.verdict == "REJECT"
    assert "beats_seasonal_naive" in ruling.because
    assert ruling.notices == ()


def test_the_floor_does_not_block_but_warns_where_the_champion_fails_it_and_the_challenger_is_proven_better() -> None:
    champion = model(losses(2.0, seed=1) + losses(0.1, seed=2))
    ruling = decide(evidence(model(losses(1.1, seed=1)), champion, FLOOR), POLICY)
    assert ruling.verdict == "PROMOTE"
    assert names(ruling, passed=False) == ["beats_seasonal_naive"]
    assert [notice.code for notice in ruling.notices] == ["floor_excused"]


def test_a_challenger_below_the_floor_is_held_where_the_champion_fails_it_and_nothing_is_proven() -> None:
    champion = model(losses(1.105, seed=1) + losses(0.001, seed=2))
    ruling = decide(evidence(model(losses(1.1, seed=1)), champion, FLOOR), POLICY)
    assert ruling.verdict == "HOLD"
    assert len(ruling.notices) == 1


def test_the_floor_blocks_where_the_champion_is_exactly_at_it() -> None:
    ruling = decide(evidence(model(losses(1.1, seed=1)), FLOOR, FLOOR), POLICY)
    assert ruling.verdict == "REJECT"


def test_a_model_exactly_at_the_floor_clears_it() -> None:
    assert decide(evidence(FLOOR, naive=FLOOR, first=True), POLICY).verdict == "PROMOTE"


SWITCHES = {
    "plausible_data": {"plausible_data": False},
    "beats_seasonal_naive": {"beat_seasonal_naive": False},
    "interval_coverage": {"max_coverage_shortfall": None},
    "bias": {"max_bias_share": None},
    "worst_step": {"max_step_ratio": None},
    "recent_origins": {"max_recent_ratio": None},
    "min_improvement": {"min_improvement": None},
    "diebold_mariano": {"alpha": None},
}


@pytest.mark.parametrize("name", list(SWITCHES))
def test_a_check_that_is_switched_off_neither_shows_nor_blocks(name: str) -> None:
    policy = GatePolicy(**SWITCHES[name])  # type: ignore[arg-type]
    assert names(decide(evidence(), policy)) == [
        other for other in GUARDRAILS + AGAINST_A_CHAMPION + COMPARISONS if other != name
    ]
    if breach := GUARDRAIL_BREACHES.get(name):
        assert name not in names(decide(breach(True), policy))
        assert decide(breach(True), policy).verdict == "PROMOTE"
        assert decide(breach(True), POLICY).verdict == "REJECT"


def test_with_every_comparison_off_the_champion_stays() -> None:
    ruling = decide(evidence(), SWITCHED_OFF)
    assert ruling.verdict == "HOLD"
    assert ruling.grounds == "nothing_compared"
    assert names(ruling) == ["comparable_data", "converged", "finite"]
    assert decide(evidence(first=True), SWITCHED_OFF).verdict == "PROMOTE"


# Properties. All numbers below come from tables of errors, so that a model's scores are consistent.


def from_errors(errors: Array, scale: float) -> ModelEvidence:
    """Scores of a model that errs so, shape (origins, horizon), and takes its errors for standard normal ones."""
    zero = np.zeros_like(errors)
    bounds = {level: stats.norm.ppf(0.5 + level / 200) for level in LEVELS}
    forecasts = RollingForecasts(
        errors, {k: errors - v for k, v in bounds.items()}, {k: errors + v for k, v in bounds.items()}
    )
    return ModelEvidence.of(scores(zero, forecasts, scale), loss_by_origin(zero, errors), rmse_by_step(zero, errors))


def simulated(seed: int, origins: int, horizon: int, ours: float, theirs: float, factor: float = 1.0) -> Evidence:
    """A challenger, a champion and a seasonal naive with errors of these sizes, in units of ``1 / factor``."""
    random = np.random.default_rng(seed)
    shared = random.normal(size=(origins, horizon))

    def errs(size: float) -> ModelEvidence:
        table = size * (0.8 * shared + 0.6 * random.normal(size=(origins, horizon)))
        found = from_errors(table, 1.0)
        if factor == 1.0:
            return found
        in_units = {"rmse": factor, "mae": factor, "bias": factor}
        return ModelEvidence.of(
            {name: (value or 0.0) * in_units.get(name, 1.0) for name, value in found.metrics.items()},
            [(value or 0.0) * factor**2 for value in found.loss_by_origin],
            [(value or 0.0) * factor for value in found.rmse_by_step],
        )

    challenger, champion, naive = errs(ours), errs(theirs), errs(1.0)
    return Evidence(
        horizon=horizon,
        levels=LEVELS,
        challenger=challenger,
        champion=champion,
        seasonal_naive=naive,
        converged=True,
        revised_share=0.0,
        start_gap=1.0,
        same_spec=bool(seed % 2),
    )


seeds = st.integers(0, 100_000)
sizes = st.floats(0.5, 1.3)
shapes = st.sampled_from([(43, 14), (60, 1), (30, 7), (5, 2), (14, 14), (2, 14), (1, 1)])
policies = st.builds(
    GatePolicy,
    min_improvement=st.none() | st.floats(0, 0.5),
    half_life=st.none() | st.floats(3, 100),
    alpha=st.none() | st.floats(0.001, 0.5),
    beat_seasonal_naive=st.booleans(),
    max_coverage_shortfall=st.none() | st.floats(0, 0.9),
    max_step_ratio=st.none() | st.floats(0.5, 5),
    max_weekday_ratio=st.none() | st.floats(0.5, 5),
    max_recent_ratio=st.none() | st.floats(0.5, 5),
    recent_origins=st.integers(1, 60),
    max_bias_share=st.none() | st.floats(0.01, 2),
    max_bias_growth=st.floats(1, 5),
    clear_improvement=st.none() | st.floats(0.001, 0.9),
    same_spec_improvement=st.none() | st.floats(0, 0.5),
    plausible_data=st.booleans(),
    max_start_gap=st.none() | st.floats(0.1, 5),
    legacy_champion=st.sampled_from(["seasonal_naive", "hold"]),
)


@examples(200)
@given(seeds, shapes, sizes, sizes, policies)
def test_challenger_and_champion_never_both_replace_each_other(
    seed: int, shape: tuple[int, int], ours: float, theirs: float, policy: GatePolicy
) -> None:
    found = simulated(seed, *shape, ours, theirs)
    assert found.champion is not None
    swapped = found.model_copy(update={"challenger": found.champion, "champion": found.challenger})
    assert [decide(found, policy).verdict, decide(swapped, policy).verdict].count("PROMOTE") < 2


@fixed
@given(seeds, shapes, sizes, policies)
def test_a_challenger_equal_to_the_champion_is_never_promoted(
    seed: int, shape: tuple[int, int], size: float, policy: GatePolicy
) -> None:
    found = simulated(seed, *shape, size, size)
    assert decide(found.model_copy(update={"champion": found.challenger}), policy).verdict in {"HOLD", "REJECT"}


def test_a_challenger_equal_to_the_champion_is_held_by_the_default_policy() -> None:
    found = evidence()
    assert decide(found.model_copy(update={"champion": found.challenger}), POLICY).verdict == "HOLD"


@examples(200)
@given(seeds, shapes, sizes, sizes, policies)
def test_the_unit_of_the_data_does_not_matter(
    seed: int, shape: tuple[int, int], ours: float, theirs: float, policy: GatePolicy
) -> None:
    one, thousand = (decide(simulated(seed, *shape, ours, theirs, factor), policy) for factor in (1.0, 1000.0))
    assert one.verdict == thousand.verdict
    assert [check.passed for check in one.checks] == [check.passed for check in thousand.checks]
    assert [notice.code for notice in one.notices] == [notice.code for notice in thousand.notices]
    assert [notice.share for notice in one.notices] == pytest.approx([notice.share for notice in thousand.notices])


@fixed
@given(seeds, shapes, sizes, sizes, policies, st.booleans())
def test_evidence_and_policy_replay_from_json_to_the_same_ruling(
    seed: int, shape: tuple[int, int], ours: float, theirs: float, policy: GatePolicy, damaged: bool
) -> None:
    found = simulated(seed, *shape, ours, theirs)
    if damaged:
        found = found.model_copy(update={"champion": None, "incomparable": (told("the data differ"),)})
    ruling = decide(found, policy)
    again = decide(
        Evidence.model_validate_json(found.model_dump_json()), GatePolicy.model_validate_json(policy.model_dump_json())
    )
    assert again == ruling
    assert again.model_dump_json() == ruling.model_dump_json()
    assert Ruling.model_validate_json(ruling.model_dump_json()) == ruling


ELSEWHERE = """
import sys
from pathlib import Path
from forecastops.gate.decision import decide
from forecastops.gate.evidence import Evidence
from forecastops.gate.policy import GatePolicy
for line in Path(sys.argv[1]).read_text().splitlines():
    print(decide(Evidence.model_validate_json(line), GatePolicy(alpha=0.3)).model_dump_json())
"""


def test_a_ruling_replays_bit_for_bit_on_another_processor(tmp_path: Path) -> None:
    """BLAS and numpy choose their code by the processor; what they would do on an older one can be asked for."""
    many = [simulated(seed, *shape, 0.9, 1.0) for seed in range(50) for shape in ((43, 14), (60, 1), (91, 14), (30, 7))]
    file = tmp_path / "evidence"
    file.write_text("".join(found.model_dump_json() + "\n" for found in many))
    here = [decide(found, GatePolicy(alpha=0.3)).model_dump_json() for found in many]
    older = {
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2",
    }
    for environment in ({}, older):
        command = [sys.executable, "-W", "ignore", "-c", ELSEWHERE, str(file)]
        found = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
        assert found.stdout.splitlines() == here


ROLES = ["challenger", "champion", "seasonal_naive"]
METRICS = ["rmse", "mae", "mase", "bias", "coverage_80", "coverage_95"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("policy", [POLICY, SWITCHED_OFF, ONLY_COMPARISONS], ids=["default", "off", "comparisons"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "missing"])
@pytest.mark.parametrize("place", [*METRICS, "loss_by_origin", "rmse_by_step"])
def test_a_number_that_is_missing_or_not_finite_never_promotes(
    role: str, first: bool, policy: GatePolicy, bad: Any, place: str
) -> None:
    if first and role == "champion":
        return
    found = evidence(first=first)
    metrics: dict[str, Any] = dict(getattr(found, role).metrics)
    rows: dict[str, list[Any]] = {
        name: list(getattr(getattr(found, role), name)) for name in ("loss_by_origin", "rmse_by_step")
    }
    target: Any = rows.get(place, metrics)
    key: Any = 3 if place in rows else place
    if bad == "missing":
        del target[key]
    else:
        target[key] = finite_or_none(bad) if bad is not None else None
    damaged = ModelEvidence(
        metrics=metrics, loss_by_origin=tuple(rows["loss_by_origin"]), rmse_by_step=tuple(rows["rmse_by_step"])
    )
    ruling = decide(found.model_copy(update={role: damaged}), policy)
    assert ruling.verdict == "REJECT"
    assert "finite" in ruling.because
    if place == "loss_by_origin" and bad != "missing" and role in ("challenger", "champion"):
        assert all(check.value is None for check in ruling.checks if check.name in COMPARISONS)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["metrics", "loss_by_origin", "rmse_by_step"])
def test_evidence_cannot_even_hold_a_number_that_is_not_finite(place: str, bad: float) -> None:
    numbers: dict[str, Any] = {"metrics": {"rmse": 1.0}, "loss_by_origin": (1.0,), "rmse_by_step": (1.0,)}
    with pytest.raises(ValidationError, match="finite"):
        ModelEvidence(**(numbers | {place: {"rmse": bad} if place == "metrics" else (bad,)}))
    kept = ModelEvidence.of({"rmse": bad}, [bad], [bad])
    assert (kept.rmse, kept.loss_by_origin, kept.rmse_by_step, kept.finite) == (None, (None,), (None,), False)


number = st.none() | st.floats(allow_nan=False, allow_infinity=False)
model_evidence = st.builds(
    ModelEvidence,
    metrics=st.dictionaries(st.sampled_from(METRICS), number),
    loss_by_origin=st.lists(number, max_size=6).map(tuple),
    rmse_by_step=st.lists(number, max_size=4).map(tuple),
)


@examples(300)
@given(
    st.builds(
        Evidence,
        horizon=st.integers(1, 4),
        levels=st.lists(st.sampled_from(LEVELS), max_size=2).map(tuple),
        challenger=model_evidence,
        champion=st.none() | model_evidence,
        seasonal_naive=model_evidence,
        converged=st.booleans(),
        start_gap=number,
        revised_share=number,
        same_spec=st.booleans(),
        newer_data=st.booleans(),
        alarm=st.none() | st.just(ALARM),
        incomparable=st.lists(st.text(), max_size=1).map(tuple),
    ),
    policies,
    st.booleans(),
)
def test_any_evidence_gets_a_ruling_and_incomplete_evidence_is_rejected(
    found: Evidence, policy: GatePolicy, legacy_champion: bool
) -> None:
    found = found.model_copy(update={"legacy_champion": legacy_champion and found.champion is None})
    ruling = decide(found, policy)
    if found.legacy_champion and not check_of(ruling, "beats_seasonal_naive").passed:
        assert ruling.verdict == "REJECT"
    models = [entry for entry in (found.challenger, found.champion, found.seasonal_naive) if entry is not None]
    complete = all(
        None not in entry.metrics.values()
        and set(entry.metrics) >= {"rmse", "mae", "mase", "bias", *(f"coverage_{level}" for level in found.levels)}
        and None not in entry.loss_by_origin
        and len(entry.loss_by_origin) == len(found.challenger.loss_by_origin) > 0
        and None not in entry.rmse_by_step
        and len(entry.rmse_by_step) == found.horizon
        for entry in models
    )
    implausible = policy.plausible_data and found.alarm is not None
    if not complete or not found.converged or found.incomparable or implausible:
        assert ruling.verdict == "REJECT"


@pytest.mark.parametrize("theirs", [0.0, 1e-300])
def test_a_ratio_beyond_all_numbers_rejects_and_does_not_crash(theirs: float) -> None:
    champion = model(losses(1.0, seed=1)).model_copy(update={"rmse_by_step": (theirs,) * HORIZON})
    challenger = model(losses(0.6, seed=1)).model_copy(update={"rmse_by_step": (1e300,) * HORIZON})
    ruling = decide(evidence(challenger, champion), POLICY)
    assert ruling.verdict == "REJECT"
    assert check_of(ruling, "worst_step").value is None


@fixed
@given(seeds, sizes, sizes, policies, st.booleans(), st.booleans())
def test_without_convergence_or_comparable_data_nothing_is_promoted(
    seed: int, ours: float, theirs: float, policy: GatePolicy, converged: bool, first: bool
) -> None:
    found = simulated(seed, 43, 14, ours, theirs)
    reasons = (told("the challenger's series is older"),) if converged else ()
    update = {"converged": converged, "incomparable": reasons} | ({"champion": None} if first else {})
    ruling = decide(found.model_copy(update=update), policy)
    assert ruling.verdict == "REJECT"
    check = check_of(ruling, "comparable_data")
    assert check.obstacles == reasons
    assert all(str(reason.detail) in reason_of(check) for reason in reasons)


# Diebold-Mariano.


def of_losses(ours: Array, theirs: Array, horizon: int) -> tuple[Evidence, ModelEvidence]:
    champion = model(theirs, horizon=horizon)
    return (
        evidence(model(ours, horizon=horizon), champion, model(theirs, horizon=horizon), horizon=horizon),
        champion,
    )


@fixed
@given(seeds, st.sampled_from([(43, 14), (30, 1), (20, 5), (15, 14), (200, 7)]), st.floats(0.7, 1.4))
def test_what_one_side_proves_the_other_has_against_it(seed: int, shape: tuple[int, int], ratio: float) -> None:
    origins, horizon = shape
    random = np.random.default_rng(seed)
    theirs, ours = random.exponential(size=origins), ratio * random.exponential(size=origins)
    check = diebold_mariano(*of_losses(ours, theirs, horizon), 0.10)
    swapped = diebold_mariano(*of_losses(theirs, ours, horizon), 0.10)
    assert check.value is not None
    assert swapped.value is not None
    assert check.value + swapped.value == pytest.approx(1)
    assert check.passed == (check.value <= 0.10)
    assert (check.value < 0.5) == (ours.mean() < theirs.mean())


def test_the_test_is_students_where_paths_do_not_overlap() -> None:
    """One step, four transforms, by its definition; that it holds its level is simulated below."""
    random = np.random.default_rng(3)
    difference = random.normal(0.2, 1, size=32)
    theirs, ours = 3 + difference, np.full(32, 3.0)
    waves = [difference @ np.cos(np.pi * k * (np.arange(32) + 0.5) / 32) * math.sqrt(2 / 32) for k in range(1, 5)]
    t = difference.mean() / math.sqrt(np.mean(np.square(waves)) / 32)
    check = diebold_mariano(*of_losses(ours, theirs, 1), 0.10)
    assert check.value == pytest.approx(stats.t.sf(t, 4))


def test_losses_that_are_not_lower_prove_nothing_at_any_level() -> None:
    found, champion = of_losses(losses(1.1, seed=1), losses(1.0, seed=1), HORIZON)
    check = diebold_mariano(found, champion, 0.999)
    assert check.value is not None
    assert check.value > 0.5
    assert not check.passed


@pytest.mark.parametrize("gap", [0.0, 0.5])
def test_a_constant_difference_of_losses_has_no_test(gap: float) -> None:
    found, champion = of_losses(losses(1.0, seed=1), losses(1.0, seed=1) + gap, HORIZON)
    check = diebold_mariano(found, champion, 0.10)
    assert (check.passed, check.value) == (False, None)


@pytest.mark.parametrize("horizon", [1, 2, 7, 14])
@pytest.mark.parametrize("factor", [1e-300, 1.0, 1e300])
def test_too_few_origins_prove_nothing_and_never_crash(horizon: int, factor: float) -> None:
    random = np.random.default_rng(0)
    for origins in range(1, horizon + 3):
        theirs = factor * (1 + random.exponential(size=origins))
        found, champion = of_losses(theirs * random.uniform(0.1, 0.3, size=origins), theirs, horizon)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check = diebold_mariano(found, champion, 0.10)
        assert check.passed == (check.value is not None and check.value <= 0.10)
        if origins <= horizon:  # every path overlaps every other
            assert check.value is None
        assert decide(found, POLICY).verdict in {"PROMOTE", "HOLD"}


PAIRS = 1000


def three_errors_above(rate: float) -> float:
    return rate + 3 * math.sqrt(rate * (1 - rate) / PAIRS)


def overlapping(noise: Array) -> Array:
    """Errors of each origin's path, shape (origins, horizon), from one row of noise: as paths overlap."""
    return np.lib.stride_tricks.sliding_window_view(noise, HORIZON)


def unrelated(random: np.random.Generator) -> tuple[Array, Array]:
    """Errors of two models that have nothing in common."""
    ours, theirs = (overlapping(random.normal(size=ORIGINS + HORIZON - 1)) for _ in range(2))
    return ours, theirs


def related(random: np.random.Generator) -> tuple[Array, Array]:
    """As real forecasts have them: most of both models' errors is what neither could know."""
    ahead, smooth = overlapping(random.normal(size=ORIGINS + HORIZON - 1)), np.ones(7) / 7
    ours, theirs = (
        ahead + 0.5 * np.convolve(random.normal(size=ORIGINS + 6), smooth, "valid")[:, None] for _ in range(2)
    )
    return ours, theirs


def re_estimated(random: np.random.Generator) -> tuple[Array, Array]:
    """Errors of one spec, AR(1), by least squares: on the 252 values before the window, and on 252 long before.

    Nothing has changed, and neither has seen more than the other. In units of the deviation of each step's error.
    """
    rows = 504 + 28 * int(random.integers(0, 12))
    phi, noise = random.uniform(0.2, 0.95), random.normal(size=rows + ORIGINS + HORIZON - 1)
    values = np.zeros(len(noise))
    for now in range(1, len(values)):
        values[now] = phi * values[now - 1] + noise[now]
    actual, before = overlapping(values[rows:]), values[rows - 1 : rows - 1 + ORIGINS, None]
    steps = np.arange(1, HORIZON + 1)

    def errors(seen: Array) -> Array:
        slope, constant = np.polyfit(seen[:-1], seen[1:], 1)
        level = constant / (1 - slope)
        found = level + slope**steps * (before - level) - actual
        return np.asarray(found / np.sqrt((1 - phi ** (2 * steps)) / (1 - phi**2)))

    return errors(values[rows - 252 : rows]), errors(values[:252])


def at_level(policy: GatePolicy, alpha: float) -> GatePolicy:
    return policy.model_copy(update={"alpha": alpha})


@pytest.mark.simulation
@pytest.mark.parametrize("errors", [unrelated, related, re_estimated])
def test_of_a_thousand_equals_no_more_pass_than_the_level_says(
    errors: Callable[[np.random.Generator], tuple[Array, Array]],
) -> None:
    """By the test, and by the whole gate, whose excuses must not undo it."""
    counts = {alpha: {"test": 0, "gate": 0} for alpha in (0.05, 0.10, 0.20, 0.40)}
    for pair in range(PAIRS):
        ours, theirs = (from_errors(table, 1.0) for table in errors(np.random.default_rng(pair)))
        found = evidence(ours, theirs, model(losses(9.0)))
        for alpha, count in counts.items():
            ruling = decide(found, at_level(POLICY, alpha))
            count["test"] += check_of(ruling, "diebold_mariano").passed
            count["gate"] += ruling.verdict == "PROMOTE"
    for alpha, count in counts.items():
        assert count["test"] / PAIRS <= three_errors_above(alpha)
        assert count["test"] / PAIRS >= alpha / 4  # a test that rejects nothing would hold its level, too
        assert count["gate"] <= count["test"]
    assert counts[0.40]["gate"] > PAIRS / 10  # nor do the guardrails keep all equals from passing
    assert POLICY.alpha in counts


@pytest.mark.simulation
@pytest.mark.parametrize("half_life", [3, 15])
def test_the_weighted_test_holds_its_level(half_life: float) -> None:
    """At a short half-life, too, where weights in the wrong place would double it."""
    passed = dict.fromkeys((0.05, 0.10, 0.20), 0)
    for pair in range(PAIRS):
        ours, theirs = (loss_by_origin(np.zeros_like(table), table) for table in unrelated(np.random.default_rng(pair)))
        found, champion = of_losses(ours, theirs, HORIZON)
        p_value = diebold_mariano(found, champion, 0.10, half_life).value
        assert p_value is not None
        for alpha in passed:
            passed[alpha] += p_value <= alpha
    for alpha, number in passed.items():
        assert alpha / 2 <= number / PAIRS <= three_errors_above(alpha)


def records() -> list[type[BaseModel]]:
    return [Check, Ruling, Evidence, ModelEvidence, AlarmRecord, Obstacle, Notice]


@pytest.mark.parametrize("record", records(), ids=lambda record: record.__name__)
def test_records_are_frozen_closed_and_described(record: type[BaseModel]) -> None:
    assert record.model_config["frozen"]
    assert record.model_config["extra"] == "forbid"
    assert all(field.description for field in record.model_fields.values())


def test_the_scale_of_mase_may_be_missing_without_a_crash() -> None:
    zero = np.zeros((3, 2))
    found = scores(zero, RollingForecasts(zero, {}, {}), mase_scale(np.ones(20), 7))
    assert ModelEvidence.of(found, [0.0], [0.0]).metrics["mase"] is None
