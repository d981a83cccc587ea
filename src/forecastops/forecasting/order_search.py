"""Searching an ARIMA's orders with statsforecast's AutoARIMA, named as statsmodels names them."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from forecastops.core.distribution import install_command
from forecastops.core.errors import ConfigError, ModelError
from forecastops.forecasting.config import ModelSpec, Orders
from forecastops.forecasting.forecaster import modelled

__all__ = ["orders_of", "search_orders"]


def search_orders(values: pd.Series[float], spec: ModelSpec, season: int) -> Orders:
    """Search orders by AutoARIMA's stepwise rule for ``values``, or for their logarithms where ``spec`` says so.

    Args:
        values: shape (n,), NaN where one is missing.
        spec: whether logarithms are modelled; its orders are not used.
        season: observations in a season, 1 for none.

    Raises:
        ConfigError: when statsforecast is not installed.
        ModelError: when the search finds no model.
    """
    try:
        from statsforecast.models import AutoARIMA
    except ImportError as error:
        remedy = f"{install_command('auto')}, or set model.selection=candidates"
        raise ConfigError("model.selection=auto", f"needs statsforecast, which is missing ({error})", remedy) from error
    # The search knows no missing values.
    known = np.asarray(modelled(values, log=spec.log).interpolate(), dtype=float)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they concern single models of the search
            # In units of the deviation, so that the unit of the data cannot change what is found.
            found = AutoARIMA(season_length=season).fit(known / (float(np.std(known)) or 1.0)).model_
    except (ValueError, ArithmeticError, LookupError, np.linalg.LinAlgError) as error:
        place = f"AutoARIMA on {len(values)} rows"
        raise ModelError(
            place, f"finds no model: {error}", "set model.selection=candidates or give more data"
        ) from error
    return orders_of(found["arma"], found["coef"])


def orders_of(arma: Sequence[int], coefficients: Collection[str]) -> Orders:
    """Translate R's vector (p, q, P, Q, s, d, D) and names of coefficients to statsmodels' orders.

    R's mean is statsmodels' constant ("c"), its drift the linear trend ("t"): both are regressions with ARIMA errors.
    Without either there is no deterministic part ("n"). What is statsmodels' default is left unsaid.
    """
    p, q, sp, sq, season, d, sd = (int(value) for value in arma)
    seasonal = (sp, sd, sq, season) if sp or sd or sq else (0, 0, 0, 0)
    trend = _trend(coefficients)
    default = "n" if d or sd else "c"
    return Orders(order=(p, d, q), seasonal_order=seasonal, trend=None if trend == default else trend)


def _trend(coefficients: Collection[str]) -> Literal["n", "c", "t"]:
    if "intercept" in coefficients:
        return "c"
    return "t" if "drift" in coefficients else "n"
