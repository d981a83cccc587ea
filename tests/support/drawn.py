"""Made-up facts for pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastops.reporting.pictures.facts import (
    Array,
    Bound,
    Event,
    Fan,
    FanFacts,
    Line,
    ResidualFacts,
    StepFacts,
    TimelineFacts,
    WindowFacts,
)

__all__ = ["fan_facts", "residual_facts", "series", "step_facts", "timeline_facts", "window_facts"]

_SPREADS = {"challenger": 30.0, "champion": 45.0, "seasonal_naive": 60.0}


def series(rows: int = 305) -> Line:
    """Days with a weekly pattern and a gap."""
    values = 800 + 80 * np.sin(np.arange(rows) * 2 * np.pi / 7) + np.random.default_rng(1).normal(0, 40, rows)
    values[rows // 3 : rows // 3 + 4] = np.nan
    return Line(pd.date_range("2013-07-31", periods=rows), values)


def fan_facts() -> FanFacts:
    """Four paths over the newest 56 days, and one ahead."""
    line = series()
    past = [_fan(line, len(line.values) - 56 + 14 * number) for number in range(4)]
    return FanFacts(Line(line.dates[-120:], line.values[-120:]), past, _fan(line, len(line.values)))


def window_facts(champion: bool = True) -> WindowFacts:
    """A window of 56 days, and 43 origins."""
    line, draw = series(), np.random.default_rng(2)
    names = [name for name in _SPREADS if champion or name != "champion"]
    forecasts = {name: line.values[-56:] + draw.normal(0, _SPREADS[name], 56) for name in names}
    by_origin = {name: np.abs(draw.normal(_SPREADS[name], 8, 43)) for name in names}
    return WindowFacts(Line(line.dates[-56:], line.values[-56:]), forecasts, line.dates[-57:-14], by_origin)


def step_facts(steps: int = 14) -> StepFacts:
    """Errors that grow."""
    return StepFacts({name: spread * np.sqrt(np.arange(1.0, steps + 1)) for name, spread in _SPREADS.items()})


def residual_facts(rows: int = 305) -> ResidualFacts:
    """Errors without a pattern, some of them missing."""
    errors: Array = np.random.default_rng(3).normal(0, 1, rows)
    dates = pd.date_range("2013-07-31", periods=rows)
    errors[rows // 3] = np.nan
    return ResidualFacts(Line(dates, errors), dates[-56], 7)


def timeline_facts(*events: Event) -> TimelineFacts:
    """A live error beside what was expected."""
    line = series()
    live = Line(line.dates, np.abs(line.values - 800))
    expected = Line(line.dates, np.full(len(line.dates), 45.0))
    about = ("Live error", "How far off the champion was.", "error (RMSE)")
    bound = Bound(120, "alarm above 120")
    return TimelineFacts(*about, {"live": live, "expected": expected}, [bound], events, {"expected": "muted"})


def _fan(line: Line, start: int) -> Fan:
    mean = np.resize(line.values[start - 7 : start], 14)
    dates = pd.date_range(line.dates[0] + pd.Timedelta(days=start), periods=14)
    return Fan(dates, mean, {80: mean - 50, 95: mean - 80}, {80: mean + 50, 95: mean + 80})
