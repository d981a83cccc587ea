"""A look at one series of a panel before anything is trained: whether it can be read and modelled, and how."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from forecastops.core.errors import DataError, ForecastopsError
from forecastops.data.rows import read_rows
from forecastops.data.series import Series
from forecastops.data.table import RawTable
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.quick_model import quick_model
from forecastops.gate.data_sense import doubts
from forecastops.panel.facts import facts_without
from forecastops.panel.series_work import Worked, require_fittable, series_of
from forecastops.panel.settings import WorkSettings

__all__ = ["check_on"]

_Fate = Literal["kept", "defaulted", "refused"]


def check_on(
    name: str,
    tables: Sequence[RawTable],
    _champion: Mapping[str, Any] | None,
    settings: WorkSettings,
    *,
    newest_part: bool = False,
) -> Worked:
    """Look at one series; its ``evidence`` holds what was found, as JSON.

    ``fate`` is what a training makes of it: ``kept``, a model is fitted; ``defaulted``, it can be read, but has nothing
    more than the seasonal naive; ``refused``, it is no part of the panel.

    Args:
        name: of the series.
        tables: its rows.
        settings: of the work.
        newest_part: whether they are newest rows alone, as a renewal takes them.
    """
    if newest_part and sum(map(len, tables)) == 1:
        return _one_row(name, tables, settings)
    try:
        series = series_of(tables, settings)
        found = _read(series)
        if newest_part:
            return _told(name, "kept", found)
        evaluation = settings.evaluation_of(series.frequency)
    except ForecastopsError as error:
        return _told(name, "refused", {}, error)
    try:
        require_fittable(series, settings, evaluation)
    except ForecastopsError as error:
        return _told(name, "defaulted", found, error)
    return _told(name, "kept", found | {"doubts": _doubts(series, evaluation)})


def _one_row(name: str, tables: Sequence[RawTable], settings: WorkSettings) -> Worked:
    """Look at the one row of today, which says nothing of a frequency."""
    try:
        rows, notes = read_rows(tables, settings.data.model_copy(update={"where": {}}))
        if np.isnan(rows.values).any():
            raise DataError(rows.place(0), f"{rows.date(0)} has no value", "give it one, or leave the row out")
    except ForecastopsError as error:
        return _told(name, "refused", {}, error)
    date, value = rows.date(0), float(rows.values[0])
    found = {"start": date, "end": date, "rows": 1, "rows_read": 1, "frequency": None, "sum": value}
    return _told(name, "kept", found | {"missing": 0, "interpolated": 0, "zeros": 0, "sha256": "", "notes": notes})


def _read(series: Series) -> dict[str, Any]:
    return {
        "start": series.start,
        "end": series.end,
        "rows": series.rows,
        "rows_read": series.rows_read,
        "frequency": series.frequency,
        "missing": series.missing,
        "interpolated": series.interpolated,
        "zeros": series.zeros,
        "sum": math.fsum(series.values.dropna()),
        "sha256": series.sha256,
        "notes": list(series.notes),
    }


def _doubts(series: Series, evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return what is odd about the newest rows, of which people are told."""
    found = quick_model(series, evaluation)
    if found is None:
        return []
    model, season = found
    part = Series(model.values, filled=series.filled)
    return [asdict(one) | {"alarm": one.alarm and str(one.alarm)} for one in doubts(part, model, season)]


def _told(name: str, fate: _Fate, found: Mapping[str, Any], error: ForecastopsError | None = None) -> Worked:
    why = {} if error is None else {"where": error.where, "what": error.what, "remedy": error.remedy}
    outcome: Literal["kept", "failed"] = "kept" if error is None else "failed"
    evidence = json.dumps({"fate": fate, "why": why, **found})
    return Worked(facts_without(name, outcome, fate), "" if error is None else error.what, evidence=evidence)
