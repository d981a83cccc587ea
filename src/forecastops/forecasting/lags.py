"""Lag polynomials without roots within the unit circle, from any numbers an optimiser tries."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Lags", "lags_of"]

Array = npt.NDArray[np.float64]

# Partial autocorrelation, beyond which the variance of the values is so large that the filter's rounding is larger than
# the innovations: by 1 - 1e-7 it was for a season that hardly changes.
_NEAREST = 1 - 1e-6
_AT_MOST = _NEAREST * (1 - 1e-9)  # of a start
_NEAR = 1 - 1e-4


@dataclass(frozen=True)
class Lags:
    """One polynomial ``1 - c1 B^s - c2 B^2s - ...`` in the lag operator B.

    Args:
        prefix: of its coefficients' names in statsmodels, such as ``ar.S.L``.
        count: how many coefficients.
        season: s, by how many observations the lags lie apart.
        sign: by which c is to be multiplied to be statsmodels' coefficient, -1 for a moving average.
    """

    prefix: str
    count: int
    season: int
    sign: int

    @property
    def names(self) -> list[str]:
        """The names, in statsmodels' order."""
        return [f"{self.prefix}{self.season * lag}" for lag in range(1, self.count + 1)]

    def polynomial(self, free: Array) -> Array:
        """Return the coefficients from lag 0 on, those of ``free`` numbers.

        As in statsmodels each number becomes a partial autocorrelation, and these the coefficients (Monahan, A note on
        enforcing stationarity in autoregressive-moving average models, Biometrika 71, 1984).
        """
        inner: list[float] = []
        for number in free.tolist():  # lists: a few numbers each time, tens of thousands of times
            partial = _NEAREST * math.sin(number)
            inner = [*(one - partial * other for one, other in zip(inner, inner[::-1], strict=True)), partial]
        spread = np.zeros(self.count * self.season + 1)
        spread[0] = 1.0
        for lag, coefficient in enumerate(inner, 1):
            spread[lag * self.season] = -coefficient
        return spread

    def coefficients(self, free: Array) -> dict[str, float]:
        """Return statsmodels' coefficients by name."""
        inner = -self.polynomial(free)[self.season :: self.season]
        return dict(zip(self.names, map(float, self.sign * inner), strict=True))

    def near_unit_root(self, free: Array) -> bool:
        """Tell whether a root lies next to the unit circle."""
        return bool((np.abs(np.sin(free)) > _NEAR).any())

    def free(self, coefficients: Mapping[str, float]) -> Array:
        """Return the numbers of which ``coefficients`` makes these.

        Raises:
            ValueError: where a root lies on the unit circle or within.
        """
        found = np.empty(self.count)
        inner = self.sign * np.array([coefficients[name] for name in self.names])
        for position in reversed(range(self.count)):
            partial, inner = inner[position], inner[:position]
            if not abs(partial) < 1:
                raise ValueError(f"the coefficients of {self.prefix} have a root within the unit circle")
            found[position] = math.asin(min(max(partial, -_AT_MOST), _AT_MOST) / _NEAREST)
            inner = (inner + partial * inner[::-1]) / (1 - partial * partial)
        return found


def lags_of(order: tuple[int, int, int], seasonal_order: tuple[int, int, int, int]) -> tuple[Lags, ...]:
    """Return the four polynomials of an ARIMA in statsmodels' order, those of autoregression at even places."""
    (p, _, q), (sp, _, sq, season) = order, seasonal_order
    season = max(season, 1)
    return Lags("ar.L", p, 1, 1), Lags("ma.L", q, 1, -1), Lags("ar.S.L", sp, season, 1), Lags("ma.S.L", sq, season, -1)
