"""Has the model failed? What its paths cost, beside the seasonal naive and beside what its evaluation promised."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forecastops.forecasting.rolling_origin import window_origins
from forecastops.monitoring.curves import Curve
from forecastops.monitoring.dating import first_day_beyond
from forecastops.monitoring.losses import Losses, losses_from, rolling_mean
from forecastops.monitoring.signal import Signal
from forecastops.monitoring.watched import Watched

__all__ = ["failure_curves"]

Array = npt.NDArray[np.float64]


class _Measure(NamedTuple):
    """One measure on each day watched, NaN before a path is over; what was promised; and how far it may go."""

    name: str
    values: Array
    promised: float
    bound: float
    lower: bool = False
    level: int | None = None


def failure_curves(watched: Watched) -> Iterator[Curve]:
    """Yield live error against promise and seasonal naive, pinball loss, and the coverage of each interval.

    Each is a mean over the newest origins whose horizon is over, twice as many as it has steps. The promise is what the
    gate's evaluation measured: the judged parameters, on the window before the training's end.
    """
    promise = _promise(watched)
    live = _live(watched)
    if promise is None or live is None:
        code = "no_promise" if promise is None else "watched_too_short"
        levels = watched.evaluation.levels
        yield from (_unknown(name, watched, code) for name in ("error_vs_promise", "error_vs_naive", "pinball"))
        yield from (_unknown(f"coverage_{level}", watched, code, level) for level in levels)
        return
    yield from (_curve(measure, watched) for measure in _measures(watched, promise, live))


def _promise(watched: Watched) -> dict[str, float] | None:
    evaluation, start = watched.evaluation, watched.start
    if start < evaluation.window + evaluation.season_length + 1:
        return None
    # Values from after the training do not touch these paths.
    origins = window_origins(start, evaluation.window, evaluation.horizon)
    found = losses_from(watched.model.as_judged(), origins, evaluation).mean()
    return found if all(math.isfinite(value) for value in found.values()) and found["absolute"] > 0 else None


def _live(watched: Watched) -> Losses | None:
    last = len(watched.dates) - watched.evaluation.horizon
    if last < watched.start:
        return None
    return losses_from(watched.model, np.arange(watched.start, last + 1), watched.evaluation)


def _measures(watched: Watched, promise: dict[str, float], live: Losses) -> Iterator[_Measure]:
    horizon = watched.evaluation.horizon

    def newest(losses: Array) -> Array:
        mean = rolling_mean(losses, 2 * horizon, horizon)
        return np.concatenate([np.full(watched.days - len(mean), np.nan), mean])

    factor = {name: math.exp(watched.bound(name)) for name in ("error_vs_promise", "error_vs_naive", "pinball")}
    with np.errstate(divide="ignore", invalid="ignore"):
        absolute, naive = newest(live.absolute), newest(live.naive)
        yield _Measure("error_vs_promise", absolute / promise["absolute"], 1.0, factor["error_vs_promise"])
        usual = promise["absolute"] / promise["naive"] if promise["naive"] > 0 else math.nan
        # A model that was far better than the naive has not failed while it still is better.
        yield _Measure("error_vs_naive", absolute / naive, usual, max(1.0, usual * factor["error_vs_naive"]))
        yield _Measure("pinball", newest(live.pinball) / promise["pinball"], 1.0, factor["pinball"])
    for level, inside in live.inside.items():
        share = level / 100
        bound = share - watched.bound("coverage") * math.sqrt(share * (1 - share))
        promised = promise[f"coverage_{level}"]
        yield _Measure(f"coverage_{level}", newest(inside), promised, max(0.0, bound), lower=True, level=level)


def _curve(measure: _Measure, watched: Watched) -> Curve:
    values, bound = measure.values, measure.bound
    sign = -1 if measure.lower else 1
    alarm = first_day_beyond(sign * values, sign * bound) if math.isfinite(bound) else None
    newest = float(values[-1])
    signal = Signal(
        name=measure.name,
        group="model",
        passed=alarm is None,
        value=newest if math.isfinite(newest) else None,
        threshold=bound if math.isfinite(bound) else None,
        since=None if alarm is None else watched.dates[watched.start + alarm],
        code="measured" if math.isfinite(newest) else "watched_too_short",
        length=2 * watched.evaluation.horizon,
        usual=measure.promised if math.isfinite(measure.promised) else None,
        level=measure.level,
    )
    return Curve(signal, values, bound, measure.lower)


def _unknown(name: str, watched: Watched, code: str, level: int | None = None) -> Curve:
    signal = Signal(name=name, group="model", passed=True, code=code, level=level)
    return Curve(signal, np.full(watched.days, np.nan), math.nan)
