"""The product's alarm on every day, from one-step errors that are computed once for all days."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forecastops.backtesting.jobs import Displacements, Errors, Job, Outcome, Recheck
from forecastops.backtesting.stream import Stream
from forecastops.backtesting.version import State, Version
from forecastops.forecasting.forecaster import Forecaster
from forecastops.gate.season_phase import accepted_displaced, first_newer
from forecastops.gate.whole_span import longest_run, wild_rows

__all__ = ["refused"]

Array = npt.NDArray[np.float64]
_LATELY = 14  # rows before a state within which others may have been out of place
_CALM, _SHORT_RUN = 4.0, 4  # standard deviations and equal values at which no bound of the alarm is passed


@dataclass(frozen=True, eq=False)
class _Foreseen(Forecaster):
    """A model whose one-step errors are known: the filter's over more rows, of which they are the first."""

    errors: Array = field(default_factory=lambda: np.empty(0))

    def standardised_errors(self) -> Array:
        return self.errors[: len(self.values)]


def refused(stream: Stream, version: Version, state: State, day: int) -> Generator[Job, Outcome, bool]:
    """Tell whether a renewal is: by the alarm, or because what the state has seen has other values now."""
    if state.faulty != stream.faulty(day):
        passes = yield Recheck(version.text, state, day)
        return not passes
    key = (version.text, state.rows, day)
    if key not in stream.alarms:
        stream.alarms[key] = yield from _asked(stream, version, state, day)
    return stream.alarms[key]


def _asked(stream: Stream, version: Version, state: State, day: int) -> Generator[Job, Outcome, bool]:
    """Ask what `gate.data_checks` asks, in its order."""
    faulty = stream.faulty(day)
    found = yield Errors(version.text, faulty)
    errors = np.array(found, dtype=float)
    observed = np.asarray(stream.known(day).observed, dtype=float)
    if longest_run(observed, state.rows) or _alarmed(stream, version, state.rows, day, errors):
        return True
    first = max(0, stream.retrainings[version.number] - _LATELY)
    shifts = yield Displacements(version.text, faulty, first)
    known, accepted = shifts[: day - first + 1], state.rows - first
    if first_newer(known, accepted) is not None:
        return True
    wild = wild_rows(np.abs(errors[:day]), state.rows, stream.evaluation.horizon)
    return wild is not None and not accepted_displaced(known, accepted)


def _alarmed(stream: Stream, version: Version, accepted: int, day: int, errors: Array) -> bool:
    """Ask only where a bound may be passed, since most days are calm."""
    values = stream.received(faulty=stream.faulty(day)).values.iloc[:day]
    recent = max(0, min(accepted, day - 2 * stream.evaluation.horizon))
    newest = values.dropna().iloc[-_SHORT_RUN:]
    if not (np.abs(errors[recent:day]) > _CALM).any() and (newest != newest.iloc[0]).any():
        return False
    series = stream.known(day)
    model = version.trained(stream).with_data(series.values, series.filled)
    fields = {name: getattr(model, name) for name in Forecaster.__dataclass_fields__}
    return _Foreseen(**fields, errors=errors).alarm(accepted) is not None
