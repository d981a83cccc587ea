"""The champion's live error over time beside the seasonal naive's, with each change marked: facts for a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forecastops.reporting.pages.filters import cell

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from forecastops.forecasting.live_error import LivePoint
    from forecastops.release.events import Event
    from forecastops.reporting.pictures.facts import Event as Mark
    from forecastops.reporting.pictures.facts import Role, TimelineFacts
    from forecastops.usecases.history import History

__all__ = ["live_facts", "live_picture"]

_LONGEST_WINDOW = 28  # points: days, of daily data that are renewed daily
_FEWEST = 2
_MARKS: dict[str, tuple[str, Role]] = {
    "promotion": ("promotion", "good"),
    "refit": ("refit", "accent"),
    "rollback": ("rollback", "alarm"),
    "alarm": ("alarm", "alarm"),
    "accepted_data": ("accepted", "muted"),
}


def live_picture(found: History) -> dict[str, Any] | None:
    """Return the drawing, and what stands around it; None where there is too little to draw."""
    if len(found.live) < _FEWEST:
        return None
    from forecastops.reporting.pictures.curves import timeline
    from forecastops.reporting.pictures.export import svg

    facts = live_facts(found)
    window = _window(found.live)
    caption = f"At each date the RMSE over the newest {window} points, as served; marks stand at the data's date."
    return {
        "svg": svg(timeline(facts, "live_error")),
        "said": said(found.live),
        "caption": caption,
        "description": facts.description,
    }


def live_facts(found: History) -> TimelineFacts:
    """Return both curves, smoothed, and a mark for each change of production and each alarm."""
    import pandas as pd

    from forecastops.reporting.pictures.facts import Line, TimelineFacts

    dates = pd.DatetimeIndex([point.date for point in found.live])
    champion, naive = _smooth(found.live)
    return TimelineFacts(
        title=f"Live error of {found.model_name}",
        description=said(found.live),
        unit="RMSE",
        curves={"champion": Line(dates, champion), "seasonal naive": Line(dates, naive)},
        events=tuple(_marks(found, dates)),
        roles={"champion": "champion", "seasonal naive": "seasonal_naive"},
    )


def said(points: tuple[LivePoint, ...]) -> str:
    """Return one sentence: how far off the champion as served was, beside the seasonal naive."""
    rows = sum(point.rows for point in points)
    ours = (sum(point.rows * point.rmse**2 for point in points) / rows) ** 0.5
    theirs = (sum(point.rows * point.naive_rmse**2 for point in points) / rows) ** 0.5
    ratio = f": {ours / theirs:.2f} times as much" if theirs > 0 else ""
    return (
        f"From {points[0].date} to {points[-1].date} the seasonal naive had an RMSE of {cell(theirs)}, and the "
        f"champion as served one of {cell(ours)}{ratio}."
    )


def _window(points: tuple[LivePoint, ...]) -> int:
    return max(1, min(_LONGEST_WINDOW, len(points) // 3))


def _smooth(points: tuple[LivePoint, ...]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return both RMSEs over the newest points at each, weighted by rows."""
    import numpy as np
    import pandas as pd

    size, rows = _window(points), np.array([float(point.rows) for point in points])
    weights = pd.Series(rows).rolling(size, min_periods=1).sum()

    def smoothed(values: list[float]) -> npt.NDArray[np.float64]:
        squares = pd.Series(rows * np.square(values)).rolling(size, min_periods=1).sum()
        # Sums that slide may end a little below zero.
        return np.asarray(np.sqrt(np.maximum(squares, 0) / weights), dtype=float)

    return smoothed([point.rmse for point in points]), smoothed([point.naive_rmse for point in points])


def _marks(found: History, dates: pd.DatetimeIndex) -> Iterator[Mark]:
    """Yield a mark for each change and each alarm, at the newest data of then, each label once a date."""
    from forecastops.reporting.pictures.facts import Event as Mark

    margin, seen, newest = (dates[-1] - dates[0]) / 10, set(), ""
    for event in (one.event for one in reversed(found.events)):
        date = _date(event, newest)
        newest = newest if event.kind == "alarm" else max(newest, date)
        at = _moment(date)
        label, role = _label(event), _MARKS.get(event.kind, ("", "muted"))[1]
        is_shown = event.kind in _MARKS and event.outcome != "undone"
        if is_shown and at and dates[0] - margin <= at <= dates[-1] + margin and (at, label) not in seen:
            seen.add((at, label))
            yield Mark(at, label, role)


def _moment(date: str) -> pd.Timestamp | None:
    import pandas as pd

    found = pd.to_datetime(date, errors="coerce")
    return found if isinstance(found, pd.Timestamp) and found.tzinfo is None else None


def _date(event: Event, newest: str) -> str:
    """Return the date of the newest data at an event; one that brings none happens where they were."""
    if event.kind == "rollback":
        return max(newest, event.data_end or "")
    return event.data_end or newest


def _label(event: Event) -> str:
    label = _MARKS.get(event.kind, ("", "muted"))[0]
    return f"{label} {event.version}" if event.kind in ("promotion", "refit", "rollback") and event.version else label
