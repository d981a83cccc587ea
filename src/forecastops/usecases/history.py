"""What happened to a model: decisions, changes of production, alarms, and how it forecast, from registry and runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.config import Config
from forecastops.core.signatures import Trusted
from forecastops.forecasting.live_error import LivePoint
from forecastops.release.events import LATEST_SECONDS
from forecastops.release.live_record import live_points
from forecastops.usecases.past_events import PastEvent, merged, of_run, of_versions

__all__ = ["History", "history"]

_LATEST = timedelta(seconds=LATEST_SECONDS)
_LOOK_EVERY = 25  # runs, after which it is seen whether enough were read


@dataclass(frozen=True)
class History:
    """What happened to a model.

    Attributes:
        model_name: which.
        events: the newest first.
        more: whether there are older ones.
        live: how the champion as served forecast the rows that came, by their dates, in the time of the events.
    """

    model_name: str
    events: tuple[PastEvent, ...]
    more: bool
    live: tuple[LivePoint, ...]


def history(config: Config, limit: int | None = None, since: datetime | None = None) -> History:
    """Read what happened, the newest first; changes nothing.

    Events are on runs that were new when they happened, so that the newest are found without reading all runs.

    Args:
        config: names the model and where its runs and versions are.
        limit: the most events; None for all.
        since: the earliest time of an event, with a time zone; None for all.

    Raises:
        RegistryError: when tracking server or registry do not answer.
    """
    connection = connect(config.tracking)
    registry = ModelRegistry(connection, config.registry)
    runs = Runs(connection, Trusted())
    reading = _Reading(
        since or datetime.min.replace(tzinfo=timezone.utc), limit, list(of_versions(registry.versions()))
    )
    complete = reading.read(runs.of_model(registry.name, at_once=_at_once(limit)))
    found = reading.events()
    events = found if limit is None else found[:limit]
    more = len(found) > len(events) or not complete
    live = tuple(reading.live[date] for date in sorted(reading.live))
    return History(registry.name, tuple(events), more, live)


@dataclass
class _Reading:
    """What was found so far, of events not before ``since``; ``limit`` of them are enough."""

    since: datetime
    limit: int | None
    found: list[PastEvent]
    live: dict[str, LivePoint] = field(default_factory=dict)

    def read(self, runs: Iterable[Run]) -> bool:
        """Read runs, begun last first, until all that is asked for is known; whether these were all."""
        for count, run in enumerate(runs, start=1):
            if count % _LOOK_EVERY == 0 and self._has_enough(_latest_event(run)):
                return False
            if _latest_event(run) < self.since:
                return False
            self.found += of_run(run)
            for point in live_points(run.tags):
                self.live.setdefault(point.date, point)  # what was measured last counts
        return True

    def events(self) -> list[PastEvent]:
        """Return the events, the newest first."""
        return [event for event in merged(self.found) if event.moment >= self.since]

    def _has_enough(self, bound: datetime) -> bool:
        """Tell whether as many as are asked for, and one more, are newer than any that was not read yet can be."""
        return self.limit is not None and _count(self.events(), bound) > self.limit


def _count(events: Sequence[PastEvent], after: datetime) -> int:
    return sum(event.moment > after for event in events)


def _latest_event(run: Run) -> datetime:
    """Return the time after which neither this run nor one begun before it got an event."""
    return datetime.fromtimestamp(run.started, timezone.utc) + _LATEST


def _at_once(limit: int | None) -> int:
    return 1000 if limit is None else min(1000, max(50, 2 * limit))
