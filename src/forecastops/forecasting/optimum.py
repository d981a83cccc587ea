"""The search for the highest likelihood, from several starts: Gauss and Newton's steps on whitened innovations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forecastops.forecasting.lags import Lags
from forecastops.forecasting.likelihood import Likelihood, NoLikelihoodError

__all__ = ["Optimum", "best", "cycle_start", "follows_cycle", "optima", "starts"]

Array = npt.NDArray[np.float64]

_BETTER = 0.1  # log-likelihood by which another start must win over the first
_COARSE, _FINE = 0.02, 1e-5  # log-likelihood that the last step may still gain: of every start, and of the best
_SAME = 0.5  # log-likelihood within which coarse searches are taken to have come to one optimum
_CONVERGED = (1, 2, 3, 4)  # MINPACK's numbers of its tolerances
_DERIVATIVE_STEP = 1e-7  # of a free number, which is an angle
_IMPOSSIBLE = 1e3  # times the values' own length, where there is no likelihood
# Coefficients of each polynomial's first lag: little persists, the level does, and so does the season.
_WEAK = {"ar.L": 0.3, "ma.L": 0.1, "ar.S.L": 0.3, "ma.S.L": 0.1}
_LEVEL = {"ar.L": 0.9, "ma.L": -0.6, "ar.S.L": 0.0, "ma.S.L": 0.0}
_SEASON = {"ar.L": 0.8, "ma.L": -0.4, "ar.S.L": 0.95, "ma.S.L": -0.7}
_FEWEST_TIMES = 4  # that a cycle comes round, or it is the level that moves
_CYCLE_AR, _CYCLE_MA = 0.97, 0.85  # moduli of the pairs of roots by which two lags follow a cycle
# Log-likelihood by which a cycle must win: in noise, too, two lags follow the strongest of many frequencies, by roots
# that all but cancel, and forecast worse.
_CYCLE_BETTER = 1.0


@dataclass(frozen=True)
class Optimum:
    """Where the search came to from one start: parameters by name, without the innovations' variance."""

    params: dict[str, float]
    variance: float
    log_likelihood: float
    converged: bool
    iterations: int


def starts(lags: Sequence[Lags], own: Mapping[str, float], previous: Mapping[str, float]) -> list[dict[str, float]]:
    """Return coefficients from which to search.

    Args:
        lags: whose coefficients are searched.
        own: where statsmodels would begin; without any, the search does without.
        previous: an earlier model's parameters; used where they are of the same lags.
    """
    names = [name for one in lags for name in one.names]
    if not names:
        return [{}]
    is_seasonal = any(one.count and one.season > 1 for one in lags)
    begins = [{name: own[name] for name in names}] if {*names} <= {*own} else []
    begins += [
        dict.fromkeys(names, 0.0) | {one.names[0]: first[one.prefix] for one in lags if one.count}
        for first in (_WEAK, _LEVEL, *([_SEASON] if is_seasonal else []))
    ]
    if {*names} <= {*previous}:
        begins.append({name: previous[name] for name in names})
    return begins


def cycle_start(lags: Sequence[Lags], values: Array) -> dict[str, float] | None:
    """Return coefficients by which two lags follow a cycle; None where there are fewer, or seasonal ones.

    The cycle is the strongest of the periodogram among those that come at least four times.

    Args:
        lags: whose coefficients are searched.
        values: what is modelled, shape (n,), NaN where one is missing.
    """
    names = [name for one in lags for name in one.names]
    if "ar.L2" not in names or any(one.count and one.season > 1 for one in lags):
        return None
    known = np.where(np.isnan(values), 0.0, values - np.nanmean(values))
    power = np.abs(np.fft.rfft(known)) ** 2
    angle = 2 * math.pi * (_FEWEST_TIMES + int(np.argmax(power[_FEWEST_TIMES:]))) / len(known)
    found = {"ar.L1": 2 * _CYCLE_AR * math.cos(angle), "ar.L2": -(_CYCLE_AR**2)}
    if "ma.L2" in names:
        found |= {"ma.L1": -2 * _CYCLE_MA * math.cos(angle), "ma.L2": _CYCLE_MA**2}
    return dict.fromkeys(names, 0.0) | found


def follows_cycle(cycle: Optimum, others: list[Optimum]) -> bool:
    """Tell whether what was found from a cycle is enough better than what was found from elsewhere."""
    return cycle.log_likelihood > best(others).log_likelihood + _CYCLE_BETTER


def best(found: list[Optimum]) -> Optimum:
    """Return the first that is near the highest likelihood, one that converged before one that did not."""
    highest = max(one.log_likelihood for one in found)
    near = [one for one in found if one.log_likelihood >= highest - _BETTER]
    return next((one for one in near if one.converged), near[0])


def optima(likelihood: Likelihood, begins: Sequence[Mapping[str, float]], max_iterations: int) -> list[Optimum]:
    """Return what was found from each start that led anywhere.

    Every start is followed until a step gains little. From there only the best one is followed to its end, and those
    that are so far behind that they have come to another optimum, or not yet to any.

    Raises:
        NoLikelihoodError: where no start led anywhere.
    """
    paths, failure = [], None
    for begin in begins:
        try:
            paths.append(_Path(likelihood, likelihood.free(begin), max_iterations).followed(_COARSE))
        except (ValueError, np.linalg.LinAlgError) as error:
            failure = error
    if not paths:
        raise NoLikelihoodError(str(failure))
    leader = max(paths, key=lambda path: path.log_likelihood)
    end = leader.followed(_FINE)
    others = [
        path.followed(_FINE)
        for path in paths
        if path.log_likelihood < end.log_likelihood - _SAME and path is not leader
    ]
    return [path.optimum() for path in (end, *others)]


@dataclass(frozen=True)
class _Path:
    """How far the search has come from one start."""

    likelihood: Likelihood
    free: Array
    left: int
    converged: bool = False
    iterations: int = 0

    @cached_property
    def log_likelihood(self) -> float:
        """Where it has come to."""
        return self.likelihood.at(self.free).log_likelihood

    def followed(self, gain: float) -> _Path:
        """Follow it until a step gains less than ``gain`` in log-likelihood, or no iteration is left."""
        if not len(self.free):
            return replace(self, converged=True)
        if not self.left:
            return replace(self, converged=False)
        if self.likelihood.rows < len(self.free):
            raise ValueError("there are fewer values than parameters")
        from scipy.optimize import leastsq

        steps = _Steps(self.likelihood, self.free)
        # Levenberg and Marquardt's steps by MINPACK, as `least_squares` takes them, without what that does at each.
        free, _, told, _, ended = leastsq(
            steps.residuals,
            self.free,
            Dfun=steps.derivatives,
            full_output=True,
            ftol=2 * gain / self.likelihood.rows,  # of the squares' sum
            xtol=1e-9,
            gtol=1e-12,
            maxfev=self.left + 1,
        )
        used = min(int(told["nfev"]), self.left)
        return _Path(self.likelihood, free, self.left - used, ended in _CONVERGED, self.iterations + used)

    def optimum(self) -> Optimum:
        """Return where it has come to, by names."""
        found = self.likelihood.at(self.free)
        params = dict(zip(self.likelihood.regressors, map(float, found.coefficients), strict=True))
        return Optimum(
            params=params | self.likelihood.named(self.free),
            variance=found.variance,
            log_likelihood=found.log_likelihood,
            converged=self.converged,
            iterations=self.iterations,
        )


class _Steps:
    """What the library asks for at each step: the vector, and its derivatives by differences."""

    def __init__(self, likelihood: Likelihood, start: Array) -> None:
        here = likelihood.at(start).residuals
        self._likelihood = likelihood
        self._impossible = _IMPOSSIBLE * here
        self._newest = (start, here)
        self._slopes: tuple[Array, Array] | None = None

    def residuals(self, free: Array) -> Array:
        """Return the vector; a long one where there is no likelihood, which turns the search back."""
        at, here = self._newest
        if not np.array_equal(at, free):
            tried = self._tried(free)
            here = self._impossible if tried is None else tried
            self._newest = (free.copy(), here)
        return here

    def derivatives(self, free: Array) -> Array:
        """Return the vector's derivatives, shape (n, numbers); the library asks twice where it begins."""
        if self._slopes is not None and np.array_equal(self._slopes[0], free):
            return self._slopes[1]
        here = self.residuals(free)
        found = np.zeros((len(here), len(free)), order="F")
        for position, step in enumerate(np.eye(len(free)) * _DERIVATIVE_STEP):
            there = self._tried(free + step)
            if there is not None:
                found[:, position] = (there - here) / _DERIVATIVE_STEP
        self._slopes = (free.copy(), found)
        return found

    def _tried(self, free: Array) -> Array | None:
        try:
            return self._likelihood.at(free).residuals
        except NoLikelihoodError:
            return None
