"""What each forecast path has cost since the model serves, beside the seasonal naive, and what was promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.model import Model, forecasts_of
from forecastops.forecasting.rolling_origin import RollingForecasts, actuals, seasonal_naive

__all__ = ["LOSS_ORIGINS", "Losses", "losses_from", "rolling_mean"]

Array: TypeAlias = npt.NDArray[np.float64]

LOSS_ORIGINS = 28  # the newest origins whose horizon is over, which a signal is about


@dataclass(frozen=True)
class Losses:
    """Of each origin, over the observed steps of its path: NaN where there is none.

    Attributes:
        origins: numbers of observations known, shape (origins,).
        absolute: mean absolute error.
        naive: the seasonal naive's.
        pinball: mean pinball loss over the quantiles that bound the intervals, and the middle.
        inside: for each level, the share of values within its interval.
    """

    origins: npt.NDArray[np.intp]
    absolute: Array
    naive: Array
    pinball: Array
    inside: dict[int, Array]

    def mean(self) -> dict[str, float]:
        """Return the means over all origins, by the signals' names."""
        found = {"absolute": self.absolute, "naive": self.naive, "pinball": self.pinball}
        found |= {f"coverage_{level}": share for level, share in self.inside.items()}
        return {
            name: float(np.nanmean(losses)) if np.isfinite(losses).any() else np.nan for name, losses in found.items()
        }


def losses_from(model: Model, origins: npt.NDArray[np.intp], evaluation: Evaluation) -> Losses:
    """Return the losses of the paths from these origins, whose horizon lies within the model's observations."""
    horizon, levels = evaluation.horizon, evaluation.levels
    actual = actuals(model.observed, origins, horizon)
    forecasts = forecasts_of(model, origins, horizon, levels)
    naive = seasonal_naive(model.values, origins, horizon, evaluation.season_length, levels)
    inside = {
        level: _mean(np.where(np.isnan(actual), np.nan, (actual >= low) & (actual <= forecasts.upper[level])))
        for level, low in forecasts.lower.items()
    }
    return Losses(
        origins,
        _mean(np.abs(forecasts.mean - actual)),
        _mean(np.abs(naive.mean - actual)),
        _mean(_pinball(actual, forecasts)),
        inside,
    )


def rolling_mean(losses: Array, origins: int = LOSS_ORIGINS, fewest: int = LOSS_ORIGINS // 2) -> Array:
    """Return the mean of the newest losses at each position, along the last axis; NaN where there are fewer."""
    zero = np.zeros((*losses.shape[:-1], 1))
    total = np.concatenate([zero, np.cumsum(np.nan_to_num(losses), axis=-1)], axis=-1)
    count = np.concatenate([zero, np.cumsum(np.isfinite(losses), axis=-1)], axis=-1)
    last = np.arange(1, losses.shape[-1] + 1)
    first = np.maximum(last - origins, 0)
    number = count[..., last] - count[..., first]
    sums = total[..., last] - total[..., first]
    return np.asarray(np.where(number >= fewest, sums / np.maximum(number, 1), np.nan), dtype=float)


def _pinball(actual: Array, forecasts: RollingForecasts) -> Array:
    """Return the mean pinball loss of each step, shape (origins, horizon)."""
    quantiles = [(0.5, forecasts.mean)]
    for level, lower in forecasts.lower.items():
        quantiles += [(0.5 - level / 200, lower), (0.5 + level / 200, forecasts.upper[level])]
    gaps = [(share, actual - bound) for share, bound in quantiles]
    return np.asarray(np.mean([np.maximum(share * gap, (share - 1) * gap) for share, gap in gaps], axis=0), dtype=float)


def _mean(values: Array) -> Array:
    """Return the mean of each row's numbers; NaN where it has none."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.asarray(np.where(count > 0, np.nansum(values, axis=1) / np.maximum(count, 1), np.nan), dtype=float)
