"""What is slow, by name: fits, comparisons and forecasts, as jobs that any process can carry out from plain values.

A job holds all that its outcome depends on besides the stream. So equal jobs are one, whichever policy asks, and an
outcome that was kept is that of the same job for ever.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.backtesting.stream import Stream
from forecastops.backtesting.version import State, Version
from forecastops.core.errors import DataError, ModelError
from forecastops.forecasting import training
from forecastops.forecasting.estimation import require_positive, spec_of
from forecastops.forecasting.recorded import recorded_scores
from forecastops.forecasting.rolling_origin import actuals, rolling_forecasts
from forecastops.forecasting.window import require_observed_window
from forecastops.gate.comparison import compare
from forecastops.gate.data_checks import judge_data
from forecastops.gate.policy import GatePolicy
from forecastops.gate.season_phase import displacements

__all__ = [
    "Compare",
    "Displacements",
    "Errors",
    "Fit",
    "Job",
    "Outcome",
    "Recheck",
    "Recorded",
    "Refit",
    "Score",
    "carry_out",
    "job_of",
]

Outcome = Any  # plain values, as JSON has them
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Job:
    """Something to compute from the stream and these plain values."""

    @property
    def key(self) -> str:
        """A digest of the job, under which its outcome can be kept."""
        return hashlib.sha256(json.dumps(self.document(), separators=(",", ":")).encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """Return plain values from which ``job_of`` makes the same job."""
        return {"kind": type(self).__name__, **asdict(self)}

    def carry_out(self, stream: Stream) -> Outcome:
        """Return what comes of it; None where it cannot be had."""
        raise NotImplementedError


@dataclass(frozen=True)
class Fit(Job):
    """Train the challenger of a retraining as `train` does: the text of its version.

    ``start`` is the text of the version whose parameters are one of the optimiser's starts.
    """

    number: int
    start: str | None

    def carry_out(self, stream: Stream) -> Outcome:
        """Fit, after the checks of `train`."""
        series, model = stream.known(stream.retrainings[self.number]), stream.configuration(self.number)
        training.require_trainable(series, model, stream.evaluation)
        require_observed_window(series.observed, stream.evaluation, "series")
        require_positive(series.values, model.spec)
        previous = Version(self.start).trained(stream) if self.start else None
        return Version.of(self.number, training.fit(series, model, stream.evaluation, previous)).text


@dataclass(frozen=True)
class Refit(Job):
    """Estimate a champion's specification on the data of a retraining, as ``deployment.on_hold: refit`` does."""

    number: int
    champion: str

    def carry_out(self, stream: Stream) -> Outcome:
        """Return the text of the version."""
        series, bound = stream.known(stream.retrainings[self.number]), stream.configuration(self.number).max_iterations
        champion = Version(self.champion).trained(stream)
        return Version.of(self.number, training.refit(champion, series, stream.evaluation, bound)).text


@dataclass(frozen=True)
class Compare(Job):
    """Score challenger and champion as `evaluate` does: the evidence."""

    challenger: str
    champion: str
    state: State

    def carry_out(self, stream: Stream) -> Outcome:
        """Return the evidence as JSON's values."""
        challenger, champion = Version(self.challenger), Version(self.champion)
        model, bound = challenger.trained(stream), stream.configuration(challenger.number).max_iterations
        found = compare(model, champion.in_state(stream, self.state), stream.evaluation, bound)
        return found.evidence.model_dump(mode="json")


@dataclass(frozen=True)
class Errors(Job):
    """Filter all rows by a version: its standardised one-step errors. Those of a day do not depend on later ones."""

    version: str
    faulty: bool

    def carry_out(self, stream: Stream) -> Outcome:
        """Return a number for each row, None where there is none."""
        series = stream.received(faulty=self.faulty)
        model = Version(self.version).trained(stream).with_data(series.values, series.filled)
        return [None if math.isnan(error) else error for error in model.standardised_errors().tolist()]


@dataclass(frozen=True)
class Displacements(Job):
    """Look for rows that are out of place in the season, by a version, from row ``first`` on."""

    version: str
    faulty: bool
    first: int

    def carry_out(self, stream: Stream) -> Outcome:
        """Return for each number of rows, from ``first`` to all, by how many the last of them are shifted."""
        observed = stream.received(faulty=self.faulty).observed
        return displacements(Version(self.version).trained(stream), observed, range(self.first, len(observed) + 1))


@dataclass(frozen=True)
class Recheck(Job):
    """Judge data that have other values than those that the state saw, as a renewal does: whether they pass."""

    version: str
    state: State
    day: int

    def carry_out(self, stream: Stream) -> Outcome:
        """Return whether every check passes."""
        model = Version(self.version).in_state(stream, self.state)
        return all(check.passed for check in judge_data(model, stream.known(self.day), GatePolicy()))


@dataclass(frozen=True)
class Recorded(Job):
    """Measure what a version's own run records: the RMSE of its last 10 %."""

    version: str

    def carry_out(self, stream: Stream) -> Outcome:
        """Return the RMSE."""
        version = Version(self.version)
        bound = stream.configuration(version.number).max_iterations
        specs = [spec_of(member, bound) for member in version.judged.members]
        series = stream.known(stream.retrainings[version.number])
        found = recorded_scores(specs, version.judged.members, series)["RMSE"]
        return found if math.isfinite(found) else None


@dataclass(frozen=True)
class Score(Job):
    """Forecast from each day as production would, its state being that of ``states``."""

    version: str
    states: tuple[State, ...]
    days: tuple[int, ...]

    def carry_out(self, stream: Stream) -> Outcome:
        """Return ``mean``, of each day the forecasts, and ``inside``, of each day and level how many came within."""
        mean, inside = list[list[float]](), list[list[int]]()
        pairs = zip(self.states, self.days, strict=True)
        for _, group in groupby(pairs, key=lambda pair: pair[0].faulty):
            several = list(group)
            states, days = [state for state, _ in several], np.array([day for _, day in several])
            more_mean, more_inside = _forecast(stream, Version(self.version), states, days)
            mean += more_mean
            inside += more_inside
        return {"mean": mean, "inside": inside}


def _forecast(
    stream: Stream, version: Version, states: list[State], days: npt.NDArray[np.intp]
) -> tuple[list[list[float]], list[list[int]]]:
    """Return forecasts from days whose states are of the same rows; a state may be older than its day."""
    evaluation = stream.evaluation
    rows = np.array([state.rows for state in states])
    origins, which = np.unique(rows, return_inverse=True)
    lags = days - rows
    steps = int(lags.max()) + evaluation.horizon
    series = stream.received(faulty=states[0].faulty)
    dates = pd.date_range(series.index[0], periods=int(rows.max()) + steps, freq=series.index.freq)
    whole = version.trained(stream).with_data(series.values.reindex(dates), series.filled)
    found = rolling_forecasts(whole, origins, steps, evaluation.levels)
    take = (which[:, None], lags[:, None] + np.arange(evaluation.horizon))
    actual = actuals(stream.observed, days, evaluation.horizon)
    within = [
        (actual >= found.lower[level][take]) & (actual <= found.upper[level][take]) for level in evaluation.levels
    ]
    return found.mean[take].tolist(), np.array([one.sum(axis=1) for one in within]).T.tolist()


_KINDS: dict[str, type[Job]] = {
    one.__name__: one for one in (Fit, Refit, Compare, Errors, Displacements, Recheck, Recorded, Score)
}


def job_of(document: Mapping[str, Any]) -> Job:
    """Return the job of a document."""
    given = dict(document)
    kind = _KINDS[given.pop("kind")]
    if "state" in given:
        given["state"] = State(**given["state"])
    if "states" in given:
        given |= {"states": tuple(State(**one) for one in given["states"]), "days": tuple(given["days"])}
    return kind(**given)


def carry_out(stream: Stream, job: Job) -> Outcome:
    """Return what comes of a job; ``{"failed": reason}`` where the product would fail with that reason."""
    try:
        return job.carry_out(stream)
    except (DataError, ModelError) as error:
        return {"failed": f"{error.where}: {error.what}"}
