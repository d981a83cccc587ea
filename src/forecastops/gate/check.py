"""The record of one check, and how its numbers are shown."""

from __future__ import annotations

from pydantic import Field

from forecastops.gate.evidence import Number
from forecastops.ground.strict import StrictRecord

__all__ = ["Check", "percent", "show"]


class Check(StrictRecord):
    """The outcome of one check."""

    name: str = Field(description="The rule, by which a rejection is named.")
    passed: bool = Field(description="Whether the challenger met it.")
    value: Number = Field(description="What was measured; null where it cannot be computed.")
    threshold: Number = Field(description="The bound from the policy; null for a yes or no.")
    reason: str = Field(description="One sentence: what was measured, and by how much it passed or failed.")
    needed: str = Field("", description="What would have passed, in the data's unit where it has one; empty if it did.")


def show(value: Number) -> str:
    """A number of the data's unit, or that there is none."""
    return "not computable" if value is None else f"{value:.6g}"


def percent(value: Number) -> str:
    """A share in percent, or that there is none."""
    return "not computable" if value is None else f"{100 * value:.1f} %"
