"""One look at the champion: every signal on every day since its training, and what follows from the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.iso_dates import iso_date, iso_dates
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.model import Model
from forecastops.gate.policy import GatePolicy
from forecastops.monitoring.config import MonitorConfig
from forecastops.monitoring.curves import Curve
from forecastops.monitoring.failure import failure_curves
from forecastops.monitoring.movement import movement_curves
from forecastops.monitoring.quality import Given, broken, data_signals
from forecastops.monitoring.rarities import rarities
from forecastops.monitoring.signal import Look, Signal
from forecastops.monitoring.watched import Watched

__all__ = ["Curve", "Watch", "watch"]

_DAY = pd.Timedelta(days=1)


# No generated ==: comparing arrays gives arrays, not a truth value.
@dataclass(frozen=True, eq=False)
class Watch:
    """What was found.

    Attributes:
        look: the newest day's signals, and what follows.
        dates: of the days watched, in ISO format.
        curves: each signal of world and model on each of these days.
        values: the observations of these days, NaN where there is none.
        rarities: of each signal of world and model that could be told, for how many false alarms a year its newest
            value would be just at its threshold.
    """

    look: Look
    dates: tuple[str, ...]
    curves: tuple[Curve, ...]
    values: npt.NDArray[np.float64]
    rarities: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def nothing(cls, look: Look) -> Watch:
        """Return a look at nothing."""
        return cls(look, (), (), np.zeros(0))


def watch(champion: Model, given: Given, evaluation: Evaluation, gate: GatePolicy, config: MonitorConfig) -> Watch:
    """Look at the champion on the newest data.

    Args:
        champion: with the state that it serves with.
        given: the data, of the champion's series unless they are broken.
        evaluation: horizon, window, season and levels.
        gate: whose rules say which data are refused.
        config: the rate of false alarms, and the other bounds.
    """
    quality = data_signals(champion, given, gate, config)
    # What moves in data that are broken says nothing of the world.
    watched = Watched.of(champion, given, evaluation, config) if not _incomparable(quality) else None
    curves = (*movement_curves(watched), *failure_curves(watched)) if watched else ()
    signals = (*(curve.signal for curve in curves), *quality)
    moved = tuple(signal.name for signal in signals if signal.group in ("world", "model") and not signal.passed)
    are_broken = broken(quality, level_moved="level" in moved)
    live = given.series.index[given.series.index > champion.known_through]
    age = _age(champion.known_through, given)
    look = Look(
        retrain=bool(moved) and not are_broken,
        broken=are_broken,
        moved=moved,
        start=iso_date(live[0]) if len(live) else None,
        end=given.series.end,
        observations=len(live),
        age_days=age,
        too_old=config.max_age is not None and age > config.max_age,
        false_alarms_a_year=config.false_alarms_a_year,
        signals=signals,
    )
    values = np.asarray(given.series.observed[live], dtype=float)
    rare = rarities(watched, signals) if watched else {}
    return Watch(look, tuple(iso_dates(live)) if len(live) else (), curves, values, rare)


def _incomparable(quality: tuple[Signal, ...]) -> bool:
    return any(signal.name == "comparable_data" and not signal.passed for signal in quality)


def _age(trained: pd.Timestamp, given: Given) -> float:
    newest = given.series.index[-1] if given.now is None else max(given.now, given.series.index[-1])
    return max(0.0, float((newest - trained) / _DAY))
