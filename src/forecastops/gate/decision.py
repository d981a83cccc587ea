"""From evidence and a policy to one of three verdicts: a pure function, so that a decision can be replayed.

PROMOTE: the challenger earned it. HOLD: not proven better, the champion stays. REJECT: a guardrail failed, by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from forecastops.core.strict import StrictRecord
from forecastops.gate import guardrails, superiority
from forecastops.gate.check import Check, percent, show
from forecastops.gate.evidence import Evidence, ModelEvidence
from forecastops.gate.policy import GatePolicy

__all__ = ["Ruling", "Verdict", "decide", "excuses"]

Verdict = Literal["PROMOTE", "HOLD", "REJECT"]


class Ruling(StrictRecord):
    """The verdict, the checks it rests on, and what a person should know besides."""

    verdict: Verdict = Field(description="PROMOTE, HOLD or REJECT.")
    checks: tuple[Check, ...] = Field(description="Every check that the policy switches on.")
    summary: str = Field(description="One sentence: why this verdict.")
    warnings: tuple[str, ...] = Field(description="What did not decide, but should be known.")


def decide(evidence: Evidence, policy: GatePolicy) -> Ruling:
    """Judge ``evidence`` by ``policy``. Never PROMOTE on a number that is missing or not finite."""
    rails = tuple(_guardrails(evidence, policy))
    comparisons = tuple(_comparisons(evidence, policy))
    excused = excuses(evidence, policy)
    failed = [check.name for check in rails + comparisons if not check.passed]
    blocking = [check.name for check in rails if check.name in failed and check.name not in excused]
    unproven = [check.name for check in comparisons if check.name in failed and check.name not in excused]
    verdict, summary = _verdict(evidence, policy, blocking, unproven, compared=bool(comparisons))
    if verdict == "PROMOTE" and failed:
        summary = f"the challenger is better than the champion; excused is {', '.join(failed)}, as the notes say"
    warnings = [why for name, why in excused.items() if name in failed]
    if verdict == "PROMOTE":
        warnings += _reservations(evidence, policy)
    return Ruling(verdict=verdict, checks=rails + comparisons, summary=summary, warnings=tuple(warnings))


def _verdict(
    evidence: Evidence, policy: GatePolicy, blocking: list[str], unproven: list[str], *, compared: bool
) -> tuple[Verdict, str]:
    if blocking:
        return "REJECT", f"the challenger fails {', '.join(blocking)}"
    if evidence.unscored:
        return _replaced(evidence, policy)
    if evidence.champion is None:
        return "PROMOTE", "there is no champion yet, and the challenger passes every guardrail"
    if not compared:
        return "HOLD", "the policy has every comparison with the champion switched off, so nothing can be proven"
    if unproven:
        return "HOLD", f"the challenger is not proven better than the champion ({', '.join(unproven)})"
    return "PROMOTE", "the challenger passes every guardrail and every comparison with the champion"


def _replaced(evidence: Evidence, policy: GatePolicy) -> tuple[Verdict, str]:
    """The verdict about a challenger that passes every guardrail, the floor among them, where none can be scored."""
    why = "the champion's files are gone, so it" if evidence.gone else "the champion is no forecastops model and"
    what = f"{why} cannot be scored"
    if policy.incumbent == "seasonal_naive":
        return "PROMOTE", f"{what}; the challenger passes every guardrail and is not above the seasonal naive"
    return "HOLD", f"{what}; gate.incumbent {policy.incumbent} keeps it, whatever the challenger's scores"


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
    """Whether a change makes a part worse that is good now."""
    if policy.max_bias_share is not None:
        yield guardrails.bias(evidence, champion, policy.max_bias_share, policy.max_bias_growth)
    if policy.max_weekday_ratio is not None:
        yield guardrails.worst_weekday(evidence, champion, policy.max_weekday_ratio)
    if policy.max_recent_ratio is not None:
        origins, bound = policy.recent_origins, policy.max_recent_ratio
        yield guardrails.recent_origins(evidence, champion, origins, bound)


def _comparisons(evidence: Evidence, policy: GatePolicy) -> Iterator[Check]:
    """What is asked depends on what changes: of a specification that learnt from newer data less than of another."""
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


def _reservations(evidence: Evidence, policy: GatePolicy) -> Iterator[str]:
    """What a person who reads the plain scores would ask about a promotion."""
    yield from _large_bias(evidence, policy)
    ours, theirs = evidence.challenger.rmse, evidence.champion.rmse if evidence.champion else None
    if ours is not None and theirs is not None and ours > theirs:
        yield (
            f"over the whole window the challenger's RMSE {show(ours, theirs)} is above the champion's "
            f"{show(theirs, ours)}: it is from recent origins that it does better (gate.half_life)"
        )


def _large_bias(evidence: Evidence, policy: GatePolicy) -> Iterator[str]:
    """A bias that is large and did not grow."""
    bound, bias, rmse = policy.max_bias_share, evidence.challenger.metrics.get("bias"), evidence.challenger.rmse
    if evidence.champion is None or bound is None or policy.max_bias_growth == 1 or bias is None or not rmse:
        return
    if abs(bias) > bound * rmse:
        yield (
            f"the challenger's bias of {show(bias)} is {percent(abs(bias) / rmse)} of its RMSE; it does not block, "
            "because it has not grown from the champion's"
        )


def excuses(evidence: Evidence, policy: GatePolicy) -> dict[str, str]:
    """Checks that do not decide although they may fail, and why: the champion itself does no better there.

    A guardrail that keeps a champion which is worse by that very guardrail raises the error that it is to bound.
    """
    champion, challenger = evidence.champion, evidence.challenger
    if champion is None:
        return {}
    found = {}
    floor = evidence.seasonal_naive.rmse
    if champion.rmse is not None and floor is not None and champion.rmse > floor:
        found[guardrails.FLOOR] = (
            "neither challenger nor champion beats the seasonal naive; the floor is shown as failed but does not "
            "block, because the champion fails it too: consider a seasonal_order"
        )
    bound = policy.max_coverage_shortfall
    ours, theirs = (model.coverage_shortfall(evidence.levels) for model in (challenger, champion))
    if bound is None or ours is None or theirs is None or theirs <= bound or ours > theirs:
        return found
    found[guardrails.INTERVAL_COVERAGE] = (
        f"the champion's intervals fall {percent(theirs)} below their level, the challenger's {percent(ours)}: shown "
        "as failed, but it does not block"
    )
    return found
