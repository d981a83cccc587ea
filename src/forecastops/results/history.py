"""What `history` returns."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from forecastops.reporting.history import history_document, history_text
from forecastops.reporting.notebook import preformatted, table
from forecastops.results.base import Result, part

if TYPE_CHECKING:
    import pandas as pd

    from forecastops.usecases.history import History

__all__ = ["HistoryEvent", "HistoryResult", "LiveErrorPoint", "history_result"]


@dataclass(frozen=True)
class HistoryEvent:
    """One thing that happened to a model.

    Attributes:
        at: UTC time, ISO.
        kind: ``decision``, ``promotion``, ``renewal``, ``accepted_data``, ``refit``, ``rollback``, ``signing`` or
            ``alarm``.
        who: user@host, or who asked for the build; None where that is not known.
        what: one sentence.
        why: as a person and as the facts gave it; None where neither did.
        version: that it is about; ``previous_version`` the champion before.
        run_id: that it is about.
        verdict: of a decision.
        checks: that a decision or an alarm is because of.
        outcome: of a change of production: ``done`` or ``undone``; None where that is not known.
        forced: whether a verdict was overridden.
        reason: why, as a person gave it alone.
        data_end: ISO date of the newest observation that it is about.
    """

    at: str
    kind: str
    who: str | None
    what: str
    why: str | None
    version: str | None
    previous_version: str | None
    run_id: str | None
    verdict: str | None
    checks: tuple[str, ...]
    outcome: str | None
    forced: bool
    reason: str | None
    data_end: str | None


@dataclass(frozen=True)
class LiveErrorPoint:
    """How the champion as served forecast the rows up to a date: RMSEs in the data's unit, beside the naive's."""

    date: str
    rows: int
    rmse: float
    seasonal_naive_rmse: float


@dataclass(frozen=True)
class HistoryResult(Result):
    """What happened to a model.

    Attributes:
        events: the newest first.
        more: whether there are older ones.
        live: the champion's live error in the time of the events, by date.
    """

    model_name: str
    events: tuple[HistoryEvent, ...]
    more: bool
    live: tuple[LiveErrorPoint, ...]
    _found: History = field(kw_only=True, repr=False, compare=False)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each event, the newest first, in columns of the events' names."""
        import pandas as pd

        frame = pd.DataFrame([asdict(event) for event in self.events], columns=list(HistoryEvent.__annotations__))
        return frame.assign(at=pd.to_datetime(frame["at"], utc=True, format="ISO8601"))

    def to_html(self) -> str:
        """Return the page that ``forecastops history --html`` writes: live error, changes, and every event."""
        from forecastops.reporting.history_page import history_page

        return history_page(self._found)

    def _repr_html_(self) -> str:
        if not self.events:
            return preformatted(str(self))
        rows = [[event.at, event.kind, event.what, event.who, event.why] for event in self.events]
        return table(["at", "kind", "what", "who", "why"], rows)


def history_result(found: History) -> HistoryResult:
    """Return what happened."""
    shown = Result.shown(history_document(found), history_text(found))
    document: dict[str, Any] = json.loads(shown["_json"])
    events = tuple(part(HistoryEvent, event | {"checks": tuple(event["checks"])}) for event in document["events"])
    live = tuple(part(LiveErrorPoint, point) for point in document["live"])
    return HistoryResult(**document | {"events": events, "live": live}, _found=found, **shown)
