"""How far a check that failed is from passing, as half a sentence: what the bound beside it leaves to be worked out."""

from __future__ import annotations

from collections.abc import Callable

from forecastops.gate.check import Check, Finding
from forecastops.reporting.sentences.numbers import percent, probability, show

__all__ = ["distance_of"]


def distance_of(check: Check) -> str:
    """Return the distance; empty if the check passed, or asks for what is there or not."""
    if check.passed or check.code not in _DISTANCES:
        return ""
    return _DISTANCES[check.code](check)


def _lower_error(check: Check) -> str:
    if not check.ours or check.limit is None:
        return ""
    if check.limit >= check.ours:
        return "an error that is lower at all"
    return f"an error lower by another {percent(1 - check.limit / check.ours, 0.0)}"


def _lower_error_there(check: Check) -> str:
    found = _lower_error(check)
    return found and f"{found} there"


def _smaller_bias(check: Check) -> str:
    if not check.ours or check.limit is None or check.limit >= abs(check.ours):
        return ""
    size = abs(check.ours)
    return f"forecasts nearer to the middle by {show(size - check.limit)} ({percent(1 - check.limit / size, 0.0)})"


def _more_coverage(check: Check) -> str:
    bound = check.threshold or 0.0
    short = {level: int(level) / 100 - bound - share for level, share in check.coverage.items() if share is not None}
    return ", ".join(
        f"another {percent(share, 0.0)} of the actual values within the {level} % interval"
        for level, share in short.items()
        if share > 0
    )


def _smaller_p(check: Check) -> str:
    if check.value is None or check.threshold is None or check.value <= check.threshold:
        return "a lead over the model in production that chance alone would seldom give"
    less = probability(check.value - check.threshold, 0.0)
    return f"p lower by {less}: a larger lead, or one that is there more steadily"


def _beyond(unit: str) -> Callable[[Check], str]:
    def sentence(check: Check) -> str:
        if check.value is None or check.threshold is None:
            return ""
        return f"{show(abs(check.value) - check.threshold)} {unit}"

    return sentence


def _fewer_revised(check: Check) -> str:
    if check.value is None or check.threshold is None:
        return ""
    return f"{percent(check.value - check.threshold, 0.0)} of the common dates fewer with another value"


_DISTANCES: dict[Finding, Callable[[Check], str]] = {
    "revised": _fewer_revised,
    "first_zero": _beyond("standard deviations nearer to what was expected"),
    "median_error": _beyond("standard deviations nearer to what was expected"),
    "single_error": _beyond("standard deviations nearer to what was expected"),
    "constant_run": _beyond("equal values in a row fewer"),
    "constant_stretch": _beyond("equal values in a row fewer"),
    "wild_rows": _beyond("rows fewer that lie far off"),
    "start_gap": _beyond("in log-likelihood less"),
    "naive_rmse": _lower_error,
    "coverage": _more_coverage,
    "rmse_ratio": _lower_error_there,
    "bias": _smaller_bias,
    "improvement": _lower_error,
    "p_value": _smaller_p,
}
