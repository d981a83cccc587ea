"""Accuracy of forecasts over all origins and steps of a window; what was not observed (NaN) is not scored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecastops.forecasting.rolling_origin import RollingForecasts

__all__ = ["holdout_scores", "loss_by_origin", "mase_scale", "rmse_by_label", "rmse_by_step", "scores"]

Array = npt.NDArray[np.float64]


def scores(actual: Array, forecasts: RollingForecasts, scale: float) -> dict[str, float]:
    """Return RMSE, MAE and bias in units of the data; MASE and each level's coverage without unit.

    Args:
        actual: shape (origins, horizon), NaN where nothing was observed.
        forecasts: of the same shape.
        scale: of MASE, from ``mase_scale``.

    Bias is the mean of forecast minus actual. Coverage is the share of actuals within the interval.
    """
    observed = ~np.isnan(actual)
    error = (forecasts.mean - actual)[observed]
    mae = float(np.mean(np.abs(error)))
    found = {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": mae,
        "mase": mae / scale if scale > 0 else float("nan"),
        "bias": float(np.mean(error)),
    }
    for level, lower in forecasts.lower.items():
        inside = (actual >= lower) & (actual <= forecasts.upper[level])
        found[f"coverage_{level}"] = float(np.mean(inside[observed]))
    return found


def loss_by_origin(actual: Array, mean: Array) -> Array:
    """Return the mean squared error of each origin's path, shape (origins,), as the gate's test wants it.

    Every origin needs one observation at least.
    """
    return _mean_square(mean - actual, ~np.isnan(actual), axis=1)


def rmse_by_step(actual: Array, mean: Array) -> Array:
    """Return RMSE at each step, shape (horizon,); NaN at one that was never observed."""
    return np.asarray(np.sqrt(_mean_square(mean - actual, ~np.isnan(actual), axis=0)))


def rmse_by_label(actual: Array, mean: Array, labels: npt.NDArray[np.object_]) -> dict[str, float]:
    """Return RMSE of the targets of each label; ``labels`` has the shape of ``actual``, (origins, horizon)."""
    observed = ~np.isnan(actual)
    return {
        str(label): float(np.sqrt(np.mean((mean - actual)[observed & (labels == label)] ** 2)))
        for label in np.unique(labels[observed])
    }


def mase_scale(known: Array, season: int) -> float:
    """Return the mean absolute seasonal difference of the observations before the window, shape (n,).

    Hyndman and Koehler (2006), Another look at measures of forecast accuracy.
    """
    return float(np.nanmean(np.abs(known[season:] - known[:-season])))


def holdout_scores(actual: Array, forecast: Array) -> dict[str, float]:
    """Return RMSE and R2 of one forecast path, both of shape (n,), under the names that existing scripts read."""
    observed = ~np.isnan(actual)
    error, known = (actual - forecast)[observed], actual[observed]
    total = float(np.sum((known - known.mean()) ** 2))
    r2 = 1 - float(np.sum(error**2)) / total if total > 0 else float("nan")
    return {"RMSE": float(np.sqrt(np.mean(error**2))), "R2": r2}


def _mean_square(error: Array, observed: npt.NDArray[np.bool_], axis: int) -> Array:
    """Return the mean of the squares that are observed along an axis; NaN where none is."""
    with np.errstate(invalid="ignore"):
        total: Array = np.sum(np.where(observed, error, 0.0) ** 2, axis=axis) / np.sum(observed, axis=axis)
    return total
