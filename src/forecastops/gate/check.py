"""The record of one check: facts only, of which ``reporting`` makes sentences."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecastops.core.strict import StrictRecord
from forecastops.gate.evidence import Number, Obstacle

__all__ = ["Check", "Finding", "Reference"]

Finding = Literal[
    "comparable",
    "incomparable",
    "no_common_date",
    "revised",
    "plausible",
    "first_zero",
    "median_error",
    "single_error",
    "constant_run",
    "displaced_season",
    "constant_stretch",
    "wild_rows",
    "converged",
    "not_converged",
    "start_gap",
    "finite",
    "not_finite",
    "naive_rmse",
    "coverage",
    "rmse_ratio",
    "no_rmse_ratio",
    "bias",
    "newer_data",
    "no_newer_data",
    "improvement",
    "no_improvement",
    "p_value",
    "no_p_value",
]
Reference = Literal["champion", "seasonal_naive", "unscored_champion"]


class Check(StrictRecord):
    """The outcome of one check."""

    name: str = Field(description="The rule, by which a rejection is named.")
    passed: bool = Field(description="Whether the challenger met it.")
    value: Number = Field(description="What was measured; null where it cannot be computed.")
    threshold: Number = Field(description="The bound from the policy; null for a yes or no.")
    code: Finding | None = Field(None, description="What kind of finding it is; null where an old record tells none.")
    segment: int | str | None = Field(
        None, description="Where it was measured: a step, a weekday, how many of the newest origins, or an ISO date."
    )
    reference: Reference | None = Field(None, description="What the challenger was compared with.")
    ours: Number = Field(None, description="The challenger's number, in the data's unit.")
    theirs: Number = Field(None, description="The reference's number, in the data's unit.")
    limit: Number = Field(None, description="The largest number of the challenger that passes, in the data's unit.")
    growth: Number = Field(None, description="How many times the reference's bias the challenger's may be.")
    half_life: Number = Field(None, description="Origins after which one weighs half; null where all weigh alike.")
    coverage: dict[str, Number] = Field({}, description="Share of the actual values within the interval, by level.")
    models: tuple[str, ...] = Field((), description="The models with scores that are missing or not finite.")
    obstacles: tuple[Obstacle, ...] = Field((), description="Why the models cannot be judged on the same data.")
