"""First alarms by river's drift detectors on the absolute one-step errors; runs where river is installed.

Usage: river_detectors.py ERRORS.npz ALARMS.npz
"""

import sys

import numpy as np
from river.drift import ADWIN, PageHinkley

# From often to seldom.
DELTAS = 10.0 ** -np.array([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10])
THRESHOLDS = np.array([12, 15, 20, 25, 30, 40, 50, 65, 80, 110])
YEAR = 365


def main() -> None:
    with np.load(sys.argv[1]) as given:
        errors, start = {name: np.abs(given[name]) for name in given.files if name != "start"}, int(given["start"])
    found = {}
    for name, rows in errors.items():
        found[f"ADWIN|{name}"] = [[first(ADWIN(delta=delta, clock=1), row, start) for row in rows] for delta in DELTAS]
        found[f"Page-Hinkley|{name}"] = [
            [first(PageHinkley(threshold=threshold), row, start) for row in rows] for threshold in THRESHOLDS
        ]
    np.savez(sys.argv[2], **{name: np.array(days) for name, days in found.items()})


def first(detector, row, start):
    """The first live day on which it alarms; the training days are what it is used to."""
    for day, error in enumerate(row.tolist()):
        detector.update(error)
        if detector.drift_detected and day >= start:
            return day - start
    return YEAR


if __name__ == "__main__":
    main()
