"""Derive the constants of the monitor's thresholds by simulation, and write src/forecastops/monitoring/calibrated.py.

Champions are estimated by the product on simulated training days; a year follows in which nothing changes. Of each
signal's largest value of the year, quantiles; how they grow with the persistence error; and how often several signals
alarm in the same year. Kept in a folder, simulations are not made again.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from processes import COMBINATION, SEASONAL, Process
from signals import SIGNALS, largest, statistics
from watching import of_change, simulated

from forecastops.monitoring.thresholds import DAYS, Curve

SCENARIOS = (
    *(Process(f"ar{phi:g}-{rows}", phi, rows=rows) for phi in (0.0, 0.5, 0.8, 0.9, 0.95) for rows in (200, 400)),
    Process("heavy tails", 0.5, freedom=3),
    Process("missing", 0.5, missing=0.05),
    Process("seasonal", 0.5, seasonal=True, members=SEASONAL),
    Process("combination", 0.5, seasonal=True, members=COMBINATION),
)
# What each signal gets of the false alarms: what notices most gets most.
SHARES = {
    "level": 0.40,
    "spread": 0.42,
    "season": 0.10,
    "correlation": 0.04,
    "distribution": 0.02,
    "error_vs_promise": 0.02,
    "error_vs_naive": 0.02,
    "pinball": 0.02,
    "coverage": 0.02,
}
LOSSES = ("error_vs_promise", "error_vs_naive", "pinball", "coverage")
ALARMS = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
# What is stated, on average; and of none much more, as far as few hundred years can tell: the largest of so many shares
# lies two points above what it stands for.
RATE, AIMED, MOST = 0.05, 0.05, 0.065
CERTAIN, LARGEST_ERROR = 0.07, 0.6
TARGET = Path(__file__).parents[2] / "src/forecastops/monitoring/calibrated.py"


def main() -> None:
    warnings.simplefilter("ignore", RuntimeWarning)  # means of what was not observed
    options = argparse.ArgumentParser()
    options.add_argument("--years", type=int, default=2000, help="simulated, of each process")
    options.add_argument(
        "--keep", type=Path, default=Path("benchmarks/monitoring/.simulated"), help="folder of simulations"
    )
    asked = options.parse_args()
    found = {
        one.name: statistics(of_change(simulated(one, one.years(asked.years), 1, asked.keep), None))
        for one in SCENARIOS
    }
    curves = {
        signal: _curve(
            {name: one.signals[signal] for name, one in found.items()},
            {name: one.errors(signal) for name, one in found.items()},
            by_worst=signal in LOSSES,
        )
        for signal in SIGNALS
    }
    concurrence = _concurrence(curves, found)
    TARGET.write_text(_module(curves, concurrence))
    for name, one in found.items():
        print(f"{name:14s} {_any_share(curves, one, concurrence):.3f}")


def _curve(values: dict[str, np.ndarray], errors: dict[str, np.ndarray], *, by_worst: bool) -> Curve:
    """Fit base and rarity where persistence is certain, then the smallest growth that keeps every process's rate.

    ``by_worst``: by the process that alarms most, as losses do, in which heavy tails are not clipped.
    """
    certain = [name for name in values if np.median(errors[name]) < 0.13]
    if by_worst:
        certain = [max(certain, key=lambda name: float(np.quantile(largest(values[name]), 0.98)))]
    tops = np.concatenate([largest(values[name]) for name in certain])
    levels = np.log(1 / np.array(ALARMS))
    rarity, base = np.polyfit(levels, np.quantile(tops, 1 - np.array(ALARMS)), 1)
    thinned = [
        float(
            np.median(
                np.quantile(np.concatenate([largest(values[n], every) for n in certain]), [0.95, 0.98, 0.99])
                / np.quantile(tops, [0.95, 0.98, 0.99])
            )
        )
        for every in (7, 28)
    ]
    fits = [_growth(values, errors, Curve(base, rarity, 0.0, power, *thinned)) for power in (1, 2)]
    return min(fits, key=lambda curve: _excess(values, errors, curve))


def _growth(values: dict[str, np.ndarray], errors: dict[str, np.ndarray], curve: Curve) -> Curve:
    """The smallest growth by which no process with uncertain persistence alarms much more often than it may."""
    uncertain = [name for name in values if np.median(errors[name]) >= 0.13]
    for uncertainty in np.arange(0.0, 30.0, 0.1):
        tried = Curve(curve.base, curve.rarity, float(uncertainty), curve.power, curve.weekly, curve.monthly)
        if max(_too_often(values[name], errors[name], tried) for name in uncertain) <= 1.3:
            return tried
    return tried


def _too_often(values: np.ndarray, errors: np.ndarray, curve: Curve) -> float:
    """How many times as often as it may, over several rates: one by itself rests on few years."""
    return float(np.mean([_share(values, errors, curve, alarms) / alarms for alarms in (0.1, 0.05, 0.02)]))


def _excess(values: dict[str, np.ndarray], errors: dict[str, np.ndarray], curve: Curve) -> float:
    """How unevenly the processes are treated: thresholds that are higher than needed notice changes later."""
    return float(np.std([_too_often(values[name], errors[name], curve) for name in values]))


def _share(values: np.ndarray, errors: np.ndarray, curve: Curve, alarms: float) -> float:
    bounds = np.array([curve.at(alarms, error) for error in errors])
    return float(np.mean(largest(values) > bounds))


def _any(curves: dict[str, Curve], one: object, concurrence: float, every: int = 1) -> np.ndarray:
    alarm = np.zeros(len(one.persistence_error), dtype=bool)
    for signal, curve in curves.items():
        share = concurrence * SHARES[signal] * RATE
        bounds = np.array([curve.at(share, error, every) for error in one.errors(signal)])
        alarm |= largest(one.signals[signal], every) > bounds
    return alarm


def _any_share(curves: dict[str, Curve], one: object, concurrence: float) -> float:
    return float(np.mean(_any(curves, one, concurrence)))


def _concurrence(curves: dict[str, Curve], found: dict) -> float:
    """By how much shares may be larger because signals alarm in the same years: all together keep the rate."""
    tried = [0.4 + step / 20 for step in range(40)]
    shares = {one: [_any_share(curves, each, one) for each in found.values()] for one in tried}
    good = [one for one, each in shares.items() if np.mean(each) <= AIMED and max(each) <= MOST]
    return max(good, default=1.0)


def _module(curves: dict[str, Curve], concurrence: float) -> str:
    lines = [
        '"""Constants of the thresholds; made by benchmarks/monitoring/calibrate.py, not by hand."""',
        "",
        "from __future__ import annotations",
        "",
        "from types import MappingProxyType",
        "",
        '__all__ = ["CALIBRATED", "CONCURRENCE", "SHARES"]',
        "",
        "# base, rarity, uncertainty, power, weekly, monthly: as thresholds.Curve has them.",
        "CALIBRATED = MappingProxyType(",
        "    {",
        *(
            f'        "{signal}": ({c.base:.4f}, {c.rarity:.4f}, {c.uncertainty:.1f}, {c.power}, {c.weekly:.3f}, '
            f"{c.monthly:.3f}),"
            for signal, c in curves.items()
        ),
        "    }",
        ")",
        "# What each signal gets of the false alarms.",
        "SHARES = MappingProxyType(",
        "    {",
        *(f'        "{signal}": {share},' for signal, share in SHARES.items()),
        "    }",
        ")",
        "# By which factor, since several alarm in the same years.",
        f"CONCURRENCE = {concurrence:.2f}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    assert DAYS == 365
    main()
