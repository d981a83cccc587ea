"""The innovations on one scale: in deviations of the training days, and without the lever of a single wild day.

All functions take arrays of shape (..., n): one series, or many simulated ones at once. NaN where nothing was observed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["FARTHEST_SQUARED", "FEWEST", "clipped", "persistence_error"]

Array = npt.NDArray[np.float64]

FEWEST = 40  # innovations that say what is usual
_FARTHEST = 2.5  # robust deviations, beyond which an innovation says no more of the level
FARTHEST_SQUARED = 3.0  # of the spread, which lies in the large ones: a doubled variance is noticed sooner
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution
_MOST_PERSISTENT = 0.99


def clipped(innovations: Array, start: int, farthest: float = _FARTHEST) -> Array:
    """Return innovations with deviation 1 on the days before ``start``, and mean 0 but for chance.

    Median and median deviation of those days give the unit, and what lies farther than some of them counts as that
    far: so heavy tails neither hide a change nor feign one.

    Args:
        innovations: shape (..., n).
        start: number of training days.
        farthest: robust deviations.
    """
    before = innovations[..., :start]
    centre = np.nanmedian(before, axis=-1, keepdims=True)
    scale = _MAD_TO_DEVIATION * np.nanmedian(np.abs(before - centre), axis=-1, keepdims=True)
    scale = np.where(scale > 0, scale, np.nan)
    # Clipped around their centre, and put back: what is wanted is their distance from the forecast.
    scores = np.clip((innovations - centre) / scale, -farthest, farthest) + centre / scale
    before = scores[..., :start]
    deviation = np.nanstd(before, axis=-1, keepdims=True)
    return np.asarray((scores - _beyond_chance(before)) / np.where(deviation > 0, deviation, np.nan), dtype=float)


def _beyond_chance(before: Array) -> Array:
    """Return the training days' mean, shrunk by what chance makes of innovations with mean 0 (James and Stein, 1961).

    A skew distribution that is clipped has another mean, and it must be taken out. But taking a chance mean out adds
    its error to every later day, by which a change of level is noticed a fifth later where the model follows the level.
    """
    mean, variance = np.nanmean(before, axis=-1, keepdims=True), np.nanvar(before, axis=-1, keepdims=True)
    by_chance = variance / np.maximum(np.sum(np.isfinite(before), axis=-1, keepdims=True), 1)
    kept = 1 - by_chance / np.maximum(mean**2, np.finfo(float).tiny)
    return np.asarray(mean * np.maximum(kept, 0.0), dtype=float)


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
