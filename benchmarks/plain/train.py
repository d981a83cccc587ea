"""The plain way: fit one ARIMA by statsmodels and log it with MLflow."""

from __future__ import annotations

import sys
import warnings

import mlflow
import numpy as np
import pandas as pd
from statsmodels.tsa.arima.model import ARIMA

warnings.simplefilter("ignore")
ORDER, SEASONAL = (1, 0, 1), (1, 0, 1, 7)
PINS = ["mlflow", "statsmodels", "pandas"]  # given, since finding them out takes seconds


def series(paths: list[str]) -> pd.Series:
    table = pd.concat([pd.read_csv(path) for path in paths])
    values = table.set_index(pd.to_datetime(table["TransactionDate"]))["PaidAmount"].astype(float)
    return values.sort_index().asfreq("D").interpolate()


def main() -> None:
    values = series(sys.argv[1:])
    mlflow.set_experiment("plain")
    with mlflow.start_run() as run:
        fitted = ARIMA(values, order=ORDER, seasonal_order=SEASONAL).fit()
        errors = fitted.resid.iloc[-len(values) // 10 :]
        mlflow.log_params({"order": ORDER, "seasonal_order": SEASONAL, "rows": len(values)})
        mlflow.log_metric("RMSE", float(np.sqrt((errors**2).mean())))
        mlflow.statsmodels.log_model(fitted, name="model", pip_requirements=PINS)
    print(run.info.run_id)


if __name__ == "__main__":
    main()
