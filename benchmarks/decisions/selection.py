"""Which way of choosing a model forecasts best? Each against statsforecast's AutoARIMA, on the same data.

Run by `make bench-selection`; minutes long, seeded; with `--quick` on a few series. Series of the other benchmark are
trained at a few dates on all data up to there, ours as they would serve, and forecast from every day of the window
after it. RMSE is a ratio to AutoARIMA's; over dates and series, the geometric mean. Nothing here asserts.
"""

from __future__ import annotations

import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bootstrap import summary
from streams import Stream, all_streams

from forecastops.core.errors import ModelError
from forecastops.forecasting.config import ModelConfig
from forecastops.forecasting.rolling_origin import actuals, rolling_forecasts
from forecastops.forecasting.training import fit

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WAYS = {
    "combination": ModelConfig(),
    "fixed (2,0,2)": ModelConfig(order=(2, 0, 2)),
    "candidates": ModelConfig(selection="candidates"),
    "auto": ModelConfig(selection="auto"),
}
AUTO_ARIMA = "AutoARIMA"
_DATES = {"open daily": 4, "panel daily": 2, "simulated daily": 2, "monthly": 2}


@dataclass(frozen=True)
class Ratio:
    """One way at one date: its error relative to AutoARIMA's, and the seconds of choosing and estimating."""

    series: str
    group: str
    half: str
    way: str
    ratio: float
    seconds: float


def chosen(streams: list[Stream], *, quick: bool) -> list[Stream]:
    """Every open series, a sixth of each panel, and of simulated ones one of each kind and half."""
    found = [one for one in streams if one.group in ("open daily", "weekly")]
    found += [one for one in streams if one.group == "panel daily"][::6]
    found += [one for one in streams if one.group == "monthly"][::3]
    kinds = {(one.group, one.change, one.half): one for one in streams if one.change != "real"}
    found += kinds.values()
    return found[:: len(found) // 5] if quick else found


def dates(stream: Stream) -> list[int]:
    """Of a series' retrainings those that are trained at: few where a search takes long."""
    found = [day for day in stream.retrainings if day >= _fewest(stream)] or stream.retrainings[-1:]
    number = _DATES.get(stream.group, 1)
    return sorted({found[int(place)] for place in np.linspace(len(found) - 1, 0, number)})


def _fewest(stream: Stream) -> int:
    """Two windows, and enough before them to estimate every candidate."""
    return 2 * stream.evaluation.window + max(2 * stream.evaluation.season_length, 80)


def ratios(stream: Stream) -> list[Ratio]:
    """Every way at every date of one series."""
    warnings.simplefilter("ignore")
    found = []
    for date in dates(stream):
        last = min(date + stream.evaluation.window, len(stream.values) - stream.evaluation.horizon + 1)
        days = np.arange(date, last)
        bar, seconds = _by_auto_arima(stream, date, days)
        found.append(Ratio(stream.name, stream.group, stream.half, AUTO_ARIMA, 1.0, seconds))
        for way, model in WAYS.items():
            started = time.perf_counter()
            try:
                forecaster = fit(stream.known(date), model, stream.evaluation).model
            except ModelError:
                continue
            seconds = time.perf_counter() - started
            whole = forecaster.with_data(stream.values)
            mean = rolling_forecasts(whole, days, stream.evaluation.horizon, stream.evaluation.levels).mean
            found.append(Ratio(stream.name, stream.group, stream.half, way, _rmse(stream, days, mean) / bar, seconds))
    return found


def _by_auto_arima(stream: Stream, date: int, days: np.ndarray) -> tuple[float, float]:
    """Its RMSE, and the seconds of its search; missing values, which it does not take, are interpolated."""
    from statsforecast.models import AutoARIMA

    known = stream.values.interpolate().to_numpy()
    started = time.perf_counter()
    auto = AutoARIMA(season_length=stream.evaluation.season_length).fit(known[:date])
    seconds = time.perf_counter() - started
    means = np.array([auto.forward(known[:day], stream.evaluation.horizon)["mean"] for day in days])
    return _rmse(stream, days, means), seconds


def _rmse(stream: Stream, days: np.ndarray, mean: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean((mean - actuals(stream.values, days, stream.evaluation.horizon)) ** 2)))


def table(found: list[Ratio]) -> None:
    """In Markdown: geometric means over dates, then over series; the worst series; seconds of one choice."""
    groups = list(dict.fromkeys(one.group for one in found))
    columns = ["all", "tuning", "held out", *groups, "worst series", "seconds, daily", "slowest"]
    print(f"| way | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for way in (*WAYS, AUTO_ARIMA):
        mine = [one for one in found if one.way == way]
        whole = summary(_by_series(mine))
        means = [summary(_by_series([o for o in mine if half == o.half])).mean for half in ("tuning", "held out")]
        means += [summary(_by_series([o for o in mine if group == o.group])).mean for group in groups]
        cells = [str(whole), *(f"{mean:.3f}" for mean in means), f"{whole.worst:.3f}"]
        daily = [one.seconds for one in mine if "daily" in one.group]
        cells += [f"{np.median(daily):.1f}" if daily else "-", f"{max(one.seconds for one in mine):.1f}"]
        print(f"| {way} | {' | '.join(cells)} |")


def _by_series(found: list[Ratio]) -> list[float]:
    logs: dict[str, list[float]] = {}
    for one in found:
        logs.setdefault(one.series, []).append(float(np.log(one.ratio)))
    return [float(np.exp(np.mean(several))) for several in logs.values()]


def main() -> None:
    """Print the table."""
    started, found = time.perf_counter(), list[Ratio]()
    streams = chosen(all_streams(SHARED), quick="--quick" in sys.argv)
    with ProcessPoolExecutor() as pool:
        for number, rows in enumerate(pool.map(ratios, streams), start=1):
            found += rows
            print(f"{number} of {len(streams)}", end="\r", file=sys.stderr)
    number = sum(one.way == AUTO_ARIMA for one in found)
    print(f"{len(streams)} series, {number} dates, {time.perf_counter() - started:.0f} s\n")
    table(found)


if __name__ == "__main__":
    main()
