"""A look at one series of the panel in production: what the monitor of a single series says of it, where it can."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from forecastops.core.errors import ForecastopsError
from forecastops.data.duplicates import RepeatedDatesError
from forecastops.data.series import Series
from forecastops.data.table import RawTable
from forecastops.forecasting.model import joined
from forecastops.gate.data_checks import unusable
from forecastops.monitoring.quality import Given
from forecastops.monitoring.watch import Watch, watch
from forecastops.panel.facts import facts_without
from forecastops.panel.renewal import renew_one
from forecastops.panel.rows import forecaster_of
from forecastops.panel.series_work import Worked, series_of
from forecastops.panel.settings import WorkSettings

__all__ = ["State", "watch_on"]

State = Literal["watched", "untold", "nothing_newer", "broken", "new", "absent"]
Row = Mapping[str, Any]


def watch_on(name: str, tables: Sequence[RawTable], champion: Row | None, settings: WorkSettings) -> Worked:
    """Look at one series; its ``evidence`` holds what was found, as JSON.

    ``state`` is ``watched`` where world and model are told; ``untold`` where the data do not reach back to its
    training, so that only their own plausibility can be; ``nothing_newer`` where nothing has come since; ``broken``
    where they cannot be read or are refused; ``new`` without a champion; ``absent`` without rows.

    Args:
        name: of the series.
        tables: its rows.
        champion: its row in production; None without one.
        settings: of the work.
    """
    if champion is None:
        return _told(name, "new", {})
    if not tables:
        return _told(name, "absent", {"why": "the data hold no rows of it"})
    frequency = None if settings.data.weekmask else champion["frequency"]
    config = settings.data.model_copy(update={"frequency": frequency})
    try:
        newest = series_of(tables, settings.model_copy(update={"data": config}))
    except RepeatedDatesError as error:
        return _told(name, "broken", {"why": error.what, "by": ["duplicates"]})
    except ForecastopsError as error:
        return _by_renewal(name, tables, champion, settings, error)
    if newest.rows <= len(champion["tail"]):
        return _by_renewal(name, tables, champion, settings, None)
    return _watched(name, newest, champion, settings)


def _watched(name: str, newest: Series, row: Row, settings: WorkSettings) -> Worked:
    evaluation = settings.evaluation_of(row["frequency"])
    champion = forecaster_of(row, newest, evaluation.levels)
    series = newest if unusable(champion, newest.values) else joined(champion, newest)
    now = pd.Timestamp(settings.now) if settings.now else None
    given = Given(series, newest, evaluation.season_length, now)
    return _found(name, watch(champion, given, evaluation, settings.gate, settings.monitor))


def _found(name: str, found: Watch) -> Worked:
    look = found.look
    by = [one.name for one in look.signals if one.group == "data" and not one.passed]
    facts = {
        "start": look.start,
        "end": look.end,
        "observations": look.observations,
        "rarities": found.rarities,
        "signals": [one.model_dump(mode="json") for one in look.signals],
        "by": by,
    }
    if look.broken:
        return _told(name, "broken", facts)
    if not look.observations:
        return _told(name, "nothing_newer", facts)
    if not found.rarities:
        return _told(name, "untold", facts | {"why": "too few values of its training, or since, to tell"})
    return _told(name, "watched", facts)


def _by_renewal(
    name: str, tables: Sequence[RawTable], row: Row, settings: WorkSettings, error: ForecastopsError | None
) -> Worked:
    """Say of newest rows alone whether a renewal would take them; of the world they say nothing."""
    renewed = renew_one(name, tables, row, settings)
    moved = dict(renewed.champion or row)
    facts = {"end": str(pd.Timestamp(moved["end"]).date()), "observations": int(moved["rows"] - row["rows"])}
    if renewed.state == "refused":
        said = renewed.state_why if error is None else error.what
        return _told(name, "broken", facts | {"why": said, "by": ["refused"]})
    return _told(name, "untold", facts | {"why": "the data do not reach back to its training"})


def _told(name: str, state: State, found: Mapping[str, Any]) -> Worked:
    return Worked(facts_without(name, "kept", state), evidence=json.dumps({"state": state, **found}))
