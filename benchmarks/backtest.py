"""How long does a backtest take? AdventureWorks' 305 days, 20 retrainings, every policy, from nothing.

Run by `make bench-backtest`. Nothing here asserts.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import forecastops as fo

DATA = Path(__file__).resolve().parents[2] / "shared/data/adventureworks/mlops_forecast_data.csv"


def main() -> None:
    """Print the seconds, and what was found."""
    with tempfile.TemporaryDirectory() as work:
        started = time.perf_counter()
        found = fo.backtest(DATA, looks=20, work=work)
        seconds = time.perf_counter() - started
    print(found)
    print(f"\n{len(found.policies)} policies, {found.plan['looks']} retrainings: {seconds:.1f} s", file=sys.stderr)
    print(f"on {len(os.sched_getaffinity(0))} processors", file=sys.stderr)


if __name__ == "__main__":
    main()
