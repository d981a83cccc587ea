"""What is served, by which policy, and how far off is it? Streams of retrainings, decided by the product's own code.

Run by `make bench-gate`; hours, seeded; with `--quick` on a few streams. Nothing here asserts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import corruption
import report
from measured import measured, weekly_looks
from report import Table
from streams import Stream, all_streams, calm_streams

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LOOKS = 52  # a year of weekly retrainings
_Found = TypeVar("_Found")


def main() -> None:
    """Print the tables as Markdown."""
    started, quick = time.perf_counter(), "--quick" in sys.argv
    streams = all_streams(SHARED, quick=quick)
    with ProcessPoolExecutor() as pool:
        table = Table(_each(pool, measured, streams, "policies"))
        calm = Table(_each(pool, weekly_looks, calm_streams(1 if quick else 2, 8 if quick else LOOKS), "calm"))
        spoilt = list(_each(pool, corruption.damages, corruption.suited(streams), "corrupted"))
    decisions = sum(row.served.decisions for row in table.rows if row.models)
    print(f"{len(streams)} series, {decisions} decisions, {time.perf_counter() - started:.0f} s")
    for models, title in report.MODELS.items():
        print(f"\n## {title}: error as served, relative to promoting always\n")
        report.comparison(table, models)
    print("\n### Its single draws\n")
    report.draws(table)
    print("\n## The default, relative to what else could be served\n")
    report.references(table)
    print("\n## How often the state is renewed\n")
    report.renewals(table)
    print(f"\n## Weekly looks where nothing changes, {'8 weeks' if quick else 'a year'}\n")
    report.calm(calm, years=8 / LOOKS if quick else 1)
    print("\n## Corrupted retrainings\n")
    corruption.table(spoilt)
    print("\n## Coverage as served\n")
    report.coverage(table)


def _each(
    pool: ProcessPoolExecutor, what: Callable[[Stream], list[_Found]], streams: Iterable[Stream], name: str
) -> Iterable[_Found]:
    """What is found on every stream, with progress on stderr."""
    several = list(streams)
    for number, found in enumerate(pool.map(what, several), start=1):
        print(f"{name}: {number} of {len(several)}", end="\r", file=sys.stderr)
        yield from found


if __name__ == "__main__":
    main()
