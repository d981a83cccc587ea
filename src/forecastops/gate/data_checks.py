"""Whether new data are the champion's series, and plausible: the rule that the gate and a renewal share.

A wrong column, unit or file would beat any champion, whose parameters are of another scale; and a broken feed would
become its state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.core.iso_dates import iso_date
from forecastops.data.frequency import frequency_name, read_offset, same_grid
from forecastops.data.series import Series
from forecastops.forecasting.model import Alarm, Model, needs_positive
from forecastops.gate.check import Check
from forecastops.gate.evidence import AlarmRecord, Number, Obstacle
from forecastops.gate.guardrails import comparable, plausible
from forecastops.gate.policy import GatePolicy
from forecastops.gate.season_phase import LATELY, displaced_lately, displaced_rows
from forecastops.gate.whole_span import stuck_stretch, wild_alarm

__all__ = ["Renewed", "alarm_of", "incomparable", "judge_data", "revised_share", "unusable"]

_MAD_TO_DEVIATION = 1.4826  # of a normal distribution
_REVISED = 0.5  # typical one-step errors, beyond which a value that is known is looked at anew


@dataclass(frozen=True, eq=False)
class Renewed:
    """A champion with newer data, and what it says of them: each is computed once, whoever asks.

    Args:
        champion: as it was.
        values: what its state would be, shape (n,), NaN where one is missing.
        filled: ISO dates of those that were filled in.
    """

    champion: Model
    values: pd.Series[float]
    filled: tuple[str, ...]

    @cached_property
    def model(self) -> Model:
        """The champion with these data as its state."""
        return self.champion.with_data(self.values, self.filled)

    @cached_property
    def alarm(self) -> AlarmRecord | None:
        """Its alarm on the rows that are newer than its state, or have another value there."""
        accepted = int((self.values.index <= self.champion.values.index[-1]).sum())
        return _alarm(self.model, accepted, _revised(self.champion, self.model))


def judge_data(
    champion: Model,
    series: Series,
    policy: GatePolicy,
    given: Series | None = None,
    renewed: Renewed | None = None,
) -> tuple[Check, ...]:
    """Return the checks ``comparable_data`` and ``plausible_data`` of data that are to become the champion's state.

    Args:
        champion: a model.
        series: what its state would be.
        policy: the bounds.
        given: what was given of it, all by default; the rest is the champion's own, which would dilute the share that
            was revised.
        renewed: the champion with ``series``, where somebody has it already.
    """
    given = given or series
    obstacle = unusable(champion, given.values) or unusable(champion, series.values)
    newest = champion.values.index[-1]
    if not obstacle and series.index[-1] < newest:
        obstacle = Obstacle(code="ends_before_state", new=series.end, champions=iso_date(newest))
    share = None if obstacle else revised_share(champion, given.observed, policy.revision_tolerance)
    checks = [comparable((obstacle,) if obstacle else (), share, policy.max_revised_share, revised=True)]
    if policy.plausible_data:
        renewed = renewed or Renewed(champion, series.values, series.filled)
        alarm = None if obstacle else renewed.alarm
        checks.append(plausible(alarm))
    return tuple(checks)


def incomparable(champion: Model, values: pd.Series[float]) -> Obstacle | None:
    """Tell why the champion cannot forecast this series, or cannot be compared on it; None where it can."""
    if obstacle := unusable(champion, values):
        return obstacle
    through = champion.known_through
    if values.index[-1] >= through:
        return None
    return Obstacle(code="ends_before_estimation", new=iso_date(values.index[-1]), champions=iso_date(through))


def unusable(champion: Model, values: pd.Series[float]) -> Obstacle | None:
    """Tell why this series can never be the champion's state, whoever accepts it; None where it can."""
    index = pd.DatetimeIndex(values.index)
    ours, theirs = frequency_name(index.freq), frequency_name(read_offset(champion.frequency))
    if not same_grid(ours, theirs):
        return Obstacle(code="frequency", new=ours, champions=theirs)
    first, other = sorted((index[0], champion.values.index[0]))
    if pd.date_range(first, other, freq=index.freq)[-1] != other:
        return Obstacle(code="dates", new=iso_date(index[0]), champions=iso_date(champion.values.index[0]))
    if needs_positive(champion) and (values <= 0).any():
        return Obstacle(code="not_positive")
    return None


def revised_share(champion: Model, observed: pd.Series[float], tolerance: float) -> Number:
    """Return share of the common dates on which the values differ materially; None without common dates.

    A revision counts from ``tolerance`` typical one-step errors of the champion on: rounding, or a percent here and
    there, makes no other series. What is missing in either is not compared.
    """
    ours, theirs = observed.dropna().align(champion.observed.dropna(), join="inner")
    if ours.empty:
        return None
    difference = np.abs(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float))
    rounding = 1e-6 * np.abs(np.asarray(theirs, dtype=float))
    return float(np.mean(difference > np.maximum(tolerance * _typical_error(champion), rounding)))


def alarm_of(champion: Model | None, challenger: Model, renewed: Renewed | None = None) -> AlarmRecord | None:
    """Return the alarm on the challenger's newest rows, by the champion, else by its own judged parameters.

    Args:
        champion: None without one.
        challenger: with its judged parameters.
        renewed: the champion with the challenger's values, where somebody has it already.
    """
    if champion is None:
        return _alarm(challenger, len(challenger.values) - challenger.horizon)
    return (renewed or Renewed(champion, challenger.values, challenger.interpolated)).alarm


def _alarm(model: Model, accepted: int, revised: npt.NDArray[np.bool_] | None = None) -> AlarmRecord | None:
    """Return the alarm on the rows after the first ``accepted``: of each, of all, or of their place in the season.

    What is ``revised`` is looked at by itself too.
    """
    of_rows = _record(model.alarm(accepted, revised)) or stuck_stretch(model, accepted, revised)
    unchanged = _unchanged_lately(accepted, revised)
    if alarm := of_rows or displaced_rows(model, model.observed, unchanged):
        return alarm
    wild = wild_alarm(model, accepted, revised)
    # Where a season was accepted under other dates, rows are wild until the model has got used to it.
    return None if wild and displaced_lately(model, model.observed, unchanged) else wild


def _unchanged_lately(accepted: int, revised: npt.NDArray[np.bool_] | None) -> int:
    """Return how many of the accepted rows come before the first that is revised among the newest of them."""
    if revised is None:
        return accepted
    lately = np.flatnonzero(revised[max(0, accepted - LATELY) : accepted])
    return max(0, accepted - LATELY) + int(lately[0]) if len(lately) else accepted


def _revised(champion: Model, renewed: Model) -> npt.NDArray[np.bool_]:
    """Return which rows the champion knows with another value, or as missing, shape of the renewed series.

    A few rows among many revise no great share of the history, and may yet spoil the state.
    """
    theirs = champion.observed.reindex(renewed.values.index)
    found = np.asarray(renewed.observed, dtype=float)
    difference = np.abs(found - np.asarray(theirs, dtype=float))
    known = renewed.values.index.isin(champion.values.index)
    delivered = known & np.isnan(difference) & np.isfinite(found)
    revised: npt.NDArray[np.bool_] = delivered | (difference > _REVISED * _typical_error(champion))
    return revised


def _typical_error(champion: Model) -> float:
    """Return standard deviation of the one-step errors, in the data's unit, from their median: no outlier sways it."""
    values = np.asarray(champion.observed, dtype=float)
    changes = np.abs(champion.one_step_errors())
    errors = changes[np.isfinite(changes) & np.isfinite(values)]
    return _MAD_TO_DEVIATION * float(np.median(errors)) if len(errors) else 0.0


def _record(alarm: Alarm | None) -> AlarmRecord | None:
    if alarm is None:
        return None
    return AlarmRecord(rule=alarm.rule, value=alarm.value, threshold=alarm.threshold, date=alarm.date)
