"""The innovations on one scale: in deviations of the training days, and without the lever of a single wild day.

All functions take arrays of shape (..., n): one series, or many simulated ones at once. NaN where nothing was observed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["FEWEST", "clipped", "persistence_error"]

Array = npt.NDArray[np.float64]

FEWEST = 40  # innovations that say what is usual
_CLIPPED = 2.5  # robust deviations
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution
_MOST_PERSISTENT = 0.99


def clipped(innovations: Array, start: int) -> Array:
    """Return innovations with mean 0 and deviation 1 on the days before ``start``.

    Median and median deviation of those days give the unit, and what lies farther than 2.5 of them counts as 2.5: so
    heavy tails neither hide a change nor feign one.
    """
    before = innovations[..., :start]
    centre = np.nanmedian(before, axis=-1, keepdims=True)
    scale = _MAD_TO_DEVIATION * np.nanmedian(np.abs(before - centre), axis=-1, keepdims=True)
    scores = np.clip((innovations - centre) / np.where(scale > 0, scale, np.nan), -_CLIPPED, _CLIPPED)
    before = scores[..., :start]
    mean, deviation = np.nanmean(before, axis=-1, keepdims=True), np.nanstd(before, axis=-1, keepdims=True)
    return np.asarray((scores - mean) / np.where(deviation > 0, deviation, np.nan), dtype=float)


def persistence_error(values: Array, start: int, season: int) -> Array:
    """Return how uncertain the training days leave the series' persistence, relative to what remains of it.

    Of an autoregression with coefficient r on n days it is the standard error of r over 1 - r,
    sqrt((1 + r) / (1 - r) / n).
    Where it is large, innovations by the estimated model drift although nothing has changed.

    Args:
        values: shape (..., n), NaN where nothing was observed.
        start: number of training days.
        season: whose places' means are taken out first; 1 for none.
    """
    known = values[..., :start]
    centred = np.array(known)
    for place in range(season if start >= 3 * season else 1):
        step = season if start >= 3 * season else 1
        centred[..., place::step] -= np.nanmean(known[..., place::step], axis=-1, keepdims=True)
    later, earlier = centred[..., 1:], centred[..., :-1]
    number = np.sum(np.isfinite(known), axis=-1)
    correlation = np.nanmean(later * earlier, axis=-1) / np.nanmean(centred**2, axis=-1)
    bounded = np.clip(np.nan_to_num(correlation), 0.0, _MOST_PERSISTENT)
    return np.asarray(np.sqrt((1 + bounded) / (1 - bounded) / np.maximum(number, 1)), dtype=float)
