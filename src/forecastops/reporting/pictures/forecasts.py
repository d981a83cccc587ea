"""Pictures of forecasts: what a model forecast beside what came, and the models beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from forecastops.core.iso_dates import iso_date
from forecastops.reporting.pictures.facts import Array, Fan, FanFacts, WindowFacts
from forecastops.reporting.pictures.style import (
    COLOURS,
    DASHES,
    LABELS,
    Picture,
    date_axis,
    days,
    legend,
    new_axes,
    number_axis,
    short,
    text_style,
    unit_label,
)

__all__ = ["forecast_fan", "model_line", "window_comparison"]

_MOST_LEVELS = 4
_WIDTHS = {"challenger": 1.6, "champion": 1.4, "seasonal_naive": 1.2, "actual": 1.1}


def forecast_fan(facts: FanFacts) -> Picture:
    """Draw the challenger's paths and intervals over what was observed, and its forecast after the newest row."""
    ahead = facts.ahead
    levels = _drawn(sorted({level for fan in [*facts.past, *([ahead] if ahead else [])] for level in fan.lower}))
    picture = Picture("forecast_fan", "What the challenger forecasts", _told(facts, levels), height=250)
    axes = new_axes(picture)
    axes.plot(days(facts.observed.dates), facts.observed.values, **model_line("actual"), zorder=3)
    for fan in facts.past:
        _draw_fan(axes, fan, levels)
    if ahead:
        _draw_fan(axes, ahead, levels)
        _mark_newest(axes, facts.observed.dates[-1])
    axes.margins(x=0.01)
    unit_label(axes, "value")
    date_axis(axes)
    number_axis(axes)
    bands = [
        Patch(facecolor=COLOURS["challenger"], alpha=_alpha(level, levels), label=f"{level} %", linewidth=0)
        for level in levels
    ]
    legend(picture, [legend_line("actual"), legend_line("challenger"), *bands])
    return picture


def window_comparison(facts: WindowFacts) -> Picture:
    """Draw every model's forecasts over the window, and below them how far each path was off."""
    picture = Picture("window_comparison", "Challenger, champion and seasonal naive", _compared(facts), height=330)
    models = _order(facts.forecasts)
    above = new_axes(picture, bottom=154)
    above.plot(days(facts.actual.dates), facts.actual.values, **model_line("actual"), zorder=3)
    for name in reversed(models):
        above.plot(days(facts.actual.dates), facts.forecasts[name], **model_line(name), zorder=2)
    below = new_axes(picture, top=212)
    for name in reversed(models):
        below.plot(days(facts.origins), facts.rmse_by_origin[name], **model_line(name))
    below.set_ylim(bottom=0)
    for axes in (above, below):
        axes.margins(x=0.01)
        date_axis(axes)
        number_axis(axes, 4)
        axes.set_xlim(*_ends(facts))
    unit_label(above, "value")
    unit_label(below, "error (RMSE) of the path from each origin")
    legend(picture, [legend_line(name) for name in ("actual", *models)])
    return picture


def model_line(role: str) -> dict[str, Any]:
    """Return how the line of a model, or of what was observed, is drawn: told apart without colours as well."""
    return {
        "color": COLOURS[role],
        "linewidth": _WIDTHS.get(role, 1.4),
        "linestyle": DASHES.get(role, "-"),
        "marker": "",
        "solid_capstyle": "round",
    }


def legend_line(role: str) -> Line2D:
    """Return a model's entry in a legend."""
    return Line2D([], [], label=LABELS.get(role, role), **model_line(role))


def _order(found: Mapping[str, Any]) -> Sequence[str]:
    return [name for name in ("challenger", "champion", "seasonal_naive") if name in found]


def _draw_fan(axes: Axes, fan: Fan, levels: Sequence[int]) -> None:
    at = days(fan.dates)
    for level in levels:
        if level in fan.lower:
            axes.fill_between(
                at,
                fan.lower[level],
                fan.upper[level],
                color=COLOURS["challenger"],
                alpha=_alpha(level, levels),
                linewidth=0,
                zorder=1,
            )
    axes.plot(at, fan.mean, **model_line("challenger"), zorder=4)


def _drawn(levels: Sequence[int]) -> list[int]:
    """Return the levels that are drawn: of many the lowest, a middle one and the highest: more cannot be told apart."""
    if len(levels) <= _MOST_LEVELS:
        return list(levels)
    return [levels[0], levels[len(levels) // 2], levels[-1]]


def _alpha(level: int, levels: Sequence[int]) -> float:
    """Return how dense a level's band is: the wider, the fainter, though the narrower ones lie upon it."""
    return 0.16 + 0.12 * (len(levels) - 1 - list(levels).index(level))


def _mark_newest(axes: Axes, date: pd.Timestamp) -> None:
    at = float(days(pd.DatetimeIndex([date]))[0])
    axes.axvline(at, color=COLOURS["grid"], linewidth=0.8, linestyle=(0, (2, 2)))
    place = axes.get_xaxis_transform()
    axes.text(at, 0.99, " ahead", transform=place, ha="left", va="top", **text_style(7.5, "muted"))


def _ends(facts: WindowFacts) -> tuple[float, float]:
    both = np.concatenate([days(facts.actual.dates), days(facts.origins)])
    margin = 0.01 * (both.max() - both.min()) or 1.0
    return float(both.min() - margin), float(both.max() + margin)


def _told(facts: FanFacts, levels: Sequence[int]) -> str:
    inside = [_share_inside(facts, level) for level in levels]
    held = ", ".join(
        f"{100 * share:.0f} % within the {level} % interval"
        for level, share in zip(levels, inside, strict=True)
        if share is not None
    )
    found = f"Observations from {iso_date(facts.observed.dates[0])} to {iso_date(facts.observed.dates[-1])}"
    words = f"{found}, and {len(facts.past)} forecast paths of the challenger over the window"
    words += f", with {held} of what came." if held else "."
    if facts.ahead is not None:
        first, last = facts.ahead.mean[0], facts.ahead.mean[-1]
        end = iso_date(facts.ahead.dates[-1])
        words += f" Its forecast ahead begins at {short(float(first))} and ends on {end} at {short(float(last))}."
    return words


def _share_inside(facts: FanFacts, level: int) -> float | None:
    """Return the share of the paths' actuals that lie within their interval; None where none was observed."""
    observed = pd.Series(facts.observed.values, facts.observed.dates)
    inside: list[Array] = []
    for fan in facts.past:
        actual = observed.reindex(fan.dates).to_numpy(float)
        known = ~np.isnan(actual)
        within = (actual >= fan.lower[level]) & (actual <= fan.upper[level])
        inside.append(within[known].astype(float))
    found = np.concatenate(inside) if inside else np.array([])
    return float(found.mean()) if len(found) else None


def _compared(facts: WindowFacts) -> str:
    models = _order(facts.rmse_by_origin)
    mean = {name: float(np.sqrt(np.nanmean(facts.rmse_by_origin[name] ** 2))) for name in models}
    scores = ", ".join(f"{LABELS[name]} {short(value)}" for name, value in mean.items())
    start, end = iso_date(facts.actual.dates[0]), iso_date(facts.actual.dates[-1])
    words = f"Forecasts of each model from {start} to {end}, beside what was observed, and below the error of the path "
    words += f"from each of {len(facts.origins)} origins. Over all of them the error (RMSE) is: {scores}."
    if "champion" in models:
        better = facts.rmse_by_origin["challenger"] < facts.rmse_by_origin["champion"]
        words += f" The challenger is closer than the champion from {int(better.sum())} of them."
    return words
