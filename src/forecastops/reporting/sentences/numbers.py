"""How numbers are shown: with digits enough to differ from one that they stand beside."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["percent", "probability", "ratio", "show"]

_NONE = "not computable"


def show(value: float | None, beside: float | None = None) -> str:
    """Return a number of the data's unit, or that there is none."""
    if value is None:
        return _NONE
    return _first_apart(value, beside, [f".{digits}g" for digits in (6, 9, 12, 17)])


def percent(value: float | None, beside: float | None = None) -> str:
    """Return a share in percent, or that there is none."""
    if value is None:
        return _NONE
    bound = None if beside is None else 100 * beside
    return _first_apart(100 * value, bound, [f".{digits}f" for digits in (1, 2, 4, 8)]) + " %"


def ratio(value: float, beside: float | None) -> str:
    """Return a ratio beside its bound."""
    return _first_apart(value, beside, [f".{digits}f" for digits in (3, 6, 9, 15)])


def probability(value: float | None, beside: float | None) -> str:
    """Return a p-value beside its level, or that there is none."""
    if value is None:
        return _NONE
    return _first_apart(value, beside, [f".{digits}g" for digits in (2, 6, 12, 17)])


def _first_apart(value: float, beside: float | None, formats: Sequence[str]) -> str:
    texts = [format(value, how) for how in formats]
    if beside is None or beside == value:
        return texts[0]
    apart = (text for text, how in zip(texts, formats, strict=True) if text != format(beside, how))
    return next(apart, texts[-1])
