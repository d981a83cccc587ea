"""CPU seconds of statsforecast on the same series, as JSON; run by the interpreter of the peers' environment."""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
import pandas as pd
from cases import FITTED, HORIZON, LENGTHS, MODELS, ORIGINS, cpu_seconds, simulated
from statsforecast import StatsForecast
from statsforecast.models import ARIMA


def fits() -> dict[str, list[float]]:
    """Of each model on each length: CPU seconds, and the log-likelihood that was found."""
    found = {}
    for rows in LENGTHS:
        values = simulated(rows, 7)
        for order, seasonal in MODELS:
            model = ARIMA(order=order, seasonal_order=seasonal[:3], season_length=max(seasonal[3], 1))
            spent = cpu_seconds(lambda: model.fit(values))  # noqa: B023
            found[f"{rows} {order}{seasonal}"] = [spent, float(model.model_["loglik"])]
    return found


def rolling(rows: int) -> float:
    """Of rolling origins with parameters as they were fitted at the first."""
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("1990", periods=rows), "y": simulated(rows, 7)})
    order, seasonal = FITTED
    model = StatsForecast([ARIMA(order=order, seasonal_order=seasonal[:3], season_length=seasonal[3])], freq="D")

    def call() -> object:
        return model.cross_validation(df=frame, h=HORIZON, n_windows=ORIGINS, step_size=1, refit=False)

    return cpu_seconds(call, 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    json.dump({"fits": fits(), "rolling": {str(rows): rolling(rows) for rows in (305, 3650)}}, sys.stdout)
