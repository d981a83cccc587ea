"""From evidence and a policy to one of three verdicts: a pure function, so that a decision can be replayed.

PROMOTE: the challenger earned it. HOLD: not proven better, the champion stays. REJECT: a guardrail failed, by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from forecastops.core.strict import StrictRecord
from forecastops.gate import guardrails, superiority
from forecastops.gate.check import Check
from forecastops.gate.evidence import Evidence, ModelEvidence, finite_or_none
from forecastops.gate.notice import Notice
from forecastops.gate.policy import GatePolicy

__all__ = ["Grounds", "Ruling", "Verdict", "decide", "excuses"]

Verdict = Literal["PROMOTE", "HOLD", "REJECT"]
Grounds = Literal[
    "guardrails_failed",
    "unscored_champion",
    "champion_files_gone",
    "no_champion",
    "nothing_compared",
    "unproven",
    "better",
    "better_excused",
]


class Ruling(StrictRecord):
    """The verdict, the checks it rests on, and what a person should know besides."""

    verdict: Verdict = Field(description="PROMOTE, HOLD or REJECT.")
    grounds: Grounds = Field(description="Why this verdict.")
    because: tuple[str, ...] = Field(description="The checks that it is because of, or in spite of where excused.")
    checks: tuple[Check, ...] = Field(description="Every check that the policy switches on.")
    notices: tuple[Notice, ...] = Field(description="What did not decide, but should be known.")


def decide(evidence: Evidence, policy: GatePolicy) -> Ruling:
    """Judge ``evidence`` by ``policy``. Never PROMOTE on a number that is missing or not finite."""
    rails = tuple(_guardrails(evidence, policy))
    comparisons = tuple(_comparisons(evidence, policy))
    excused = excuses(evidence, policy)
    failed = tuple(check.name for check in rails + comparisons if not check.passed)
    blocking = tuple(check.name for check in rails if check.name in failed and check.name not in excused)
    unproven = tuple(check.name for check in comparisons if check.name in failed and check.name not in excused)
    verdict, grounds = _verdict(evidence, policy, blocking, unproven, compared=bool(comparisons))
    because = blocking or (unproven if grounds == "unproven" else ())
    if verdict == "PROMOTE" and failed:
        grounds, because = "better_excused", failed
    notices = list[Notice]()
    for name, notice in excused.items():
        if name in failed and notice not in notices:
            notices.append(notice)
    if verdict == "PROMOTE":
        notices += _reservations(evidence, policy)
    return Ruling(verdict=verdict, grounds=grounds, because=because, checks=rails + comparisons, notices=tuple(notices))


def _verdict(
    evidence: Evidence,
    policy: GatePolicy,
    blocking: tuple[str, ...],
    unproven: tuple[str, ...],
    *,
    compared: bool,
) -> tuple[Verdict, Grounds]:
    if blocking:
        return "REJECT", "guardrails_failed"
    if evidence.unscored:
        # It passes every guardrail, the floor among them, and there is nothing else to compare it with.
        replaced: Verdict = "PROMOTE" if policy.legacy_champion == "seasonal_naive" else "HOLD"
        return replaced, "champion_files_gone" if evidence.gone else "unscored_champion"
    if evidence.champion is None:
        return "PROMOTE", "no_champion"
    if not compared:
        return "HOLD", "nothing_compared"
    return ("HOLD", "unproven") if unproven else ("PROMOTE", "better")


def _guardrails(evidence: Evidence, policy: GatePolicy) -> Iterator[Check]:
    yield guardrails.comparable_data(evidence, policy.max_revised_share)
    if policy.plausible_data:
        yield guardrails.plausible_data(evidence)
    yield guardrails.converged(evidence)
    if policy.max_start_gap is not None:
        yield guardrails.start_gap(evidence, policy.max_start_gap)
    yield guardrails.finite(evidence)
    if policy.beat_seasonal_naive or evidence.unscored:
        yield guardrails.seasonal_naive_floor(evidence)
    if policy.max_coverage_shortfall is not None:
        yield guardrails.interval_coverage(evidence, policy.max_coverage_shortfall)
    if policy.max_step_ratio is not None:
        yield guardrails.worst_step(evidence, policy.max_step_ratio)
    if evidence.champion is not None:
        yield from _relative(evidence, evidence.champion, policy)


def _relative(evidence: Evidence, champion: ModelEvidence, policy: GatePolicy) -> Iterator[Check]:
    """Tell whether a change makes a part worse that is good now."""
    if policy.max_bias_share is not None:
        yield guardrails.bias(evidence, champion, policy.max_bias_share, policy.max_bias_growth)
    if policy.max_weekday_ratio is not None:
        yield guardrails.worst_weekday(evidence, champion, policy.max_weekday_ratio)
    if policy.max_recent_ratio is not None:
        origins, bound = policy.recent_origins, policy.max_recent_ratio
        yield guardrails.recent_origins(evidence, champion, origins, bound)


def _comparisons(evidence: Evidence, policy: GatePolicy) -> Iterator[Check]:
    """Yield the comparisons: less is asked of the same specification with newer data than of another."""
    if evidence.champion is None:
        return
    if evidence.same_spec and policy.same_spec_improvement is not None:
        yield superiority.newer_data(evidence)
        bound = policy.same_spec_improvement
        yield superiority.min_improvement(evidence, evidence.champion, bound, policy.half_life)
        return
    if policy.min_improvement is not None:
        yield superiority.min_improvement(evidence, evidence.champion, policy.min_improvement, policy.half_life)
    if policy.alpha is not None:
        yield superiority.diebold_mariano(evidence, evidence.champion, policy.alpha, policy.half_life)


def _reservations(evidence: Evidence, policy: GatePolicy) -> Iterator[Notice]:
    """Yield what a person who reads the plain scores would ask about a promotion."""
    yield from _large_bias(evidence, policy)
    ours, theirs = evidence.challenger.rmse, evidence.champion.rmse if evidence.champion else None
    if ours is not None and theirs is not None and ours > theirs:
        yield Notice(code="worse_over_the_window", ours=ours, theirs=theirs)


def _large_bias(evidence: Evidence, policy: GatePolicy) -> Iterator[Notice]:
    """Yield a bias that is large and did not grow."""
    bound, bias, rmse = policy.max_bias_share, evidence.challenger.metrics.get("bias"), evidence.challenger.rmse
    if evidence.champion is None or bound is None or policy.max_bias_growth == 1 or bias is None or not rmse:
        return
    if abs(bias) > bound * rmse:
        yield Notice(code="large_bias", ours=bias, share=finite_or_none(abs(bias) / rmse))


def excuses(evidence: Evidence, policy: GatePolicy) -> dict[str, Notice]:
    """Return checks that do not decide although they may fail, and why.

    A guardrail that keeps a champion which is worse by that very guardrail raises the error that it is to bound. So
    does one about single steps or the bias that keeps a champion which is clearly worse over the whole window.
    """
    champion, challenger = evidence.champion, evidence.challenger
    if champion is None:
        return {}
    excused = _clearly_better(evidence, champion, policy)
    floor = evidence.seasonal_naive.rmse
    if champion.rmse is not None and floor is not None and champion.rmse > floor:
        excused[guardrails.FLOOR] = Notice(code="floor_excused", theirs=champion.rmse)
    bound = policy.max_coverage_shortfall
    ours, theirs = (model.coverage_shortfall(evidence.levels) for model in (challenger, champion))
    if bound is None or ours is None or theirs is None or theirs <= bound or ours > theirs:
        return excused
    excused[guardrails.INTERVAL_COVERAGE] = Notice(code="coverage_excused", ours=ours, theirs=theirs)
    return excused


def _clearly_better(evidence: Evidence, champion: ModelEvidence, policy: GatePolicy) -> dict[str, Notice]:
    """Return the checks that do not count where another specification is clearly better over the whole window."""
    bound = policy.clear_improvement
    if bound is None or evidence.same_spec:
        return {}
    gain = superiority.min_improvement(evidence, champion, bound, policy.half_life)
    if not gain.passed:
        return {}
    notice = Notice(code="clearly_better", share=gain.value)
    return {check.name: notice for check in _outweighed(evidence, champion, policy) if check.value is not None}


def _outweighed(evidence: Evidence, champion: ModelEvidence, policy: GatePolicy) -> Iterator[Check]:
    """Yield the guardrails that a clear improvement outweighs.

    Not the newest origins, which may show that it is over; nor weekdays, since who asks for these means them.
    """
    if policy.max_step_ratio is not None:
        yield guardrails.worst_step(evidence, policy.max_step_ratio)
    if policy.max_bias_share is not None:
        yield guardrails.bias(evidence, champion, policy.max_bias_share, policy.max_bias_growth)
