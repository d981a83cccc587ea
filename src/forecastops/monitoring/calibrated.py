"""Constants of the thresholds; made by benchmarks/monitoring/calibrate.py, not by hand."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CALIBRATED", "CONCURRENCE", "SHARES"]

# base, rarity, uncertainty, power, weekly, monthly: as thresholds.Curve has them.
CALIBRATED = MappingProxyType(
    {
        "level": (1.4972, 0.3628, 13.5, 2, 0.935, 0.868),
        "spread": (2.3711, 0.5507, 1.8, 2, 0.946, 0.889),
        "season": (2.5915, 0.2987, 0.0, 1, 0.946, 0.875),
        "correlation": (2.7140, 0.4510, 0.3, 1, 0.897, 0.830),
        "distribution": (1.4604, 0.1447, 0.9, 1, 0.961, 0.905),
        "error_vs_promise": (0.2727, 0.2321, 0.9, 1, 0.979, 0.953),
        "error_vs_naive": (0.2559, 0.0899, 6.6, 1, 0.986, 0.928),
        "pinball": (0.3313, 0.3027, 0.5, 1, 0.991, 0.970),
        "coverage": (0.3149, 0.2152, 7.3, 1, 0.978, 0.910),
    }
)
# What each signal gets of the false alarms.
SHARES = MappingProxyType(
    {
        "level": 0.4,
        "spread": 0.42,
        "season": 0.1,
        "correlation": 0.04,
        "distribution": 0.02,
        "error_vs_promise": 0.02,
        "error_vs_naive": 0.02,
        "pinball": 0.02,
        "coverage": 0.02,
    }
)
# By which factor, since several alarm in the same years.
CONCURRENCE = 0.80
