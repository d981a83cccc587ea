"""The plain way: score a run's model and the champion from the same rolling origins, and log which is better."""

from __future__ import annotations

import contextlib
import sys

import mlflow
import numpy as np
from train import series

WINDOW, HORIZON = 56, 14


def rmse(model: object, values: object) -> float:
    """Forecast from every origin with the parameters as they are."""
    origins = range(len(values) - WINDOW, len(values) - HORIZON + 1)
    errors = [
        values.iloc[origin : origin + HORIZON] - model.apply(values.iloc[:origin]).forecast(HORIZON)
        for origin in origins
    ]
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def main() -> None:
    run_id, *paths = sys.argv[1:]
    values = series(paths)
    found = {"challenger": rmse(mlflow.statsmodels.load_model(f"runs:/{run_id}/model"), values)}
    with contextlib.suppress(mlflow.exceptions.MlflowException):  # the first has none to beat
        found["champion"] = rmse(mlflow.statsmodels.load_model("models:/plain@champion"), values)
    client = mlflow.MlflowClient()
    for name, value in found.items():
        client.log_metric(run_id, f"{name}_rmse", value)
    client.set_tag(run_id, "better", str(found["challenger"] <= found.get("champion", np.inf)))


if __name__ == "__main__":
    main()
