"""The forecaster inside every model artifact: what is evaluated, what is deployed, and how it is written down.

This one file is shipped with each model as its loader, so that a model loads where only its own pinned requirements
are installed. It therefore imports nothing of forecastops, and nothing is pickled: a model is two text files, from
which statsmodels rebuilds the state exactly (``filter`` with known parameters).
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from statistics import NormalDist
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.tsa.arima.model import ARIMA

__all__ = [
    "MAX_HORIZON",
    "MODEL_FILE",
    "SERIES_FILE",
    "Forecaster",
    "arima",
    "interval",
    "modelled",
    "point_forecast",
    "rescaled",
]

Array = npt.NDArray[np.float64]

MODEL_FILE = "model.json"
SERIES_FILE = "series.csv"
MAX_HORIZON = 1000
_FORMAT, _IN_DATA_UNIT = 2, 1  # since 2 the series is filtered in units of its innovations
_FIELDS = {
    **dict.fromkeys(("order", "seasonal_order", "levels"), list),
    **dict.fromkeys(("params", "reference_forecast"), dict),
    **dict.fromkeys(("estimated_through", "frequency", "series_sha256"), str),
    **dict.fromkeys(("log", "converged"), bool),
}
_TRENDS = (None, "n", "c", "t", "ct")
_MAX_LAG = 1000
_REFERENCE_TOLERANCE = 1e-6  # relative; the libraries' own rounding lies far below it


@dataclass(frozen=True)
class Forecaster:
    """An ARIMA with known parameters, its state filtered up to the newest observation.

    Args:
        order: (p, d, q).
        seasonal_order: (P, D, Q, s).
        trend: as statsmodels' ``ARIMA``; None for its default.
        log: whether the logarithm of the values is modelled.
        params: the parameters by statsmodels' names, in its order.
        values: all observations, shape (n,), with a regular DatetimeIndex.
        estimated_through: ISO date of the last observation from which ``params`` were estimated.
        converged: whether the optimiser reported convergence.
        horizon: steps forecast unless asked otherwise.
        levels: interval levels in percent unless asked otherwise.
        in_data_unit: whether it is filtered in the data's own unit, as models of format 1 were.
    """

    order: tuple[int, int, int]
    seasonal_order: tuple[int, int, int, int]
    trend: str | None
    log: bool
    params: Mapping[str, float]
    values: pd.Series[float]
    estimated_through: str
    converged: bool
    horizon: int = 14
    levels: tuple[int, ...] = (80, 95)
    in_data_unit: bool = False

    @property
    def unit(self) -> float:
        """What one unit of ``results`` is on the scale that is modelled: the deviation of the innovations.

        statsmodels' filter has absolute constants, so in the data's own unit a factor of 1,000 would change forecasts.
        """
        return 1.0 if self.in_data_unit else math.sqrt(self.params.get("sigma2", 1.0)) or 1.0

    @cached_property
    def results(self) -> Any:
        """statsmodels' filter results over all observations, on the scale that is modelled, in ``unit``."""
        scaled = modelled(self.values, log=self.log) / self.unit
        model = arima(scaled, self.order, self.seasonal_order, self.trend)
        if list(self.params) != list(model.param_names):
            raise ValueError(f"parameters {list(self.params)} are not those of this order: {list(model.param_names)}")
        return model.filter(list(rescaled(self.params, 1 / self.unit).values()))

    def forecast(self, horizon: int | None = None, levels: tuple[int, ...] | None = None) -> pd.DataFrame:
        """Forecast after the newest observation.

        Returns:
            ``horizon`` rows with columns ``date`` (ISO text), ``mean``, and ``lower_L``, ``upper_L`` for each level L.
        """
        steps = self.horizon if horizon is None else horizon
        chosen = self.levels if levels is None else levels
        prediction = self.results.get_forecast(steps)
        mean = self.unit * np.asarray(prediction.predicted_mean, dtype=float)
        variance = self.unit**2 * np.asarray(prediction.var_pred_mean, dtype=float)
        table = {"date": _iso(prediction.predicted_mean.index), "mean": point_forecast(mean, variance, log=self.log)}
        for level in chosen:
            lower, upper = interval(mean, variance, level, log=self.log)
            table |= {f"lower_{level}": lower, f"upper_{level}": upper}
        return pd.DataFrame(table)

    def reference(self) -> dict[str, list[Any]]:
        """The forecast that every copy of this model must give: the default one, by columns of plain values."""
        return {str(column): values.tolist() for column, values in self.forecast().items()}

    def predict(self, model_input: object = None, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """MLflow's pyfunc interface: ``horizon`` and ``levels`` are parameters.

        A table of one row may give ``horizon`` too, for servers that pass no parameters on; other columns are not used.

        Raises:
            ValueError: for a horizon or level out of range, or more rows than one.
        """
        asked: dict[str, Any] = {"horizon": self.horizon, "levels": self.levels} | dict(params or {})
        if isinstance(model_input, pd.DataFrame) and "horizon" in model_input and not model_input.empty:
            if len(model_input) > 1:
                raise ValueError(f"one row asks for one forecast, not {len(model_input)}")
            (asked["horizon"],) = model_input["horizon"].tolist()
        return self.forecast(_checked_horizon(asked["horizon"]), _checked_levels(np.ravel(asked["levels"]).tolist()))

    def to_files(self) -> dict[str, str]:
        """The artifact's files by name; ``from_files`` gives back an equal forecaster."""
        series = _series_text(self.values)
        document = {
            "format": _IN_DATA_UNIT if self.in_data_unit else _FORMAT,
            "order": self.order,
            "seasonal_order": self.seasonal_order,
            "trend": self.trend,
            "log": self.log,
            "params": dict(self.params),
            "estimated_through": self.estimated_through,
            "converged": self.converged,
            "horizon": self.horizon,
            "levels": self.levels,
            "frequency": cast(pd.DatetimeIndex, self.values.index).freqstr,
            "series_sha256": hashlib.sha256(series.encode()).hexdigest(),
            "reference_forecast": self.reference(),
            "versions": {"python": platform.python_version()}
            | {name: version(name) for name in ("numpy", "pandas", "scipy", "statsmodels")},
        }
        return {MODEL_FILE: json.dumps(document, indent=1, allow_nan=False) + "\n", SERIES_FILE: series}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> Forecaster:
        """Rebuild a forecaster and prove that it forecasts as it did when it was written.

        Raises:
            ValueError: when a file is missing, malformed, altered, or the reference forecast is not met.
        """
        try:
            document, series = json.loads(files[MODEL_FILE]), files[SERIES_FILE]
            _require_fields(document)
            if hashlib.sha256(series.encode()).hexdigest() != document["series_sha256"]:
                raise ValueError(f"{SERIES_FILE} is not the one it was written with")
            forecaster = cls(
                order=tuple(document["order"]),
                seasonal_order=tuple(document["seasonal_order"]),
                trend=document["trend"],
                log=document["log"],
                params=document["params"],
                values=_series_values(series, document),
                estimated_through=document["estimated_through"],
                converged=document["converged"],
                horizon=_checked_horizon(document["horizon"]),
                levels=_checked_levels(document["levels"]),
                in_data_unit=document["format"] == _IN_DATA_UNIT,
            )
            forecaster._require_reference(document["reference_forecast"])
        except json.JSONDecodeError as error:
            raise ValueError(f"{MODEL_FILE} is not JSON ({error})") from error
        except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise ValueError(f"{MODEL_FILE} does not describe a model ({type(error).__name__}: {error})") from error
        return forecaster

    def _require_reference(self, reference: Mapping[str, Any]) -> None:
        rebuilt = self.forecast()
        if list(rebuilt.columns) != list(reference) or rebuilt["date"].tolist() != reference["date"]:
            raise ValueError("the rebuilt forecast has other dates or columns than the reference forecast")
        for column in rebuilt.columns.drop("date"):
            expected = np.asarray(reference[column], dtype=float)
            if not np.allclose(rebuilt[column], expected, rtol=_REFERENCE_TOLERANCE, atol=0.0):
                gap = float(np.max(np.abs(rebuilt[column] - expected)))
                raise ValueError(f"the rebuilt forecast misses the reference in {column} by up to {gap:.3g}")


def arima(
    values: pd.Series[float],
    order: tuple[int, int, int],
    seasonal_order: tuple[int, int, int, int],
    trend: str | None,
) -> Any:
    """statsmodels' model of values on the scale that is modelled."""
    return ARIMA(values, order=order, seasonal_order=seasonal_order, trend=trend)


def modelled(values: pd.Series[float], *, log: bool) -> pd.Series[float]:
    """The values on the scale that is modelled: as they are, or their logarithms."""
    return cast("pd.Series[float]", np.log(values)) if log else values


def rescaled(params: Mapping[str, float], factor: float) -> dict[str, float]:
    """The parameters, by statsmodels' names, of the same model for values that are ``factor`` times as large."""

    def power(name: str) -> int:
        if name.startswith(("ar.", "ma.")):
            return 0
        return 2 if name == "sigma2" else 1  # the rest are coefficients of the trend

    return {name: float(value * factor ** power(name)) for name, value in params.items()}


def point_forecast(mean: Array, variance: Array, *, log: bool) -> Array:
    """The expected value on the scale of the data: of a normal, or of a log-normal, ``exp(mean + variance / 2)``."""
    return np.exp(mean + variance / 2) if log else mean


def interval(mean: Array, variance: Array, level: int, *, log: bool) -> tuple[Array, Array]:
    """The central interval of ``level`` percent on the scale of the data, from a normal on the modelled scale."""
    half = NormalDist().inv_cdf(0.5 + level / 200) * np.sqrt(variance)
    lower, upper = mean - half, mean + half
    return (np.exp(lower), np.exp(upper)) if log else (lower, upper)


def _checked_horizon(horizon: object) -> int:
    if isinstance(horizon, bool) or not isinstance(horizon, (int, np.integer)) or not 1 <= horizon <= MAX_HORIZON:
        raise ValueError(f"horizon must be a whole number from 1 to {MAX_HORIZON}, not {horizon!r}")
    return int(horizon)


def _checked_levels(levels: list[Any]) -> tuple[int, ...]:
    if not levels or not all(_is_number(level) and 1 <= level <= 99 and level == int(level) for level in levels):
        raise ValueError(f"levels must be whole percentages from 1 to 99, not {levels!r}")
    return tuple(dict.fromkeys(int(level) for level in levels))


def _require_fields(document: Any) -> None:
    """Refuse a field of another type than was written, and orders that would build a model beyond all memory."""
    if type(document["format"]) is not int or document["format"] not in (_IN_DATA_UNIT, _FORMAT):
        raise ValueError(f"its format is {document['format']!r}; this loader reads {_IN_DATA_UNIT} and {_FORMAT}")
    for name, kind in _FIELDS.items():
        if not isinstance(document[name], kind):
            raise ValueError(f"its {name} is {document[name]!r:.80}, which is no {kind.__name__}")
    if document["trend"] not in _TRENDS:
        raise ValueError(f"its trend is {document['trend']!r:.80}, not one of {_TRENDS}")
    datetime.fromisoformat(document["estimated_through"])
    for name, length in (("order", 3), ("seasonal_order", 4)):
        lags = document[name]
        if len(lags) != length or not all(type(lag) is int and 0 <= lag <= _MAX_LAG for lag in lags):
            raise ValueError(f"its {name} is {lags!r:.80}, not {length} whole numbers from 0 to {_MAX_LAG}")
    params = document["params"]
    if not all(_is_number(value) and math.isfinite(value) for value in params.values()):
        raise ValueError(f"its params hold a value that is no finite number: {params!r:.200}")
    (p, _, q), (sp, _, sq, _) = document["order"], document["seasonal_order"]
    if p + q + sp + sq >= len(params):
        raise ValueError(f"its {len(params)} params are too few for its order")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _iso(index: pd.DatetimeIndex) -> list[str]:
    whole_days = bool((index == index.normalize()).all())
    return [stamp.date().isoformat() if whole_days else stamp.isoformat() for stamp in index]


def _series_text(values: pd.Series[float]) -> str:
    dates = _iso(cast(pd.DatetimeIndex, values.index))
    return "date,value\n" + "".join(f"{date},{float(value)!r}\n" for date, value in zip(dates, values, strict=True))


def _series_values(text: str, document: Mapping[str, Any]) -> pd.Series[float]:
    table = pd.read_csv(io.StringIO(text), float_precision="round_trip")
    if document["order"][1] + document["seasonal_order"][1] * document["seasonal_order"][3] >= len(table):
        raise ValueError(f"{SERIES_FILE} has {len(table)} rows, fewer than its order differences away")
    index = pd.DatetimeIndex(pd.to_datetime(table["date"], format="ISO8601"), freq=document["frequency"], name="date")
    values = pd.Series(table["value"].to_numpy(dtype=float), index=index, name="value")
    if not np.isfinite(values).all():
        raise ValueError(f"{SERIES_FILE} holds a value that is no finite number")
    return values


def _load_pyfunc(path: str) -> Forecaster:
    """Called by MLflow with the folder of the model's data."""
    folder = Path(path)
    return Forecaster.from_files({name: (folder / name).read_text("utf-8") for name in (MODEL_FILE, SERIES_FILE)})
