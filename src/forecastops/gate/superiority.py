"""The checks that the challenger is better than the champion: by a margin, and by a test at a stated level.

Every check fails on a number that is missing or not finite.
"""

from __future__ import annotations

import functools
import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from forecastops.gate.check import Check
from forecastops.gate.evidence import Evidence, ModelEvidence, Number, finite_or_none, recency_weights, settled

__all__ = ["LossDifference", "diebold_mariano", "loss_difference", "min_improvement", "newer_data"]

Array = npt.NDArray[np.float64]


class LossDifference(NamedTuple):
    """How much higher the champion's loss is, both losses over their sum, so that neither unit nor size matters.

    Attributes:
        share: the champion's weighted mean loss less the challenger's, over their sum: between -1 and 1.
        error: its standard error.
        freedom: degrees of freedom that the error was estimated with.
    """

    share: float
    error: float
    freedom: int


def loss_difference(evidence: Evidence, half_life: float | None = None) -> LossDifference | None:
    """Return what the Diebold-Mariano test is of, as numbers that can be weighed over many series.

    None where the test has none: a number is missing, or the window is too short. Equal losses differ by 0, exactly.
    """
    champion = evidence.champion
    if champion is None:
        return None
    losses = _losses(champion.loss_by_origin, evidence.challenger.loss_by_origin, evidence.horizon)
    if losses is None:
        return None
    theirs, ours = losses
    weights = np.array(recency_weights(len(ours), half_life))
    total = _sum(weights * theirs) + _sum(weights * ours)
    mean, error, freedom = _mean_and_error(theirs - ours, weights, evidence.horizon)
    origins = len(ours)
    return LossDifference(settled(mean * origins / total), settled(error * origins / total), freedom)


def newer_data(evidence: Evidence) -> Check:
    """Return the same specification has learnt from observations that the champion's estimation has not seen."""
    passed = evidence.newer_data
    code: Literal["newer_data", "no_newer_data"] = "newer_data" if passed else "no_newer_data"
    return Check(name="newer_data", passed=passed, value=float(passed), threshold=1.0, code=code, reference="champion")


def min_improvement(evidence: Evidence, champion: ModelEvidence, bound: float, half_life: float | None = None) -> Check:
    """Return the challenger's RMSE lies below the champion's by at least the share ``bound``.

    With a ``half_life``, recent origins weigh more: one that is so many origins old, half as much as the newest. After
    a change the champion has been worse only lately, and what it was before says little about what it will be.
    """
    ours, theirs = (model.recent_rmse(half_life=half_life) for model in (evidence.challenger, champion))
    about = Check(
        name="min_improvement",
        passed=False,
        value=None,
        threshold=bound,
        code="no_improvement",
        reference="champion",
        ours=ours,
        theirs=theirs,
        half_life=half_life,
    )
    if ours is None or not theirs:
        return about
    limit, gain = settled(theirs * (1 - bound)), finite_or_none(1 - ours / theirs)
    # A challenger that equals the champion has improved nothing, even where the margin is zero.
    passed = ours < theirs and ours <= limit
    return about.model_copy(update={"passed": passed, "value": gain, "code": "improvement", "limit": limit})


def diebold_mariano(evidence: Evidence, champion: ModelEvidence, bound: float, half_life: float | None = None) -> Check:
    """Test one-sidedly (Diebold-Mariano) that the challenger's expected loss is lower, by weighted origins."""
    p_value = _one_sided_p(champion.loss_by_origin, evidence.challenger.loss_by_origin, evidence.horizon, half_life)
    # Where the losses are not lower, nothing is proven, even if the level is set that high.
    passed = p_value is not None and p_value <= bound and p_value < 0.5
    code: Literal["p_value", "no_p_value"] = "no_p_value" if p_value is None else "p_value"
    return Check(name="diebold_mariano", passed=passed, value=p_value, threshold=bound, code=code, reference="champion")


def _one_sided_p(
    champion: tuple[Number, ...], challenger: tuple[Number, ...], horizon: int, half_life: float | None
) -> Number:
    losses = _losses(champion, challenger, horizon)
    if losses is None:
        return None
    theirs, ours = losses
    difference = theirs - ours
    if np.ptp(difference) <= 1e-12:
        return None  # a constant difference has no variance to test against, equal losses above all
    from scipy.special import stdtr  # what scipy.stats asks for Student's t, without importing all of that

    mean, error, freedom = _mean_and_error(difference, np.array(recency_weights(len(ours), half_life)), horizon)
    statistic = mean / error if error else math.copysign(math.inf, mean)
    return finite_or_none(settled(float(stdtr(freedom, -statistic))))


def _losses(champion: tuple[Number, ...], challenger: tuple[Number, ...], horizon: int) -> tuple[Array, Array] | None:
    """Return both models' losses over the largest of them, so that no square overflows; None where none can be had."""
    theirs, ours = np.array(champion, dtype=float), np.array(challenger, dtype=float)
    if theirs.shape != ours.shape or not np.isfinite([theirs, ours]).all():
        return None
    if len(ours) <= horizon:
        return None  # every path overlaps every other: there is but one to learn from
    largest = max(np.max(theirs), np.max(ours))
    return None if largest == 0 else (theirs / largest, ours / largest)


def _mean_and_error(difference: Array, weights: Array, horizon: int) -> tuple[float, float, int]:
    """Return the differences' weighted mean, shape (origins,), its standard error, and degrees of freedom.

    The long-run variance is the mean square of a few cosine transforms, which makes the statistic Student's t
    (Lazarus, Lewis, Stock and Watson (2018), HAR inference: recommendations for practice; for this test Coroneo and
    Iacone (2020), Comparing predictive accuracy in small samples using fixed-smoothing asymptotics). As many
    transforms as the window holds paths that do not overlap, within what the first paper recommends. With weights,
    which sum to the number of origins, the waves run in the weights' time, and the transforms weigh alike.

    Paths of ``horizon`` steps from successive origins overlap, and in a short window the transforms then fall short of
    the variance of the mean by a factor that depends on lengths and weights alone; it is made up for, as Harvey,
    Leybourne and Newbold (1997) did for Diebold's and Mariano's own estimate, which rejects equals here twice too
    often.
    """
    origins = len(difference)
    transforms, shortfall = _transforms(tuple(weights.tolist()), horizon)
    freedom = len(transforms)
    mean_square = math.fsum(_sum(transform * difference) ** 2 for transform in transforms) / freedom
    error = math.sqrt(shortfall * mean_square / origins)
    mean = _sum(weights * difference) / origins
    return mean, error, freedom


@functools.lru_cache(maxsize=16)
def _transforms(weighed: tuple[float, ...], horizon: int) -> tuple[list[Array], float]:
    """Return the transforms of those weights, each of shape (origins,), and by what their variance falls short.

    A panel asks for the same of each of its series.
    """
    weights, origins = np.array(weighed), len(weighed)
    freedom = max(2, min(origins // horizon, int(0.4 * origins ** (2 / 3))))
    time = (np.cumsum(weights) - weights / 2) / origins
    waves = [np.array([math.cos(math.pi * wave * now) for now in time]) for wave in range(1, freedom + 1)]
    transforms = [math.sqrt(2 / origins) * weights * (wave - _sum(weights * wave) / origins) for wave in waves]
    apart = np.abs(np.subtract.outer(np.arange(origins), np.arange(origins)))
    overlap = np.maximum(0.0, 1 - apart / horizon)  # correlation of the means of `horizon` that far apart

    def variance(of: Array) -> float:
        return _sum(np.multiply.outer(of, of) * overlap)

    return transforms, variance(weights) / origins / (math.fsum(map(variance, transforms)) / freedom)


def _sum(values: Array) -> float:
    """Return the exact sum, rounded once: no order of adding, and so no processor, changes its last bit."""
    return math.fsum(values.ravel().tolist())
