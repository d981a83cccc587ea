"""How fast is a panel trained and gated, what does its engine cost, and how much memory does a worker take?

Run by `make bench-panel`; `--series` for more of them. Seconds are of processors (user and system), so that a busy
machine counts as an idle one; series an hour are those of two processors. Nothing here asserts.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from nothing import nothing

from forecastops.adapters.engine.choice import engine_of
from forecastops.adapters.engine.port import Lost
from forecastops.adapters.sources.read_series import read_tables
from forecastops.config import Config
from forecastops.config_file import load_config
from forecastops.panel.decision import decide_panel
from forecastops.panel.facts import table_of
from forecastops.panel.outcomes import chosen_rows, series_facts
from forecastops.usecases.panels.work import work_through

PROCESSORS, ROWS, NEWER = 2, 400, 28
FIXED = {"model.order": [1, 0, 1], "model.seasonal_order": [1, 0, 1, 7]}
MODELS: dict[str, dict[str, object]] = {"one fixed seasonal specification": FIXED, "the default members": {}}


def main() -> None:
    """Print the table as Markdown."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--series", type=int, default=200)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="forecastops-panels-") as name:
        folder = Path(name)
        os.environ["FORECASTOPS_HOME"] = str(folder / "home")
        here = str(Path(__file__).resolve().parent)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        table = long_table(given.series, ROWS)
        older = table.groupby("shop").head(ROWS - NEWER)
        table.to_parquet(folder / "newer.parquet", index=False)
        older.to_parquet(folder / "older.parquet", index=False)
        print(f"{given.series} series of {ROWS} days, champions of {NEWER} days before\n")
        print("| model | retrain and gate, CPU a series | series an hour, two processors | memory of a worker |")
        print("|---|---|---|---|")
        for title, model in MODELS.items():
            measure(folder, title, model, given.series)
        overhead()
        deciding()


def measure(folder: Path, title: str, model: dict[str, object], series: int) -> None:
    """Train champions, then time the work of a retraining and its decision."""
    config = settings(model)
    place = folder / title.replace(" ", "-")
    first = work_through(config, read_tables([str(folder / "older.parquet")], config.data), None, place)
    champions = chosen_rows(first, np.ones(first.num_rows, dtype=bool))
    with clocked() as spent:
        retrained(config, folder / "newer.parquet", champions, place)
    each = spent[0] / series
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"| {title} | {1000 * each:.0f} ms | {3600 * PROCESSORS / each:,.0f} | {largest:.0f} MiB |")


def retrained(config: Config, data: Path, champions: pa.Table, place: Path) -> None:
    """Do the work of a retraining, and decide."""
    outcomes = work_through(config, read_tables([str(data)], config.data), champions, place)
    decide_panel(table_of(series_facts(outcomes)), config.panel)


def overhead() -> None:
    """What the pool costs a series, with nothing to do: pieces of 200 series of 400 rows, as they are sent."""
    pieces = [os.urandom(200 * ROWS * 16) for _ in range(40)]
    engine = engine_of("pool", PROCESSORS)
    list(engine.map(nothing, pieces[:PROCESSORS]))
    with clocked() as spent:
        lost = [outcome for _, outcome in engine.map(nothing, pieces) if isinstance(outcome, Lost)]
    print(f"\nThe pool itself, its start included: {1000 * spent[0] / (200 * len(pieces)):.2f} ms CPU a series", end="")
    print(f" ({len(lost)} pieces lost)")


def deciding() -> None:
    """What the decision on 100,000 series costs."""
    from forecastops.panel.facts import SeriesFacts

    random = np.random.default_rng(0)
    share, error = random.normal(0, 0.1, 100_000), 0.1 * np.sqrt(random.chisquare(3, 100_000) / 3)
    rows = [
        SeriesFacts(f"s{number}", "compared", "HOLD", share=a, error=b, freedom=3.0, ours=1.0, theirs=1.0)
        for number, (a, b) in enumerate(zip(np.tanh(share).tolist(), error.tolist(), strict=True))
    ]
    facts = table_of(rows)
    with clocked() as spent:
        decide_panel(facts, settings({}).panel)
    print(f"The decision on 100,000 series: {spent[0]:.1f} s CPU")


def settings(model: dict[str, object]) -> Config:
    """What every measurement is made with."""
    columns = {"data.series_column": "shop", "data.date_column": "day", "data.value_column": "sold"}
    return load_config(None, overrides={**columns, **model, "panel.workers": PROCESSORS, "panel.bucket_size": 50})


def long_table(series: int, rows: int) -> pd.DataFrame:
    """Return series with a week's season and noise that remembers."""
    random = np.random.default_rng(1)
    days = pd.date_range("2019-01-01", periods=rows, freq="D")
    parts = []
    for number in range(series):
        noise = random.normal(0, 5, rows)
        for now in range(1, rows):
            noise[now] += 0.5 * noise[now - 1]
        values = 100 + random.normal(0, 10, 7)[np.arange(rows) % 7] + noise
        parts.append(pd.DataFrame({"shop": f"shop {number}", "day": days, "sold": values}))
    return pd.concat(parts, ignore_index=True)


@contextmanager
def clocked() -> Iterator[list[float]]:
    """Give a list that afterwards holds CPU seconds of this process and of its children, and wall seconds."""
    spent, wall, cpu = list[float](), time.perf_counter(), _cpu()
    yield spent
    spent += [_cpu() - cpu, time.perf_counter() - wall]


def _cpu() -> float:
    return sum(
        one.ru_utime + one.ru_stime for one in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
