"""The guardrails: what no challenger may fail, one function each; evidence and bound in, a record out.

What is relative is relative to the champion; ``worst_step``, without one, to the seasonal naive. Every check fails on
a number that is missing or not finite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

from forecastops.gate.check import Check, Reference
from forecastops.gate.evidence import AlarmRecord, Evidence, ModelEvidence, Number, Obstacle, finite_or_none

__all__ = [
    "COMPARABLE_DATA",
    "FLOOR",
    "INTERVAL_COVERAGE",
    "PLAUSIBLE_DATA",
    "bias",
    "comparable",
    "comparable_data",
    "converged",
    "finite",
    "interval_coverage",
    "plausible",
    "plausible_data",
    "recent_origins",
    "seasonal_naive_floor",
    "start_gap",
    "worst_step",
    "worst_weekday",
]

_K = TypeVar("_K", int, str)

COMPARABLE_DATA, PLAUSIBLE_DATA = "comparable_data", "plausible_data"
FLOOR = "beats_seasonal_naive"
INTERVAL_COVERAGE = "interval_coverage"


def comparable_data(evidence: Evidence, bound: Number) -> Check:
    """Check that both models can be judged on the same observations, and the series agree where they overlap."""
    check = comparable(evidence.incomparable, evidence.revised_share, bound, revised=evidence.champion is not None)
    return check.model_copy(update={"reference": "unscored_champion"}) if evidence.unscored else check


def comparable(obstacles: tuple[Obstacle, ...], share: Number, bound: Number, *, revised: bool) -> Check:
    """Return the check of data by themselves: reasons against them, and the share of dates that were ``revised``.

    A wrong column, unit or file would beat any champion, whose parameters are of another scale.
    """
    code: Literal["comparable", "incomparable", "no_common_date", "revised"] = "comparable"
    if obstacles:
        code = "incomparable"
    elif revised and bound is not None and share is None:
        code = "no_common_date"
    elif revised and bound is not None and share is not None and share > bound:
        code = "revised"
    passed = code == "comparable"
    return Check(name=COMPARABLE_DATA, passed=passed, value=share, threshold=bound, code=code, obstacles=obstacles)


def plausible_data(evidence: Evidence) -> Check:
    """Return the newest rows can be what the champion forecast."""
    return plausible(evidence.alarm)


def plausible(alarm: AlarmRecord | None) -> Check:
    """Return the same of data by themselves."""
    if alarm is None:
        return Check(name=PLAUSIBLE_DATA, passed=True, value=None, threshold=None, code="plausible")
    return Check(
        name=PLAUSIBLE_DATA,
        passed=False,
        value=alarm.value,
        threshold=alarm.threshold,
        code=alarm.rule,
        segment=alarm.date,
    )


def start_gap(evidence: Evidence, bound: float) -> Check:
    """Return the estimation's starts ended near one optimum."""
    gap = evidence.start_gap
    passed = gap is not None and gap <= bound
    return Check(name="start_gap", passed=passed, value=gap, threshold=bound, code="start_gap")


def converged(evidence: Evidence) -> Check:
    """Return the challenger's parameters are an optimum, not where the optimiser ran out of iterations."""
    passed = evidence.converged
    code: Literal["converged", "not_converged"] = "converged" if passed else "not_converged"
    return Check(name="converged", passed=passed, value=float(passed), threshold=1.0, code=code)


def finite(evidence: Evidence) -> Check:
    """Check that every number of every model exists and is finite, and all tables have the same shape."""
    models = {"challenger": evidence.challenger, "seasonal_naive": evidence.seasonal_naive}
    if evidence.champion is not None:
        models["champion"] = evidence.champion
    bad = tuple(name for name, model in models.items() if not (model.finite and _complete(model, evidence)))
    code: Literal["finite", "not_finite"] = "not_finite" if bad else "finite"
    return Check(name="finite", passed=not bad, value=float(len(bad)), threshold=0.0, code=code, models=bad)


def seasonal_naive_floor(evidence: Evidence) -> Check:
    """Return the challenger's RMSE is not above that of repeating the last season."""
    ours, floor = evidence.challenger.rmse, evidence.seasonal_naive.rmse
    passed = ours is not None and floor is not None and ours <= floor
    return Check(
        name=FLOOR,
        passed=passed,
        value=ours,
        threshold=floor,
        code="naive_rmse",
        reference="seasonal_naive",
        ours=ours,
        theirs=floor,
        limit=floor,
    )


def interval_coverage(evidence: Evidence, bound: float) -> Check:
    """Check that no interval covers less of the actual values than its level says, beyond ``bound``."""
    challenger = evidence.challenger
    worst = challenger.coverage_shortfall(evidence.levels)
    shares = {str(level): challenger.metrics.get(f"coverage_{level}") for level in evidence.levels}
    passed = worst is not None and worst <= bound
    return Check(name=INTERVAL_COVERAGE, passed=passed, value=worst, threshold=bound, code="coverage", coverage=shares)


def worst_step(evidence: Evidence, bound: float) -> Check:
    """Check that at no step the RMSE is more than ``bound`` times the champion's (or seasonal naive's)."""
    model, reference = _champion_or_naive(evidence)
    ours = dict(enumerate(evidence.challenger.rmse_by_step, start=1))
    theirs = dict(enumerate(model.rmse_by_step, start=1))
    worst = _worst_ratio(ours, theirs) if len(ours) == evidence.horizon else None
    return _segment("worst_step", worst, reference, bound)


def worst_weekday(evidence: Evidence, champion: ModelEvidence, bound: float) -> Check:
    """Check that on no weekday the RMSE is more than ``bound`` times the champion's."""
    worst = _worst_ratio(evidence.challenger.rmse_by_weekday, champion.rmse_by_weekday)
    return _segment("worst_weekday", worst, "champion", bound)


def recent_origins(evidence: Evidence, champion: ModelEvidence, origins: int, bound: float) -> Check:
    """Check that from the last ``origins`` origins the RMSE is at most ``bound`` times the champion's."""
    ours, theirs = (model.recent_rmse(origins=origins) for model in (evidence.challenger, champion))
    number = min(origins, len(champion.loss_by_origin))
    return _segment("recent_origins", _worst_ratio({number: ours}, {number: theirs}), "champion", bound)


def bias(evidence: Evidence, champion: ModelEvidence, bound: float, growth: float = 1.0) -> Check:
    """Return the mean error is at most ``bound`` of the RMSE in either direction, or ``growth`` times the champion's.

    A biased model that is better than the champion still serves better: what blocks is a bias that grew.
    """
    ours, theirs, rmse = evidence.challenger.metrics.get("bias"), champion.metrics.get("bias"), evidence.challenger.rmse
    share = finite_or_none(abs(ours) / rmse) if ours is not None and rmse else None
    no_larger = ours is not None and theirs is not None and abs(ours) <= growth * abs(theirs)
    return Check(
        name="bias",
        passed=(share is not None and share <= bound) or no_larger,
        value=share,
        threshold=bound,
        code="bias",
        reference="champion",
        ours=ours,
        theirs=theirs,
        limit=finite_or_none(max(bound * (rmse or 0.0), growth * abs(theirs or 0.0))),
        growth=growth,
    )


def _champion_or_naive(evidence: Evidence) -> tuple[ModelEvidence, Reference]:
    if evidence.champion is not None:
        return evidence.champion, "champion"
    return evidence.seasonal_naive, "seasonal_naive"


def _worst_ratio(ours: Mapping[_K, Number], theirs: Mapping[_K, Number]) -> tuple[_K, float, float] | None:
    """Return the segment where the first is worst relative to the second, with both; None if one is missing."""
    pairs: dict[_K, tuple[float, float]] = {}
    for segment in {**ours, **theirs}:
        top, bottom = ours.get(segment), theirs.get(segment)
        if top is None or not bottom:
            return None
        pairs[segment] = (top, bottom)
    if not pairs:
        return None
    segment, (top, bottom) = max(pairs.items(), key=lambda pair: pair[1][0] / pair[1][1])
    return segment, top, bottom


def _segment(name: str, worst: tuple[int | str, float, float] | None, reference: Reference, bound: float) -> Check:
    if worst is None:
        return Check(name=name, passed=False, value=None, threshold=bound, code="no_rmse_ratio", reference=reference)
    segment, ours, theirs = worst
    return Check(
        name=name,
        passed=ours / theirs <= bound,
        value=finite_or_none(ours / theirs),
        threshold=bound,
        code="rmse_ratio",
        segment=segment,
        reference=reference,
        ours=ours,
        theirs=theirs,
        limit=finite_or_none(bound * theirs),
    )


def _complete(model: ModelEvidence, evidence: Evidence) -> bool:
    needed = {"rmse", "mae", "mase", "bias", *(f"coverage_{level}" for level in evidence.levels)}
    origins = len(evidence.challenger.loss_by_origin)
    return (
        needed <= model.metrics.keys()
        and len(model.loss_by_origin) == origins > 0
        and len(model.rmse_by_step) == evidence.horizon
        and model.rmse_by_weekday.keys() == evidence.challenger.rmse_by_weekday.keys()
    )
