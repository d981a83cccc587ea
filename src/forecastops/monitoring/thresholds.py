"""How far each signal may go before it counts: by formula, from constants that simulation has found.

``benchmarks/monitoring/calibrate.py`` simulates champions as the product estimates them, lets a year pass in which
nothing changes, and writes the constants to ``calibrated.py``. A threshold grows with the rarity that is asked for, and
where the training days left the series' persistence uncertain, since then estimated innovations drift by themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from forecastops.monitoring.calibrated import CALIBRATED, CONCURRENCE, SHARES

__all__ = ["DAYS", "SHARES", "Curve", "alarm_share", "rarity", "threshold"]

DAYS = 365  # that the simulated years have
_CERTAIN = 0.07  # persistence error below which it does not matter
_LARGEST_ERROR = 0.6  # none larger was simulated
_MOST = 0.5  # alarms a year for which the constants still hold


@dataclass(frozen=True)
class Curve:
    """The threshold of one signal.

    Args:
        base: at one alarm a year.
        rarity: what is added for each factor of e by which alarms are rarer.
        uncertainty: by what share it grows with the persistence error beyond what does not matter, to the power below.
        power: 1 or 2.
        weekly: share of it that is enough where one looks at every seventh value only.
        monthly: at every twenty-eighth.
    """

    base: float
    rarity: float
    uncertainty: float
    power: int
    weekly: float = 1.0
    monthly: float = 1.0

    def at(self, alarms: float, persistence_error: float, every: int = 1) -> float:
        """Return the threshold that is passed in a share ``alarms`` of simulated years."""
        beyond = max(0.0, min(persistence_error, _LARGEST_ERROR) - _CERTAIN)
        rare = self.base + self.rarity * math.log(1 / alarms)
        return rare * (1 + self.uncertainty * beyond**self.power) * self._thinned(every)

    def alarms(self, evidence: float, persistence_error: float, every: int = 1) -> float:
        """Return the share of simulated years in which evidence is passed, the inverse of ``at``; 1 at most."""
        at_one_a_year = self.at(1.0, persistence_error, every)
        grows = self.at(1 / math.e, persistence_error, every) - at_one_a_year
        return math.exp(min(0.0, (at_one_a_year - evidence) / grows))

    def _thinned(self, every: int) -> float:
        """Return the share by logarithmic interpolation between looks at every value, every 7th and every 28th."""
        if every <= 7:
            return 1 + (self.weekly - 1) * math.log(every) / math.log(7)
        share = min(1.0, math.log(every / 7) / math.log(4))
        return self.weekly + (self.monthly - self.weekly) * share


def alarm_share(signal: str, false_alarms_a_year: float, values_a_year: float) -> float:
    """Return which share of simulated years a signal may raise an alarm in, so that all together keep the rate.

    Args:
        signal: one of ``SHARES``.
        false_alarms_a_year: by all signals together.
        values_a_year: of the series.
    """
    wanted = false_alarms_a_year * DAYS / values_a_year
    return min(_MOST, CONCURRENCE * SHARES[signal] * wanted)


def rarity(signal: str, evidence: float, values_a_year: float, persistence_error: float, every: int = 1) -> float:
    """Return for how many false alarms a year, by all signals together, evidence would be just what is allowed.

    The inverse of ``threshold``; beyond the rarest that was simulated by the same exponential tail. 1 at most, where
    it says nothing.
    """
    alarms = Curve(*CALIBRATED[signal]).alarms(evidence, persistence_error, every)
    return min(1.0, alarms / (CONCURRENCE * SHARES[signal]) * values_a_year / DAYS) if alarms < _MOST else 1.0


def threshold(
    signal: str, false_alarms_a_year: float, values_a_year: float, persistence_error: float, every: int = 1
) -> float:
    """Return how far a signal may go.

    Args:
        signal: one of ``SHARES``.
        false_alarms_a_year: by all signals together.
        values_a_year: of the series.
        persistence_error: of its training days.
        every: values from one look to the next.
    """
    curve = Curve(*CALIBRATED[signal])
    return curve.at(alarm_share(signal, false_alarms_a_year, values_a_year), persistence_error, every)
