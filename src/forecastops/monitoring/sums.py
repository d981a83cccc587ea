"""Since which day do the newest innovations deviate most from what was usual? All look-backs at once.

The cumulative sum of a generalised likelihood ratio (Lai, Sequential changepoint detection in quality control and
dynamical systems, 1995): on each day, the largest evidence of the newest 2, 3, ... innovations. It needs no guess of
the size of the change, as Page's sum does, and says when the change began.

Evidence is near a standard normal for each look-back; what is usual was itself estimated, from some number of training
days, so that n innovations say as much as n / (1 + n / number).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Evidence", "correlation_evidence", "level_evidence", "season_evidence", "spread_evidence"]

Array = npt.NDArray[np.float64]
Lengths = npt.NDArray[np.intp]

# Longer ones cost more by chance than they notice.
_LOOK_BACKS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21, 28, 35, 42, 56, 70, 84, 112, 140)
_SPREAD_BACK = (35, 42, 56, 70, 84, 112, 140, 168, 224, 280)  # in fewer, a chance pair of large squares says too much
_LONGEST = 365
# Of short look-backs there are more in a year, so that chance makes more of them. Less than what would make all alike:
# what is noticed soon is worth more.
_EVEN = 0.7
_UNCERTAIN_LEVEL = 0.5  # of what so few training days would leave open, which is more than what was measured
_PAIRS_BACK = (21, 28, 35, 42, 56, 70, 84, 112)
_SEASONS_BACK = (2, 3, 4, 6, 8, 12)


@dataclass
class Evidence:
    """On each day watched, the largest evidence and the number of days that it is from.

    Attributes:
        value: shape (..., days), signed; NaN where there is none yet.
        length: of the same shape.
    """

    value: Array
    length: Lengths

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Evidence:
        """Return what is known before the first look-back is over."""
        return cls(np.full(shape, np.nan), np.zeros(shape, dtype=np.intp))

    def keep_larger(self, found: Array, length: int) -> None:
        """Take over what ``length`` days say, an array of the newest days, where that is more."""
        value, lengths = self.value[..., length - 1 :], self.length[..., length - 1 :]
        larger = ~(np.abs(found) <= np.abs(value))  # also where there was none
        value[larger], lengths[larger] = found[larger], length


def level_evidence(scores: Array, start: int, follows: npt.NDArray[np.bool_] | bool = False) -> Evidence:
    """Return the evidence of another level; its sign is the direction.

    Of each look-back's standardised sum, what exceeds the largest that chance makes of so many (after Dümbgen and
    Spokoiny, Multiscale testing of qualitative hypotheses, 2001), so that long ones notice small changes too.

    Args:
        scores: as ``clipped`` returns them, shape (..., n).
        start: the first day watched; sums do not reach before it.
        follows: whether the model follows the level, shape (...,): then its training leaves nothing open.
    """
    found = Evidence.none(scores[..., start:].shape)
    uncertain = np.where(follows, 0.0, _UNCERTAIN_LEVEL)[..., None]
    for length, sums in _standardised_sums(scores, scores, start, _LOOK_BACKS, uncertain):
        chance = _EVEN * np.sqrt(2 * np.log(_LONGEST / length))
        found.keep_larger(np.sign(sums) * np.maximum(np.abs(sums) - chance, 0.0), length)
    return found


def spread_evidence(scores: Array, start: int) -> Evidence:
    """Return the evidence of another variance; positive for a larger one.

    Args:
        scores: as ``clipped`` returns them with ``FARTHEST_SQUARED``, shape (..., n).
        start: the first day watched; sums do not reach before it.
    """
    squares = scores**2
    before = squares[..., :start]
    usual, deviation = np.nanmean(before, axis=-1, keepdims=True), np.nanstd(before, axis=-1, keepdims=True)
    squares = (squares - usual) / np.where(deviation > 0, deviation, np.nan)
    found = Evidence.none(scores[..., start:].shape)
    for length, sums in _standardised_sums(squares, scores, start, _SPREAD_BACK):
        found.keep_larger(sums, length)
    return found


def _standardised_sums(
    summands: Array, scores: Array, start: int, look_backs: tuple[int, ...], uncertain: Array | float = 1.0
) -> Iterator[tuple[int, Array]]:
    """Yield each look-back and the sums over it in their standard deviations."""
    live = summands[..., start:]
    number, total = _Windows.counting(live), _Windows.of(live)
    for length in _within(look_backs, live):
        count = number.over(length)
        yield length, total.over(length) / np.sqrt(_at_least_1(count * _inflated(count * uncertain, scores, start)))


def correlation_evidence(scores: Array, start: int) -> Evidence:
    """Return the evidence that each innovation depends on the one before, by Fisher's transformation."""
    live = scores[..., start:]
    product = np.full_like(live, np.nan)
    product[..., 1:] = live[..., 1:] * live[..., :-1]
    number, total, squares = _Windows.counting(product), _Windows.of(product), _Windows.of(live**2)
    days = _Windows.counting(live)
    found = Evidence.none(live.shape)
    for length in _within(_PAIRS_BACK, live):
        count = number.over(length)
        mean_square = squares.over(length) / _at_least_1(days.over(length))
        share = total.over(length) / _at_least_1(count) / np.maximum(mean_square, 1e-9)
        correlation = np.arctanh(np.clip(share, -0.99, 0.99))
        found.keep_larger(correlation * np.sqrt(count / _inflated(count, scores, start)), length)
    return found


def season_evidence(scores: Array, start: int, season: int) -> Evidence:
    """Return the evidence that the places of the season lie apart, over the newest 2, 3, ... seasons.

    The sum of the squared standardised sums of each place around the overall mean is a chi-square with season - 1
    degrees of freedom; of it, the standard normal's quantile (Wilson and Hilferty, 1931).
    """
    usual = _place_means(scores, start, season)
    places = (np.arange(scores.shape[-1]) - start) % season
    live = (scores - usual[..., places])[..., start:]
    number, total = _Windows.counting(live), _Windows.of(live)
    found = Evidence.none(live.shape)
    lengths = _within(tuple(season * seasons for seasons in _SEASONS_BACK), live)
    squares = {length: np.zeros_like(total.over(length)) for length in lengths}
    for place in range(season):
        of_place = np.where(places[start:] == place, live, np.nan)
        days, part = _Windows.counting(of_place), _Windows.of(of_place)
        for length in lengths:
            squares[length] += part.over(length) ** 2 / _at_least_1(days.over(length))
    for length in lengths:
        count = number.over(length)
        apart = squares[length] - total.over(length) ** 2 / _at_least_1(count)
        found.keep_larger(_as_normal(apart / _inflated(count, scores, start), season - 1), length)
    return found


class _Windows:
    """Sums over every look-back, from one cumulated sum; what is not observed counts as nothing."""

    def __init__(self, summands: Array) -> None:
        zero = np.zeros((*summands.shape[:-1], 1))
        self._total = np.concatenate([zero, np.cumsum(summands, axis=-1)], axis=-1)

    @classmethod
    def of(cls, values: Array) -> _Windows:
        return cls(np.nan_to_num(values))

    @classmethod
    def counting(cls, values: Array) -> _Windows:
        return cls(np.isfinite(values).astype(float))

    def over(self, length: int) -> Array:
        """Return the sums of ``length`` days to each day, shape (..., days - length + 1)."""
        return np.asarray(self._total[..., length:] - self._total[..., :-length], dtype=float)


def _within(look_backs: tuple[int, ...], live: Array) -> list[int]:
    return [length for length in look_backs if length <= live.shape[-1]]


def _inflated(count: Array, scores: Array, start: int) -> Array:
    known = np.sum(np.isfinite(scores[..., :start]), axis=-1, dtype=float, keepdims=True)
    return np.asarray(1 + count / _at_least_1(known), dtype=float)


def _at_least_1(count: Array) -> Array:
    return np.asarray(np.maximum(count, 1.0), dtype=float)


def _place_means(scores: Array, start: int, season: int) -> Array:
    """Return the training days' mean at each place of the season, counted from ``start``, shape (..., season)."""
    before = scores[..., :start]
    places = (np.arange(start) - start) % season
    means = [np.nanmean(before[..., places == place], axis=-1) for place in range(season)]
    return np.asarray(np.nan_to_num(np.stack(means, axis=-1)), dtype=float)


def _as_normal(chi_square: Array, freedom: int) -> Array:
    spread = 2 / (9 * freedom)
    return np.asarray((np.cbrt(np.maximum(chi_square, 0.0) / freedom) - 1 + spread) / np.sqrt(spread), dtype=float)
