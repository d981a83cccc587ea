"""From evidence and a policy to one of three verdicts: a pure function, so that a decision can be replayed.

PROMOTE: the challenger earned it. HOLD: not proven better, the champion stays. REJECT: a guardrail failed, by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from forecastops.gate import checks
from forecastops.gate.checks import Check
from forecastops.gate.evidence import Evidence
from forecastops.ground.config import GatePolicy

__all__ = ["Ruling", "Verdict", "decide"]

Verdict = Literal["PROMOTE", "HOLD", "REJECT"]


class Ruling(BaseModel):
    """The verdict, the checks it rests on, and what a person should know besides."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    verdict: Verdict = Field(description="PROMOTE, HOLD or REJECT.")
    checks: tuple[Check, ...] = Field(description="Every check that the policy switches on.")
    summary: str = Field(description="One sentence: why this verdict.")
    warnings: tuple[str, ...] = Field(description="What did not decide, but should be known.")


def decide(evidence: Evidence, policy: GatePolicy) -> Ruling:
    """Judge ``evidence`` by ``policy``. Never PROMOTE on a number that is missing or not finite."""
    guardrails = tuple(_guardrails(evidence, policy))
    comparisons = tuple(_comparisons(evidence, policy))
    warnings = tuple(_warnings(evidence, guardrails))
    blocking = [
        check.name
        for check in guardrails
        if not check.passed and not (check.name == "beats_seasonal_naive" and _champion_fails_floor(evidence))
    ]
    verdict, summary = _verdict(evidence, policy, blocking, comparisons)
    return Ruling(verdict=verdict, checks=guardrails + comparisons, summary=summary, warnings=warnings)


def _verdict(
    evidence: Evidence, policy: GatePolicy, blocking: list[str], comparisons: tuple[Check, ...]
) -> tuple[Verdict, str]:
    if blocking:
        return "REJECT", f"the challenger fails {', '.join(blocking)}"
    if evidence.incumbent:
        return _replaced(policy)
    if evidence.champion is None:
        return "PROMOTE", "there is no champion yet, and the challenger passes every guardrail"
    if not comparisons:
        return "HOLD", "the policy has every comparison with the champion switched off, so nothing can be proven"
    unproven = [check.name for check in comparisons if not check.passed]
    if unproven:
        return "HOLD", f"the challenger is not proven better than the champion ({', '.join(unproven)})"
    return "PROMOTE", "the challenger passes every guardrail and is proven better than the champion"


def _replaced(policy: GatePolicy) -> tuple[Verdict, str]:
    """The verdict about a challenger that passes every guardrail, the floor among them, where an incumbent serves."""
    what = "the champion is no forecastops model and cannot be scored"
    if policy.incumbent == "seasonal_naive":
        return "PROMOTE", f"{what}; the challenger passes every guardrail and is not above the seasonal naive"
    return "HOLD", f"{what}; gate.incumbent {policy.incumbent} keeps it, whatever the challenger's scores"


def _guardrails(evidence: Evidence, policy: GatePolicy) -> Iterator[Check]:
    yield checks.comparable_data(evidence, policy.max_revised_share)
    yield checks.converged(evidence)
    yield checks.finite(evidence)
    if policy.beat_seasonal_naive or evidence.incumbent:
        yield checks.seasonal_naive_floor(evidence)
    if policy.max_coverage_shortfall is not None:
        yield checks.interval_coverage(evidence, policy.max_coverage_shortfall)
    if policy.max_step_ratio is not None:
        yield checks.worst_step(evidence, policy.max_step_ratio)


def _comparisons(evidence: Evidence, policy: GatePolicy) -> Iterator[Check]:
    if evidence.champion is None:
        return
    if policy.min_improvement is not None:
        yield checks.min_improvement(evidence, evidence.champion, policy.min_improvement)
    if policy.alpha is not None:
        yield checks.diebold_mariano(evidence, evidence.champion, policy.alpha)


def _champion_fails_floor(evidence: Evidence) -> bool:
    """Whether the champion itself is worse than the seasonal naive.

    Then the floor does not block: a challenger proven better than such a champion still lowers the error.
    """
    if evidence.champion is None or evidence.champion.rmse is None or evidence.seasonal_naive.rmse is None:
        return False
    return evidence.champion.rmse > evidence.seasonal_naive.rmse


def _warnings(evidence: Evidence, guardrails: tuple[Check, ...]) -> Iterator[str]:
    floor_failed = any(check.name == "beats_seasonal_naive" and not check.passed for check in guardrails)
    if floor_failed and _champion_fails_floor(evidence):
        yield (
            "neither challenger nor champion beats the seasonal naive; the floor is shown as failed but does not "
            "block, because the champion fails it too: consider a seasonal_order"
        )
