"""The record of one check, and how its numbers are shown."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from forecastops.core.strict import StrictRecord
from forecastops.gate.evidence import Number

__all__ = ["Check", "percent", "probability", "ratio", "show"]


class Check(StrictRecord):
    """The outcome of one check."""

    name: str = Field(description="The rule, by which a rejection is named.")
    passed: bool = Field(description="Whether the challenger met it.")
    value: Number = Field(description="What was measured; null where it cannot be computed.")
    threshold: Number = Field(description="The bound from the policy; null for a yes or no.")
    reason: str = Field(description="One sentence: what was measured, and by how much it passed or failed.")
    needed: str = Field("", description="What would have passed, in the data's unit where it has one; empty if it did.")


def show(value: Number, beside: Number = None) -> str:
    """A number of the data's unit, or that there is none; with digits enough to differ from one that it stands by."""
    if value is None:
        return "not computable"
    return _first_apart(value, beside, [f".{digits}g" for digits in (6, 9, 12, 17)])


def percent(value: Number, beside: Number = None) -> str:
    """A share in percent, or that there is none; with digits enough to differ from one that it stands by."""
    if value is None:
        return "not computable"
    return _first_apart(100 * value, None if beside is None else 100 * beside, [f".{n}f" for n in (1, 2, 4, 8)]) + " %"


def ratio(value: float, beside: float) -> str:
    """A ratio, with digits enough to differ from the bound that it stands by."""
    return _first_apart(value, beside, [f".{n}f" for n in (3, 6, 9, 15)])


def probability(value: float, beside: float) -> str:
    """A p-value, with digits enough to differ from the level that it stands by."""
    return _first_apart(value, beside, [f".{n}g" for n in (2, 6, 12, 17)])


def _first_apart(value: float, beside: Number, formats: Sequence[str]) -> str:
    texts = [format(value, how) for how in formats]
    if beside is None or beside == value:
        return texts[0]
    return next((text for text, how in zip(texts, formats, strict=True) if text != format(beside, how)), texts[-1])
