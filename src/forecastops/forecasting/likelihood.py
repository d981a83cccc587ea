"""The exact Gaussian likelihood of a regression with ARMA errors, as the length of a vector that is to be shortest.

Past its first values, what an autoregressive polynomial leaves of an ARMA is a moving average: its covariance matrix
has few diagonals (Ansley, An algorithm for the exact likelihood of a mixed autoregressive-moving average process,
Biometrika 66, 1979). So one banded Cholesky factor whitens everything. A missing value is a regressor, 1 there and 0
elsewhere, whose coefficient is integrated out (Gomez, Maravall and Pena, Missing observations in ARIMA models, Journal
of Econometrics 88, 1999). Coefficients of regressors and the innovations' variance follow by least squares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from forecastops.forecasting.lags import Lags

__all__ = ["Evaluated", "Likelihood", "NoLikelihoodError"]

Array = npt.NDArray[np.float64]

_LEAST_VARIANCE = 1e-12  # of innovations, in units of the series' variance: exactly repeating series have none
_APART = 1e-8  # of columns that are to be told apart, in what the others leave of them


class NoLikelihoodError(ValueError):
    """What was given has no finite likelihood: too near to a unit root, or nothing is left to explain."""


@dataclass(frozen=True)
class Evaluated:
    """The likelihood at some parameters.

    Args:
        residuals: whose squares' sum is the lower the higher the likelihood, shape (n,).
        coefficients: of the regressors, at their best, shape (k,).
        variance: of the innovations, at its best.
        log_likelihood: natural logarithm of the density of what was observed.
    """

    residuals: Array
    coefficients: Array
    variance: float
    log_likelihood: float


class Likelihood:
    """Of values with ARMA errors around a regression, by the lags' free numbers."""

    def __init__(self, values: Array, lags: Sequence[Lags], regressors: Mapping[str, Array], missing: Array) -> None:
        """Take what is modelled, differenced already.

        Args:
            values: shape (n,), any number where one is missing.
            lags: two polynomials of autoregression at even places, two of the moving average at odd ones.
            regressors: each of shape (n,), by the names of their coefficients.
            missing: indicators of missing values, differenced as the values are, shape (n, m).
        """
        self.lags = lags
        self.regressors = tuple(regressors)
        self.missing = missing.shape[1]
        self._columns = np.asfortranarray(np.column_stack([values, missing, *regressors.values()]), dtype=float)
        self._earlier: dict[tuple[int, tuple[int, ...]], Array] = {}
        self._ends = list(accumulate(one.count for one in lags))

    @property
    def rows(self) -> int:
        """How many values there are, missing ones among them."""
        return len(self._columns)

    @property
    def size(self) -> int:
        """How many free numbers are to be searched."""
        return self._ends[-1]

    def split(self, free: Array) -> list[Array]:
        """Return the numbers of each polynomial."""
        return [free[end - one.count : end] for one, end in zip(self.lags, self._ends, strict=True)]

    def polynomials(self, free: Array) -> tuple[Array, Array]:
        """Return those of autoregression and of the moving average, the seasonal ones multiplied in."""
        first, second, third, fourth = (
            one.polynomial(part) for one, part in zip(self.lags, self.split(free), strict=True)
        )
        return _product(first, third), _product(second, fourth)

    def named(self, free: Array) -> dict[str, float]:
        """Return statsmodels' coefficients by name and in its order."""
        parts = zip(self.lags, self.split(free), strict=True)
        return {name: value for one, part in parts for name, value in one.coefficients(part).items()}

    def free(self, coefficients: Mapping[str, float]) -> Array:
        """Return the free numbers of coefficients by statsmodels' names; raises ValueError where there are none."""
        return np.concatenate([one.free(coefficients) for one in self.lags])

    def near_unit_root(self, params: Mapping[str, float]) -> bool:
        """Tell whether an autoregression of these coefficients has a root next to the unit circle."""
        parts = zip(self.lags, self.split(self.free(params)), strict=True)
        return any(one.near_unit_root(part) for place, (one, part) in enumerate(parts) if place % 2 == 0)

    def around(self, params: Mapping[str, float]) -> Array:
        """Return the values without their regressors, shape (n,)."""
        effects = [params[name] * self._columns[:, 1 + self.missing + n] for n, name in enumerate(self.regressors)]
        return self._columns[:, 0] - sum(effects, np.zeros(self.rows))

    def at(self, free: Array) -> Evaluated:
        """Evaluate it.

        Raises:
            NoLikelihoodError: where it is not finite.
        """
        whitened, log_determinant = self._whitened(*self.polynomials(free))
        residuals, known = whitened[:, 0], self.rows - self.missing
        coefficients = np.zeros(0)
        if whitened.shape[1] == 2 and not self.missing:  # a constant alone, as mostly
            one = whitened[:, 1]
            coefficients = np.array([(one @ residuals) / (one @ one)])
            residuals = residuals - coefficients[0] * one
        elif whitened.shape[1] > 1:
            basis, triangle = np.linalg.qr(whitened[:, 1:])
            diagonal = np.abs(np.diag(triangle))
            if not diagonal.min() > _APART * diagonal.max():
                raise NoLikelihoodError("regressors or missing values that cannot be told apart")
            log_determinant += 2 * float(np.log(diagonal[: self.missing]).sum())
            projected = basis.T @ residuals
            residuals = residuals - basis @ projected
            coefficients = np.linalg.solve(triangle, projected)[self.missing :]
        squares = float(residuals @ residuals)
        if not (math.isfinite(squares) and (squares > 0 or not self.size)):
            raise NoLikelihoodError("the likelihood has no finite optimum")
        variance = max(squares / known, _LEAST_VARIANCE)
        log_likelihood = -0.5 * (known * (math.log(2 * math.pi * variance) + 1) + log_determinant)
        return Evaluated(residuals * math.exp(0.5 * log_determinant / known), coefficients, variance, log_likelihood)

    def _whitened(self, ar: Array, ma: Array) -> tuple[Array, float]:
        """Return every column in independent innovations of one variance, and the covariance's log determinant."""
        from scipy.linalg import lapack  # here, since whoever only forecasts needs none of it

        first, rows = min(max(len(ar), len(ma)) - 1, self.rows), self.rows
        columns = self._columns.copy(order="F")
        lags = tuple(lag for lag, coefficient in enumerate(ar.tolist()) if lag and coefficient)
        if lags:
            columns[first:] += self._before(first, lags) @ ar[list(lags)]
        factor, failure = lapack.dpbtrf(_diagonals(ar, ma, rows), lower=1, overwrite_ab=1)
        if failure:
            raise NoLikelihoodError("the covariance matrix is not positive definite")
        whitened, failure = lapack.dtbtrs(factor, columns, uplo="L", overwrite_b=1)
        if failure:
            raise NoLikelihoodError("the covariance matrix is singular")
        return whitened, 2 * float(np.log(factor[0]).sum())

    def _before(self, first: int, lags: tuple[int, ...]) -> Array:
        """Return the columns so many rows earlier, from row ``first`` on, shape (n, columns, lags)."""
        if (first, lags) not in self._earlier:
            parts = [self._columns[first - lag : self.rows - lag] for lag in lags]
            self._earlier = {(first, lags): np.stack(parts, axis=-1)}  # the newest alone: a search asks for one
        return self._earlier[first, lags]


def _diagonals(ar: Array, ma: Array, rows: int) -> Array:
    """Return the lower diagonals of the covariance matrix, row h holding those of values h apart.

    Of the first max(p, q) values as they are, and of what the autoregressive polynomial leaves of the others.
    """
    width = max(len(ar), len(ma)) - 1
    first, kept = min(width, rows), min(width, rows - 1) + 1
    moving = np.zeros(width + 1)
    moving[: len(ma)] = np.correlate(ma, ma, "full")[len(ma) - 1 :]
    bands = np.empty((kept, rows), order="F")
    bands[:] = moving[:kept, None]
    if len(ar) > 1:
        cross = _cross(ar, ma, width)
        own = _autocovariances(ar, cross, width)
        apart, position = np.arange(kept)[:, None], np.arange(first)
        bands[:, :first] = np.where(apart + position < width, own[:kept, None], cross[:kept, None])
    return bands


@lru_cache(maxsize=256)
def _places(order: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return where the Yule-Walker equations have which coefficient, of those padded by ``order`` zeros before."""
    row, column = np.arange(order + 1)[:, None], np.arange(order + 1)
    return order + row - column, (order + row + column)[:, 1:]


def _product(one: Array, other: Array) -> Array:
    """Return the product of two polynomials, most of which are 1."""
    if len(one) == 1:
        return other
    return one if len(other) == 1 else np.convolve(one, other)


def _cross(ar: Array, ma: Array, width: int) -> Array:
    """Return covariances of a value with what the polynomial leaves of one that comes 0, 1, ... width later."""
    from scipy.signal import lfilter

    impulse = np.zeros(len(ma))
    impulse[0] = 1.0
    weights = lfilter(ma, ar, impulse)
    found = np.zeros(max(width, len(ar) - 1) + 1)
    found[: len(ma)] = np.correlate(ma, weights, "full")[len(ma) - 1 :]
    return found


def _autocovariances(ar: Array, cross: Array, width: int) -> Array:
    """Return the process's own, from 0 to ``width`` apart, by the Yule-Walker equations."""
    from scipy.linalg import lapack

    order = len(ar) - 1
    padded = np.zeros(3 * order + 2)
    padded[order : 2 * order + 1] = ar
    lower, upper = _places(order)
    system = padded[lower]
    system[:, 1:] += padded[upper]
    _, _, solved, failure = lapack.dgesv(system, cross[: order + 1], overwrite_a=1)
    if failure:
        raise NoLikelihoodError("the autoregression has a unit root")
    found = np.empty(width + 1)
    found[: order + 1] = solved
    for apart in range(order + 1, width + 1):
        found[apart] = cross[apart] - ar[1:] @ found[apart - order : apart][::-1]
    return found
