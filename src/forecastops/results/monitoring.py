"""What `monitor` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecastops.reporting.notebook import table
from forecastops.results.base import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MonitorResult", "Signal"]


@dataclass(frozen=True)
class Signal:
    """One thing that is watched, as of the newest observation.

    Attributes:
        name: by which it is known in records.
        group: ``world``, ``model``, ``data``; or ``shown``, which triggers nothing.
        passed: whether it lies within its threshold, or cannot be told.
        value: what was measured; None where it cannot be told.
        threshold: its bound; None for a yes or no.
        since: ISO date since when it has been so, where it has passed its threshold.
        reason: a sentence.
    """

    name: str
    group: str
    passed: bool
    value: float | None
    threshold: float | None
    since: str | None
    reason: str


@dataclass(frozen=True)
class MonitorResult(Result):
    """What a look at the champion found.

    Attributes:
        retrain: whether something moved while the data are sound.
        broken: whether the data are broken, so that nothing is to be retrained or renewed from them.
        moved: names of the signals of world and model that passed their thresholds.
        signals: all that is watched.
        summary: what follows, in one sentence.
        version: the champion's; None where there is none.
        run_id: of the run in which its model is watched, where each signal is a curve; None where there is none.
        start: ISO date of the first observation that its training did not have; None where there is none.
        end: ISO date of the newest observation; None where nothing could be watched.
        observations: how many there are since its training.
        age_days: from the newest observation of its training to the newest, or to ``now``.
        too_old: whether that is more than ``monitor.max_age``; it does not make ``retrain`` true.
    """

    retrain: bool
    broken: bool
    moved: tuple[str, ...]
    signals: tuple[Signal, ...]
    summary: str
    version: str | None
    run_id: str | None
    start: str | None
    end: str | None
    observations: int
    age_days: float
    too_old: bool

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each signal."""
        import pandas as pd

        return pd.DataFrame([vars(signal) for signal in self.signals])

    def _repr_html_(self) -> str:
        head = ["signal", "passed", "value", "threshold", "since", "what was found"]
        rows = [
            [one.name, "yes" if one.passed else "no", one.value, one.threshold, one.since, one.reason]
            for one in self.signals
        ]
        return table(head, rows)
