"""Whether the commands and a forecast have become slow, within a minute: `make bench-quick`, also part of `make check`.

What is measured is compared with a loop of plain Python and numpy on the same machine at the same moment, so that a
slow machine is no relapse. Bounds are about three times the least that was measured: this is for what became several
times as slow, such as an import that came back, and says nothing of a few percent.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import cost

from forecastops.forecasting.forecaster import Arima, Fit, Forecaster

ROUNDS, MOST = 5, 40
LEAN = """
from forecastops.adapters.mlflow_store.unused_parts import defer_unused_parts
defer_unused_parts()
import mlflow
"""
# What the commands import that have nothing to compute, MLflow's SQLite store included; and their way out.
IDLE = """
from forecastops.adapters.mlflow_store.unused_parts import defer_unused_parts
from forecastops.core.garbage import collect_rarely
collect_rarely()
defer_unused_parts()
from forecastops.commands.main import main
import forecastops.usecases.status, forecastops.usecases.forecast
import forecastops.usecases.replay, forecastops.usecases.renew, forecastops.results.make
import mlflow.store.tracking.sqlalchemy_store
"""
# What estimating and filtering import.
FITTING = """
from forecastops.core.unused_statistics import defer_unused_statistics
defer_unused_statistics()
import statsmodels.tsa.arima.model
"""
# Each as a multiple of the calibration loop. What imports bring along is asserted by name in tests/unit/core.
BOUNDS = {
    "--help": 8.0,
    "importing MLflow": 140.0,
    "idle commands, their imports": 200.0,
    "importing statsmodels": 90.0,
    "loading a model, and a forecast": 0.5,
    "100 forecasts": 0.2,
}


def calibration() -> float:
    """CPU seconds of work that is none of ours."""
    began = time.process_time()
    matrix, total = np.eye(16) * 0.5, 0.0
    for number in range(100_000):
        total += number * 0.5
        if not number % 4:
            matrix = matrix @ matrix.T
    assert total > 0
    return time.process_time() - began


def least(measure: Callable[[], float], bound: float) -> float:
    """Measure until it is within the bound, at least ``ROUNDS`` times; the least, as a multiple of the loop's least.

    What else a machine does makes a round longer, and never shorter; other programs can do so for half a minute.
    """
    ours = loop = float("inf")
    for number in range(MOST):
        ours, loop = min(ours, measure()), min(loop, calibration())
        if number >= ROUNDS - 1 and ours <= bound * loop:
            break
    return ours / loop


def main() -> None:
    """Measure each beside the loop, and exit 1 where one is beyond its bound."""
    slow = False
    with tempfile.TemporaryDirectory() as scratch:
        for name, measure in measured(Path(scratch)).items():
            measure()
            ratio = least(measure, BOUNDS[name])
            print(f"{name:32}{ratio:8.2f} times the calibration loop, at most {BOUNDS[name]:g}")
            slow |= ratio > BOUNDS[name]
    if slow:
        sys.exit("slower than ever measured by a factor: see benchmarks/quick.py")


def measured(folder: Path) -> dict[str, Callable[[], float]]:
    """What is measured, each as CPU seconds."""
    files = model().to_files()
    loaded = Forecaster.from_files(files)

    def cpu(call: Callable[[], object], times: int = 1) -> float:
        began = time.process_time()
        for _ in range(times):
            call()
        return time.process_time() - began

    return {
        "--help": lambda: cost([sys.executable, "-m", "forecastops", "--help"], folder).seconds,
        "importing MLflow": lambda: cost([sys.executable, "-c", LEAN], folder).seconds,
        "idle commands, their imports": lambda: cost([sys.executable, "-c", IDLE], folder).seconds,
        "importing statsmodels": lambda: cost([sys.executable, "-c", FITTING], folder).seconds,
        "loading a model, and a forecast": lambda: cpu(lambda: Forecaster.from_files(files).forecast()),
        "100 forecasts": lambda: cpu(lambda: loaded.forecast(14), 100),
    }


def model() -> Forecaster:
    """A seasonal model on a year of days."""
    index = pd.date_range("2023-01-01", periods=365, freq="D", name="date")
    days = np.arange(365)
    values = pd.Series(100 + days % 7 + np.sin(days), index, name="value")
    params = {"ma.L1": -0.6, "ma.S.L7": -0.5, "sigma2": 2.0}
    member = Arima((0, 1, 1), (0, 1, 1, 7), None, False, params)
    return Forecaster(Fit((member,), "2023-12-31", True), values, calibrated=True)


if __name__ == "__main__":
    main()
