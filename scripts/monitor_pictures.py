"""Pictures for docs/monitor.md: what the monitor says of AdventureWorks' 2014 and of the sample's, day by day.

    python scripts/monitor_pictures.py [--adventureworks FOLDER]

Beside the pictures it prints what the page says in words, to be compared. FOLDER has the sets that
`forecastops data adventureworks` makes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from forecastops.adapters.sources.read_series import read_series
from forecastops.config import Config
from forecastops.forecasting.training import fit
from forecastops.monitoring.watch import Watch
from forecastops.reporting.pictures.curves import timeline
from forecastops.reporting.pictures.export import png
from forecastops.reporting.pictures.facts import Bound, Event, Line, TimelineFacts
from forecastops.usecases.monitor import watch_champion

IMAGES = Path(__file__).resolve().parents[1] / "docs/images"
SHOWN = {"level": "challenger", "spread": "champion", "correlation": "actual"}


def main() -> None:
    """Watch both, draw and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--adventureworks", type=Path, metavar="FOLDER")
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [sys.executable, "-m", "forecastops", "data", "sample", "transactions", "--out", scratch], check=True
        )
        files = sorted(Path(scratch).glob("transaction_ts201*.csv"))
        _draw("sample", "the sample", _watched(files[0], files[1]))
    if asked.adventureworks:
        files = [asked.adventureworks / f"mlops_forecast_data{year}.csv" for year in (2013, 2014)]
        _draw("adventureworks", "AdventureWorks", _watched(*files))


def _watched(first: Path, second: Path) -> Watch:
    """Train on one year as the product does, and look at the next."""
    config = Config()
    series = read_series([first], config.data)
    trained = fit(series, config.model, config.evaluation_of(series.frequency))
    return watch_champion(config, trained.model, [first, second])


def _draw(name: str, title: str, found: Watch) -> None:
    dates = pd.DatetimeIndex(found.dates)
    curves = {curve.signal.name: curve for curve in found.curves if curve.signal.name in SHOWN}
    shares = {signal: curve.values / curve.threshold for signal, curve in curves.items()}
    events = [
        Event(pd.Timestamp(curve.signal.since), signal, "alarm")
        for signal, curve in curves.items()
        if curve.signal.since
    ]
    facts = TimelineFacts(
        f"Signals of {title}, as shares of their thresholds",
        f"Level, spread and serial correlation of {title} on each day of 2014.",
        "share of the threshold",
        {signal: Line(dates, values) for signal, values in shares.items()},
        [Bound(1.0, "threshold")],
        sorted(events, key=lambda event: event.date),
        SHOWN,  # type: ignore[arg-type]  # roles by name
    )
    (IMAGES / f"monitor-{name}.png").write_bytes(png(timeline(facts, name)))
    print(f"\n{title}: {found.look.observations} observations, retrain {found.look.retrain}, moved {found.look.moved}")
    for curve in found.curves:
        beyond = np.flatnonzero(curve.values > curve.threshold)
        first = found.dates[beyond[0]] if len(beyond) and not curve.lower else "-"
        signal, newest = curve.signal, curve.values[-1]
        print(
            f"  {signal.name:17s} {newest:.3f} of {curve.threshold:.3f}, largest {np.nanmax(curve.values):.3f};",
            end=" ",
        )
        print(f"first beyond {first}, since {signal.since}, alarm {signal.date}")


if __name__ == "__main__":
    main()
