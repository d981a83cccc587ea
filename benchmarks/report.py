"""What the report on a decision costs: its size, the time to make it, and what logging it adds to an evaluation.

Run by `make bench-report`. On 305 days as bundled, and on ten years of days with 19 levels of intervals; each time is
the median of the runs, in this process. Nothing here asserts: below 2 MB, and made in under 2 s, is what is wanted.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import forecastops as fo
from forecastops.adapters.samples import transactions

RUNS = 5
ORDER = {"model.selection": "fixed", "model.order": [1, 0, 1]}


def bundled() -> pd.Series:
    """The bundled series, 305 days."""
    frame = transactions()
    return pd.Series(frame["PaidAmount"].to_numpy(), pd.DatetimeIndex(frame["TransactionDate"]))


def decade() -> pd.Series:
    """Ten years of days with a season of a week."""
    days = pd.date_range("2014-01-01", periods=3652)
    noise = np.random.default_rng(1).normal(0, 20, len(days))
    return pd.Series(300 + 50 * np.sin(2 * np.pi * np.arange(len(days)) / 7) + noise, days)


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(name: str, series: pd.Series, settings: dict[str, object]) -> None:
    """Train, judge and report, and say what it costs."""
    config = fo.load_config(overrides={"registry.model_name": "bench-report", **ORDER, **settings})
    run_id = fo.train(series, config).run_id
    evaluated = seconds(lambda: fo.evaluate(run_id, config))
    first = seconds(lambda: fo.report(run_id, config))
    times = [seconds(lambda: fo.report(run_id, config)) for _ in range(RUNS)]
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    size = fo.report(run_id, config).bytes
    print(f"{name:24}{size / 1024:8.0f} KiB{wall:8.2f} s{cpu:8.2f} s CPU, the first {first[1]:.2f} s CPU", end="")
    print(f"; evaluate, which logs it, {evaluated[1]:.2f} s CPU")


def main() -> None:
    """Both series, in a folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="forecastops-bench-"))
    os.chdir(folder)
    os.environ["FORECASTOPS_HOME"] = str(folder / "home")
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    try:
        measure("305 days", bundled(), {})
        levels = list(range(5, 100, 5))
        measure("ten years, 19 levels", decade(), {"evaluation.levels": levels})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
