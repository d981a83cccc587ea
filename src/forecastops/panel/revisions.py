"""What a series held before, of which a panel keeps but sums: told from newer data and from the sums of each block.

A block whose digest is that of the newer data is the same, to the last bit. Of one that differs, number, sum and sum of
squares tell one revised value exactly; several are told as the newer values moved and stretched to the same sums, which
is right of a change of unit or level, and has the size of any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.panel.panel_forecaster import BLOCK, block_facts

__all__ = ["values_before"]

Array = npt.NDArray[np.float64]


def values_before(row: Mapping[str, Any], index: pd.DatetimeIndex, newer: pd.Series[float]) -> Array:
    """Return the values that a row's series had, shape (rows,); NaN where neither data nor row tell.

    Args:
        row: with the facts of its blocks.
        index: its dates, with a frequency.
        newer: data that overlap with it.
    """
    values = np.array(newer.reindex(index), dtype=float)
    tail = np.asarray(row["tail"], dtype=float)
    reached = (index >= newer.index[0]) & (index <= newer.index[-1])
    facts = block_facts(values)
    for number in np.flatnonzero(np.asarray(facts["block_digests"]) != np.asarray(row["block_digests"])):
        block = slice(number * BLOCK, (number + 1) * BLOCK)
        if reached[block].all():
            values[block] = _before(values[block], {name: row[name][number] for name in facts})
    values[len(values) - len(tail) :] = tail
    return values


def _before(now: Array, then: Mapping[str, Any]) -> Array:
    """Return values with the sums that a block had."""
    known = np.isfinite(now)
    count, total, squares = then["block_counts"], then["block_sums"], then["block_squares"]
    if not known.any() or not count:
        return np.full(len(now), np.nan)
    if count == known.sum() and (one := _one_revised(now, then)) is not None:
        return one
    mean, spread = total / count, max(squares / count - (total / count) ** 2, 0.0) ** 0.5
    own_mean, own_spread = float(now[known].mean()), float(now[known].std())
    stretched = (now - own_mean) * (spread / own_spread if own_spread else 0.0) + mean
    return np.where(known, stretched, np.nan)


def _one_revised(now: Array, then: Mapping[str, Any]) -> Array | None:
    """Return the block with the one value that was another, where that explains its digest."""
    known = now[np.isfinite(now)]
    gain = float(known.sum()) - then["block_sums"]
    if gain == 0:
        return None
    total = (float((known**2).sum()) - then["block_squares"]) / gain  # of the value now and the one before
    place = int(np.nanargmin(np.abs(now - (total + gain) / 2)))
    before = np.array(now)
    scale = max(float(np.abs(known).max()), 1e-300)
    for digits in range(12, -1, -1):
        before[place] = round(now[place] - gain, digits)
        if block_facts(before)["block_digests"][0] == then["block_digests"]:
            return before
    if abs(now[place] - (total + gain) / 2) < 1e-6 * scale:
        before[place] = now[place] - gain
        return before
    return None
