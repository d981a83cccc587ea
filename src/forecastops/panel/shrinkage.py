"""Gains of many series weighed by one another: variances moderated across series, and gains shrunk towards none.

A series' test has three degrees of freedom, so that its standard error is hardly known and luck looks like certainty.
Over hundreds of series both become known: how variances spread tells how far each is to be trusted, and how gains
spread tells which share of the series gained nothing.

Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression in microarray
experiments; Stephens (2017), False discovery rates: a new deal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

__all__ = ["Moderated", "moderated", "shrunk"]

Array = npt.NDArray[np.float64]

_WIDTHS = 8  # of the distributions that gains are a mixture of, besides none at all
_GRID = 121  # points on which they are integrated
_PULL = 1.0  # series without a gain that are supposed beforehand: one alone proves little
_ROUNDS, _SETTLED = 500, 1e-7
_LEARNT_FROM = 20_000  # series that tell a distribution as well as a million do
_AT_ONCE = 50_000
_MOST_FREEDOM = 1e3  # beyond it, Student's distribution is the normal


class Moderated(NamedTuple):
    """Variances as they are believed where those of all other series are known.

    Attributes:
        variance: shape (n,).
        freedom: degrees of freedom, shape (n,).
    """

    variance: Array
    freedom: Array


def moderated(variance: Array, freedom: Array) -> Moderated:
    """Return variances drawn towards their common distribution, a scaled inverse chi-square, by its freedom and theirs.

    Args:
        variance: each series' estimate, positive, shape (n,).
        freedom: its degrees of freedom, shape (n,).
    """
    logs = np.log(variance) - special.digamma(freedom / 2) + np.log(freedom / 2)
    centre = float(np.mean(logs))
    spread = float(np.var(logs, ddof=1)) if len(logs) > 1 else 0.0
    excess = spread - float(np.mean(special.polygamma(1, freedom / 2)))
    prior = 2 * _inverse_trigamma(excess) if excess > 2 / _MOST_FREEDOM else _MOST_FREEDOM
    usual = float(np.exp(centre + special.digamma(prior / 2) - np.log(prior / 2)))
    return Moderated(
        (prior * usual + freedom * variance) / (prior + freedom), np.minimum(prior + freedom, _MOST_FREEDOM)
    )


def shrunk(effect: Array, variance: Array, freedom: Array) -> Array:
    """Return what each effect is expected to be where all others are known, shape (n,).

    Effects over their errors are supposed to be none at all in a share of the series, and elsewhere of a distribution
    that falls from none to either side; shares and distributions are those under which what is observed is likeliest.
    Over their errors, since a model that hardly differs from another gains as little as it errs.

    Args:
        effect: each series' estimate, shape (n,).
        variance: of its error, positive, shape (n,).
        freedom: degrees of freedom of ``variance``, shape (n,).
    """
    known = moderated(variance, freedom)
    error = np.sqrt(known.variance)
    score, freedom = effect / error, known.freedom
    grid, slabs = _distributions(float(np.max(np.abs(score))))
    learnt = np.unique(np.linspace(0, len(score) - 1, min(len(score), _LEARNT_FROM)).astype(int))
    prior = slabs @ _likeliest(_densities(score[learnt], freedom[learnt], grid) @ slabs)
    parts = np.array_split(np.arange(len(score)), len(score) // _AT_ONCE + 1)
    found = [_expected(_densities(score[part], freedom[part], grid), grid, prior) for part in parts]
    return np.concatenate(found) * error


def _inverse_trigamma(value: float) -> float:
    """Return where the trigamma function has a value, which is positive and below 1e8."""
    log = optimize.brentq(lambda at: float(special.polygamma(1, np.exp(at))) - value, -9, 9, xtol=1e-10)
    return float(np.exp(log))


def _distributions(furthest: float) -> tuple[Array, Array]:
    """Return points, shape (g,), and their shares in no effect and in k distributions to each side, (g, 1 + 2 k)."""
    reach = max(furthest, 1.0)
    half = reach * np.linspace(0, 1, _GRID // 2 + 1)[1:] ** 2  # closer to each other near none
    grid = np.concatenate([-half[::-1], [0.0], half])
    cells = np.gradient(grid)
    columns = [(grid == 0).astype(float)]
    for width in reach * 2.0 ** -np.arange(_WIDTHS) * (1 + 1e-9):
        for side in (-1, 1):
            inside = cells * ((side * grid >= 0) & (np.abs(grid) <= width))
            columns.append(inside / inside.sum())
    return grid, np.stack(columns, axis=1)


def _densities(score: Array, freedom: Array, grid: Array) -> Array:
    """Return how likely each score is from each point, shape (n, g), up to a factor of each series."""
    apart = score[:, None] - grid
    logs = -(freedom[:, None] + 1) / 2 * np.log1p(apart**2 / freedom[:, None])
    return np.asarray(np.exp(logs - logs.max(axis=1, keepdims=True)))


def _likeliest(likelihood: Array) -> Array:
    """Return the shares of the distributions, the first favoured, by expectation-maximisation."""
    weights: Array = np.full(likelihood.shape[1], 1 / likelihood.shape[1])
    beforehand = np.zeros(likelihood.shape[1])
    beforehand[0] = _PULL
    for _ in range(_ROUNDS):
        belongs = likelihood * weights
        belongs /= belongs.sum(axis=1, keepdims=True)
        found: Array = belongs.sum(axis=0) + beforehand
        found /= found.sum()
        if np.max(np.abs(found - weights)) < _SETTLED:
            return found
        weights = found
    return weights


def _expected(density: Array, grid: Array, prior: Array) -> Array:
    believed = density * prior
    return np.asarray((believed @ grid) / believed.sum(axis=1))
