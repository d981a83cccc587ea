"""Why two models cannot be judged on the same data, and what is odd about the newest rows, as sentences."""

from __future__ import annotations

from forecastops.gate.data_sense import Doubt
from forecastops.gate.evidence import Obstacle

__all__ = ["doubt_sentence", "obstacle_sentence"]

_ANEW = "the champion's spec, re-estimated before the window,"
_UNTIL = "its own parameters are compared once the window holds newer observations only"
_SENTENCES = {
    "frequency": "the new series has frequency {new}, the champion's {champions}",
    "dates": "the new series' dates, such as {new}, lie between those of the champion's",
    "not_positive": "the champion models logarithms, and the new series has values that are not positive",
    "ends_before_state": "the new series ends on {new}, before the champion's on {champions}",
    "ends_before_estimation": (
        "the new series ends on {new}, before that from which the champion was estimated, on {champions}"
    ),
}


def obstacle_sentence(obstacle: Obstacle) -> str:
    """Return why, as half a sentence that others may follow."""
    if obstacle.code == "told":
        return obstacle.detail or ""
    if obstacle.code == "cannot_be_re_estimated":
        return f"{_ANEW} {obstacle.detail}; {_UNTIL}"
    if obstacle.code == "re_estimation_stopped":
        iterations, bound = obstacle.iterations or 0, obstacle.bound or 0
        remedy = "raise model.max_iterations" if iterations >= bound else _UNTIL
        return f"{_ANEW} did not converge in {iterations} iterations; {remedy}"
    return _SENTENCES[obstacle.code].format(new=obstacle.new, champions=obstacle.champions)


def doubt_sentence(doubt: Doubt) -> str:
    """Return what a person should look at in the newest rows."""
    if doubt.code == "alarm":
        return f"{doubt.alarm}: the gate refuses such data (plausible_data)."
    if doubt.code == "unit":
        return f"from {doubt.date} on, values are about {doubt.value:g} times those before: another unit?"
    if doubt.code == "stuck":
        before = f"before, at most {doubt.longest} in a row were the same"
        return f"the last {doubt.length} values, to {doubt.date}, are all {doubt.value:.6g}; {before}: a stuck sensor?"
    if doubt.code == "placeholder":
        shown = f"{doubt.value:g}"
        return f"{shown} stands {doubt.length} times, far from all other values: missing? data.na_values={shown}"
    part = "; is its period complete? data.drop_last=1 leaves it out" if doubt.partial else ""
    return (
        f"the newest value {doubt.value:.6g} of {doubt.date} lies far outside its one-step interval, {doubt.low:.6g} "
        f"to {doubt.high:.6g} (95 %){part}."
    )
