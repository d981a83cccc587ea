"""Pictures of anything over time: curves, the bounds they are held against, and what happened meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forecastops.reporting.pictures.facts import Bound, Event, TimelineFacts
from forecastops.reporting.pictures.style import (
    COLOURS,
    DASHES,
    FONT_SIZE,
    WIDTH,
    Picture,
    date_axis,
    days,
    legend,
    new_axes,
    number_axis,
    plain,
    text_style,
)

__all__ = ["timeline"]

_MOST_ROWS = 3
_SIZE, _ROW = 7.5, 11.0  # points: of an event's label, and of a row of them


def timeline(facts: TimelineFacts, name: str = "timeline", height: float = 250.0) -> Picture:
    """Draw curves over time with bounds and events.

    Args:
        facts: what to draw.
        name: of the picture, for files and ids.
        height: in points, of which each row of events' labels takes some.
    """
    picture = Picture(name, facts.title, facts.description, height)
    span = _span(facts)
    rows = _rows(facts.events, span)
    axes = new_axes(picture, top=44 + _ROW * (1 + max(rows, default=-1)))
    axes.set_xlim(*span)
    for curve, line in facts.curves.items():
        few = {"marker": "o", "markersize": 3} if np.isfinite(line.values).sum() <= 2 else {"marker": ""}
        axes.plot(days(line.dates), line.values, **_line(facts, curve), **few)
    for bound in facts.bounds:
        axes.axhline(bound.value, **_bound_line(bound))
    _draw_events(picture, axes, facts.events, rows)
    date_axis(axes)
    number_axis(axes)
    picture.text(46 / WIDTH, 1 - 39 / height, plain(facts.unit), va="bottom", **text_style(FONT_SIZE - 1, "muted"))
    shown = [Line2D([], [], label=plain(curve), **_line(facts, curve)) for curve in facts.curves]
    shown += [Line2D([], [], label=plain(bound.label), **_bound_line(bound)) for bound in facts.bounds]
    if len(shown) > 1:
        legend(picture, shown, at=1 - 41 / height)
    return picture


def _line(facts: TimelineFacts, curve: str) -> dict[str, Any]:
    role = facts.roles.get(curve, "accent")
    dashes = DASHES.get(role, (0, (5, 1.6)) if role == "muted" else "-")
    return {"color": COLOURS[role], "linewidth": 1.4, "linestyle": dashes}


def _bound_line(bound: Bound) -> dict[str, Any]:
    return {"color": COLOURS[bound.role], "linewidth": 1, "linestyle": (0, (4, 2)), "marker": ""}


def _span(facts: TimelineFacts) -> tuple[float, float]:
    """Return the ends of the horizontal axis, which holds curves and events."""
    found = [days(line.dates) for line in facts.curves.values()]
    found.append(days(pd.DatetimeIndex([event.date for event in facts.events])))
    at = np.concatenate(found)
    if not len(at):
        return 0.0, 1.0
    margin = 0.01 * float(at.max() - at.min()) or 1.0
    return float(at.min()) - margin, float(at.max()) + margin


def _rows(events: Sequence[Event], span: tuple[float, float]) -> list[int]:
    """Return in which row above the axes each event's label stands, so that none lies on another; -1 for none.

    A label that finds no room in three rows is left out: its mark stays.
    """
    ends = [-np.inf] * _MOST_ROWS
    rows: list[int] = []
    for event in events:
        left, right = _place(event, span)
        row = next((row for row, end in enumerate(ends) if end < left), -1)
        rows.append(row)
        if row >= 0:
            ends[row] = right + 6
    return rows


def _place(event: Event, span: tuple[float, float]) -> tuple[float, float]:
    """Return where an event's label begins and ends, in points from the left end of the axes."""
    room = WIDTH - 56
    width = min(0.62 * _SIZE * len(plain(event.label)), room)
    at = (_at(event) - span[0]) / (span[1] - span[0]) * room
    left = min(max(at - width / 2, 0), room - width)
    return left, left + width


def _at(event: Event) -> float:
    return float(days(pd.DatetimeIndex([event.date]))[0])


def _draw_events(picture: Picture, axes: Axes, events: Sequence[Event], rows: Sequence[int]) -> None:
    low, high = axes.get_xlim()
    width, height = WIDTH - 56, axes.get_position().height * picture.height
    for event, row in zip(events, rows, strict=True):
        colour = COLOURS[event.role]
        axes.axvline(_at(event), color=colour, linewidth=1, linestyle=(0, (1, 1.5)))
        if row >= 0:
            left, right = _place(event, (low, high))
            place = ((left + right) / 2 / width, 1 + (2 + _ROW * row) / height)
            style = text_style(_SIZE, event.role)
            axes.text(*place, plain(event.label), transform=axes.transAxes, ha="center", va="bottom", **style)
