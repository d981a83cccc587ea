"""The gate's checks, one function each: evidence and bound in, a record with value, threshold and reason out.

Every check fails on a number that is missing or not finite.
"""

from __future__ import annotations

import warnings

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from forecastops.gate.evidence import Evidence, ModelEvidence, Number, finite_or_none

__all__ = [
    "Check",
    "comparable_data",
    "converged",
    "diebold_mariano",
    "finite",
    "interval_coverage",
    "min_improvement",
    "seasonal_naive_floor",
    "worst_step",
]


class Check(BaseModel):
    """The outcome of one check."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(description="The rule, by which a rejection is named.")
    passed: bool = Field(description="Whether the challenger met it.")
    value: Number = Field(description="What was measured; null where it cannot be computed.")
    threshold: Number = Field(description="The bound from the policy; null for a yes or no.")
    reason: str = Field(description="One sentence: what was measured, and by how much it passed or failed.")


def comparable_data(evidence: Evidence, bound: Number) -> Check:
    """Both models can be judged on the same observations, and the series are the same where they overlap.

    A wrong column, unit or file would beat any champion, whose parameters are of another scale.
    """
    share = evidence.revised_share
    reasons = list(evidence.incomparable)
    if not reasons and bound is not None and (share is None or share > bound):
        reasons.append(
            f"on {_percent(share)} of the dates that both series have, their values differ; at most {_percent(bound)} "
            "is allowed, lest another column or unit be taken for the same series"
        )
    text = "; ".join(reasons) if reasons else "all models forecast the same observations from the same origins"
    if evidence.incumbent:
        text += "; the champion is not among them, and its data are unknown"
    return Check(name="comparable_data", passed=not reasons, value=share, threshold=bound, reason=text)


def converged(evidence: Evidence) -> Check:
    """The challenger's parameters are an optimum, not where the optimiser ran out of iterations."""
    passed = evidence.converged
    text = "the optimiser converged" if passed else "the optimiser stopped before it converged: raise max_iterations"
    return Check(name="converged", passed=passed, value=float(passed), threshold=1.0, reason=text)


def finite(evidence: Evidence) -> Check:
    """Every number of every model exists and is finite, and all tables have the same shape."""
    models = {"challenger": evidence.challenger, "seasonal_naive": evidence.seasonal_naive}
    if evidence.champion is not None:
        models["champion"] = evidence.champion
    bad = [name for name, model in models.items() if not (model.finite and _complete(model, evidence))]
    text = f"missing or non-finite scores of {', '.join(bad)}" if bad else "all scores are finite numbers"
    return Check(name="finite", passed=not bad, value=float(len(bad)), threshold=0.0, reason=text)


def seasonal_naive_floor(evidence: Evidence) -> Check:
    """The challenger's RMSE is not above that of repeating the last season."""
    ours, floor = evidence.challenger.rmse, evidence.seasonal_naive.rmse
    passed = ours is not None and floor is not None and ours <= floor
    text = f"RMSE {_show(ours)} against {_show(floor)} of the seasonal naive"
    return Check(name="beats_seasonal_naive", passed=passed, value=ours, threshold=floor, reason=text)


def interval_coverage(evidence: Evidence, bound: float) -> Check:
    """No interval covers less of the actual values than its level says, beyond ``bound``."""
    covered = {level: evidence.challenger.metrics.get(f"coverage_{level}") for level in evidence.levels}
    gaps = [level / 100 - share for level, share in covered.items() if share is not None]
    worst = finite_or_none(max(gaps)) if gaps and len(gaps) == len(covered) else None
    shown = ", ".join(f"{level} %: {_percent(share)}" for level, share in covered.items())
    text = f"intervals cover ({shown}); none may fall more than {_percent(bound)} below its level"
    passed = worst is not None and worst <= bound
    return Check(name="interval_coverage", passed=passed, value=worst, threshold=bound, reason=text)


def worst_step(evidence: Evidence, bound: float) -> Check:
    """At no step of the horizon is the challenger much worse than the champion (without one: the seasonal naive)."""
    reference, name = (
        (evidence.champion, "champion") if evidence.champion else (evidence.seasonal_naive, "seasonal naive")
    )
    pairs = list(zip(evidence.challenger.rmse_by_step, reference.rmse_by_step, strict=False))
    ratios = [ours / theirs for ours, theirs in pairs if ours is not None and theirs]
    if not pairs or len(ratios) < evidence.horizon:
        text = f"RMSE by step cannot be compared with the {name}'s"
        return Check(name="worst_step", passed=False, value=None, threshold=bound, reason=text)
    step = int(np.argmax(ratios))
    worst = finite_or_none(ratios[step])
    text = f"at step {step + 1} RMSE is {ratios[step]:.3f} of the {name}'s, its worst; at most {bound:g} is allowed"
    return Check(name="worst_step", passed=ratios[step] <= bound, value=worst, threshold=bound, reason=text)


def min_improvement(evidence: Evidence, champion: ModelEvidence, bound: float) -> Check:
    """The challenger's RMSE lies below the champion's by at least the share ``bound``."""
    ours, theirs = evidence.challenger.rmse, champion.rmse
    gain = finite_or_none(1 - ours / theirs) if ours is not None and theirs else None
    change = f"{_percent(-gain)} higher" if gain is not None and gain < 0 else f"{_percent(gain)} lower"
    text = f"RMSE {_show(ours)} against {_show(theirs)} of the champion, {change}"
    if theirs is not None:
        text += f"; {_percent(bound)} lower is {_show(theirs * (1 - bound))} or less"
    # A challenger that equals the champion has improved nothing, even where the margin is zero.
    passed = gain is not None and gain > 0 and gain >= bound
    return Check(name="min_improvement", passed=passed, value=gain, threshold=bound, reason=text)


def diebold_mariano(evidence: Evidence, champion: ModelEvidence, bound: float) -> Check:
    """One-sided Diebold-Mariano test that the challenger's expected loss is lower.

    One loss an origin (mean squared error of its path), HAC for the overlap of the paths, and the small-sample
    correction of Harvey, Leybourne and Newbold (1997), all by statsmodels.
    """
    p_value = _one_sided_p(champion.loss_by_origin, evidence.challenger.loss_by_origin, evidence.horizon)
    if p_value is None:
        text = "the losses do not differ, or are too few to tell: nothing is proven"
    else:
        text = f"one-sided p = {p_value:.2g}; at most {bound:g} counts as proof"
    # Where the losses are not lower, nothing is proven, even if the level is set that high.
    passed = p_value is not None and p_value <= bound and p_value < 0.5
    return Check(name="diebold_mariano", passed=passed, value=p_value, threshold=bound, reason=text)


def _one_sided_p(champion: tuple[Number, ...], challenger: tuple[Number, ...], horizon: int) -> Number:
    from statsmodels.tsa.stattools import diebold_mariano_test

    theirs, ours = np.array(champion, dtype=float), np.array(challenger, dtype=float)
    if theirs.shape != ours.shape or not np.isfinite([theirs, ours]).all():
        return None
    if len(ours) <= horizon:
        return None  # all paths overlap: Harvey's factor is zero or grows again, and a level of 10 % becomes 45 %
    difference = theirs - ours
    if np.ptp(difference) <= 1e-12 * max(np.max(theirs), np.max(ours)):
        return None  # a constant difference has no variance to test against, equal losses above all
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            # The function forms squared errors itself: from zeros and the losses' roots it gets our losses.
            test = diebold_mariano_test(
                np.zeros_like(ours), np.sqrt(theirs), np.sqrt(ours), harvey_adj=True, horizon=horizon
            )
        except (ValueError, ZeroDivisionError, np.linalg.LinAlgError):
            return None
    two_sided = float(test.pvalue)
    return finite_or_none(two_sided / 2 if test.statistic > 0 else 1 - two_sided / 2)


def _complete(model: ModelEvidence, evidence: Evidence) -> bool:
    needed = {"rmse", "mae", "mase", "bias", *(f"coverage_{level}" for level in evidence.levels)}
    origins = len(evidence.challenger.loss_by_origin)
    return (
        needed <= model.metrics.keys()
        and len(model.loss_by_origin) == origins > 0
        and len(model.rmse_by_step) == evidence.horizon
    )


def _show(value: Number) -> str:
    return "not computable" if value is None else f"{value:.6g}"


def _percent(value: Number) -> str:
    return "not computable" if value is None else f"{100 * value:.1f} %"
