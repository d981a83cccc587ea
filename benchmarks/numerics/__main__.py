"""What estimation, the filter and rolling origins cost, beside statsmodels and statsforecast on the same series.

Run by `make bench-numerics`; `--peers PYTHON` names the interpreter of the peers' environment. CPU seconds, all in one
run, as tables in Markdown; nothing here asserts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from cases import FITTED, HORIZON, LENGTHS, MODELS, ORIGINS, cpu_seconds, simulated

from forecastops.forecasting.config import ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster, arima
from forecastops.forecasting.rolling_origin import rolling_forecasts, window_origins


def fits(peers: dict[str, list[float]]) -> Iterator[str]:
    """CPU seconds of the product's fit, its several starts included, and the likelihood beside the peer's."""
    yield "| fit | ours | statsmodels' default | statsforecast | log-likelihood above its |\n|---|---|---|---|---|"
    for rows in LENGTHS:
        values = pd.Series(simulated(rows, 7), pd.date_range("1990", periods=rows))
        for order, seasonal in MODELS:
            spec = ModelSpec(order=order, seasonal_order=seasonal)
            ours = cpu_seconds(lambda: estimate(values, spec))  # noqa: B023
            theirs = cpu_seconds(lambda: arima(values, spec.order, spec.seasonal_order, None).fit(), 1)  # noqa: B023
            spent, likelihood = peers.get(f"{rows} {order}{seasonal}", [float("nan")] * 2)
            above = estimate(values, spec).log_likelihood - likelihood
            yield (
                f"| {rows} days, {spec.name} | {1000 * ours:.0f} ms | {theirs / ours:.1f}x | {spent / ours:.1f}x | "
                f"{above:+.2f} |"
            )


def rolling(peers: dict[str, float]) -> Iterator[str]:
    """CPU seconds of rolling origins from fitted parameters."""
    yield f"\n| {ORIGINS} origins, {HORIZON} steps | ours | loop over `apply` | statsforecast |\n|---|---|---|---|"
    order, seasonal = FITTED
    for rows in (305, 3650):
        values = pd.Series(simulated(rows, 7), pd.date_range("1990", periods=rows))
        member = Arima(order, seasonal, None, False, {"ma.L1": -0.6, "ma.S.L7": -0.8, "sigma2": 100.0})
        origins = window_origins(rows, ORIGINS + HORIZON - 1, HORIZON)
        model = Forecaster(Fit((member,), "2000-01-01", converged=True), values)
        ours = cpu_seconds(lambda: rolling_forecasts(model, origins, HORIZON, (80, 95)), 9)  # noqa: B023
        results: Any = member.filtered(values).results

        def loop() -> None:
            for origin in origins:  # noqa: B023
                results.apply(values.iloc[:origin]).get_forecast(HORIZON).se_mean  # noqa: B018, B023

        looped, spent = cpu_seconds(loop, 1), peers.get(str(rows), float("nan"))
        name = f"{rows} days, ARIMA{order}{seasonal}"
        yield f"| {name} | {1000 * ours:.1f} ms | {looped / ours:.0f}x | {spent / ours:.0f}x |"


def filters() -> Iterator[str]:
    """CPU seconds and memory of one filter pass, and of the states of a window."""
    yield "\n| filter | pass | states of a window | memory of these |\n|---|---|---|---|"
    for name, rows, season, window in (("a year of hours", 8760, 24, 168), ("834 weeks", 834, 52, 52)):
        values = pd.Series(simulated(rows, season), pd.date_range("1990", periods=rows, freq="h"))
        params = {"ma.L1": -0.6, f"ma.S.L{season}": -0.8, "sigma2": 100.0}
        member = Arima((0, 1, 1), (0, 1, 1, season), None, False, params)
        whole = cpu_seconds(lambda: member.filtered(values))  # noqa: B023
        kept = cpu_seconds(lambda: member.states(values, rows - window))  # noqa: B023
        tracemalloc.start()
        member.states(values, rows - window)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        yield f"| {name}, ARIMA(0, 1, 1)(0, 1, 1, {season}) | {whole:.3f} s | {kept:.3f} s | {peak:.0f} MB |"


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", help="interpreter of the environment of the peers")
    peers: dict[str, Any] = {"fits": {}, "rolling": {}}
    if (python := parser.parse_args().peers) is not None:
        peers = json.loads(subprocess.check_output([python, str(Path(__file__).parent / "peers.py")], text=True))
    for row in (*fits(peers["fits"]), *rolling(peers["rolling"]), *filters()):
        print(row, flush=True)


if __name__ == "__main__":
    main()
