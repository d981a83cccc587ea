"""Do the newest values come from the distribution of those before? Kolmogorov-Smirnov, and an index that is shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

__all__ = ["KS_DAYS", "kolmogorov_smirnov", "stability_index"]

Array = npt.NDArray[np.float64]

KS_DAYS = 56
_FEWEST = 14
_TENTHS = 10
_EMPTY = 1e-4  # the share that stands for none, of which there is no logarithm


def kolmogorov_smirnov(before: Array, live: Array, days: int = KS_DAYS) -> Array:
    """Return the largest distance of two distribution functions on each day, over its standard deviation's root.

    Args:
        before: values of the training days, shape (n,), without NaN.
        live: shape (m,), NaN where nothing was observed.
        days: how many of the newest are compared.

    Returns:
        shape (m,): sqrt(a b / (a + b)) D for a values before and b compared; 0 where b is below 14.
    """
    usual = np.sort(before)
    padded = np.concatenate([np.full(days - 1, np.nan), live])
    newest = np.sort(sliding_window_view(padded, days), axis=-1)  # NaN comes last
    number = np.sum(np.isfinite(newest), axis=-1)[:, None]
    rank = np.arange(1, days + 1)
    above = rank / np.maximum(number, 1) - np.searchsorted(usual, newest, "left") / len(usual)
    below = np.searchsorted(usual, newest, "right") / len(usual) - (rank - 1) / np.maximum(number, 1)
    within = rank <= number
    distance = np.max(np.where(within, np.maximum(above, below), 0.0), axis=-1)
    count = number[:, 0]
    weight = np.sqrt(len(usual) * count / (len(usual) + count))
    return np.asarray(np.where(count >= _FEWEST, weight * distance, 0.0), dtype=float)


def stability_index(before: Array, newest: Array) -> float:
    """Return the population stability index by tenths of the values before; both without NaN."""
    edges = np.unique(np.quantile(before, np.arange(1, _TENTHS) / _TENTHS))
    usual = np.bincount(np.searchsorted(edges, before, "right"), minlength=len(edges) + 1) / len(before)
    now = np.bincount(np.searchsorted(edges, newest, "right"), minlength=len(edges) + 1) / max(len(newest), 1)
    usual, now = np.maximum(usual, _EMPTY), np.maximum(now, _EMPTY)
    return float(np.sum((now - usual) * np.log(now / usual)))
