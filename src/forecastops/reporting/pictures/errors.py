"""Pictures of errors: how they grow with the step ahead, and whether anything is left in them to be learnt."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.special import ndtri

from forecastops.reporting.pictures.facts import Array, ResidualFacts, StepFacts
from forecastops.reporting.pictures.forecasts import legend_line, model_line
from forecastops.reporting.pictures.style import (
    COLOURS,
    LABELS,
    WIDTH,
    Picture,
    date_axis,
    days,
    legend,
    new_axes,
    number_axis,
    short,
    unit_label,
)

__all__ = ["autocorrelations", "error_by_step", "residuals"]

_MOST_LAGS = 40


def error_by_step(facts: StepFacts) -> Picture:
    """Draw each model's error at each step ahead."""
    models = [name for name in ("challenger", "champion", "seasonal_naive") if name in facts.rmse_by_step]
    picture = Picture("error_by_step", "Error by step ahead", _steps_told(facts, models), height=220)
    axes = new_axes(picture, bottom=34)
    few = {"marker": "o", "markersize": 3.0, "markeredgewidth": 0}
    for name in reversed(models):
        found = facts.rmse_by_step[name]
        marks = few if len(found) <= 31 else {}
        axes.plot(np.arange(1, len(found) + 1), found, **(model_line(name) | marks))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.02)
    number_axis(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("steps ahead", fontsize=8, color=COLOURS["muted"], fontfamily="DejaVu Sans", labelpad=3)
    unit_label(axes, "error (RMSE)")
    legend(picture, [legend_line(name) for name in models])
    return picture


def residuals(facts: ResidualFacts) -> Picture:
    """Draw the one-step errors over time, their autocorrelation, and their quantiles beside the normal's."""
    known = facts.errors.values[np.isfinite(facts.errors.values)]
    lags = autocorrelations(facts.errors.values, _lags(len(facts.errors.values), facts.season))
    picture = Picture("residuals", "What the one-step errors leave", _left_told(known, lags), height=330)
    _over_time(new_axes(picture, bottom=184), facts)
    half = WIDTH / 2
    _by_lag(new_axes(picture, top=190, right=half + 6, bottom=34), lags, len(known))
    _by_quantile(new_axes(picture, top=190, left=half + 36, bottom=34), known)
    return picture


def autocorrelations(errors: Array, lags: int) -> Array:
    """Return the autocorrelation at lags 1 to ``lags``, of pairs that were both observed; shape (lags,)."""
    known = np.isfinite(errors)
    variance = float(np.var(errors[known])) if known.any() else 0.0
    if not variance > 0:
        return np.zeros(lags)
    centred = np.where(known, errors, np.nan) - float(np.mean(errors[known]))
    products = [centred[lag:] * centred[:-lag] for lag in range(1, lags + 1)]
    return np.array([np.nanmean(found) / variance if np.isfinite(found).any() else 0.0 for found in products])


def _lags(rows: int, season: int) -> int:
    return max(1, min(max(_MOST_LAGS // 2, 2 * season + 1), _MOST_LAGS, rows - 2))


def _over_time(axes: Axes, facts: ResidualFacts) -> None:
    at = days(facts.errors.dates)
    axes.axvspan(
        float(days(pd.DatetimeIndex([facts.window_start]))[0]), at[-1], color=COLOURS["challenger"], alpha=0.1, lw=0
    )
    axes.axhline(0, color=COLOURS["grid"], linewidth=0.8)
    low, high = _extremes(facts.errors.values)
    places = np.linspace(at[0], at[-1], len(low))
    _sticks(axes, places, np.minimum(low, 0), np.maximum(high, 0), min(1.2, 320 / len(low)))
    axes.margins(x=0.01)
    date_axis(axes)
    number_axis(axes, 4)
    unit_label(axes, "over time, in standard deviations (shaded: the window, unseen by the estimation)")


def _by_lag(axes: Axes, found: Array, rows: int) -> None:
    lags, bound = np.arange(1.0, len(found) + 1), 1.96 / np.sqrt(max(rows, 1))
    axes.axhspan(-bound, bound, color=COLOURS["muted"], alpha=0.18, lw=0)
    axes.axhline(0, color=COLOURS["grid"], linewidth=0.8)
    _sticks(axes, lags, np.zeros(len(found)), found, 2)
    largest = max(0.3, 1.15 * float(np.max(np.abs(found), initial=bound)))
    axes.set_ylim(-largest, largest)
    number_axis(axes, 4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _below(axes, "lag")
    unit_label(axes, "autocorrelation (shaded: chance)")


def _by_quantile(axes: Axes, known: Array) -> None:
    shares = (np.arange(1, len(known) + 1) - 0.5) / max(len(known), 1)
    normal = ndtri(shares)
    if len(known):
        end = float(max(np.max(np.abs(normal)), 1.0))
        axes.plot([-end, end], [-end, end], color=COLOURS["grid"], linewidth=1, marker="")
        points = _thinned(normal, np.sort(known))
        axes.plot(*points, color=COLOURS["challenger"], linestyle="", marker="o", markersize=2.4, markeredgewidth=0)
    number_axis(axes, 4)
    _below(axes, "normal quantile")
    unit_label(axes, "quantiles (line: the normal's)")


def _sticks(axes: Axes, at: Array, start: Array, end: Array, width: float) -> None:
    """Draw upright lines as one path: a document of ten years of days stays small."""
    x = np.repeat(at, 3)
    y = np.column_stack([start, end, np.full(len(at), np.nan)]).ravel()
    axes.plot(x, y, color=COLOURS["challenger"], linewidth=width, linestyle="-", marker="", solid_capstyle="butt")


def _extremes(values: Array, most: int = 600) -> tuple[Array, Array]:
    """Return lowest and highest value of each of at most so many stretches of equal length; NaN where one is empty."""
    size = -(-len(values) // most)
    padded = np.concatenate([values, np.full(-len(values) % size, np.nan)]).reshape(-1, size)
    empty = np.isnan(padded).all(axis=1)
    low = np.where(np.isnan(padded), np.inf, padded).min(axis=1)
    high = np.where(np.isnan(padded), -np.inf, padded).max(axis=1)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def _thinned(x: Array, y: Array, most: int = 160) -> tuple[Array, Array]:
    """Return at most so many points, all of the tails among them."""
    if len(x) <= most:
        return x, y
    tail = most // 8
    middle = np.linspace(tail, len(x) - tail - 1, most - 2 * tail).astype(int)
    kept = np.concatenate([np.arange(tail), middle, np.arange(len(x) - tail, len(x))])
    return x[kept], y[kept]


def _below(axes: Axes, words: str) -> None:
    axes.set_xlabel(words, fontsize=8, color=COLOURS["muted"], fontfamily="DejaVu Sans", labelpad=3)


def _steps_told(facts: StepFacts, models: list[str]) -> str:
    ends = [(LABELS[name], facts.rmse_by_step[name]) for name in models]
    told = "; ".join(f"{name} {short(float(found[0]))} to {short(float(found[-1]))}" for name, found in ends)
    steps = len(ends[0][1]) if ends else 0
    return f"The error (RMSE) at each of {steps} steps ahead, from the first to the last: {told}."


def _left_told(known: Array, lags: Array) -> str:
    beyond = int(np.sum(np.abs(lags) > 1.96 / np.sqrt(max(len(known), 1))))
    far = float(np.mean(np.abs(known) > 1.96)) if len(known) else 0.0
    return (
        f"{len(known)} one-step errors of the challenger in standard deviations: over time, by autocorrelation, and "
        f"beside the quantiles of the normal distribution. {beyond} of {len(lags)} autocorrelations lie beyond chance, "
        f"and {100 * far:.0f} % of the errors beyond 1.96 standard deviations, of which the normal has 5 %."
    )
