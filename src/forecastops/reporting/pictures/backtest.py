"""Pictures of a backtest: the past with what was decided in it, and how sure the policies' errors are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forecastops.reporting.pictures.style import (
    COLOURS,
    FONT_SIZE,
    Picture,
    date_axis,
    days,
    legend,
    new_axes,
    number_axis,
    plain,
    text_style,
    unit_label,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecastops.backtesting.panel_results import PanelPolicyFound
    from forecastops.backtesting.results import Backtest, PolicyFound

__all__ = ["live_errors", "past"]

_ROW, _NAMES = 17.0, 118.0  # points: of one policy, and of what names it
_ACTS: dict[str, dict[str, Any]] = {
    "promoted": {"marker": "^", "color": COLOURS["challenger"], "markersize": 6, "markeredgewidth": 0},
    "refitted": {"marker": "o", "color": COLOURS["muted"], "markersize": 4, "markeredgewidth": 0},
    "kept": {"marker": "|", "color": COLOURS["muted"], "markersize": 6, "markeredgewidth": 1},
    "alarm": {"marker": "X", "color": COLOURS["alarm"], "markersize": 6, "markeredgewidth": 0},
}


def past(found: Backtest) -> Picture:
    """Draw the series, its changes, and what the configured policy did at each retraining."""
    yours = found.policies[0]
    acts = _acts(yours)
    picture = Picture("backtest_past", "The past, and what your policy did", _past_told(found, acts), height=260)
    axes = new_axes(picture, bottom=48)
    dates = pd.DatetimeIndex(found.dates)
    values = np.array([np.nan if value is None else value for value in found.values])
    axes.plot(days(dates), values, color=COLOURS["actual"], linewidth=0.9)
    for one in found.breaks:
        axes.axvline(_at(one.date), color=COLOURS["champion"], linewidth=1.2, linestyle=(0, (2, 2)))
    low, high = axes.get_ylim()
    floor = low - 0.08 * (high - low)
    for act, at in acts.items():
        axes.plot([_at(date) for date in at], [floor] * len(at), linestyle="", **_ACTS[act])
    axes.set_ylim(floor - 0.06 * (high - low), high)
    axes.margins(x=0.01)
    date_axis(axes)
    number_axis(axes)
    entries = [Line2D([], [], linestyle="", label=act, **_ACTS[act]) for act, at in acts.items() if at]
    if found.breaks:
        entries.append(Line2D([], [], color=COLOURS["champion"], linestyle=(0, (2, 2)), label="change"))
    legend(picture, entries)
    return picture


def live_errors(policies: Sequence[PolicyFound] | Sequence[PanelPolicyFound]) -> Picture:
    """Draw every policy's live error relative to the configured one's, the first, with its interval."""
    others = [policy for policy in policies[1:] if policy.relative.estimate is not None]
    height = 62 + _ROW * max(1, len(others))
    picture = Picture("backtest_errors", "Live error relative to your policy's", _errors_told(others), height=height)
    axes = new_axes(picture, left=_NAMES, right=14, top=40, bottom=22)
    axes.axvline(1.0, color=COLOURS["ink"], linewidth=1)
    for place, policy in enumerate(reversed(others)):
        low, estimate, high = (
            np.nan if value is None else value
            for value in (policy.relative.low, policy.relative.estimate, policy.relative.high)
        )
        axes.plot([low, high], [place, place], color=COLOURS["accent"], linewidth=2, solid_capstyle="butt")
        axes.plot([estimate], [place], marker="o", markersize=5, color=COLOURS["accent"])
    _name(axes, [policy.name for policy in reversed(others)])
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=COLOURS["grid"], alpha=0.35, linewidth=0.6)
    axes.margins(x=0.08)
    axes.xaxis.get_major_formatter().set_useOffset(False)  # type: ignore[attr-defined]  # of a scalar formatter
    unit_label(axes, "left of the line: better than yours")
    return picture


def _name(axes: Axes, names: list[str]) -> None:
    axes.set_ylim(-0.7, max(1, len(names)) - 0.3)
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    for label in axes.get_yticklabels():
        label.set(**text_style(FONT_SIZE - 0.5))


def _acts(policy: PolicyFound) -> dict[str, list[str]]:
    """Return the dates of what was done, by what it was."""
    done = [(one.done, one.date) for one in policy.decisions] + [("alarm", date) for date in policy.alarms]
    return {act: [date for kind, date in done if kind == act] for act in _ACTS}


def _at(date: str) -> float:
    return float(days(pd.DatetimeIndex([date]))[0])


def _past_told(found: Backtest, acts: dict[str, list[str]]) -> str:
    counts = ", ".join(f"{act} {len(at)}" for act, at in acts.items() if at)
    changes = ", ".join(one.date for one in found.breaks)
    told = f" Changes of the series, with hindsight: {changes}." if changes else ""
    return f"The series from {found.start} to {found.end}, and what your policy did at the retrainings: {counts}.{told}"


def _errors_told(policies: Sequence[PolicyFound | PanelPolicyFound]) -> str:
    told = "; ".join(
        f"{policy.name} {policy.relative.estimate:.3f}"
        + ("" if policy.relative.low is None else f" ({policy.relative.low:.3f} to {policy.relative.high:.3f})")
        for policy in policies
    )
    return f"The live error of each policy relative to that of yours, with its interval; below 1 it is better: {told}."
