"""One check of the gate as two sentences: what was found, and what would have passed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

from forecastops.forecasting.model import Alarm
from forecastops.gate.check import Check, Finding
from forecastops.gate.evidence import RowAlarm
from forecastops.gate.whole_span import FAR
from forecastops.reporting.sentences.numbers import percent, probability, ratio, show
from forecastops.reporting.sentences.obstacles import obstacle_sentence

__all__ = ["needed_of", "reason_of"]

_WHOSE = {"champion": "champion", "seasonal_naive": "seasonal naive"}
_WHERE = {
    "worst_step": "at step {}",
    "worst_weekday": "on {}s",
    "recent_origins": "from the last {} origins",
}


def reason_of(check: Check) -> str:
    """Return one sentence: what was measured, and by how much it passed or failed."""
    if check.code is None:
        bound = "" if check.threshold is None else f"; the bound is {show(check.threshold, check.value)}"
        return f"measured {show(check.value, check.threshold)}{bound}"
    return _FOUND[check.code](check)


def needed_of(check: Check) -> str:
    """Return what would have passed, in the data's unit where it has one; empty if the check passed."""
    if check.passed:
        return ""
    sentence = _NEEDED.get(check.code) if check.code else None
    return sentence(check) if sentence else f"what {check.name} asks for"


def _comparable(check: Check) -> str:
    return _of_champion(check, "all models forecast the same observations from the same origins")


def _incomparable(check: Check) -> str:
    return _of_champion(check, "; ".join(obstacle_sentence(obstacle) for obstacle in check.obstacles))


def _of_champion(check: Check, text: str) -> str:
    unscored = "; the champion is not among them, and its data are unknown"
    return text + unscored if check.reference == "unscored_champion" else text


def _no_common_date(_check: Check) -> str:
    return (
        "the new series and the champion's have no date in common, so nothing shows that they are the same series: "
        "give some of the champion's dates along with the newer ones"
    )


def _revised(check: Check) -> str:
    return (
        f"on {percent(check.value, check.threshold)} of the dates that both series have, their values differ; at most "
        f"{percent(check.threshold)} is allowed, so that a wrong column or unit is not mistaken for the same series"
    )


def _alarm(check: Check) -> str:
    rule = cast("RowAlarm", check.code)
    return str(Alarm(rule, check.value or 0.0, check.threshold or 0.0, str(check.segment)))


def _stretch(check: Check) -> str:
    run, bound = check.value or 0, check.threshold or 0
    return f"{run:.0f} values in a row, to {check.segment}, are all the same; at most {bound:.0f} are plausible"


def _wild(check: Check) -> str:
    rows, bound = check.value or 0, check.threshold or 0
    return (
        f"{rows:.0f} of as many values as the horizon has, to {check.segment}, lie far from their one-step forecasts, "
        f"more than {FAR:g} standard deviations each; at most {bound:.0f} are plausible"
    )


def _displaced(check: Check) -> str:
    shift = int(check.value or 0)
    rows = "row" if abs(shift) == 1 else "rows"
    return (
        f"the newest values, to {check.segment}, fit the season only as if their dates were {abs(shift)} {rows} too "
        f"{'late' if shift > 0 else 'early'}"
    )


def _start_gap(check: Check) -> str:
    gap = show(check.value, check.threshold)
    return f"the optimiser's starts ended {gap} apart in log-likelihood; at most {check.threshold:g} is allowed"


def _naive(check: Check) -> str:
    return f"RMSE {show(check.ours, check.theirs)} against {show(check.theirs, check.ours)} of the seasonal naive"


def _coverage(check: Check) -> str:
    shown = [f"{level} %: {percent(share, _least(check, level))}" for level, share in check.coverage.items()]
    bound = percent(check.threshold)
    return f"intervals cover ({', '.join(shown)}); none may fall more than {bound} below its level"


def _least(check: Check, level: str) -> float:
    return int(level) / 100 - (check.threshold or 0.0)


def _rmse_ratio(check: Check) -> str:
    worst = ", its worst" if check.name.startswith("worst") else ""
    value = _ratio(check)
    return (
        f"{_where(check)} RMSE is {ratio(value, check.threshold)} of the {_whose(check)}'s{worst}; "
        f"at most {check.threshold:g} is allowed"
    )


def _ratio(check: Check) -> float:
    return (check.ours or 0.0) / check.theirs if check.theirs else math.inf


def _where(check: Check) -> str:
    return _WHERE[check.name].format(check.segment)


def _whose(check: Check) -> str:
    return _WHOSE[check.reference or "champion"]


def _no_rmse_ratio(check: Check) -> str:
    return f"RMSE cannot be compared with the {_whose(check)}'s in every segment"


def _bias(check: Check) -> str:
    than = "" if check.growth in (None, 1) else f"{check.growth:g} of "
    return (
        f"bias {show(check.ours)}, {percent(check.value, check.threshold)} of the RMSE; at most "
        f"{percent(check.threshold)} is allowed, or {than}the champion's bias of {show(check.theirs)}"
    )


def _improvement(check: Check) -> str:
    weighing = "" if check.half_life is None else f" (half-life {check.half_life:g})"
    gain = -math.inf if check.value is None else check.value  # the one that no number can hold
    change = f"{percent(-gain)} higher" if gain < 0 else f"{percent(gain, check.threshold)} lower"
    return (
        f"{_error(check)}{weighing} {show(check.ours, check.limit)} against {show(check.theirs)} of the champion, "
        f"{change}; {percent(check.threshold)} lower is {show(check.limit, check.ours)} or less"
    )


def _error(check: Check) -> str:
    return "RMSE" if check.half_life is None else "recency-weighted RMSE"


def _no_improvement(check: Check) -> str:
    return f"{_error(check)} {show(check.ours)} cannot be compared with the champion's {show(check.theirs)}"


def _p_value(check: Check) -> str:
    return f"one-sided p = {probability(check.value, check.threshold)}; at most {check.threshold:g} is allowed"


_FOUND: dict[Finding, Callable[[Check], str]] = {
    "comparable": _comparable,
    "incomparable": _incomparable,
    "no_common_date": _no_common_date,
    "revised": _revised,
    "plausible": lambda _: "the newest rows are plausible",
    "first_zero": _alarm,
    "median_error": _alarm,
    "single_error": _alarm,
    "constant_run": _alarm,
    "displaced_season": _displaced,
    "constant_stretch": _stretch,
    "wild_rows": _wild,
    "converged": lambda _: "the optimiser converged",
    "not_converged": lambda _: "the optimiser stopped before it converged: raise max_iterations",
    "start_gap": _start_gap,
    "finite": lambda _: "all scores are finite numbers",
    "not_finite": lambda check: f"missing or non-finite scores of {', '.join(check.models)}",
    "naive_rmse": _naive,
    "coverage": _coverage,
    "rmse_ratio": _rmse_ratio,
    "no_rmse_ratio": _no_rmse_ratio,
    "bias": _bias,
    "newer_data": lambda _: (
        "the challenger's data end later than those that the champion, of the same specification, was estimated on"
    ),
    "no_newer_data": lambda _: (
        "the champion is of the same specification and was estimated on these data, or newer: nothing was learnt"
    ),
    "improvement": _improvement,
    "no_improvement": _no_improvement,
    "p_value": _p_value,
    "no_p_value": lambda _: "the losses do not differ, or are too few to tell: nothing is proven",
}


def _other_data(_check: Check) -> str:
    return "data on which both models can be judged, or `promote --force --reason ...` where the series is another now"


def _right_history(_check: Check) -> str:
    return "the champion's values, or `forecastops renew --accept-data --reason ...` where the new ones are right"


def _right_rows(_check: Check) -> str:
    return "rows that are right, or `forecastops renew --accept-data --reason ...` where these are"


def _smaller_gap(check: Check) -> str:
    return f"a gap of {check.threshold:g} or less, it is {show(check.value, check.threshold)}"


def _naive_rmse(check: Check) -> str:
    return f"RMSE {show(check.limit, check.ours)} or less (the seasonal naive's), it is {show(check.ours, check.limit)}"


def _more_coverage(check: Check) -> str:
    short = {
        level: share
        for level, share in check.coverage.items()
        if share is None or int(level) / 100 - share > (check.threshold or 0.0)
    }
    return ", ".join(
        f"coverage of the {level} % interval {percent(_least(check, level))} or more, "
        f"it is {percent(share, _least(check, level))}"
        for level, share in short.items()
    )


def _smaller_ratio(check: Check) -> str:
    limit = f"{show(check.limit, check.ours)} or less ({check.threshold:g} of the {_whose(check)}'s "
    return f"RMSE {limit}{show(check.theirs)}) {_where(check)}, it is {show(check.ours, check.limit)}"


def _smaller_bias(check: Check) -> str:
    limit, size = check.limit, None if check.ours is None else abs(check.ours)
    low = show(None if limit is None else -limit, None if size is None else -size)
    signed = None if check.ours is None or limit is None else math.copysign(limit, check.ours)
    return f"a bias between {low} and {show(limit, size)}, it is {show(check.ours, signed)}"


def _larger_improvement(check: Check) -> str:
    share, limit = check.threshold, show(check.limit, check.ours)
    than = f"{limit} or less ({percent(share)} below the champion's)" if share else f"below {show(check.limit)}"
    return f"{_error(check)} {than}, it is {show(check.ours, check.limit)}"


def _smaller_p(check: Check) -> str:
    bound = check.threshold or 0.0
    return f"p {'at most' if bound < 0.5 else 'below'} {bound:g}, it is {probability(check.value, bound)}"


_NEEDED: dict[Finding, Callable[[Check], str]] = {
    "incomparable": _other_data,
    "no_common_date": _other_data,
    "revised": _right_history,
    "first_zero": _right_rows,
    "median_error": _right_rows,
    "single_error": _right_rows,
    "constant_run": _right_rows,
    "displaced_season": _right_rows,
    "constant_stretch": _right_rows,
    "wild_rows": _right_rows,
    "not_converged": lambda _: "an optimiser that converges",
    "start_gap": _smaller_gap,
    "not_finite": lambda _: "finite scores of every model",
    "naive_rmse": _naive_rmse,
    "coverage": _more_coverage,
    "rmse_ratio": _smaller_ratio,
    "no_rmse_ratio": lambda check: f"an RMSE of both models in every segment of {check.name}",
    "bias": _smaller_bias,
    "no_newer_data": lambda _: "data that end later than those that the champion was estimated on",
    "improvement": _larger_improvement,
    "no_improvement": lambda check: f"a {_error(check)} of both models, the champion's above 0",
    "p_value": _smaller_p,
    "no_p_value": _smaller_p,
}
