"""What does a panel of many series cost: to log, load and forecast, and to retrain daily with screening?

Run by `make bench-panel-size`; `--series` for fewer. A hundred series are fitted, and the pieces of work on all others
written as if they had been, under names of their own; what comes after is the product's, by its commands. Seconds are
of the clock, and of processors (user and system). Nothing here asserts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from speed import FIXED, NEWER, ROWS, clocked, long_table

from forecastops.adapters.panel_work import Work
from forecastops.adapters.sources.read_series import read_tables
from forecastops.config import Config
from forecastops.config_file import load_config
from forecastops.panel.buckets import in_buckets, pieces
from forecastops.panel.outcomes import OUTCOME
from forecastops.usecases.panels.work import work_settings, work_through

FITTED = 100
COLUMNS = {"data.series_column": "shop", "data.date_column": "day", "data.value_column": "sold"}
SETTINGS = {**COLUMNS, **FIXED, "data.frequency": "D", "panel.workers": 2, "registry.model_name": "many"}


def main() -> None:
    """Print what each step took."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--series", type=int, default=100_000)
    asked.add_argument("--folder", type=Path, help="where to work; a temporary one by default, which is removed")
    asked.add_argument("--share", type=float, default=0.1)
    asked.add_argument("--daily", action="store_true", help="only the last step, in the folder of an earlier call")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="forecastops-size-") as name:
        folder = given.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ |= {"FORECASTOPS_HOME": str(folder / "home"), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/runs.db"}
        older, newer = data_of(folder, given.series)
        if not given.daily:
            first(folder, older)
        with said(f"retrain with newer data, panel.screen_share {given.share}"):
            share = ("--set", f"panel.screen_share={given.share}")
            found = command(folder, "retrain", "--data", str(newer), "--work", str(folder / "work"), *share)
            print(json.dumps(found["train"]["screening"]), found["evaluate"]["verdict"], found["note"])


def first(folder: Path, data: Path) -> None:
    """Put the panel into production, and look at it."""
    prepare(folder, data)
    with said("retrain the first time, everything computed before"):
        command(folder, "retrain", "--data", str(data), "--work", str(folder / "work"))
    with said("status, which loads the panel"):
        command(folder, "status")
    with said("forecast to Parquet"):
        command(folder, "forecast", "--output", str(folder / "all.parquet"))


def data_of(folder: Path, series: int) -> tuple[Path, Path]:
    """Write the long table, up to the champions' training and up to the newest day."""
    older, newer = folder / "older.parquet", folder / "newer.parquet"
    if newer.exists():
        return older, newer
    base = long_table(FITTED, ROWS)
    days, sold = base["day"].to_numpy()[:ROWS], base["sold"].to_numpy().reshape(FITTED, ROWS)
    for path, rows in ((older, ROWS - NEWER), (newer, ROWS)):
        writer: pq.ParquetWriter | None = None
        for start in range(0, series, 10_000):
            numbers = np.arange(start, min(start + 10_000, series))
            names = pa.DictionaryArray.from_arrays(
                pa.array(np.repeat(np.arange(len(numbers), dtype=np.int32), rows)),
                pa.array([f"shop {number % FITTED} {number // FITTED}" for number in numbers]),
            )
            values = pa.array(sold[numbers % FITTED, :rows].ravel())
            table = pa.table({"shop": names, "day": np.tile(days[:rows], len(numbers)), "sold": values})
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
        if writer is not None:
            writer.close()
    return older, newer


def prepare(folder: Path, data: Path) -> None:
    """Write the results of all pieces of work, from those of the series that are fitted."""
    config = settings()
    base = long_table(FITTED, ROWS).groupby("shop").head(ROWS - NEWER)
    base.to_parquet(folder / "base.parquet", index=False)
    fitted = work_through(config, read_tables([str(folder / "base.parquet")], config.data), None, folder / "base")
    rows = {row["unique_id"]: row for row in fitted.to_pylist()}
    (folder / "work").mkdir(exist_ok=True)
    text = work_settings(config).model_dump_json()
    for bucket in in_buckets(read_tables([str(data)], config.data), config.data, None, config.panel.bucket_size):
        found = [_renamed(rows[name.rpartition(" ")[0]], name) for name, _ in pieces(bucket)]
        table = pa.Table.from_pylist(found, schema=OUTCOME)
        pq.write_table(table, Work(bucket, text, str(folder / "work")).result, compression="zstd")


def _renamed(row: dict[str, object], name: str) -> dict[str, object]:
    own = {"unique_id": name}
    of_panel = {key: value | own for key in ("challenger", "champion") if isinstance(value := row[key], dict)}
    return row | own | of_panel


def settings() -> Config:
    """Return the settings of all commands."""
    return load_config(None, overrides=SETTINGS)


def command(folder: Path, *words: str) -> dict[str, object]:
    """Run one, and return what it prints."""
    options = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    words = (sys.executable, "-m", "forecastops", *words, *options, "--json")
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{words}: {done.stderr}")
    found: dict[str, object] = json.loads(done.stdout)
    return found


@contextmanager
def said(what: str) -> Iterator[None]:
    """Say how long it took."""
    begun = time.perf_counter()
    with clocked() as spent:
        yield
    print(f"{what}: {time.perf_counter() - begun:.1f} s, {spent[0]:.1f} s of processors", flush=True)


if __name__ == "__main__":
    main()
