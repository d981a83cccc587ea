"""Which way of choosing orders forecasts best? Each against statsforecast's AutoARIMA on the same observations.

Run by `make bench-selection`; minutes long, seeded. Each series of the decision benchmark is trained at a few dates by
the product's own code. RMSE is over all origins of the window after the date, as a ratio to AutoARIMA's own forecasts
from the same origins, which has seen the same observations. Over dates and series, the geometric mean. Nothing here
asserts.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from streams import Stream, real_streams, simulated_streams

from forecastops.forecasting.estimation import build_forecaster, estimate
from forecastops.forecasting.rolling_origin import actuals, rolling_forecasts
from forecastops.forecasting.selection import select
from forecastops.ground.config import ModelConfig

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WAYS = {
    "fixed (2,0,2)": ModelConfig(),
    "candidates": ModelConfig(selection="candidates"),
    "auto": ModelConfig(selection="auto"),
}


@dataclass(frozen=True)
class Ratio:
    """One way at one date: its error relative to AutoARIMA's, and the seconds of choosing and estimating."""

    series: str
    kind: str
    half: str
    way: str
    ratio: float
    seconds: float


def series_of(streams: Iterator[Stream]) -> list[Stream]:
    """One stream for each series: the streams' own orders do not matter here."""
    return list({stream.name.rpartition(" ")[0]: stream for stream in streams}.values())


def dates(stream: Stream) -> list[int]:
    """Four dates of a real daily series, two of other series, one of a weekly simulated one, which takes longest.

    All have room for both windows before and one after.
    """
    window, season = stream.evaluation.window, stream.evaluation.season_length or 1
    first = max(stream.first, 2 * window + max(2 * season, 80))
    last = len(stream.values) - stream.evaluation.horizon - window
    if last < first:
        last = len(stream.values) - stream.evaluation.horizon - 8
    number = (4 if season == 7 else 2) if stream.change == "real" else (2 if season == 7 else 1)
    return sorted({int(date) for date in np.linspace(last, first, number)})


def ratios(stream: Stream) -> list[Ratio]:
    """Every way at every date of one series."""
    warnings.simplefilter("ignore")
    from statsforecast.models import AutoARIMA

    evaluation, found = stream.evaluation, []
    season = evaluation.season_length or 1
    kind = f"{'real' if stream.change == 'real' else 'simulated'} {'daily' if season == 7 else 'weekly'}"
    for date in dates(stream):
        values: pd.Series[float] = stream.values.iloc[: date + evaluation.window]
        known = values.iloc[: date - evaluation.window]
        origins = np.arange(date, len(values) - evaluation.horizon + 1)
        actual = actuals(values, origins, evaluation.horizon)
        started = time.perf_counter()
        auto = AutoARIMA(season_length=season).fit(known.to_numpy())
        seconds = time.perf_counter() - started
        means = [auto.forward(values.to_numpy()[:origin], evaluation.horizon)["mean"] for origin in origins]
        bar = float(np.sqrt(np.mean((np.array(means) - actual) ** 2)))
        name = stream.name.rpartition(" ")[0]
        found.append(Ratio(name, kind, stream.half, "AutoARIMA", 1.0, seconds))
        for way, model in WAYS.items():
            started = time.perf_counter()
            spec = model.spec
            if model.selection != "fixed":
                spec = select(known, model, evaluation, season).chosen.spec
            forecaster = build_forecaster(spec, estimate(known, spec), values, evaluation)
            seconds = time.perf_counter() - started
            mean = rolling_forecasts(forecaster, origins, evaluation.horizon, evaluation.levels).mean
            ratio = float(np.sqrt(np.mean((mean - actual) ** 2))) / bar
            found.append(Ratio(name, kind, stream.half, way, ratio, seconds))
    return found


def table(found: pd.DataFrame) -> None:
    """In Markdown: geometric means over dates, then over series; the worst series; seconds of one choice."""
    found["log"] = np.log(found["ratio"])
    by_series = found.groupby(["way", "kind", "half", "series"], as_index=False)["log"].mean()
    kinds = sorted(found["kind"].unique())
    columns = ["all", "tuning", "held out", *kinds, "worst series", "seconds, daily", "weekly, slowest"]
    print(f"| way | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for way in [*WAYS, "AutoARIMA"]:
        of, dates_of = by_series[by_series["way"] == way], found[found["way"] == way]
        logs = [of["log"].mean(), *(of.loc[of["half"] == half, "log"].mean() for half in ("tuning", "held out"))]
        logs += [of.loc[of["kind"] == kind, "log"].mean() for kind in kinds] + [of["log"].max()]
        daily = dates_of["kind"].str.contains("daily")
        seconds = [dates_of.loc[daily, "seconds"].median(), dates_of.loc[~daily, "seconds"].max()]
        cells = [f"{np.exp(value):.3f}" for value in logs] + [f"{value:.1f}" for value in seconds]
        print(f"| {way} | {' | '.join(cells)} |")


def main() -> None:
    """Print the table: real series, one simulated of each kind that was looked at, and one that was not."""
    each = series_of(simulated_streams())
    first: dict[str, dict[object, Stream]] = {"tuning": {}, "held out": {}}
    for stream in each:
        kind = (stream.change, stream.evaluation.season_length)
        first[stream.half].setdefault(kind, stream)
    streams = [*series_of(real_streams(SHARED)), *first["tuning"].values(), *first["held out"].values()]
    started = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = []
        for done, rows in enumerate(pool.map(ratios, streams), start=1):
            found += rows
            print(f"{done} of {len(streams)}: {rows[0].series}, {time.perf_counter() - started:.0f} s", file=sys.stderr)
    number = len({ratio.series for ratio in found})
    print(
        f"RMSE relative to AutoARIMA: {number} series, {sum(r.way == 'auto' for r in found)} dates, "
        f"{time.perf_counter() - started:.0f} s\n"
    )
    table(pd.DataFrame([vars(ratio) for ratio in found]))


if __name__ == "__main__":
    main()
