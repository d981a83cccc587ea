"""A panel's work whose processes are killed at random moments, begun again until it is done: is it what it should be?

``python tests/support/panel_kills.py --kills 30`` for a while of it, each time a main process, a worker, or both.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from forecastops.adapters.sources.read_series import read_tables
from forecastops.config import Config
from forecastops.config_file import load_config
from forecastops.usecases.panels.work import work_through

__all__ = ["config_of", "killed_until_done", "long_table", "results", "work"]

Folder = dict[str, bytes]


def long_table(series: int, rows: int = 120) -> pd.DataFrame:
    """Series of a level that wanders, with a name each that a file system would not take."""
    random_numbers = np.random.default_rng(5)
    days = pd.date_range("2013-01-01", periods=rows, freq="D").strftime("%Y-%m-%d")
    parts = []
    for number in range(series):
        values = np.round(50 + random_numbers.normal(size=rows).cumsum() + random_numbers.normal(size=rows), 3)
        parts.append(pd.DataFrame({"shop": f"shop/{number} \u5e97", "day": days, "sold": values}))
    return pd.concat(parts, ignore_index=True)


def config_of(**panel: object) -> Config:
    """Settings under which a series takes a moment."""
    settings: dict[str, object] = {
        "data.series_column": "shop",
        "data.date_column": "day",
        "data.value_column": "sold",
        "model.order": [0, 1, 1],
        "evaluation.horizon": 7,
        "evaluation.window": 28,
        "panel.bucket_size": 4,
    }
    return load_config(None, overrides=settings | {f"panel.{name}": value for name, value in panel.items()})


def work(data: Path, folder: Path, **panel: object) -> None:
    """Do the work, and write what it came to as one table beside its pieces."""
    config = config_of(**panel)
    whole = work_through(config, read_tables([str(data)], config.data), None, folder)
    pq.write_table(whole, folder / "whole")


def results(folder: Path) -> Folder:
    """What is kept, byte for byte, by the names of files."""
    found = [path for path in folder.iterdir() if path.suffix == ".parquet" or path.name == "whole"]
    return {path.name: path.read_bytes() for path in found}


def killed_until_done(data: Path, folder: Path, kills: int, seed: int, longest: float) -> int:
    """Kill main process or workers ``kills`` times, begin again each time, until one finishes; how often it began.

    Args:
        data: a long table.
        folder: of the work.
        kills: how many, as long as there is something to kill.
        seed: of moments and victims.
        longest: seconds within which a moment lies.
    """
    chance, begun, left = random.Random(seed), 0, kills
    while True:
        begun += 1
        running = subprocess.Popen([sys.executable, __file__, "--data", str(data), "--folder", str(folder)])
        while left and running.poll() is None:
            time.sleep(chance.uniform(0.05, longest))
            left -= 1
            _kill(running, chance.choice(["main", "worker", "both"]), chance)
        if running.wait() == 0:
            return begun


def _kill(running: subprocess.Popen[bytes], what: str, chance: random.Random) -> None:
    workers = _children(running.pid)
    victims = [chance.choice(workers)] if what != "main" and workers else []
    victims += [running.pid] if what != "worker" else []
    for victim in victims:
        if victim != running.pid or running.poll() is None:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _children(parent: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


def main() -> None:
    """Do the work that is asked for, or kill it and compare."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--data", type=Path)
    asked.add_argument("--folder", type=Path)
    asked.add_argument("--kills", type=int, default=30)
    asked.add_argument("--series", type=int, default=120)
    given = asked.parse_args()
    if given.data:
        work(given.data, given.folder, workers=2)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "long.parquet"
        long_table(given.series).to_parquet(data, index=False)
        work(data, folder / "once", workers=2)
        begun = killed_until_done(data, folder / "killed", given.kills, seed=1, longest=2.0)
        same = results(folder / "once") == results(folder / "killed")
        print(f"{given.kills} kills, begun {begun} times: {'the same' if same else 'NOT the same'}")
        sys.exit(not same)


if __name__ == "__main__":
    main()
