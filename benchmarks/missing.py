"""What do missing days cost, left to the model (`data.gaps=missing`) or interpolated? Real daily series.

Run by `make bench-missing`; minutes long, seeded; with `--quick` on a few series. Days are removed at random or in
blocks from the file that the product reads; the default model is estimated before the gate's window, and forecasts from
each of its origins. Only days that were not removed are scored, the same for both. Nothing here asserts.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent / "decisions"))
from streams import all_streams

from forecastops.adapters.sources import read_series
from forecastops.config import Config
from forecastops.data.config import DataConfig
from forecastops.forecasting.config import ModelConfig
from forecastops.forecasting.forecaster import Fit, Forecaster
from forecastops.forecasting.members import combination
from forecastops.forecasting.rolling_origin import actuals, rolling_forecasts, window_origins
from forecastops.forecasting.training import fit_members

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARES, PATTERNS, WAYS = (0.05, 0.10, 0.20), ("random", "blocks"), ("missing", "interpolate")
LONGEST = 548  # observations of each series
BLOCKS = (3, 11)  # days of a block, the last one excluded


def kept_days(rows: int, share: float, pattern: str, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which days stay; the first and the last always do, since a series begins and ends with a value."""
    inner, removed = np.arange(1, rows - 1), round(share * rows)
    gone = np.zeros(rows, dtype=bool)
    if pattern == "random":
        gone[random.choice(inner, removed, replace=False)] = True
    while gone.sum() < removed:
        start = random.choice(inner)
        stop = min(start + random.integers(*BLOCKS), start + removed - gone.sum(), rows - 1)
        gone[start:stop] = True
    return ~gone


def error(values: pd.Series[float], kept: npt.NDArray[np.bool_], way: str, folder: Path) -> float:
    """RMSE of the default model on the days that stayed, when the others are missing from its file."""
    path = folder / "series.csv"
    pd.DataFrame({"date": values.index, "value": values.to_numpy()})[kept].to_csv(path, index=False)
    reading = {"date_column": "date", "value_column": "value", "frequency": "D", "gaps": way}
    config = DataConfig.model_validate(reading | {"max_gap": 100, "max_missing_share": 0.5})
    series = read_series([path], config)
    evaluation = Config().evaluation_of("D")
    known = series.values.iloc[: -evaluation.window]
    specs = combination(ModelConfig(), evaluation.season_length, len(known))
    members = tuple(one.member for one in fit_members(known, specs, None, []))
    model = Forecaster(Fit(members, series.iso_dates[len(known) - 1], converged=True), series.values)
    origins = window_origins(series.rows, evaluation.window, evaluation.horizon)
    ahead = rolling_forecasts(model, origins, evaluation.horizon, evaluation.levels).mean
    targets = actuals(pd.Series(np.where(kept, values.to_numpy(), np.nan)), origins, evaluation.horizon)
    return float(np.sqrt(np.nanmean((ahead - targets) ** 2)))


def measured(series: dict[str, pd.Series[float]]) -> Iterator[tuple[str, float, str, dict[str, float]]]:
    """Pattern, share, series, and the error of each way relative to nothing being removed."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, values) in enumerate(series.items(), start=1):
            random = np.random.default_rng(number)
            whole = error(values, np.ones(len(values), dtype=bool), "missing", Path(folder))
            for pattern, share in product(PATTERNS, SHARES):
                kept = kept_days(len(values), share, pattern, random)
                yield pattern, share, name, {way: error(values, kept, way, Path(folder)) / whole for way in WAYS}
            print(f"{number} of {len(series)}: {name}", file=sys.stderr)


def table(found: list[tuple[str, float, str, dict[str, float]]]) -> None:
    """In Markdown: geometric means over the series, and on how many of them leaving out is no worse."""
    print("| removed | missing | interpolate | missing / interpolate | no worse on |\n|---|---|---|---|---|")
    kinds = [(pattern, share) for pattern in PATTERNS for share in SHARES]
    for pattern, share in [*kinds, ("all", 0.0)]:
        mine = [ways for kind, part, _, ways in found if (kind, part) == (pattern, share) or pattern == "all"]
        ours, theirs = (np.log([ways[way] for ways in mine]) for way in WAYS)
        means = [f"{np.exp(logs.mean()):.3f}" for logs in (ours, theirs, ours - theirs)]
        label = "all" if pattern == "all" else f"{100 * share:.0f} %, {pattern}"
        print(f"| {label} | {' | '.join(means)} | {int((ours <= theirs + 1e-12).sum())} of {len(mine)} |")


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    started = time.process_time()
    groups = {"open daily": 1, "panel daily": 1}
    streams = [stream for stream in all_streams(SHARED) if stream.group in groups]
    series = {
        stream.name: stream.values.iloc[-LONGEST:]
        for group, every in groups.items()
        for stream in [one for one in streams if one.group == group][:: 12 * every if "--quick" in sys.argv else every]
    }
    found = list(measured(series))
    print(f"{len(series)} series, {time.process_time() - started:.0f} s of CPU\n")
    table(found)


if __name__ == "__main__":
    main()
