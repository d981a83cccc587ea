"""The guardrails: what no challenger may fail, one function each; evidence and bound in, a record out.

What is relative is relative to the champion; ``worst_step``, without one, to the seasonal naive. Every check fails on
a number that is missing or not finite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

from forecastops.forecasting.forecaster import Alarm
from forecastops.gate.check import Check, percent, ratio, show
from forecastops.gate.evidence import AlarmRecord, Evidence, ModelEvidence, Number, finite_or_none

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

_K = TypeVar("_K")

COMPARABLE_DATA, PLAUSIBLE_DATA = "comparable_data", "plausible_data"
FLOOR = "beats_seasonal_naive"
INTERVAL_COVERAGE = "interval_coverage"


def comparable_data(evidence: Evidence, bound: Number) -> Check:
    """Both models can be judged on the same observations, and the series are the same where they overlap."""
    check = comparable(evidence.incomparable, evidence.revised_share, bound, revised=evidence.champion is not None)
    if evidence.unscored:
        reason = f"{check.reason}; the champion is not among them, and its data are unknown"
        check = check.model_copy(update={"reason": reason})
    return check


def comparable(incomparable: tuple[str, ...], share: Number, bound: Number, *, revised: bool) -> Check:
    """The check of data by themselves: reasons against them, and the share of dates that were ``revised``.

    A wrong column, unit or file would beat any champion, whose parameters are of another scale.
    """
    reasons = list(incomparable)
    if revised and not reasons and bound is not None:
        if share is None:
            reasons.append(
                "the new series and the champion's have no date in common, so nothing shows that they are the "
                "same series: train on data that overlap, or set gate.max_revised_share=null"
            )
        elif share > bound:
            reasons.append(
                f"on {percent(share, bound)} of the dates that both series have, their values differ; at most "
                f"{percent(bound)} is allowed, lest another column or unit be taken for the same series"
            )
    text = "; ".join(reasons) if reasons else "all models forecast the same observations from the same origins"
    needed = "data on which both models can be judged" if reasons else ""
    return Check(name=COMPARABLE_DATA, passed=not reasons, value=share, threshold=bound, reason=text, needed=needed)


def plausible_data(evidence: Evidence) -> Check:
    """The newest rows can be what the champion forecast."""
    return plausible(evidence.alarm)


def plausible(alarm: AlarmRecord | None) -> Check:
    """The same of data by themselves."""
    if alarm is None:
        text = "the newest rows are plausible"
        return Check(name=PLAUSIBLE_DATA, passed=True, value=None, threshold=None, reason=text)
    needed = "rows that are right, or `forecastops renew --accept-data --reason ...` where these are"
    text = str(Alarm(alarm.rule, alarm.value, alarm.threshold, alarm.date))
    return Check(
        name=PLAUSIBLE_DATA, passed=False, value=alarm.value, threshold=alarm.threshold, reason=text, needed=needed
    )


def start_gap(evidence: Evidence, bound: float) -> Check:
    """The estimation's starts ended near one optimum."""
    gap = evidence.start_gap
    passed = gap is not None and gap <= bound
    text = f"the optimiser's starts ended {show(gap, bound)} apart in log-likelihood; at most {bound:g} is allowed"
    needed = "" if passed else f"a gap of {bound:g} or less, it is {show(gap, bound)}"
    return Check(name="start_gap", passed=passed, value=gap, threshold=bound, reason=text, needed=needed)


def converged(evidence: Evidence) -> Check:
    """The challenger's parameters are an optimum, not where the optimiser ran out of iterations."""
    passed = evidence.converged
    text = "the optimiser converged" if passed else "the optimiser stopped before it converged: raise max_iterations"
    needed = "" if passed else "an optimiser that converges"
    return Check(name="converged", passed=passed, value=float(passed), threshold=1.0, reason=text, needed=needed)


def finite(evidence: Evidence) -> Check:
    """Every number of every model exists and is finite, and all tables have the same shape."""
    models = {"challenger": evidence.challenger, "seasonal_naive": evidence.seasonal_naive}
    if evidence.champion is not None:
        models["champion"] = evidence.champion
    bad = [name for name, model in models.items() if not (model.finite and _complete(model, evidence))]
    text = f"missing or non-finite scores of {', '.join(bad)}" if bad else "all scores are finite numbers"
    needed = "finite scores of every model" if bad else ""
    return Check(name="finite", passed=not bad, value=float(len(bad)), threshold=0.0, reason=text, needed=needed)


def seasonal_naive_floor(evidence: Evidence) -> Check:
    """The challenger's RMSE is not above that of repeating the last season."""
    ours, floor = evidence.challenger.rmse, evidence.seasonal_naive.rmse
    passed = ours is not None and floor is not None and ours <= floor
    text = f"RMSE {show(ours, floor)} against {show(floor, ours)} of the seasonal naive"
    needed = "" if passed else f"RMSE {show(floor, ours)} or less (the seasonal naive's), it is {show(ours, floor)}"
    return Check(name=FLOOR, passed=passed, value=ours, threshold=floor, reason=text, needed=needed)


def interval_coverage(evidence: Evidence, bound: float) -> Check:
    """No interval covers less of the actual values than its level says, beyond ``bound``."""
    challenger = evidence.challenger
    worst = challenger.coverage_shortfall(evidence.levels)
    shown, short = [], []
    for level in evidence.levels:
        share, least = challenger.metrics.get(f"coverage_{level}"), level / 100 - bound
        shown.append(f"{level} %: {percent(share, least)}")
        if share is None or level / 100 - share > bound:
            short.append(f"coverage of the {level} % interval {percent(least)} or more, it is {percent(share, least)}")
    text = f"intervals cover ({', '.join(shown)}); none may fall more than {percent(bound)} below its level"
    passed = worst is not None and worst <= bound
    needed = "" if passed else ", ".join(short)
    return Check(name=INTERVAL_COVERAGE, passed=passed, value=worst, threshold=bound, reason=text, needed=needed)


def worst_step(evidence: Evidence, bound: float) -> Check:
    """At no step of the horizon is the RMSE more than ``bound`` times the champion's (or seasonal naive's)."""
    reference, whose = (
        (evidence.champion, "champion") if evidence.champion else (evidence.seasonal_naive, "seasonal naive")
    )
    ours = dict(enumerate(evidence.challenger.rmse_by_step, start=1))
    theirs = dict(enumerate(reference.rmse_by_step, start=1))
    found = _worst_ratio(ours, theirs) if len(ours) == evidence.horizon else None
    return _segment("worst_step", "at step {}", found, whose, bound)


def worst_weekday(evidence: Evidence, champion: ModelEvidence, bound: float) -> Check:
    """On no weekday is the RMSE more than ``bound`` times the champion's."""
    found = _worst_ratio(evidence.challenger.rmse_by_weekday, champion.rmse_by_weekday)
    return _segment("worst_weekday", "on {}s", found, "champion", bound)


def recent_origins(evidence: Evidence, champion: ModelEvidence, origins: int, bound: float) -> Check:
    """From the last ``origins`` origins the RMSE is not more than ``bound`` times the champion's."""
    ours, theirs = (model.recent_rmse(origins=origins) for model in (evidence.challenger, champion))
    number = min(origins, len(champion.loss_by_origin))
    found = _worst_ratio({number: ours}, {number: theirs})
    return _segment("recent_origins", "from the last {} origins", found, "champion", bound)


def bias(evidence: Evidence, champion: ModelEvidence, bound: float, growth: float = 1.0) -> Check:
    """The mean error is at most ``bound`` of the RMSE in either direction, or ``growth`` times the champion's.

    A biased model that is better than the champion still serves better: what blocks is a bias that grew.
    """
    ours, theirs, rmse = evidence.challenger.metrics.get("bias"), champion.metrics.get("bias"), evidence.challenger.rmse
    share = finite_or_none(abs(ours) / rmse) if ours is not None and rmse else None
    no_larger = ours is not None and theirs is not None and abs(ours) <= growth * abs(theirs)
    than = "" if growth == 1 else f"{growth:g} of "
    text = f"bias {show(ours)}, {percent(share, bound)} of the RMSE; at most {percent(bound)} is allowed, or {than}the "
    text += f"champion's bias of {show(theirs)}"
    passed = (share is not None and share <= bound) or no_larger
    limit = max(bound * (rmse or 0.0), growth * abs(theirs or 0.0))
    beyond = None if ours is None else abs(ours)
    within = f"a bias between {show(-limit, None if beyond is None else -beyond)} and {show(limit, beyond)}"
    needed = "" if passed else f"{within}, it is {show(ours, None if ours is None else math.copysign(limit, ours))}"
    return Check(name="bias", passed=passed, value=share, threshold=bound, reason=text, needed=needed)


def _worst_ratio(ours: Mapping[_K, Number], theirs: Mapping[_K, Number]) -> tuple[_K, float, float] | None:
    """The segment in which the first is worst relative to the second, and both; None where one is not to be had."""
    pairs: dict[_K, tuple[float, float]] = {}
    for segment in {**ours, **theirs}:
        top, bottom = ours.get(segment), theirs.get(segment)
        if top is None or not bottom:
            return None
        pairs[segment] = (top, bottom)
    if not pairs:
        return None
    worst = max(pairs, key=lambda segment: pairs[segment][0] / pairs[segment][1])
    return (worst, *pairs[worst])


def _segment(name: str, where: str, found: tuple[object, float, float] | None, whose: str, bound: float) -> Check:
    if found is None:
        text = f"RMSE cannot be compared with the {whose}'s in every segment"
        needed = f"an RMSE of both models in every segment of {name}"
        return Check(name=name, passed=False, value=None, threshold=bound, reason=text, needed=needed)
    segment, ours, theirs = found
    value, passed = ours / theirs, ours / theirs <= bound
    worst = ", its worst" if name.startswith("worst") else ""
    text = (
        f"{where.format(segment)} RMSE is {ratio(value, bound)} of the {whose}'s{worst}; at most {bound:g} is allowed"
    )
    limit = f"{show(bound * theirs, ours)} or less ({bound:g} of the {whose}'s {show(theirs)})"
    needed = "" if passed else f"RMSE {limit} {where.format(segment)}, it is {show(ours, bound * theirs)}"
    return Check(name=name, passed=passed, value=finite_or_none(value), threshold=bound, reason=text, needed=needed)


def _complete(model: ModelEvidence, evidence: Evidence) -> bool:
    needed = {"rmse", "mae", "mase", "bias", *(f"coverage_{level}" for level in evidence.levels)}
    origins = len(evidence.challenger.loss_by_origin)
    return (
        needed <= model.metrics.keys()
        and len(model.loss_by_origin) == origins > 0
        and len(model.rmse_by_step) == evidence.horizon
        and model.rmse_by_weekday.keys() == evidence.challenger.rmse_by_weekday.keys()
    )
