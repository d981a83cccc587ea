"""Which series are fitted anew: those whose champion's filter errors say that something moved, and those that are old.

A filter pass costs a hundredth of a fit. A quantile is the bound, not a level of a test: what is asked is where the
fits that can be paid for are worth most.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["movement", "screened"]

Array = npt.NDArray[np.float64]

_FEWEST = 8  # errors that tell anything


def movement(errors: Array, season: int) -> float:
    """Return how far a champion's errors are from what they are where nothing has moved; 0 where too few tell.

    Where the model is right they are white with variance 1, so that their mean, their mean square, and their products
    with the error before and with that a season before are standard normal numbers, nearly; the sum of their squares is
    returned.

    Args:
        errors: standardised one-step errors since its training, oldest first, shape (n,); NaN where unobserved.
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


def screened(moved: Array, age: Array, share: float | None, max_age: int | None) -> npt.NDArray[np.bool_]:
    """Return which series are fitted anew, shape (n,).

    Args:
        moved: what ``movement`` says of each series, shape (n,); NaN where there is no champion to say it.
        age: observations since its training, shape (n,).
        share: of the series with a champion; None for all.
        max_age: from which age on a series is fitted anyway, beside the share; None for no bound.
    """
    if share is None:
        return np.ones(len(moved), dtype=bool)
    old = np.zeros(len(moved), dtype=bool) if max_age is None else age >= max_age
    without, known = np.isnan(moved), np.isfinite(moved)
    wanted = int(np.ceil(share * known.sum()))
    # The ones that moved most; of equals, the first ones, so that it is the same on every machine.
    order = np.argsort(-np.where(known, moved, -np.inf), kind="stable")
    most = np.zeros(len(moved), dtype=bool)
    most[order[:wanted]] = True
    return most | old | without


def _together(errors: Array, known: npt.NDArray[np.bool_], lag: int) -> float:
    pairs = int(np.sum(known[lag:] & known[:-lag]))
    return float(np.sum(errors[lag:] * errors[:-lag]) / np.sqrt(pairs)) if pairs else 0.0
