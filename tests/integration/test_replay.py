"""`evaluate --replay`: a logged decision follows from its own numbers, bit for bit, or one line says what differs."""

from __future__ import annotations

import hashlib
import json
import math
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forecastops.gate.decision import decide
from forecastops.gate.policy import GatePolicy
from forecastops.gate.record import Decision
from forecastops.reporting.sentences.checks import needed_of, reason_of
from forecastops.reporting.sentences.decision import decision_record
from workshop import Stage, Workshop


def decision_file(stage: Stage, run_id: str) -> Path:
    """The newest; once the run's model is in production, later looks at it are kept beside the first."""
    folder = Path(str(stage.client.get_run(run_id).info.artifact_uri).removeprefix("file://"))
    return max(folder.glob("decisions/*/decision.json"))


def rewrite(stage: Stage, run_id: str, change: Callable[[Any], object]) -> None:
    """Alter the decision together with its digest, as another version of the gate would have logged it."""
    path = decision_file(stage, run_id)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    stage.client.set_tag(run_id, "forecastops.decision.sha256", digest)


def require_replay(stage: Stage, run_id: str, judged: Any) -> None:
    """The replay gives what `evaluate` gave, says that it is one, and leaves the run as it was."""
    before = stage.client.get_run(run_id).to_dictionary()
    logged = json.loads(decision_file(stage, run_id).read_text())
    replayed = stage.ok("evaluate", "--replay", run_id)
    assert replayed == judged | {"replayed": True, "decided_at": logged["decided_at"]}
    assert stage.client.get_run(run_id).to_dictionary() == before
    shown = stage.workshop.forecastops("evaluate", "--replay", run_id, *stage.options())
    first, *rest = shown.stdout.splitlines()
    assert first == f"{judged['verdict']}: {judged['summary']}"
    assert f"  a replay of what was decided at {logged['decided_at']}, the same bit for bit" in rest
    assert [line.removeprefix("  needed: ") for line in rest if line.startswith("  needed")] == judged["needed"]
    assert shown.stdout.isascii()


def test_every_verdict_replays_without_the_model_and_changes_nothing(workshop: Workshop) -> None:
    stage = workshop.stage("replayed")
    first, second = workshop.first, workshop.second
    judged = stage.evaluate(first)
    assert (judged["verdict"], judged["needed"]) == ("PROMOTE", [])
    model = decision_file(stage, first).parents[2] / "model"
    hidden = model.rename(model.with_name("hidden"))
    try:
        require_replay(stage, first, judged)
    finally:
        hidden.rename(model)
    stage.promote(first)

    judged = stage.evaluate(first)  # against itself
    assert judged["verdict"] == "HOLD"
    newer, margin = judged["needed"]
    losses = json.loads(decision_file(stage, first).read_text())["evidence"]["champion"]["loss_by_origin"]
    weights = [0.5 ** (age / 15) for age in reversed(range(len(losses)))]
    rmse = math.sqrt(sum(map(operator.mul, weights, losses)) / sum(weights))
    assert newer == "data that end later than those that the champion was estimated on"
    assert margin == f"recency-weighted RMSE {rmse * 0.999:.6g} or less (0.1 % below the champion's), it is {rmse:.6g}"
    require_replay(stage, first, judged)
    like_any_other = stage.evaluate(first, "--set", "gate.same_spec_improvement=null")
    margin, proof = like_any_other["needed"]
    assert margin == f"recency-weighted RMSE {rmse * 0.99:.6g} or less (1.0 % below the champion's), it is {rmse:.6g}"
    assert proof == "p at most 0.4, it is not computable"
    require_replay(stage, first, like_any_other)
    assert stage.run("evaluate", "--replay", first, "--require-promote").code == 3

    judged = stage.evaluate(second, "--set", "gate.max_weekday_ratio=0.01")
    assert (judged["verdict"], judged["summary"]) == ("REJECT", "the challenger fails worst_weekday")
    (weekday,) = judged["needed"]
    assert "0.01 of the champion's" in weekday
    assert "or less" in weekday
    require_replay(stage, second, judged)
    strict = ["gate.max_recent_ratio=0.01", "gate.max_bias_share=0.001", "gate.max_step_ratio=0.01"]
    judged = stage.evaluate(second, *(word for setting in strict for word in ("--set", setting)))
    assert judged["verdict"] == "REJECT"
    assert {"recent_origins", "worst_step"} <= {check["name"] for check in judged["checks"] if not check["passed"]}
    assert "recent_origins" in judged["summary"]
    require_replay(stage, second, judged)


def test_a_decision_that_was_altered_or_replays_differently_is_refused(workshop: Workshop) -> None:
    stage, run_id = workshop.stage("differing"), workshop.third
    assert "was not evaluated" in stage.run("evaluate", "--replay", run_id).error
    lenient = ["gate.beat_seasonal_naive=false", "gate.max_step_ratio=null"]  # it is no better than the naive
    judged = stage.evaluate(run_id, *(word for setting in lenient for word in ("--set", setting)))
    assert judged["verdict"] == "PROMOTE"
    path = decision_file(stage, run_id)
    original = path.read_text()
    path.write_text(original.replace('"PROMOTE"', '"HOLD"'))
    refused = stage.run("evaluate", "--replay", run_id)
    assert (refused.code, refused.stdout) == (1, "")
    assert "decision.json is not the one that was logged last" in refused.error

    path.write_text(original)
    worst = json.loads(original)["checks"][-1]

    def other_words(document: Any) -> None:
        """As they may have been before somebody wrote them better."""
        document.update(summary="it is fine", warnings=["beware"])
        for check in document["checks"]:
            check.update(reason="because", needed="more")

    def last_bit(document: Any) -> None:
        document["checks"][-1]["value"] = worst["value"] * (1 + 2**-52)
        document["versions"] |= {"forecastops": "0.0.9"}
        del document["policy"]["recent_origins"]

    rewrite(stage, run_id, other_words)
    require_replay(stage, run_id, judged)

    rewrite(stage, run_id, last_bit)
    differs = stage.run("evaluate", "--replay", run_id)
    assert differs.code == 1
    assert f"check {worst['name']} passed at" in differs.error
    assert repr(worst["value"]) in differs.error
    assert "made by forecastops 0.0.9, this is 0." in differs.error
    assert "its policy does not state recent_origins" in differs.error

    rewrite(stage, run_id, lambda document: document.update(verdict="HOLD"))
    refused = stage.run("promote", "--run-id", run_id)
    assert refused.code == 1
    assert "does not hold together: it says HOLD, and its numbers give PROMOTE" in refused.error
    assert stage.versions() == {}


def test_a_run_is_either_judged_or_replayed(workshop: Workshop) -> None:
    for words in ([], ["--run-id", "a", "--replay", "b"]):
        refused = workshop.forecastops("evaluate", *words)
        assert refused.code == 2
        assert "give either --run-id or --replay" in refused.stderr


# Decisions of an earlier version, whose policy does not state what it did not ask.

# The champion's bias is 0.65 and the challenger's 0.7, 67 % of its RMSE: then it blocked, and now it would not.
EARLIER = """{"run_id": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "model_name": "transactions-forecast", "decided_at":
"2026-11-01T00:00:00+00:00", "verdict": "REJECT", "summary": "the challenger fails bias", "checks": [{"name":
"comparable_data", "passed": true, "value": 0.01, "threshold": 0.05, "reason":
"all models forecast the same observations from the same origins", "needed": ""}, {"name": "converged", "passed":
true, "value": 1.0, "threshold": 1.0, "reason": "the optimiser converged", "needed": ""}, {"name": "finite",
"passed": true, "value": 0.0, "threshold": 0.0, "reason": "all scores are finite numbers", "needed": ""}, {"name":
"beats_seasonal_naive", "passed": true, "value": 1.0378463277383603, "threshold": 2.273955804319864, "reason":
"RMSE 1.03785 against 2.27396 of the seasonal naive", "needed": ""}, {"name": "interval_coverage", "passed": true,
"value": 0.0, "threshold": 0.15, "reason":
"intervals cover (80 %: 80.0 %); none may fall more than 15.0 % below its level", "needed": ""}, {"name":
"worst_step", "passed": true, "value": 0.7693821485894454, "threshold": 1.25, "reason":
"at step 1 RMSE is 0.769 of the champion's, its worst; at most 1.25 is allowed", "needed": ""}, {"name": "bias",
"passed": false, "value": 0.6744736492207053, "threshold": 0.5, "reason":
"bias 0.7, 67.4 % of the RMSE; at most 50.0 % is allowed, or the champion's bias of 0.65", "needed":
"a bias between -0.65 and 0.65, it is 0.7"}, {"name": "recent_origins", "passed": true, "value": 0.7681831757541236,
"threshold": 1.25, "reason": "from the last 7 origins RMSE is 0.768 of the champion's; at most 1.25 is allowed",
"needed": ""}, {"name": "min_improvement", "passed": true, "value": 0.23044915683087774, "threshold": 0.01,
"reason":
"recency-weighted RMSE (half-life 15) 1.02424 against 1.33095 of the champion, 23.0 % lower; \
1.0 % lower is 1.31764 or less",
"needed": ""}, {"name": "diebold_mariano", "passed": true, "value": 0.0196870976865, "threshold": 0.4, "reason":
"one-sided p = 0.02; at most 0.4 is allowed", "needed": ""}], "warnings": [], "metrics": {"challenger": {"rmse":
1.0378463277383603, "mae": 0.83, "mase": 0.9, "bias": 0.7, "coverage_80": 0.8}, "champion": {"rmse":
1.3489347649163765, "mae": 1.079, "mase": 0.9, "bias": 0.65, "coverage_80": 0.8}, "seasonal_naive": {"rmse":
2.273955804319864, "mae": 1.819, "mase": 0.9, "bias": 0.0, "coverage_80": 0.8}}, "champion": {"version": "3",
"run_id": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "re_estimated": false, "recorded": null}, "window": {"start":
"2014-05-01", "end": "2014-05-09", "origins": 8, "horizon": 2}, "data_sha256":
"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "model_sha256":
"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "golden": {"date": ["2014-05-10", "2014-05-11"],
"mean": [1.0, 2.0]}, "policy": {"min_improvement": 0.01, "half_life": 15.0, "alpha": 0.4, "max_revised_share": 0.05,
"beat_seasonal_naive": true, "incumbent": "seasonal_naive", "max_coverage_shortfall": 0.15, "max_step_ratio": 1.25,
"max_weekday_ratio": null, "max_recent_ratio": 1.25, "recent_origins": 7, "max_bias_share": 0.5}, "evidence":
{"horizon": 2, "levels": [80], "challenger": {"metrics": {"rmse": 1.0378463277383603, "mae": 0.83, "mase": 0.9,
"bias": 0.7, "coverage_80": 0.8}, "loss_by_origin": [1.842, 1.094, 1.401, 0.95, 0.699, 0.892, 1.0, 0.739],
"rmse_by_step": [1.0378463277383603, 1.0378463277383603], "rmse_by_weekday": {"Monday": 1.0378463277383603}},
"champion": {"metrics": {"rmse": 1.3489347649163765, "mae": 1.079, "mase": 0.9, "bias": 0.65, "coverage_80": 0.8},
"loss_by_origin": [3.076, 1.91, 2.348, 1.593, 1.19, 1.535, 1.743, 1.162], "rmse_by_step": [1.3489347649163765,
1.3489347649163765], "rmse_by_weekday": {"Monday": 1.3489347649163765}}, "incumbent": false, "seasonal_naive":
{"metrics": {"rmse": 2.273955804319864, "mae": 1.819, "mase": 0.9, "bias": 0.0, "coverage_80": 0.8},
"loss_by_origin": [8.96, 5.251, 6.904, 4.588, 3.09, 4.302, 4.926, 3.346], "rmse_by_step": [2.273955804319864,
2.273955804319864], "rmse_by_weekday": {"Monday": 2.273955804319864}}, "converged": true, "revised_share": 0.01,
"incomparable": []}, "config": {}, "versions": {"forecastops": "0.1.0", "python": "3.11.7"}}
"""
NEW_IN_POLICY = (
    "same_spec_improvement",
    "revision_tolerance",
    "plausible_data",
    "max_start_gap",
    "max_bias_growth",
    "clear_improvement",
)


def test_a_decision_of_an_earlier_version_replays_bit_for_bit() -> None:
    logged = Decision.read(EARLIER.encode())
    ruling = logged.replay()
    document = json.loads(EARLIER)
    assert (logged.verdict, ruling.verdict) == ("REJECT", "REJECT")
    assert (ruling.grounds, ruling.because, ruling.notices) == ("guardrails_failed", ("bias",), ())
    recorded = ("name", "passed", "value", "threshold")
    facts = [tuple(check[key] for key in recorded) for check in document["checks"]]
    for checks in (ruling.checks, logged.checks):
        assert [tuple(getattr(check, key) for key in recorded) for check in checks] == facts
        assert [repr(check.value) for check in checks] == [repr(check["value"]) for check in document["checks"]]
    # The record has sentences only; what they were made of is had from its evidence again.
    assert logged.checks == ruling.checks
    assert [check.name for check in logged.unmet] == ["bias"]
    (bias,) = logged.unmet
    assert (bias.ours, bias.limit, bias.theirs, bias.growth) == (0.7, 0.65, 0.65, 1)
    # Judged anew, by today's defaults, it would be another decision.
    assert decide(logged.evidence, GatePolicy()).verdict == "PROMOTE"


def test_what_an_earlier_version_said_of_the_data_is_said_again() -> None:
    document = json.loads(EARLIER)
    words = ["the new series has frequency D, the champion's W-SAT", "and so on"]
    document["evidence"] |= {"incomparable": words}
    document["checks"][0] |= {"passed": False, "reason": "; ".join(words)}
    logged = Decision.read(json.dumps(document).encode())
    assert [obstacle.detail for obstacle in logged.evidence.incomparable] == words
    assert (logged.checks, logged.verdict) == (logged.replay().checks, "REJECT")
    assert reason_of(logged.checks[0]) == "; ".join(words)
    assert Decision.read(json.dumps(decision_record(logged)).encode()) == logged


def test_a_check_that_replays_otherwise_keeps_what_an_earlier_version_recorded() -> None:
    document = json.loads(EARLIER)
    bias = next(check for check in document["checks"] if check["name"] == "bias")
    bias["value"] *= 1 + 2**-52
    logged = Decision.read(json.dumps(document).encode())
    differing = [check for check in logged.checks if check.code is None]
    assert [(check.name, check.value) for check in differing] == [("bias", bias["value"])]
    assert "0.674474" in reason_of(differing[0])
    assert needed_of(differing[0])


def test_an_earlier_decision_is_read_without_what_was_not_asked_then() -> None:
    policy = Decision.read(EARLIER.encode()).policy
    assert not set(NEW_IN_POLICY) & set(json.loads(EARLIER)["policy"])
    assert (policy.plausible_data, policy.same_spec_improvement, policy.max_bias_growth) == (False, None, 1.0)
    assert policy.max_start_gap is None


@pytest.mark.parametrize("verdict", ["PROMOTE", "HOLD", "REJECT"])
def test_every_verdict_of_an_earlier_version_stands(verdict: str) -> None:
    """What was proven by margin and test stays so, although the evidence now knows of specifications and alarms."""
    document = json.loads(EARLIER)
    shares = {"PROMOTE": (1.0, 0.1), "HOLD": (1.68, 0.1), "REJECT": (1.0, 0.9)}
    factor, bias = shares[verdict]
    ours = document["evidence"]["challenger"]
    ours["loss_by_origin"] = [loss * factor for loss in ours["loss_by_origin"]]
    for name in ("rmse", "bias"):
        ours["metrics"][name] *= math.sqrt(factor)
    ours["metrics"]["bias"] = bias * ours["metrics"]["rmse"]
    ours["rmse_by_step"] = [value * math.sqrt(factor) for value in ours["rmse_by_step"]]
    found = Decision.read(json.dumps(document).encode())
    assert found.replay().verdict == verdict
    names = [check.name for check in found.replay().checks]
    assert "plausible_data" not in names
    assert names[-2:] == ["min_improvement", "diebold_mariano"]


def test_a_decision_of_today_is_read_as_it_states() -> None:
    document = json.loads(EARLIER)
    policy = json.loads(GatePolicy(max_bias_growth=1.1, same_spec_improvement=0.02).model_dump_json())
    found = Decision.read(json.dumps(document | {"policy": policy}).encode())
    assert found.policy == GatePolicy(max_bias_growth=1.1, same_spec_improvement=0.02)
    assert found.replay().verdict == "PROMOTE"
    assert "plausible_data" in [check.name for check in found.replay().checks]
    written = found.model_dump_json(indent=1)
    assert Decision.read(written.encode()) == found


@pytest.mark.parametrize(
    "text", [b"", b"{", b"null", b"[]", b"5", b'"x"', b"{}", b'{"policy": 5}', b"\xff\xfe", b"NaN"]
)
def test_what_is_no_decision_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w{3,}"):
        Decision.read(text)
    with pytest.raises(ValueError, match="Extra inputs"):
        Decision.read(json.dumps(json.loads(EARLIER) | {"more": 1}).encode())
