"""A check's value beside its bound, as places on a line; a sentence beside it says the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from forecastops.gate.check import Check, Finding
from forecastops.reporting.sentences.numbers import percent, probability, ratio, show

__all__ = ["Scale", "closeness", "scales_of"]

_MARGIN = 0.12  # of the line, left free beyond the outer of the two


@dataclass(frozen=True)
class Scale:
    """One line.

    Attributes:
        label: what is measured.
        value: where the value lies, as a share of the line's length; ``bound`` likewise.
        left: whether smaller values pass.
        passed: whether this one does.
        shown_value: the value as text; ``shown_bound`` says what passes.
    """

    label: str
    value: float
    bound: float
    left: bool
    passed: bool
    shown_value: str
    shown_bound: str


def scales_of(check: Check) -> tuple[Scale, ...]:
    """Return the check's lines: mostly one, one for each level of the intervals, none for a yes or no."""
    drawn = _DRAWN.get(check.code) if check.code else None
    return drawn(check) if drawn else ()


def closeness(check: Check) -> float:
    """Return how near a check came to its bound, as a share of its line; infinite where it has none."""
    return min((abs(scale.value - scale.bound) for scale in scales_of(check)), default=math.inf)


def _line(
    label: str,
    value: float,
    bound: float,
    texts: tuple[str, str],
    *,
    left: bool,
    passed: bool,
    around: tuple[float, ...] = (0.0,),
) -> tuple[Scale, ...]:
    """Place both on a line that also holds ``around``."""
    if not (math.isfinite(value) and math.isfinite(bound)):
        return ()
    low, high = min(value, bound, *around), max(value, bound, *around)
    length = (high - low) or 1.0
    start = low - (_MARGIN * length if low < min(around) else 0.0)
    end = high + (_MARGIN * length if high > max(around) or len(around) == 1 else 0.0)

    def place(number: float) -> float:
        return (number - start) / (end - start)

    places = place(value), place(bound)
    return (Scale(label, *places, left, passed, *texts),) if all(map(math.isfinite, places)) else ()


def _share_below(label: str) -> Callable[[Check], tuple[Scale, ...]]:
    """Draw by how much the error is lower than another, of which zero is the same."""

    def drawn(check: Check) -> tuple[Scale, ...]:
        if check.ours is None or not check.theirs or check.limit is None:
            return ()
        gain, bound = 1 - check.ours / check.theirs, 1 - check.limit / check.theirs
        least = "no higher" if abs(bound) < 1e-12 else f"at least {_lower(bound, gain)}"
        return _line(label, gain, bound, (_lower(gain, bound), least), left=False, passed=check.passed)

    return drawn


def _lower(share: float, beside: float) -> str:
    return f"{percent(abs(share), abs(beside))} {'higher' if share < 0 else 'lower'}"


def _ratio(check: Check) -> tuple[Scale, ...]:
    if check.value is None or check.threshold is None:
        return ()
    texts = ratio(check.value, check.threshold), f"at most {check.threshold:g}"
    return _line(
        "Error as a multiple of the other's", check.value, check.threshold, texts, left=True, passed=check.passed
    )


def _p_value(check: Check) -> tuple[Scale, ...]:
    if check.value is None or check.threshold is None:
        return ()
    texts = probability(check.value, check.threshold), f"at most {check.threshold:g}"
    return _line("p", check.value, check.threshold, texts, left=True, passed=check.passed, around=(0.0, 1.0))


def _bias(check: Check) -> tuple[Scale, ...]:
    if check.ours is None or check.limit is None:
        return ()
    texts = show(abs(check.ours), check.limit), f"at most {show(check.limit, abs(check.ours))}"
    return _line("Mean error, in either direction", abs(check.ours), check.limit, texts, left=True, passed=check.passed)


def _coverage(check: Check) -> tuple[Scale, ...]:
    lines: list[Scale] = []
    for level, share in check.coverage.items():
        if share is None or check.threshold is None:
            continue
        least, passed = int(level) / 100 - check.threshold, int(level) / 100 - share <= check.threshold
        texts = percent(share, least), f"at least {percent(least, share)}"
        label = f"Within the {level} % interval"
        lines += _line(label, share, least, texts, left=False, passed=passed, around=(0.0, 1.0))
    return tuple(lines)


def _share(check: Check) -> tuple[Scale, ...]:
    if check.value is None or check.threshold is None:
        return ()
    texts = percent(check.value, check.threshold), f"at most {percent(check.threshold)}"
    return _line("Dates with another value", check.value, check.threshold, texts, left=True, passed=check.passed)


def _number(label: str) -> Callable[[Check], tuple[Scale, ...]]:
    def drawn(check: Check) -> tuple[Scale, ...]:
        if check.value is None or check.threshold is None:
            return ()
        value = abs(check.value)
        texts = show(value, check.threshold), f"at most {show(check.threshold, value)}"
        return _line(label, value, check.threshold, texts, left=True, passed=check.passed)

    return drawn


_DRAWN: dict[Finding, Callable[[Check], tuple[Scale, ...]]] = {
    "comparable": _share,
    "revised": _share,
    "first_zero": _number("Standard deviations from what was expected"),
    "median_error": _number("Standard deviations from what was expected"),
    "single_error": _number("Standard deviations from what was expected"),
    "constant_run": _number("Equal values in a row"),
    "constant_stretch": _number("Equal values in a row"),
    "wild_rows": _number("Rows far from what was expected"),
    "start_gap": _number("Distance in log-likelihood"),
    "naive_rmse": _share_below("Error, beside repeating the last season"),
    "coverage": _coverage,
    "rmse_ratio": _ratio,
    "bias": _bias,
    "improvement": _share_below("Error, beside the model in production"),
    "p_value": _p_value,
}
