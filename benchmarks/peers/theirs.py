"""What other libraries take: answers one JSON request a line, in the environment that has them and not forecastops.

Every call is made once before it is measured: numba compiles, and libraries import on first use.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

Order, Seasonal = tuple[int, int, int], tuple[int, int, int, int]
LAGS = {"ar": "ar.L", "ma": "ma.L", "sar": "ar.S.L", "sma": "ma.S.L"}


def series(values: list[float]) -> pd.Series[float]:
    return pd.Series(values, pd.date_range("2010-01-01", periods=len(values), freq="D"), name="y")


def seconds(call: Callable[[], object], runs: int) -> float:
    """Least CPU seconds of a call, after one that does not count."""
    call()
    found = []
    for _ in range(runs):
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
    return min(found)


def statsforecast_origins(
    values: list[float], order: Order, seasonal: Seasonal, params: dict[str, float], **how: int
) -> Any:
    """``cross_validation(refit=False)`` with the parameters given, so that nothing is estimated."""
    from statsforecast import StatsForecast
    from statsforecast.models import ARIMA

    fixed = {"ma1": params["ma.L1"], "sma1": params[f"ma.S.L{seasonal[3]}"]}
    model = ARIMA(order=order, season_length=seasonal[3], seasonal_order=seasonal[:3], fixed=fixed)
    y = series(values)
    frame = pd.DataFrame({"unique_id": "one", "ds": y.index, "y": y.to_numpy()})
    asked = StatsForecast([model], freq="D", n_jobs=1)
    asked.cross_validation(how["horizon"], frame, n_windows=how["origins"], step_size=1, refit=False, level=[80, 95])


def skforecast_origins(
    values: list[float],
    order: Order,
    seasonal: Seasonal,
    params: dict[str, float],  # noqa: ARG001 - it takes none
    **how: int,
) -> Any:
    """Its backtesting of fitted parameters, the one fit included."""
    from skforecast.model_selection import TimeSeriesFold, backtesting_stats
    from skforecast.recursive import ForecasterStats
    from skforecast.stats import Arima

    model = ForecasterStats(Arima(order=order, seasonal_order=seasonal[:3], m=seasonal[3]))
    first = len(values) - how["origins"] - how["horizon"] + 1
    fold = TimeSeriesFold(how["horizon"], first, fold_stride=1, refit=False, allow_incomplete_fold=False, verbose=False)
    backtesting_stats(
        model, series(values), fold, "mean_squared_error", alpha=0.05, freeze_params=True, n_jobs=1, show_progress=False
    )


def sktime_origins(
    values: list[float],
    order: Order,
    seasonal: Seasonal,
    params: dict[str, float],  # noqa: ARG001 - it takes none
    **how: int,
) -> Any:
    """Its evaluation of fitted parameters, updated at each origin without a new fit; the one fit included."""
    from sktime.forecasting.model_evaluation import evaluate
    from sktime.forecasting.sarimax import SARIMAX
    from sktime.split import ExpandingWindowSplitter

    first = len(values) - how["origins"] - how["horizon"] + 1
    split = ExpandingWindowSplitter(list(range(1, how["horizon"] + 1)), first, 1)
    evaluate(SARIMAX(order=order, seasonal_order=seasonal), split, series(values), strategy="no-update_params")


def statsforecast_fit(values: list[float], order: Order, seasonal: Seasonal) -> dict[str, float]:
    """Its compiled ARIMA; parameters by statsmodels' names."""
    from statsforecast.models import ARIMA

    model = ARIMA(
        order=order, season_length=seasonal[3], seasonal_order=seasonal[:3], include_mean=False, method="CSS-ML"
    )
    found = model.fit(np.asarray(values)).model_["coef"]
    return {statsmodels_name(name, seasonal[3]): float(value) for name, value in found.items()}


def statsmodels_name(name: str, season: int) -> str:
    kind, lag = name.rstrip("0123456789"), int(name[len(name.rstrip("0123456789")) :])
    return f"{LAGS[kind]}{lag * season if kind.startswith('s') else lag}"


def autoarima(values: list[float], season: int, horizon: int) -> list[float]:
    from statsforecast.models import AutoARIMA

    return [float(one) for one in AutoARIMA(season_length=season).fit(np.asarray(values)).predict(horizon)["mean"]]


def pmdarima(values: list[float], season: int, horizon: int) -> list[float]:
    found = import_module("pmdarima").auto_arima(
        np.asarray(values), m=season, suppress_warnings=True, error_action="ignore"
    )
    return [float(one) for one in found.predict(horizon)]


CALLS: dict[str, Callable[..., Any]] = {
    "statsforecast origins": statsforecast_origins,
    "skforecast origins": skforecast_origins,
    "sktime origins": sktime_origins,
    "statsforecast fit": statsforecast_fit,
    "statsforecast search": autoarima,
    "pmdarima search": pmdarima,
}


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Make one call: CPU seconds and what came of it, or why nothing did."""
    call, given = CALLS[asked["call"]], asked["given"]
    library = asked["call"].split()[0]
    try:
        version = import_module(library).__version__
        found: list[Any] = []
        took = seconds(lambda: found.append(call(**given)), asked["runs"])
    except Exception as error:  # noqa: BLE001 - the row says it
        return {"error": f"{library}: {type(error).__name__}: {error}"[:120]}
    return {"seconds": took, "found": found[-1], "version": version}


def main() -> None:
    """Answer until nobody asks any more."""
    warnings.simplefilter("ignore")
    output, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=output, flush=True)


if __name__ == "__main__":
    main()
