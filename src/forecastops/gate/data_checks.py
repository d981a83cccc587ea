"""Whether new data are the champion's series, and plausible: the rule that the gate and a renewal share.

A wrong column, unit or file would beat any champion, whose parameters are of another scale; and a broken feed would
become its state.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecastops.data.frequency import frequency_name, read_offset
from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Alarm, Forecaster, iso_dates
from forecastops.gate.check import Check
from forecastops.gate.evidence import AlarmRecord, Number
from forecastops.gate.guardrails import comparable, plausible
from forecastops.gate.policy import GatePolicy

__all__ = ["alarm_of", "incomparable", "judge_data", "revised_share", "unusable"]

_MAD_TO_DEVIATION = 1.4826  # of a normal distribution


def judge_data(
    champion: Forecaster, series: Series, policy: GatePolicy, given: Series | None = None
) -> tuple[Check, ...]:
    """The checks ``comparable_data`` and ``plausible_data`` of data that are to become the champion's state.

    Args:
        champion: a model.
        series: what its state would be.
        policy: the bounds.
        given: what was given of it, all by default; the rest is the champion's own, which would dilute the share that
            was revised.
    """
    given = given or series
    reason = unusable(champion, given.values) or unusable(champion, series.values)
    newest = champion.values.index[-1:]
    if not reason and series.index[-1] < newest[0]:
        reason = f"the new series ends on {series.end}, before the champion's on {iso_dates(newest)[0]}"
    share = None if reason else revised_share(champion, given.observed, policy.revision_tolerance)
    checks = [comparable((reason,) if reason else (), share, policy.max_revised_share, revised=True)]
    if policy.plausible_data:
        alarm = None if reason else _record(_newer(champion, series.values, series.filled))
        checks.append(plausible(alarm))
    return tuple(checks)


def incomparable(champion: Forecaster, values: pd.Series[float]) -> Iterator[str]:
    """Reasons why the champion cannot forecast this series, or cannot be compared on it."""
    through = champion.known_through
    if reason := unusable(champion, values):
        yield reason
    elif values.index[-1] < through:
        ends, known = (iso_dates(pd.DatetimeIndex([date]))[0] for date in (values.index[-1], through))
        yield f"the new series ends on {ends}, before that from which the champion was estimated, on {known}"


def unusable(champion: Forecaster, values: pd.Series[float]) -> str | None:
    """Why this series can never be the champion's state, whoever says that it is right; None where it can."""
    index = pd.DatetimeIndex(values.index)
    ours, theirs = frequency_name(index.freq), frequency_name(read_offset(champion.frequency))
    if ours != theirs:
        return f"the new series has frequency {ours}, the champion's {theirs}"
    first, other = sorted((index[0], champion.values.index[0]))
    if pd.date_range(first, other, freq=index.freq)[-1] != other:
        return f"the new series' dates, such as {iso_dates(index[:1])[0]}, lie between those of the champion's"
    if any(member.log for member in champion.fit.members) and (values <= 0).any():
        return "the champion models logarithms, and the new series has values that are not positive"
    return None


def revised_share(champion: Forecaster, observed: pd.Series[float], tolerance: float) -> Number:
    """Share of the common dates on which the values differ materially; None without common dates.

    A revision counts from ``tolerance`` typical one-step errors of the champion on: rounding, or a percent here and
    there, makes no other series. What is missing in either is not compared.
    """
    ours, theirs = observed.dropna().align(champion.observed.dropna(), join="inner")
    if ours.empty:
        return None
    difference = np.abs(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float))
    rounding = 1e-6 * np.abs(np.asarray(theirs, dtype=float))
    return float(np.mean(difference > np.maximum(tolerance * _typical_error(champion), rounding)))


def alarm_of(champion: Forecaster | None, challenger: Forecaster) -> AlarmRecord | None:
    """The alarm on the challenger's newest rows: by the champion, else by the challenger's own judged parameters."""
    if champion is not None:
        return _record(_newer(champion, challenger.values, challenger.interpolated))
    return _record(challenger.alarm(len(challenger.values) - challenger.horizon))


def _newer(champion: Forecaster, values: pd.Series[float], filled: tuple[str, ...]) -> Alarm | None:
    """The champion's alarm on the rows that are newer than its state."""
    accepted = int((values.index <= champion.values.index[-1]).sum())
    return champion.with_data(values, filled).alarm(accepted)


def _typical_error(champion: Forecaster) -> float:
    """Standard deviation of the one-step errors, in the data's unit, from their median: no outlier sways it."""
    values = np.asarray(champion.observed, dtype=float)
    changes = np.abs(champion.one_step_errors())
    errors = changes[np.isfinite(changes) & np.isfinite(values)]
    return _MAD_TO_DEVIATION * float(np.median(errors)) if len(errors) else 0.0


def _record(alarm: Alarm | None) -> AlarmRecord | None:
    if alarm is None:
        return None
    return AlarmRecord(rule=alarm.rule, value=alarm.value, threshold=alarm.threshold, date=alarm.date)
