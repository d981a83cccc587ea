"""How cost grows: CPU seconds and peak memory of fit, filter and rolling origins over length, season and horizon.

Run by `make bench-growth`; tables in Markdown, and a picture in `docs/images/growth.svg`. Nothing here asserts.
"""

from __future__ import annotations

import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parent))
from cases import cpu_seconds, simulated

from forecastops.forecasting.config import ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster
from forecastops.forecasting.rolling_origin import rolling_forecasts, window_origins

PICTURE = Path(__file__).resolve().parents[2] / "docs/images/growth.svg"
YEARS = (1, 3, 10, 30)
Row = tuple[str, float, float, float]


def measured(rows: int, season: int, origins: int = 91, horizon: int = 14) -> tuple[float, float, float]:
    """CPU seconds of a fit and of rolling origins of (0,1,1)(0,1,1,s), and the megabytes of these."""
    values = pd.Series(simulated(rows, season), pd.date_range("1990", periods=rows, freq="h"))
    spec = ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, season))
    fitted = cpu_seconds(lambda: estimate(values, spec), 1)
    params = {"ma.L1": -0.6, f"ma.S.L{season}": -0.8, "sigma2": 100.0}
    member = Arima(spec.order, spec.seasonal_order, None, False, params)
    model = Forecaster(Fit((member,), "2000-01-01", converged=True), values)
    asked = window_origins(rows, origins + horizon - 1, horizon)

    def call() -> object:
        return rolling_forecasts(model, asked, horizon, (80, 95))

    return fitted, cpu_seconds(call, 1), megabytes(call)


def megabytes(call: Callable[[], object]) -> float:
    """The most memory that a call holds at once."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak


def rows() -> Iterator[Row]:
    """Everything that is measured, by name."""
    for years in YEARS:
        yield (f"{years} years of days, season 7", *measured(365 * years, 7))
    for years in (1, 2, 3, 5):
        yield (f"{years} years of hours, season 24", *measured(8760 * years, 24))
    for season in (12, 24, 52):
        yield (f"1,800 rows, season {season}", *measured(1800, season))
    for origins in (28, 365):
        yield (f"1,800 days, season 7, {origins} origins", *measured(1800, 7, origins=origins))
    for horizon in (56, 365):
        yield (f"1,800 days, season 7, horizon {horizon}", *measured(1800, 7, horizon=horizon))


def drawn(found: list[Row]) -> None:
    """Draw time over length."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="years", ylabel="CPU seconds")
    for name, column in (("fit", 1), ("rolling origins", 2)):
        for unit in ("days", "hours"):
            mine = [row for row in found if f"of {unit}," in row[0]]
            years = [int(row[0].split()[0]) for row in mine]
            axes.plot(years, [row[column] for row in mine], marker="o", label=f"{name}, {unit}")
    axes.legend()
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> None:
    """Print the table and draw the picture."""
    warnings.simplefilter("ignore")
    print("| (0,1,1)(0,1,1,s) | fit | rolling origins | their memory |\n|---|---|---|---|")
    found = []
    for row in rows():
        found.append(row)
        name, fitted, rolled, memory = row
        print(f"| {name} | {fitted:.3f} s | {rolled:.3f} s | {memory:.0f} MB |", flush=True)
    drawn(found)


if __name__ == "__main__":
    main()
