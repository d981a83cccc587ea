"""Which series are fitted anew: those whose champion's filter errors say that something moved, and those that are old.

A filter pass costs a fiftieth of a fit. A share of the series, by quantile, is fitted in any case, where that is worth
most; and all beside it that moved further than chance moves one in a hundred: a share alone would miss most of a panel
of which half has shifted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["CALM", "FITTED", "MOVED", "OLD", "movement", "screened"]

Array = npt.NDArray[np.float64]

# Why a series is fitted anew, or not.
MOVED, OLD, CALM = "moved", "old", "calm"
FITTED = frozenset({MOVED, OLD, "new", "no_model", "revised", "unfit"})
_FEWEST = 8  # errors that tell anything
_BEYOND_CHANCE = 13.277  # that a sum of four squared standard normal numbers passes once in a hundred times


def movement(errors: Array, season: int) -> float:
    """Return how far a champion's errors are from what they are where nothing has moved; 0 where too few tell.

    Where the model is right they are white with variance 1, so that their mean, their mean square, and their products
    with the error before and with that a season before are standard normal numbers, nearly; the sum of their squares is
    returned.

    Args:
        errors: standardised one-step errors since it was last fitted, oldest first, shape (n,); NaN where unobserved.
        season: of the series, in observations; 1 for none.
    """
    known = np.isfinite(errors)
    number = int(known.sum())
    if number < _FEWEST:
        return 0.0
    bounded = np.where(known, np.clip(errors, -4, 4), 0.0)  # one outlier is no movement
    scores = [bounded.sum() / np.sqrt(number), (np.sum(bounded**2) - number) / np.sqrt(2 * number)]
    scores += [_together(bounded, known, lag) for lag in sorted({1, season}) if lag < len(errors)]
    return float(np.sum(np.square(scores)))


def screened(moved: Array, age: Array, share: float, max_age: int | None) -> npt.NDArray[np.object_]:
    """Return why each series is fitted anew, or that it is calm, shape (n,); empty where movement is not known.

    Args:
        moved: what ``movement`` says of each series, shape (n,); NaN where something else decides.
        age: observations since it was last fitted, shape (n,).
        share: of the series that movement is known of, which are fitted as they moved most; beside them, any that
            moved beyond chance.
        max_age: from which age on a series is fitted anyway, beside the share; None for no bound.
    """
    known = np.isfinite(moved)
    wanted = int(np.ceil(share * known.sum()))
    # The ones that moved most; of equals, the first ones, so that it is the same on every machine.
    order = np.argsort(-np.where(known, moved, -np.inf), kind="stable")
    found = np.full(len(moved), CALM, dtype=object)
    if max_age is not None:
        found[known & (age >= max_age)] = OLD
    found[order[:wanted]] = MOVED
    found[known & (moved > _BEYOND_CHANCE)] = MOVED
    found[~known] = ""
    return found


def _together(errors: Array, known: npt.NDArray[np.bool_], lag: int) -> float:
    pairs = int(np.sum(known[lag:] & known[:-lag]))
    return float(np.sum(errors[lag:] * errors[:-lag]) / np.sqrt(pairs)) if pairs else 0.0
