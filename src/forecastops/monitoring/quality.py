"""Have the data broken? Late, partial, with gaps or duplicates, stuck, in another unit, or not to be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecastops.data.series import Series
from forecastops.forecasting.model import Model
from forecastops.gate.check import Check
from forecastops.gate.data_checks import judge_data
from forecastops.gate.data_sense import Doubt, doubts
from forecastops.gate.guardrails import COMPARABLE_DATA
from forecastops.gate.policy import GatePolicy
from forecastops.monitoring.config import MonitorConfig
from forecastops.monitoring.signal import Signal

__all__ = ["Given", "broken", "data_signals", "steps_behind"]

_NEWEST = 28
_CONSTANT = "constant_run"


@dataclass(frozen=True, eq=False)
class Given:
    """What there is to look at.

    Attributes:
        series: what the champion's state would be, its own data before the new ones.
        newest: what was given of it.
        season: observations in a season, 1 for none.
        now: against which lateness counts; None where it does not.
        repeated: how rows of one date disagree, so that the newest could not be read; None where they do not.
    """

    series: Series
    newest: Series
    season: int
    now: pd.Timestamp | None = None
    repeated: str | None = None


def data_signals(champion: Model, given: Given, gate: GatePolicy, config: MonitorConfig) -> tuple[Signal, ...]:
    """Return a signal for each way in which data break; by the rules of renewal and training, where these have one.

    Args:
        champion: with the state that it serves with.
        given: the data.
        gate: whose rules say which data are refused.
        config: the other bounds.
    """
    checks = judge_data(champion, given.series, gate, given.newest)
    signals = [_of_check(check) for check in checks]
    comparable = next(check.passed for check in checks if check.name == COMPARABLE_DATA)
    odd = _doubts(champion, given) if comparable else ()
    return (
        *signals,
        _constant(checks),
        _unit(odd),
        _partial(odd),
        _placeholder(odd),
        _duplicates(given),
        _gaps(given.series, config),
        _late(given, config),
    )


def broken(signals: tuple[Signal, ...], *, level_moved: bool) -> bool:
    """Tell whether the data are broken.

    Args:
        signals: of the data.
        level_moved: then rows may fit other dates of the season only because they lie on another level.
    """
    failed = [signal for signal in signals if signal.group == "data" and not signal.passed]
    return any(not (level_moved and signal.code == "displaced_season") for signal in failed)


def _duplicates(given: Given) -> Signal:
    return Signal(name="duplicates", group="data", passed=given.repeated is None, detail=given.repeated)


def steps_behind(end: pd.Timestamp, now: pd.Timestamp, frequency: object) -> int:
    """Return how many periods have ended since the newest observation; the one under way does not count."""
    return max(0, len(pd.date_range(end, now, freq=frequency)) - 2)  # type: ignore[call-overload]  # an offset


def _doubts(champion: Model, given: Given) -> tuple[Doubt, ...]:
    model = champion.with_data(given.series.values, given.series.filled)
    return doubts(given.series, model, given.season)


def _of_check(check: Check) -> Signal:
    """Return the check of a renewal; of a run of equal values, a signal of its own tells."""
    passed = check.passed or check.code == _CONSTANT
    return Signal(
        name=check.name,
        group="data",
        passed=passed,
        value=None if check.code == _CONSTANT else check.value,
        threshold=None if check.code == _CONSTANT else check.threshold,
        since=_segment(check) if not passed else None,
        code="plausible" if check.code == _CONSTANT else check.code or "measured",
        check=check,
    )


def _segment(check: Check) -> str | None:
    return check.segment if isinstance(check.segment, str) else None


def _constant(checks: tuple[Check, ...]) -> Signal:
    for check in checks:
        if check.code == _CONSTANT:
            return Signal(
                name="constant",
                group="data",
                passed=False,
                value=check.value,
                threshold=check.threshold,
                date=_segment(check),
            )
    return Signal(name="constant", group="data", passed=True)


def _unit(odd: tuple[Doubt, ...]) -> Signal:
    for doubt in odd:
        if doubt.code == "unit":
            return Signal(name="unit", group="data", passed=False, value=doubt.value, threshold=1.0, since=doubt.date)
    return Signal(name="unit", group="data", passed=True)


def _partial(odd: tuple[Doubt, ...]) -> Signal:
    for doubt in odd:
        if doubt.code == "far_off" and doubt.partial:
            return Signal(
                name="partial",
                group="data",
                passed=False,
                value=doubt.value,
                threshold=doubt.low,
                since=doubt.date,
                date=doubt.date,
            )
    return Signal(name="partial", group="data", passed=True)


def _placeholder(odd: tuple[Doubt, ...]) -> Signal:
    for doubt in odd:
        if doubt.code == "placeholder":
            return Signal(
                name="placeholder", group="data", passed=False, value=doubt.value, length=doubt.length, date=doubt.date
            )
    return Signal(name="placeholder", group="data", passed=True)


def _gaps(series: Series, config: MonitorConfig) -> Signal:
    newest = np.asarray(series.observed.iloc[-_NEWEST:], dtype=float)
    share = float(np.mean(np.isnan(newest)))
    return Signal(
        name="gaps",
        group="data",
        passed=share <= config.max_missing_share,
        value=share,
        threshold=config.max_missing_share,
        since=_first_missing(series) if share > config.max_missing_share else None,
        length=len(newest),
    )


def _first_missing(series: Series) -> str | None:
    return next(_missing(series), None)


def _missing(series: Series) -> Iterator[str]:
    newest = series.observed.iloc[-_NEWEST:]
    dates = series.iso_dates[-_NEWEST:]
    yield from (date for date, value in zip(dates, newest, strict=True) if np.isnan(value))


def _late(given: Given, config: MonitorConfig) -> Signal:
    if given.now is None:
        return Signal(name="late", group="data", passed=True, threshold=float(config.max_late), code="not_asked")
    index = given.series.index
    behind = steps_behind(index[-1], given.now, index.freq)
    passed = behind <= config.max_late
    return Signal(
        name="late",
        group="data",
        passed=passed,
        value=float(behind),
        threshold=float(config.max_late),
        since=None if passed else given.series.end,
        date=given.series.end,
    )
