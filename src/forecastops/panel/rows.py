"""One series' row in a panel: made of a forecaster, and made a forecaster again on data that reach back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from forecastops.data.frequency import read_offset
from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Arima, Filtered, Fit, Forecaster
from forecastops.panel.panel_forecaster import BLOCK, ERRORS, block_facts
from forecastops.panel.revisions import values_before

__all__ = ["ROW", "forecaster_of", "row_of"]

Array = npt.NDArray[np.float64]
Row = Mapping[str, Any]

_NUMBERS = pa.list_(pa.float64())
ROW = pa.schema(
    [
        ("unique_id", pa.string()),
        ("default", pa.string()),  # why the series has a seasonal naive; null where it has a model
        ("spec", pa.string()),
        ("params", _NUMBERS),
        ("state", _NUMBERS),
        ("judged_params", _NUMBERS),
        ("judged_through", pa.string()),
        ("judged_converged", pa.bool_()),
        ("judged_gap", pa.float64()),
        ("served_through", pa.string()),
        ("served_gap", pa.float64()),
        ("frequency", pa.string()),
        ("season", pa.int32()),
        ("horizon", pa.int32()),
        ("start", pa.timestamp("ns")),
        ("end", pa.timestamp("ns")),
        ("rows", pa.int64()),
        ("trained_through", pa.string()),
        ("interpolated", pa.list_(pa.string())),
        ("tail", _NUMBERS),
        ("errors", _NUMBERS),
        ("had_zero", pa.bool_()),
        ("run", pa.int64()),
        ("run_value", pa.float64()),
        ("longest_run", pa.int64()),
        ("longest_zeros", pa.int64()),
        ("block_digests", pa.list_(pa.int64())),
        ("block_counts", pa.list_(pa.int64())),
        ("block_sums", _NUMBERS),
        ("block_squares", _NUMBERS),
        ("sha256", pa.string()),  # of the series; null once its state was moved on without it
        ("run_id", pa.string()),  # that estimated its parameters; null for the run that it lies in
        ("since", pa.string()),  # the version since which it is unchanged; null for the one that it lies in
        ("compared_through", pa.string()),  # to which a challenger last learnt that did not replace it; null for none
    ]
)


def row_of(name: str, model: Forecaster, season: int, *, default: str | None = None) -> dict[str, Any]:
    """Return the row of a series.

    Args:
        name: of the series.
        model: its forecaster, with all observations.
        season: of its seasonal naive, in observations.
        default: why it is a seasonal naive; None for a model that passed the gate.
    """
    index, values = pd.DatetimeIndex(model.values.index), np.asarray(model.values, dtype=float)
    judged, served = model.judged, model.served
    errors = model.standardised_errors()
    longest_season = max([season, *(member.seasonal_order[3] for member in model.fit.members)])
    return {
        "unique_id": name,
        "default": default,
        "spec": _spec(model.fit),
        "params": _params(model.fit),
        "state": np.concatenate([_state(one) for one in model.filters]).tolist(),
        "judged_params": _params(judged),
        "judged_through": judged.estimated_through,
        "judged_converged": judged.converged,
        "judged_gap": judged.start_gap,
        "served_through": served.estimated_through if served else None,
        "served_gap": served.start_gap if served else None,
        "frequency": model.frequency,
        "season": season,
        "horizon": model.horizon,
        "start": _nanoseconds(index[0]),
        "end": _nanoseconds(index[-1]),
        "rows": len(values),
        "trained_through": model.trained_through,
        "interpolated": list(model.interpolated),
        "tail": values[-max(longest_season, BLOCK) :].tolist(),
        "errors": errors[np.isfinite(errors)][-max(ERRORS, model.horizon) :].tolist(),
        **_runs(np.asarray(model.observed, dtype=float)),
        **block_facts(values),
        "sha256": Series(model.values).sha256,
        "run_id": None,
        "since": None,
        "compared_through": None,
    }


def forecaster_of(row: Row, series: Series, levels: Sequence[int]) -> Forecaster:
    """Return the row's forecaster with the observations that it had, as newer data tell them.

    What the data show to be revised since has the values that its blocks' sums tell; what they do not reach, none
    but those that the row keeps.
    """
    offset = read_offset(row["frequency"])
    index = pd.date_range(pd.Timestamp(row["start"]), periods=row["rows"], freq=offset)
    values = pd.Series(values_before(row, index, series.values), index, name="value")
    members = json.loads(row["spec"])
    judged = Fit(
        _members(members, row["judged_params"]), row["judged_through"], row["judged_converged"], row["judged_gap"]
    )
    served = None
    if row["served_through"] is not None:
        served = Fit(
            _members(members, row["params"]), row["served_through"], converged=True, start_gap=row["served_gap"]
        )
    return Forecaster(
        judged,
        values,
        served=served,
        interpolated=tuple(row["interpolated"]),
        horizon=row["horizon"],
        levels=tuple(levels),
        trained_through=row["trained_through"],
        calibrated=True,
    )


def _members(documents: Sequence[Mapping[str, Any]], params: Sequence[float]) -> tuple[Arima, ...]:
    found, left = [], list(params)
    for one in documents:
        own, left = left[: len(one["names"])], left[len(one["names"]) :]
        named = dict(zip(one["names"], own, strict=True))
        found.append(Arima(tuple(one["order"]), tuple(one["seasonal_order"]), one["trend"], one["log"], named))
    return tuple(found)


def _spec(fit: Fit) -> str:
    """Return the members as text, by which series of the same specification are found."""
    members = [
        {
            "order": one.order,
            "seasonal_order": one.seasonal_order,
            "trend": one.trend,
            "log": one.log,
            "names": list(one.params),
        }
        for one in fit.members
    ]
    return json.dumps(members, separators=(",", ":"))


def _params(fit: Fit) -> list[float]:
    return [float(value) for member in fit.members for value in member.params.values()]


def _state(filtered: Filtered) -> Array:
    """Return mean and covariance of what comes next, in the filter's unit: the upper triangle row by row."""
    results = filtered.results.filter_results
    mean = np.asarray(results.predicted_state[:, -1], dtype=float)
    covariance = np.asarray(results.predicted_state_cov[:, :, -1], dtype=float)
    return np.concatenate([mean, covariance[np.triu_indices(len(mean))]])


def _runs(observed: Array) -> dict[str, Any]:
    """Return what tells a stuck feed: whether a value was 0, and runs of equal values."""
    known = observed[np.isfinite(observed)].tolist()
    *before, (last, length) = [(value, len(list(group))) for value, group in groupby(known)]
    return {
        "had_zero": any(value == 0 for value in known),
        "run": length,
        "run_value": last,
        "longest_run": max((run for _, run in before), default=0),
        "longest_zeros": max((run for value, run in before if value == 0), default=0),
    }


def _nanoseconds(stamp: pd.Timestamp) -> pd.Timestamp:
    return stamp.as_unit("ns")
