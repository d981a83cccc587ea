"""The forecaster inside every panel's artifact: a row for each series, and no series.

This one file is shipped with each panel as its loader; it imports nothing of forecastops, and nothing is pickled. A row
holds specification, parameters, and the state of each member's filter, from which the forecast is that of the full
filter. What has the same specification is computed together.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["ERRORS", "MANIFEST", "MAX_HORIZON", "MAX_ROWS", "Moved", "PanelForecaster", "moved_on", "parse_spec"]

Array = npt.NDArray[np.float64]

MANIFEST = "manifest.json"
MAX_HORIZON, MAX_ROWS = 1000, 100_000
ERRORS = 112  # newest one-step errors by which intervals are widened
_FORMAT = 1
_COLUMNS = ("unique_id", "date", "value", "horizon")  # of a request
_TOLERANCE = 1e-6  # relative, of the reference forecasts
_EQUAL = 1e-6  # relative; within it a value that is sent again is the one that is known
_AS_NORMAL, _WIDEST = 20, 2.0  # as a single series' forecaster widens its intervals
_MAX_STATES, _MAX_MEMBERS = 1000, 20
_AT_ONCE = 4000  # series whose matrices are held together
_MEDIAN_BOUND, _SINGLE_BOUND, _ZERO_BOUND, _FARTHER = 4.0, 12.0, 4.0, 1.5  # the alarm's, in standard deviations
_LONGER, _SHORTEST_RUN, _SHORTEST_ZEROS = 2, 4, 3
_DAY = 86_400 * 10**9  # nanoseconds
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Member:
    """One ARIMA's orders, and the names of its parameters in their order."""

    order: tuple[int, int, int]
    seasonal_order: tuple[int, int, int, int]
    log: bool
    names: tuple[str, ...]

    @cached_property
    def template(self) -> tuple[Array, Array, Array, int]:
        """What does not depend on parameters: design (k,), transition (k, k), selection (k,), and the lags' place."""
        from statsmodels.tsa.arima.model import ARIMA

        (p, d, q), (sp, sd, sq, season) = self.order, self.seasonal_order
        rows = np.zeros(d + sd * season + 3)
        model: Any = ARIMA(rows, order=self.order, seasonal_order=self.seasonal_order, trend="n")
        lags = p + q + sp + sq
        model.update(np.concatenate([np.zeros(lags), [1.0]]))
        ssm, k = model.ssm, int(model.k_states)
        design = np.asarray(ssm["design"], dtype=float).reshape(k)
        selection = np.asarray(ssm["selection"], dtype=float).reshape(k, -1)[:, 0]
        return design, np.array(ssm["transition"], dtype=float).reshape(k, k), selection, d + sd * season

    @property
    def states(self) -> int:
        """How many the filter has."""
        (p, d, q), (sp, sd, sq, season) = self.order, self.seasonal_order
        return max(p + sp * season, q + sq * season + 1) + d + sd * season

    @property
    def packed(self) -> int:
        """Numbers that a state takes: mean, and the upper triangle of the covariance."""
        return self.states + self.states * (self.states + 1) // 2

    def system(self, params: Array) -> _System:
        """Return the matrices of many series, from parameters of shape (n, names)."""
        design, transition, selection, place = self.template
        found = dict(zip(self.names, params.T, strict=True))
        season, rows = self.seasonal_order[3], len(params)
        autoregressive = _product(
            _polynomial(found, "ar.L", -1.0, rows), _polynomial(found, "ar.S.L", -1.0, rows), season
        )
        moving = _product(_polynomial(found, "ma.L", 1.0, rows), _polynomial(found, "ma.S.L", 1.0, rows), season)
        matrices = np.repeat(transition[None], rows, axis=0)
        lags = autoregressive.shape[1] - 1
        matrices[:, place : place + lags, place] = -autoregressive[:, 1:]
        chosen = np.repeat(selection[None], rows, axis=0)
        chosen[:, place + 1 : place + moving.shape[1]] = moving[:, 1:]
        none = np.zeros(rows)
        variance = found.get("sigma2", np.ones(rows))
        unit = np.sqrt(variance)
        unit = np.where(unit > 0, unit, 1.0)
        spread = chosen * np.sqrt(variance / unit**2)[:, None]
        return _System(design, matrices, spread, found.get("const", none), found.get("x1", none), unit)


def _product(one: Array, other: Array, season: int) -> Array:
    """Return the product of the plain and the seasonal lag polynomial, shape (rows, lags + 1)."""
    product = np.zeros((len(one), one.shape[1] + other.shape[1] - 1))
    for lag in range(other.shape[1]):
        if lag % (season or 1) == 0 or other[:, lag].any():
            product[:, lag : lag + one.shape[1]] += other[:, lag : lag + 1] * one
    return product


def _polynomial(found: Mapping[str, Array], prefix: str, sign: float, rows: int) -> Array:
    lags = {int(name.removeprefix(prefix)): values for name, values in found.items() if name.startswith(prefix)}
    polynomial = np.zeros((rows, max(lags, default=0) + 1))
    polynomial[:, 0] = 1.0
    for lag, values in lags.items():
        polynomial[:, lag] = sign * values
    return polynomial


@dataclass(frozen=True)
class _System:
    """State space matrices of n series: design (k,), transition (n, k, k), spread (n, k); intercepts in the data."""

    design: Array
    transition: Array
    spread: Array
    constant: Array
    slope: Array
    unit: Array

    def ahead(self, mean: Array, covariance: Array, rows: npt.NDArray[np.int64], steps: int) -> tuple[Array, Array]:
        """Mean and variance of the next observations on the modelled scale, each of shape (n, steps)."""
        weights = np.repeat(self.design[None], len(mean), axis=0)  # the design carried through the transitions
        shocks = np.zeros(len(mean))
        means, variances = np.empty((len(mean), steps)), np.empty((len(mean), steps))
        for step in range(steps):
            intercept = self.constant + self.slope * (rows + step + 1)
            means[:, step] = intercept + self.unit * np.einsum("nk,nk->n", weights, mean)
            spread = np.einsum("nk,nkj,nj->n", weights, covariance, weights, optimize=True)
            variances[:, step] = self.unit**2 * (spread + shocks)
            shocks = shocks + np.einsum("nk,nk->n", weights, self.spread) ** 2
            weights = np.einsum("nk,nkj->nj", weights, self.transition)
        return means, variances

    def step(self, mean: Array, covariance: Array, rows: npt.NDArray[np.int64], value: Array) -> _Step:
        """Take the filter's step over one observation of each series, NaN where there is none."""
        intercept = (self.constant + self.slope * (rows + 1)) / self.unit
        gain = covariance @ self.design
        variance = gain @ self.design
        error = value / self.unit - intercept - mean @ self.design
        seen = np.isfinite(error) & (variance > 0)
        weight = np.where(seen, np.where(seen, error, 0.0) / np.where(seen, variance, 1.0), 0.0)
        after = mean + gain * weight[:, None]
        share = np.where(seen, 1.0 / np.where(seen, variance, 1.0), 0.0)
        known = covariance - gain[:, :, None] * gain[:, None, :] * share[:, None, None]
        moved = np.einsum("nkj,nj->nk", self.transition, after)
        next_known = self.transition @ known @ self.transition.transpose(0, 2, 1)
        next_known += self.spread[:, :, None] * self.spread[:, None, :]
        standard = np.where(seen, error / np.sqrt(np.where(seen, variance, 1.0)), np.nan)
        return _Step(moved, (next_known + next_known.transpose(0, 2, 1)) / 2, standard)


@dataclass(frozen=True)
class _Step:
    mean: Array
    covariance: Array
    error: Array


@lru_cache(maxsize=1000)
def parse_spec(text: str) -> tuple[Member, ...]:
    """Return the members that a row's ``spec`` names; refuses orders beyond all memory."""
    members = tuple(
        Member(tuple(one["order"]), tuple(one["seasonal_order"]), bool(one["log"]), tuple(one["names"]))
        for one in json.loads(text)
    )
    if not 1 <= len(members) <= _MAX_MEMBERS or max(one.states for one in members) > _MAX_STATES:
        raise ValueError(f"its spec {text:.200} is none that can be computed")
    return members


def _unpacked(numbers: Array, states: int) -> tuple[Array, Array]:
    upper = np.triu_indices(states)
    covariance = np.zeros((len(numbers), states, states))
    covariance[:, upper[0], upper[1]] = numbers[:, states:]
    covariance[:, upper[1], upper[0]] = numbers[:, states:]
    return numbers[:, :states], covariance


def _packed(mean: Array, covariance: Array) -> Array:
    upper = np.triu_indices(mean.shape[1])
    return np.concatenate([mean, covariance[:, upper[0], upper[1]]], axis=1)


def _matrix(column: pa.ChunkedArray) -> Array:
    """Return lists of one length as a matrix."""
    lists = column.combine_chunks()
    lists = lists if isinstance(lists, pa.Array) else pa.concat_arrays(lists.chunks)
    flat = np.asarray(lists.flatten(), dtype=float)
    if len(lists) == 0 or len(flat) % len(lists) or len(set(np.diff(np.asarray(lists.offsets)).tolist())) > 1:
        raise ValueError("its rows of one spec hold other numbers of parameters or states")
    return flat.reshape(len(lists), -1)


def _groups(table: pa.Table) -> Iterator[tuple[tuple[Member, ...], npt.NDArray[np.intp]]]:
    """Yield the rows of each specification, by pieces."""
    specs = np.asarray(table.column("spec").to_pylist(), dtype=object)
    codes, names = pd.factorize(specs)
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        for start in range(0, len(rows), _AT_ONCE):
            yield parse_spec(str(name)), rows[start : start + _AT_ONCE]


def _widths(errors: Sequence[Array], levels: Sequence[int]) -> dict[int, Array]:
    """How many times as wide as the normal's each interval is, shape (n,), by the newest errors."""
    newest = [np.abs(one[-ERRORS:]) for one in errors]
    counts = np.array([len(one) for one in newest])
    whole = counts == ERRORS
    found = {}
    for level in levels:
        of_none = NormalDist().inv_cdf(0.5 + level / 200)
        seen = np.full(len(newest), of_none)
        if whole.any():
            seen[whole] = np.quantile(np.stack([newest[row] for row in np.flatnonzero(whole)]), level / 100, axis=1)
        for row in np.flatnonzero(~whole & (counts > 0)):
            seen[row] = np.quantile(newest[row], level / 100)
        found[level] = np.clip((counts * seen / of_none + _AS_NORMAL) / (counts + _AS_NORMAL), 1.0, _WIDEST)
    return found


def _offset(frequency: str) -> Any:
    kind: Any = pd.offsets.CustomBusinessDay
    return kind(weekmask=frequency) if frequency[:3] in _WEEKDAYS else frequency


@lru_cache(maxsize=4096)
def _dates_after(end: int, frequency: str, steps: int) -> pd.DatetimeIndex:
    return pd.date_range(pd.Timestamp(end), periods=steps + 1, freq=_offset(frequency))[1:]


@dataclass(frozen=True)
class Moved:
    """Rows moved on by new observations; why a row was not, by its place; and where that is as they are implausible."""

    table: pa.Table
    refused: dict[int, str]
    implausible: frozenset[int] = frozenset()


@dataclass(frozen=True)
class PanelForecaster:
    """Many series' forecasters.

    Args:
        table: a row for each series.
        manifest: what is said of all of them.
    """

    table: pa.Table
    manifest: Mapping[str, Any]

    @property
    def levels(self) -> tuple[int, ...]:
        """Interval levels in percent unless asked otherwise."""
        return tuple(self.manifest["levels"])

    @property
    def newest(self) -> pd.Timestamp:
        """The newest observation of any series."""
        return pd.Timestamp(int(np.asarray(self.table.column("end").cast(pa.int64())).max()))

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each series."""
        return {name: row for row, name in enumerate(self.table.column("unique_id").to_pylist())}

    def picked(self, ids: Iterable[str]) -> PanelForecaster:
        """Only these series, in this order.

        Raises:
            ValueError: naming one that is none of the panel's.
        """
        rows = []
        for name in ids:
            if name not in self.places:
                raise ValueError(f"series {name!r:.80} is none of this panel's {len(self.places)}")
            rows.append(self.places[name])
        return replace(self, table=self.table.take(pa.array(rows, pa.int64())))

    def forecast(self, horizon: int | None = None, levels: Sequence[int] | None = None) -> pa.Table:
        """Forecast after each series' newest observation.

        Returns:
            rows in the panel's order: ``unique_id``, ``date`` (timestamp), ``mean``, ``lower_L``, ``upper_L``.
        """
        table, chosen = self.table, tuple(self.levels if levels is None else levels)
        own = np.asarray(table.column("horizon"), dtype=np.int64)
        steps = own if horizon is None else np.full(len(own), horizon)
        most = int(steps.max(initial=1))
        names = ["mean", *(f"{bound}_{level}" for level in chosen for bound in ("lower", "upper"))]
        found = np.empty((len(names), len(own), most))
        for members, rows in _groups(table):
            found[:, rows] = self._bounds(members, rows, most, chosen)
        inside = np.arange(most)[None] < steps[:, None]
        ids = table.column("unique_id").combine_chunks().take(pa.array(np.repeat(np.arange(len(own)), steps)))
        columns: dict[str, Any] = {"unique_id": ids, "date": self._dates(steps)}
        return pa.table(columns | {name: values[inside] for name, values in zip(names, found, strict=True)})

    def _bounds(
        self, members: tuple[Member, ...], rows: npt.NDArray[np.intp], steps: int, levels: Sequence[int]
    ) -> Array:
        part = self.table.take(pa.array(rows))
        params, states = _matrix(part.column("params")), _matrix(part.column("state"))
        known = np.asarray(part.column("rows"), dtype=np.int64)
        widths = _widths(_lists(part.column("errors")), levels)
        total = np.zeros((1 + 2 * len(levels), len(rows), steps))
        for member, own, state in _by_member(members, params, states):
            mean, covariance = _unpacked(state, member.states)
            means, variances = member.system(own).ahead(mean, covariance, known, steps)
            total[0] += np.exp(means + variances / 2) if member.log else means
            for place, level in enumerate(levels):
                half = widths[level][:, None] * NormalDist().inv_cdf(0.5 + level / 200) * np.sqrt(variances)
                lower, upper = means - half, means + half
                total[1 + 2 * place] += np.exp(lower) if member.log else lower
                total[2 + 2 * place] += np.exp(upper) if member.log else upper
        return total / len(members)

    def _dates(self, steps: npt.NDArray[np.int64]) -> pa.Array:
        ends = np.asarray(self.table.column("end").cast(pa.int64()))
        frequencies = self.table.column("frequency").to_pylist()
        stamps = [
            _dates_after(int(end), name, int(count)).to_numpy().astype("datetime64[ns]").astype(np.int64)
            for end, name, count in zip(ends, frequencies, steps, strict=True)
        ]
        return pa.array(np.concatenate(stamps) if stamps else np.empty(0, np.int64)).cast(pa.timestamp("ns"))

    def reference(self) -> dict[str, list[Any]]:
        """Return the forecasts that every copy of this panel must give: of a sample of its series, by columns."""
        return _plain(self.picked(self.manifest["sample"]).forecast())

    def predict(self, model_input: object = None, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """MLflow's pyfunc interface: ``horizon`` and ``levels`` are parameters.

        A table names series in ``unique_id``, and may give newer observations of them in ``date`` and ``value``, after
        the last of which each forecast starts. Without one, a sample is forecast. Nothing of it is kept.

        Raises:
            ValueError: for a column, series, horizon or level that is none, or a row that does not fit.
        """
        asked = dict(params or {})
        current = self.picked(self.manifest["sample"])
        horizon = asked.get("horizon")
        if model_input is not None:
            sent = model_input if isinstance(model_input, pd.DataFrame) else pd.DataFrame(cast(Any, model_input))
            _require_columns(sent)
            if "horizon" in sent and not sent.empty:
                horizon = _constant(sent["horizon"])
            if "unique_id" in sent and not sent.empty:
                current = self._asked(sent)
        levels = _checked_levels(np.ravel(asked.get("levels", self.levels)).tolist())
        return pd.DataFrame(_plain(current.forecast(None if horizon is None else _checked_horizon(horizon), levels)))

    def _asked(self, sent: pd.DataFrame) -> PanelForecaster:
        if len(sent) > MAX_ROWS:
            raise ValueError(f"{len(sent)} rows are more than the {MAX_ROWS} that one request may hold")
        ids = list(dict.fromkeys(sent["unique_id"].tolist()))
        current = self.picked(map(_text, ids))
        given = [name in sent for name in ("date", "value")]
        if not any(given):
            return current
        if not all(given):
            raise ValueError("observations need both columns, date and value")
        moved = moved_on(current.table, _observations(sent))
        for row, reason in moved.refused.items():
            raise ValueError(f"series {ids[row]!r:.80}: {reason}")
        return replace(current, table=moved.table)

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> PanelForecaster:
        """Rebuild a panel and prove that it forecasts as it did when it was written.

        Raises:
            ValueError: when a file is missing, malformed or altered, or a reference forecast is not met.
        """
        try:
            manifest = json.loads(files[MANIFEST])
            if manifest["format"] != _FORMAT:
                raise ValueError(f"its format is {manifest['format']!r:.80}; this loader reads {_FORMAT}")
            found = cls(pa.concat_tables([_part(files, part) for part in manifest["parts"]]), manifest)
            if len(found.places) != manifest["series"]:
                raise ValueError(
                    f"it holds {len(found.places)} series, and its manifest says {manifest['series']!r:.40}"
                )
            found._require_reference()
        except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, pa.ArrowException) as error:
            raise ValueError(f"it does not describe a panel ({type(error).__name__}: {error})") from error
        return found

    def _require_reference(self) -> None:
        rebuilt, expected = self.reference(), self.manifest["reference"]
        if list(rebuilt) != list(expected):
            raise ValueError("the rebuilt forecasts have other columns than the reference forecasts")
        for name, values in rebuilt.items():
            same = len(values) == len(expected[name]) and all(map(_near, values, expected[name]))
            if not same:
                raise ValueError(f"the rebuilt forecasts miss the reference forecasts in {name}")


def _part(files: Mapping[str, bytes], part: Mapping[str, Any]) -> pa.Table:
    data = files[part["name"]]
    if hashlib.sha256(data).hexdigest() != part["sha256"]:
        raise ValueError(f"{part['name']} is not the one it was written with")
    table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    if table.num_rows != part["rows"]:
        raise ValueError(f"{part['name']} holds {table.num_rows} rows, not {part['rows']!r:.40}")
    return table


def _near(found: Any, expected: Any) -> bool:
    if isinstance(found, float) and isinstance(expected, (int, float)):
        return math.isclose(found, expected, rel_tol=_TOLERANCE)
    return bool(found == expected)


def _lists(column: pa.ChunkedArray) -> list[Array]:
    found: list[Array] = []
    for chunk in column.chunks:
        flat, offsets = np.asarray(chunk.values, dtype=float), np.asarray(chunk.offsets)
        found += [flat[a:b] for a, b in pairwise(offsets.tolist())]
    return found


def _by_member(members: tuple[Member, ...], params: Array, states: Array) -> Iterator[tuple[Member, Array, Array]]:
    first, begin = 0, 0
    for member in members:
        last, end = first + len(member.names), begin + member.packed
        yield member, params[:, first:last], states[:, begin:end]
        first, begin = last, end
    if first != params.shape[1] or begin != states.shape[1]:
        raise ValueError("its rows hold other numbers of parameters or states than their spec takes")


def _plain(table: pa.Table) -> dict[str, list[Any]]:
    columns = {name: table.column(name).to_pylist() for name in table.column_names if name != "date"}
    dates = pd.DatetimeIndex(np.asarray(table.column("date").cast(pa.int64())).astype("datetime64[ns]"))
    texts = [_iso(date) for date in dates]
    return {"unique_id": columns.pop("unique_id"), "date": texts, **columns}


def _iso(date: pd.Timestamp) -> str:
    return date.date().isoformat() if date == date.normalize() else date.isoformat()


# Moving states on.


def moved_on(table: pa.Table, observations: Mapping[str, pd.Series[float]], *, guarded: bool = True) -> Moved:
    """Return the rows with the states that newer observations lead to.

    Args:
        table: rows of a panel.
        observations: by series and date, NaN where one is missing; what overlaps with what is kept must be equal to it.
        guarded: whether implausible observations are refused, and not only those that do not fit.
    """
    refused: dict[int, str] = {}
    newer: dict[int, Array] = {}
    rows = {name: row for row, name in enumerate(table.column("unique_id").to_pylist())}
    sent = {rows[name]: values for name, values in observations.items()}
    records = dict(zip(sent, table.take(pa.array(list(sent), pa.int64())).to_pylist(), strict=True))
    for row, values in sent.items():
        try:
            newer[row] = _ahead(records[row], values)
        except ValueError as error:
            refused[row] = str(error)
    moving = np.array([row for row, values in newer.items() if len(values)], dtype=np.intp)
    if not len(moving):
        return Moved(table, refused)
    part = table.take(pa.array(moving))
    changed: dict[int, dict[str, Any]] = {}
    implausible: dict[int, str] = {}
    for members, places in _groups(part):
        own = [int(row) for row in moving[places]]
        states, errors = _filtered(members, part.take(pa.array(places)), [newer[row] for row in own])
        for row, state, missed in zip(own, states, errors, strict=True):
            alarm = _alarm(records[row], newer[row], missed) if guarded else None
            if alarm:
                implausible[row] = alarm
            else:
                changed[row] = _renewed(records[row], state, newer[row], missed)
    return Moved(_with_rows(table, changed), refused | implausible, frozenset(implausible))


def _with_rows(table: pa.Table, changed: Mapping[int, Mapping[str, Any]]) -> pa.Table:
    if not changed:
        return table
    new = pa.Table.from_pylist(list(changed.values()), schema=table.schema)
    order = np.arange(table.num_rows)
    order[list(changed)] = table.num_rows + np.arange(len(changed))
    return pa.concat_tables([table, new]).take(pa.array(order)).combine_chunks()


def _ahead(record: Mapping[str, Any], sent: pd.Series[float]) -> Array:
    """Return the values on the grid after the row's end; checks those that overlap with what it keeps."""
    values = np.asarray(sent, dtype=float)
    if any(member.log for member in parse_spec(record["spec"])) and (values <= 0).any():
        raise ValueError(f"the value {values[values <= 0][0]} has no logarithm")
    stamps, end = _nanoseconds(pd.DatetimeIndex(sent.index)), pd.Timestamp(record["end"]).value
    _require_known(record, stamps, values, end)
    later = stamps > end
    if not later.any():
        return np.empty(0)
    newest = int(stamps.max())
    if (newest - end) // _DAY > 10 * MAX_HORIZON:
        raise ValueError(f"date {pd.Timestamp(newest)} lies too far after the model's data")
    grid = _grid_between(end, newest, record["frequency"])
    if len(grid) > 10 * MAX_HORIZON or not np.isin(stamps[later], grid).all():
        raise ValueError(f"its dates are not of frequency {record['frequency']}")
    found = np.full(len(grid), np.nan)
    found[np.searchsorted(grid, stamps[later])] = values[later]
    return found


def _require_known(record: Mapping[str, Any], stamps: npt.NDArray[np.int64], values: Array, end: int) -> None:
    """Refuse values that differ from those that the row keeps of the same dates."""
    kept = np.asarray(record["tail"], dtype=float)
    dates = _grid_until(end, record["frequency"], len(kept))
    inside = (stamps <= end) & (stamps >= dates[0])
    stamps, values = stamps[inside], values[inside]
    places = np.searchsorted(dates, stamps)
    if (strange := dates[places] != stamps).any():
        raise ValueError(f"date {pd.Timestamp(stamps[strange][0])} is not of frequency {record['frequency']}")
    known = kept[places]
    near = np.abs(values - known) <= _EQUAL * np.maximum(np.abs(values), np.abs(known))
    if (other := ~(near | np.isnan(values))).any():
        said = _iso(pd.Timestamp(stamps[other][0]))
        what = f"has the value {values[other][0]}, and the model's data have {known[other][0]}"
        raise ValueError(f"date {said} {what}: renew it")


@lru_cache(maxsize=256)
def _grid_until(end: int, frequency: str, rows: int) -> npt.NDArray[np.int64]:
    return _nanoseconds(pd.date_range(end=pd.Timestamp(end), periods=rows, freq=_offset(frequency)))


@lru_cache(maxsize=256)
def _grid_between(end: int, newest: int, frequency: str) -> npt.NDArray[np.int64]:
    return _nanoseconds(pd.date_range(pd.Timestamp(end), pd.Timestamp(newest), freq=_offset(frequency)))[1:]


def _nanoseconds(dates: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    return np.asarray(dates.as_unit("ns")).astype("datetime64[ns]").astype(np.int64)


def _filtered(members: tuple[Member, ...], part: pa.Table, ahead: list[Array]) -> tuple[Array, list[Array]]:
    """States after the new rows, shape (n, packed), and each series' standardised errors of them."""
    params, states = _matrix(part.column("params")), _matrix(part.column("state"))
    known = np.asarray(part.column("rows"), dtype=np.int64)
    most = max(map(len, ahead))
    values = np.full((len(ahead), most), np.nan)
    for place, one in enumerate(ahead):
        values[place, : len(one)] = one
    counts = np.array(list(map(len, ahead)))
    after, errors = [], np.zeros((len(members), *values.shape))
    for number, (member, own, state) in enumerate(_by_member(members, params, states)):
        system = member.system(own)
        mean, covariance = _unpacked(state, member.states)
        shown = np.log(values) if member.log else values
        for step in range(most):
            found = system.step(mean, covariance, known + step, shown[:, step])
            inside = step < counts
            mean = np.where(inside[:, None], found.mean, mean)
            covariance = np.where(inside[:, None, None], found.covariance, covariance)
            errors[number, :, step] = found.error
        after.append(_packed(mean, covariance))
    means = errors.mean(axis=0)
    return np.concatenate(after, axis=1), [means[place, : len(one)] for place, one in enumerate(ahead)]


def _alarm(record: Mapping[str, Any], values: Array, errors: Array) -> str | None:
    """Why the new rows cannot be what the model forecast, by the rule of a single series' forecaster."""
    sizes, before = np.abs(errors), np.abs(np.asarray(record["errors"], dtype=float))
    if not record["had_zero"] and ((values == 0) & (sizes > _ZERO_BOUND)).any():
        return "a value is 0, which none was before, and lies far from the forecast"
    seen = sizes[np.isfinite(sizes)]
    lately = before[-record["horizon"] :]
    if len(seen) and seen.max() > (bound := max(_SINGLE_BOUND, *(_FARTHER * lately), 0.0)):
        lies = f"a value lies {seen.max():.1f} standard deviations from the one-step forecast"
        return f"{lies}; at most {bound:g} is plausible"
    median = max(_MEDIAN_BOUND, _FARTHER * float(np.median(lately)) if len(lately) else 0.0)
    middle = np.concatenate([before, seen])[-record["horizon"] :]
    if len(seen) and float(np.median(middle)) > median:
        return f"half of the newest values lie {np.median(middle):.1f} standard deviations or more from the forecast"
    if not np.isfinite(values).any():
        return None
    runs = _runs(record, values)
    bound = max(_LONGER * runs.longest_before, _SHORTEST_ZEROS if runs.value == 0 else _SHORTEST_RUN)
    if runs.accepted > bound:
        bound = _LONGER * runs.accepted
    if runs.length > bound:
        return f"the last {runs.length} values are all the same; at most {bound} in a row are plausible"
    return None


@dataclass(frozen=True)
class _Runs:
    """The run of equal values at the end; how much of it was accepted before, and the longest run before it."""

    value: float
    length: int
    accepted: int
    longest_before: int
    longest_zeros: int
    longest: int


def _runs(record: Mapping[str, Any], values: Array) -> _Runs:
    finite = values[np.isfinite(values)]
    last, length = record["run_value"], int(record["run"])
    longest, zeros, accepted = int(record["longest_run"]), int(record["longest_zeros"]), length
    for value in finite.tolist():
        if value == last:
            length += 1
            continue
        longest, zeros = max(longest, length), max(zeros, length if last == 0 else 0)
        last, length, accepted = value, 1, 0
    before = longest if last != 0 else zeros
    return _Runs(last, length, accepted, before, zeros, longest)


def _renewed(record: Mapping[str, Any], state: Array, values: Array, errors: Array) -> dict[str, Any]:
    runs = _runs(record, values)
    kept = np.asarray(record["tail"], dtype=float)
    newest = np.concatenate([np.asarray(record["errors"], dtype=float), errors[np.isfinite(errors)]])
    dates = _dates_after(int(pd.Timestamp(record["end"]).value), record["frequency"], len(values))
    blocks = _blocks(record, kept, values)
    return {
        **record,
        "state": state.tolist(),
        "rows": record["rows"] + len(values),
        "end": dates[-1].to_pydatetime(warn=False) if dates[-1].nanosecond == 0 else dates[-1],
        "tail": np.concatenate([kept, values])[-len(kept) :].tolist(),
        "errors": newest[-max(ERRORS, record["horizon"]) :].tolist(),
        "had_zero": bool(record["had_zero"] or (values == 0).any()),
        "run": runs.length,
        "run_value": runs.value,
        "longest_run": runs.longest,
        "longest_zeros": runs.longest_zeros,
        "trained_through": record["trained_through"] or _iso(pd.Timestamp(record["end"])),
        "sha256": None,
        **blocks,
    }


BLOCK = 28


def block_facts(values: Array) -> dict[str, list[Any]]:
    """Digest, count, sum and sum of squares of every 28 rows, the last of which may be fewer."""
    found: dict[str, list[Any]] = {
        name: [] for name in ("block_digests", "block_counts", "block_sums", "block_squares")
    }
    for start in range(0, len(values), BLOCK):
        block = np.asarray(values[start : start + BLOCK], dtype="<f8")
        known = block[np.isfinite(block)]
        digest = hashlib.blake2b(block.tobytes(), digest_size=8).digest()
        found["block_digests"].append(int.from_bytes(digest, "little", signed=True))
        found["block_counts"].append(len(known))
        found["block_sums"].append(math.fsum(known.tolist()))
        found["block_squares"].append(math.fsum((known**2).tolist()))
    return found


def _blocks(record: Mapping[str, Any], kept: Array, values: Array) -> dict[str, list[Any]]:
    """Return the facts of the blocks with the new rows added to the last one."""
    whole = record["rows"] // BLOCK
    rest = record["rows"] % BLOCK
    added = block_facts(np.concatenate([kept[len(kept) - rest :], values]))
    return {name: [*record[name][:whole], *facts] for name, facts in added.items()}


# Reading a request.


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(f"unique_id {name!r:.80} is no text")
    return name


def _require_columns(sent: pd.DataFrame) -> None:
    if unknown := [f"{name!r:.40}" for name in sent.columns if name not in _COLUMNS]:
        raise ValueError(f"unknown columns {', '.join(unknown[:5])}; this panel knows {', '.join(_COLUMNS)}")


def _constant(horizons: pd.Series[Any]) -> object:
    first, *others = horizons.drop_duplicates().tolist()
    if others:
        raise ValueError(f"column horizon holds {first!r} and {others[0]!r}: one request asks for one horizon")
    return first


def _checked_horizon(horizon: object) -> int:
    whole = isinstance(horizon, (int, np.integer)) or (isinstance(horizon, float) and horizon.is_integer())
    if isinstance(horizon, bool) or not whole or not 1 <= cast(int, horizon) <= MAX_HORIZON:
        raise ValueError(f"horizon must be a whole number from 1 to {MAX_HORIZON}, not {horizon!r}")
    return int(cast(int, horizon))


def _checked_levels(levels: list[Any]) -> tuple[int, ...]:
    numbers = [level for level in levels if isinstance(level, (int, float)) and not isinstance(level, bool)]
    if not levels or len(numbers) < len(levels) or not all(1 <= one <= 99 and one == int(one) for one in numbers):
        raise ValueError(f"levels must be whole percentages from 1 to 99, not {levels!r}")
    return tuple(dict.fromkeys(int(level) for level in numbers))


def _observations(sent: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Return the values of each series by date, each read strictly."""
    found: dict[str, dict[pd.Timestamp, float]] = {}
    for number, (name, date, value) in enumerate(zip(sent["unique_id"], sent["date"], sent["value"], strict=True), 1):
        stamp, of_one = _date(number, date), found.setdefault(_text(name), {})
        if stamp in of_one:
            raise ValueError(f"row {number}: date {date} of series {name!r:.80} stands there already")
        of_one[stamp] = _number(number, value)
    return {name: pd.Series(values).sort_index() for name, values in found.items()}


def _date(number: int, cell: object) -> pd.Timestamp:
    refusal = f"row {number}: date {cell!r:.40} is no ISO date without timezone, such as 2014-05-31"
    try:
        date = datetime.fromisoformat(cell) if isinstance(cell, str) else cell
        stamp = pd.Timestamp(date).as_unit("ns") if isinstance(date, datetime) else None
    except ValueError as error:
        raise ValueError(refusal) from error
    if stamp is None or pd.isna(stamp) or stamp.tzinfo is not None:
        raise ValueError(refusal)
    return stamp


def _number(number: int, cell: object) -> float:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return math.nan
    if isinstance(cell, bool) or not isinstance(cell, (int, float, np.integer, np.floating)) or not np.isfinite(cell):
        raise ValueError(f"row {number}: value {cell!r:.40} is no finite number; null is for a missing one")
    return float(cell)


def _load_pyfunc(path: str) -> PanelForecaster:
    """Load the panel for MLflow, from the folder of its data."""
    folder = Path(path)
    return PanelForecaster.from_files({file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()})
