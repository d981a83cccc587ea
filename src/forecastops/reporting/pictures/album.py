"""The pictures of one decision: their facts, kept as a document beside it so that they can be drawn again."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecastops.core.iso_dates import iso_dates
from forecastops.reporting.pictures.facts import Array, Fan, FanFacts, Line, ResidualFacts, StepFacts, WindowFacts

if TYPE_CHECKING:
    from forecastops.reporting.pictures.style import Picture

__all__ = ["Album"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Album:
    """What the pictures of a decision are drawn from; in this order they tell it."""

    fan: FanFacts
    window: WindowFacts
    steps: StepFacts
    residuals: ResidualFacts

    def pictures(self) -> Iterator[Picture]:
        """Draw them one after the other; one that cannot be drawn is a warning, and left out."""
        from forecastops.reporting.pictures import errors, forecasts

        drawings: dict[str, Callable[[], Picture]] = {
            "window_comparison": lambda: forecasts.window_comparison(self.window),
            "forecast_fan": lambda: forecasts.forecast_fan(self.fan),
            "error_by_step": lambda: errors.error_by_step(self.steps),
            "residuals": lambda: errors.residuals(self.residuals),
        }
        for name, draw in drawings.items():
            try:
                yield draw()
            except Exception as error:  # noqa: BLE001  (nothing that is decided depends on a picture)
                _LOG.warning("the picture %s could not be drawn: %s: %s", name, type(error).__name__, error)

    def document(self) -> str:
        """Return the facts as JSON, numbers to eight digits."""
        ahead = _fan_document(self.fan.ahead) if self.fan.ahead else None
        window = self.window
        document = {
            "fan": {
                "observed": _line_document(self.fan.observed),
                "past": [_fan_document(fan) for fan in self.fan.past],
                "ahead": ahead,
            },
            "window": {
                "actual": _line_document(window.actual),
                "forecasts": {name: _numbers(found) for name, found in window.forecasts.items()},
                "origins": iso_dates(window.origins),
                "rmse_by_origin": {name: _numbers(found) for name, found in window.rmse_by_origin.items()},
            },
            "steps": {name: _numbers(found) for name, found in self.steps.rmse_by_step.items()},
            "residuals": {
                "errors": _line_document(self.residuals.errors),
                "window_start": iso_dates(pd.DatetimeIndex([self.residuals.window_start]))[0],
                "season": self.residuals.season,
            },
        }
        return json.dumps(document, allow_nan=False) + "\n"

    @classmethod
    def read(cls, text: bytes) -> Album:
        """Return the album of a document.

        Raises:
            ValueError: when it is none.
        """
        try:
            found = json.loads(text)
            window, fan, left = found["window"], found["fan"], found["residuals"]
            return cls(
                FanFacts(
                    _line(fan["observed"]), [_fan(one) for one in fan["past"]], fan["ahead"] and _fan(fan["ahead"])
                ),
                WindowFacts(
                    _line(window["actual"]),
                    _arrays(window["forecasts"]),
                    pd.DatetimeIndex(window["origins"]),
                    _arrays(window["rmse_by_origin"]),
                ),
                StepFacts(_arrays(found["steps"])),
                ResidualFacts(_line(left["errors"]), pd.Timestamp(left["window_start"]), int(left["season"])),
            )
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"it holds no facts of pictures: {error}") from error


def _numbers(values: Array) -> list[float | None]:
    """Return numbers as JSON has them: eight digits, and null for what is not finite."""
    return [float(f"{value:.8g}") if np.isfinite(value) else None for value in values.tolist()]


def _array(values: Any) -> Array:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=float)


def _arrays(found: Mapping[str, Any]) -> dict[str, Array]:
    return {str(name): _array(values) for name, values in found.items()}


def _line_document(line: Line) -> dict[str, Any]:
    return {"dates": iso_dates(line.dates), "values": _numbers(line.values)}


def _line(found: Mapping[str, Any]) -> Line:
    return Line(*_same_length(pd.DatetimeIndex(found["dates"]), _array(found["values"])))


def _fan_document(fan: Fan) -> dict[str, Any]:
    return {
        "dates": iso_dates(fan.dates),
        "mean": _numbers(fan.mean),
        "lower": {str(level): _numbers(values) for level, values in fan.lower.items()},
        "upper": {str(level): _numbers(values) for level, values in fan.upper.items()},
    }


def _fan(found: Mapping[str, Any]) -> Fan:
    lower, upper = (
        {int(level): _array(values) for level, values in found[name].items()} for name in ("lower", "upper")
    )
    return Fan(*_same_length(pd.DatetimeIndex(found["dates"]), _array(found["mean"])), lower, upper)


def _same_length(dates: pd.DatetimeIndex, values: Array) -> tuple[pd.DatetimeIndex, Array]:
    if len(dates) != len(values):
        raise ValueError(f"it has {len(dates)} dates and {len(values)} values")
    return dates, values
