"""How often does the monitor cry wolf, and how soon does it notice? Beside what others use, at the same rate.

One year of daily looks at champions that the product estimates. Each of the others has one threshold for all
processes, as the monitor has one rule, by which it raises an alarm in as many years without a change as the monitor
does. A second table sets the others' thresholds on each process by itself, which nobody could who does not know it.
ADWIN and Page-Hinkley are river's, run by ``river_detectors.py`` in an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from baselines import raw_ks, raw_psi
from processes import CHANGED_AT, CHANGES, COMBINATION, SEASONAL, YEAR, Process
from signals import SIGNALS, Statistics, largest, statistics
from watching import of_change, simulated

from forecastops.monitoring.thresholds import threshold

RATE, SEED = 0.05, 2  # the constants come from another seed
PROCESSES = (
    Process("phi 0", 0.0, changed=True),
    Process("phi 0.5", 0.5, changed=True),
    Process("weekly season", 0.5, seasonal=True, members=SEASONAL, changed=True),
    Process("phi 0.8", 0.8),
    Process("phi 0.95", 0.95),
    Process("heavy tails", 0.5, freedom=3),
    Process("5 % missing", 0.5, missing=0.05),
    Process("default model", 0.5, seasonal=True, members=COMBINATION),
)
KEEP = Path("benchmarks/monitoring/.simulated")
OURS = "forecastops monitor"
MOST_FOR_RIVER = 300  # years of a process; its detectors take most of the time
NONE = "none"
Days = dict[str, np.ndarray]  # by change: shape (settings, years), the day of the first alarm, else YEAR


@dataclass
class Compared:
    """What came of one process: first alarms by each method."""

    process: Process
    days: dict[str, Days]


def main() -> None:
    warnings.simplefilter("ignore", RuntimeWarning)  # means of what was not observed
    options = argparse.ArgumentParser()
    options.add_argument("--years", type=int, default=2000, help="simulated, of each process")
    options.add_argument("--keep", type=Path, default=KEEP, help="folder of simulations")
    options.add_argument("--river", type=Path, help="Python of an environment that has river")
    asked = options.parse_args()
    print("Share of years with an alarm although nothing has changed, by looks every day and every week\n")
    print("| process | years | daily | weekly | " + " | ".join(SIGNALS) + " |")
    print("|---" * (4 + len(SIGNALS)) + "|")
    compared = []
    for process in PROCESSES:
        years = simulated(process, process.years(asked.years), SEED, asked.keep)
        quiet = statistics(of_change(years, None))
        shares = [_share(quiet), _share(quiet, 7), *(_share(quiet, signals=(one,)) for one in SIGNALS)]
        count = len(quiet.persistence_error)
        print(f"| {process.name} | {count} | {' | '.join(f'{share:.1%}' for share in shares)} |", flush=True)
        compared.append(Compared(process, _first_alarms(years, process, asked.river)))
    ours = float(np.mean([np.mean(one.days[OURS][NONE] < YEAR) for one in compared]))
    print(f"\nMean days until an alarm after the change ({YEAR - CHANGED_AT} where there was none)")
    print(f"\nOne setting for all processes, with an alarm in {ours:.1%} of the quiet years\n")
    settings = {method: _setting(compared, method, ours) for method in compared[0].days}
    _print_delays(compared, {one.process.name: settings for one in compared})
    print(f"\nThe others' setting of each process by itself, with an alarm in {RATE:.0%} of its quiet years\n")
    _print_delays(
        compared,
        {one.process.name: {method: _setting([one], method, RATE) for method in one.days} for one in compared},
    )


def _setting(compared: list[Compared], method: str, rate: float) -> int:
    """Return the setting by which the mean share of quiet years with an alarm is nearest to the rate."""
    shares = np.mean([np.mean(one.days[method][NONE] < YEAR, axis=1) for one in compared], axis=0)
    return int(np.argmin(np.abs(shares - rate)))


def _print_delays(compared: list[Compared], settings: dict[str, dict[str, int]]) -> None:
    changed = [one for one in compared if one.process.changed]
    print(f"| process | method | {' | '.join(CHANGES)} | mean |\n{'|---' * (len(CHANGES) + 3)}|")
    means: dict[str, list[list[float]]] = {}
    for one in changed:
        for method, days in one.days.items():
            setting = settings[one.process.name][method]
            numbers = [_delay(days[change][setting]) for change in CHANGES]
            means.setdefault(method, []).append(numbers)
            _print_row(one.process.name, method, numbers)
    for method, rows in means.items():
        _print_row("all", method, np.mean(rows, axis=0).tolist())


def _print_row(process: str, method: str, numbers: list[float]) -> None:
    print(f"| {process} | {method} | {' | '.join(f'{number:.1f}' for number in [*numbers, np.mean(numbers)])} |")


def _delay(days: np.ndarray) -> float:
    """Mean over the years without an alarm before the change."""
    known = days[days >= CHANGED_AT]
    return float(np.mean(np.minimum(known + 1, YEAR) - CHANGED_AT))


def _bounds(signal: str, found: Statistics, every: int = 1) -> np.ndarray:
    return np.array([threshold(signal, RATE, YEAR, float(error), every) for error in found.errors(signal)])


def _share(found: Statistics, every: int = 1, signals: tuple[str, ...] = SIGNALS) -> float:
    alarms = [largest(found.signals[one], every) > _bounds(one, found, every) for one in signals]
    return float(np.mean(np.any(alarms, axis=0)))


def _first_alarms(years: dict[str, np.ndarray], process: Process, river: Path | None) -> dict[str, Days]:
    """First alarms of each method by change, in all its settings."""
    names = [NONE, *(CHANGES if process.changed else ())]
    lived = {name: of_change(years, name) for name in names}
    start = lived[NONE]["values"].shape[1] - YEAR
    found = {OURS: {name: _ours(one) for name, one in lived.items()}}
    for title, method in (("raw Kolmogorov-Smirnov", raw_ks), ("population stability index", raw_psi)):
        paths = {name: method(one["values"], start) for name, one in lived.items()}
        found[title] = {name: _first(path, GRIDS[title]) for name, path in paths.items()}
    if river:
        errors = {name: np.nan_to_num(one["innovations"][:MOST_FOR_RIVER]) for name, one in lived.items()}
        found |= _of_river(errors, start, river)
    return found


GRIDS = {
    "raw Kolmogorov-Smirnov": np.linspace(1.0, 6.0, 251),
    "population stability index": np.geomspace(0.2, 20.0, 251),
}


def _ours(years: dict[str, np.ndarray]) -> np.ndarray:
    found = statistics(years)
    alarms = np.any([found.signals[one] > _bounds(one, found)[:, None] for one in SIGNALS], axis=0)
    return _day(alarms)[None]


def _first(paths: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    return np.array([_day(paths > bound) for bound in bounds])


def _day(alarms: np.ndarray) -> np.ndarray:
    return np.where(alarms.any(axis=1), np.argmax(alarms, axis=1), YEAR)


def _of_river(errors: dict[str, np.ndarray], start: int, python: Path) -> dict[str, Days]:
    with tempfile.TemporaryDirectory() as scratch:
        given, answer = Path(scratch) / "errors.npz", Path(scratch) / "alarms.npz"
        np.savez(given, start=start, **errors)
        script = Path(__file__).with_name("river_detectors.py")
        subprocess.run([os.fspath(python), os.fspath(script), given, answer], check=True)
        with np.load(answer) as found:
            alarms = dict(found)
    days: dict[str, Days] = {}
    for key, first in alarms.items():
        method, _, name = key.partition("|")
        days.setdefault(method, {})[name] = first
    return days


if __name__ == "__main__":
    main()
