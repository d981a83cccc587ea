"""How rare is what a signal shows, where nothing has changed? By which many series can be decided on together."""

from __future__ import annotations

import math
from collections.abc import Iterable

from forecastops.monitoring.signal import Signal
from forecastops.monitoring.watched import Watched

__all__ = ["rarities"]

_PROMISED = ("error_vs_promise", "error_vs_naive", "pinball")


def rarities(watched: Watched, signals: Iterable[Signal]) -> dict[str, float]:
    """Return for how many false alarms a year each signal's newest value would be just at its threshold.

    Never more than 1. Over a year of looks at a series in which nothing changes, the smallest of them is below some
    small number in no larger share of such years: so it is a p-value of the year, whenever one looks.

    Args:
        watched: the champion on the newest data.
        signals: that were made of it; of those that tell nothing, and of others than world's and model's, none is
            returned.
    """
    found = {}
    for signal in signals:
        if signal.group not in ("world", "model") or signal.value is None:
            continue
        name = "coverage" if signal.name.startswith("coverage_") else signal.name
        found[signal.name] = watched.rarity(name, _evidence(signal, signal.value))
    return found


def _evidence(signal: Signal, value: float) -> float:
    """Return a signal's value in the measure in which thresholds were simulated."""
    if signal.level is not None:
        share = signal.level / 100
        return (share - value) / math.sqrt(share * (1 - share))
    if signal.name not in _PROMISED:
        return value
    usual = (signal.usual or 0.0) if signal.name == "error_vs_naive" else 1.0
    # A model that was far better than the naive has not failed while it still is better.
    if value <= 0 or usual <= 0 or (signal.name == "error_vs_naive" and value <= 1):
        return -math.inf
    return math.log(value / usual)
