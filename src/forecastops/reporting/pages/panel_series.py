"""The page of one series of a panel: what was decided of it and why, and its forecast; drawn when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecastops.reporting.pages.rendering import render
from forecastops.reporting.sentences.panels import said_action, said_reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SeriesJudged", "series_page"]

_TONES = {"change": "good", "new": "good", "keep": "wait", "naive": "wait", "none": "bad"}
_WORDS = {
    "change": "NEW MODEL",
    "new": "NEW SERIES",
    "keep": "KEEPS ITS MODEL",
    "naive": "SEASONAL NAIVE",
    "none": "LEFT OUT",
}


@dataclass(frozen=True)
class SeriesJudged:
    """One series in one decision about a panel.

    Attributes:
        run_id: of the panel.
        model_name: the registered model.
        row: of the table with a row a series.
        checks: of the gate, each its name, whether it passed, and a sentence; none where it was not asked.
        scores: rows of a table: each model with its errors.
        observed: the newest values that the panel keeps; None where it holds no such series.
        forecast: dates, mean and bounds after them, by their names; None likewise.
        model: members, in words.
    """

    run_id: str
    model_name: str
    row: Mapping[str, Any]
    checks: tuple[tuple[str, bool, str], ...] = ()
    scores: tuple[Sequence[object], ...] = ()
    observed: pd.Series[float] | None = None
    forecast: pd.DataFrame | None = None
    model: tuple[str, ...] = ()


def series_page(found: SeriesJudged, nav: object = None, panel_path: str | None = None) -> str:
    """Return the page as one self-contained HTML file.

    Args:
        found: what it shows.
        nav: what ``navigation.html`` makes links of; None for a page that stands alone.
        panel_path: the address of the panel's report; None where there is none.
    """
    row = found.row
    action = str(row["action"])
    return render(
        "panel_series.html",
        nav=nav,
        found=found,
        name=row["unique_id"],
        tone=_TONES.get(action, "plain"),
        word=_WORDS.get(action, action),
        why=said_reason(str(row["decided_by"])),
        action=said_action(action),
        said=row["why"],
        facts=_facts(row),
        picture=_picture(found),
        panel_path=panel_path,
    )


def _facts(row: Mapping[str, Any]) -> list[tuple[str, object]]:
    gain = row["gain"]
    return [
        ("Gate alone", row["verdict"] or None),
        ("Gain, as the panel's decision sees it", None if gain is None else f"{gain:.2%} of the RMSE"),
        ("RMSE of the challenger", row["ours"]),
        ("RMSE of the champion", row["theirs"]),
        ("Mean absolute value", row["volume"]),
        ("Segment", row["segment"] or None),
        ("Its champion's data", f"{row['state']}{': ' + row['state_why'] if row['state_why'] else ''}"),
    ]


def _picture(found: SeriesJudged) -> dict[str, str] | None:
    """Return the newest values and the forecast after them, drawn."""
    if found.observed is None or found.forecast is None:
        return None
    import numpy as np
    import pandas as pd

    from forecastops.reporting.pictures.curves import timeline
    from forecastops.reporting.pictures.export import svg
    from forecastops.reporting.pictures.facts import Line, Role, TimelineFacts

    ahead = found.forecast
    dates = pd.DatetimeIndex(ahead["date"])
    curves = {"observed": Line(pd.DatetimeIndex(found.observed.index), np.asarray(found.observed, dtype=float))}
    roles: dict[str, Role] = {"observed": "actual", "forecast": "challenger"}
    curves["forecast"] = Line(dates, np.asarray(ahead["mean"], dtype=float))
    for name in (one for one in ahead.columns if one.startswith(("lower_", "upper_"))):
        side, level = name.split("_")
        curves[f"{level} %, {side}"] = Line(dates, np.asarray(ahead[name], dtype=float))
        roles[f"{level} %, {side}"] = "muted"
    first, last = dates[0].date(), dates[-1].date()
    mean = ", ".join(f"{value:.6g}" for value in ahead["mean"].head(5))
    description = f"Values to {found.observed.index[-1].date()}, and the forecast from {first} to {last}: {mean}, ..."
    facts = TimelineFacts("The forecast of the panel", description, "", curves, roles=roles)
    return {"svg": svg(timeline(facts, "series_forecast")), "description": description}
