"""How all pictures look: size, type, colours by role; set on each artist, never in matplotlib's global settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from forecastops.reporting.pictures.facts import Array

__all__ = [
    "COLOURS",
    "FONT_SIZE",
    "HEADING",
    "LABELS",
    "Picture",
    "date_axis",
    "days",
    "legend",
    "new_axes",
    "number_axis",
    "plain",
    "unit_label",
]

FONT_SIZE = 9.0
WIDTH = 440.0  # points: readable on a phone, where it is shrunk to 350 pixels
HEADING = 20.0  # points at the top that hold the heading, which pages leave out
LABELS = {"challenger": "challenger", "champion": "champion", "seasonal_naive": "seasonal naive", "actual": "observed"}
# On white; those of models have 3:1 to near black as well, for a page that gives no others (see ``export.svg``).
COLOURS = {
    "ink": "#24292f",
    "muted": "#57606a",
    "grid": "#8d929b",
    "actual": "#3d434b",
    "challenger": "#2b7bd6",
    "champion": "#c2661a",
    "seasonal_naive": "#8a7f96",
    "accent": "#2a7cd7",
    "alarm": "#d0453f",
    "good": "#2f8f5b",
}
DASHES: dict[str, Any] = {"champion": (0, (5, 1.6)), "seasonal_naive": (0, (1.4, 1.6))}
# Of years, months, days, hours, minutes, seconds, and of the first of each: every label can be read without the others.
_FORMATS = ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
_ZERO_FORMATS = ["", "%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M"]
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Picture(Figure):
    """A figure that knows what it is called and what it shows.

    Attributes:
        name: for files and ids: lower-case words with underscores.
        title: its heading.
        description: what it shows, in a few sentences, for who cannot see it.
    """

    def __init__(self, name: str, title: str, description: str, height: float = 250.0) -> None:
        super().__init__(figsize=(WIDTH / 72, height / 72), dpi=72, facecolor="white", edgecolor="none", frameon=True)
        self.name, self.title, self.description = name, plain(title), plain(description)
        self.heading = self.text(
            8 / WIDTH, 1 - 6 / height, self.title, va="top", weight="bold", **text_style(FONT_SIZE + 1.5, "ink")
        )
        self.height = height


def plain(words: str) -> str:
    """Return words on one line, without characters that no document can hold."""
    return " ".join(_NO_XML.sub("", words).split())


def text_style(size: float = FONT_SIZE, role: str = "ink") -> dict[str, Any]:
    """Return what is set on every text, whatever the process has configured; names with a dollar are no formulas."""
    return {
        "fontsize": size,
        "color": COLOURS[role],
        "fontfamily": "DejaVu Sans",
        "parse_math": False,
        "usetex": False,
    }


def new_axes(picture: Picture, *, left: float = 46, right: float = 24, top: float = 44, bottom: float = 24) -> Axes:
    """Add axes to the picture, within margins in points: what lies above them holds heading and legend.

    To the right there is room for half of a date.
    """
    width, height = WIDTH, picture.height
    box = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    axes = picture.add_axes(box, facecolor="none", frame_on=True)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set(color=COLOURS["grid"], linewidth=0.8)
    # Placed by hand, where they would be anyway: looking for room measures every label of every axis, at each drawing.
    axes.set_title("", y=1.0)
    axes.yaxis.set_label_coords(0.0, 0.5)
    axes.minorticks_off()
    axes.grid(visible=False)
    axes.grid(visible=True, axis="y", color=COLOURS["grid"], alpha=0.35, linewidth=0.6, linestyle="-")
    axes.tick_params(
        axis="both",
        which="both",
        direction="out",
        length=0,
        pad=4,
        labelsize=FONT_SIZE - 1,
        labelcolor=COLOURS["muted"],
        labelfontfamily="DejaVu Sans",
        top=False,
        right=False,
    )
    axes.tick_params(axis="x", length=3, color=COLOURS["grid"])
    return axes


def days(dates: pd.DatetimeIndex) -> Array:
    """Return dates as matplotlib counts them."""
    return np.asarray(date2num(dates.to_numpy()), dtype=float)


def date_axis(axes: Axes, ticks: int = 6) -> None:
    """Label the horizontal axis by dates."""
    axes.xaxis.set_label_coords(0.5, 0.0)  # it has none
    locator = AutoDateLocator(minticks=3, maxticks=ticks)
    axes.xaxis.set_major_locator(locator)
    words = {"formats": _FORMATS, "zero_formats": _ZERO_FORMATS, "show_offset": False}
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, **words))


def number_axis(axes: Axes, ticks: int = 5) -> None:
    """Label the vertical axis by short numbers."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def short(value: float) -> str:
    """Return a number in at most seven characters."""
    for unit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= unit:
            scale = 1e3 if letter == "k" else unit
            return f"{value / scale:.4g}{letter}".replace("-", "\N{MINUS SIGN}")
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def unit_label(axes: Axes, words: str) -> None:
    """Say above the axis what it counts: words that stand upright can be read."""
    axes.set_title(plain(words), loc="left", y=1.0, pad=5, **text_style(FONT_SIZE - 1, "muted"))


def legend(picture: Picture, entries: Sequence[Line2D | Patch], *, at: float | None = None) -> None:
    """Name the curves in one row, right-aligned: above the first axes, or at that height of the picture."""
    axes = picture.axes[0]
    found = axes.legend(
        handles=list(entries),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0) if at is None else (1 - 10 / WIDTH, at),
        bbox_transform=axes.transAxes if at is None else picture.transFigure,
        ncols=len(entries),
        frameon=False,
        borderaxespad=0.1,
        handlelength=1.8,
        handletextpad=0.5,
        columnspacing=1.2,
        prop={"family": "DejaVu Sans", "size": FONT_SIZE - 1},
        labelcolor=COLOURS["ink"],
    )
    for text in found.get_texts():
        text.set_parse_math(False)
