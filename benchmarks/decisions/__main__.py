"""Which gate decides best? Streams of retrainings, each policy deciding through the product's own code.

Run by `make bench-gate`; minutes long, seeded. Live errors are RMSE over all origins between retrainings, as a ratio to
promoting always; over several streams, the geometric mean of the ratios. Nothing here asserts.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lives import outcomes
from policies import OURS
from report import comparison, losses_of_always, ratios, tables
from streams import changing_orders, real_streams, simulated_streams

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def main() -> None:
    """Print the tables as Markdown."""
    started = time.perf_counter()
    streams = [*real_streams(SHARED), *simulated_streams()]
    changing = list(changing_orders(streams[::3]))
    with ProcessPoolExecutor() as pool:
        found, changed = [], []
        for number, several in enumerate(pool.map(outcomes, [*streams, *changing]), start=1):
            (found if number <= len(streams) else changed).extend(several)
            print(f"{number} of {len(streams) + len(changing)}", end="\r", file=sys.stderr)
    tables(found)
    print("\nevery third stream once more, by another spec at random at each retraining\n")
    comparison(changed, losses_of_always(changed))
    if "-v" in sys.argv:
        for outcome in found:
            if outcome.policy == OURS:
                (ratio,) = ratios([outcome], losses_of_always(found))
                print(f"{ratio:.3f} {outcome.promotions:3}/{outcome.decisions:<3} {outcome.stream.name}")
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
