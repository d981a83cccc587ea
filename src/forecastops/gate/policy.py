"""The configuration's section ``gate``: what a challenger must show."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field

from forecastops.core.strict import StrictRecord

__all__ = ["GatePolicy"]


class GatePolicy(StrictRecord):
    """What a challenger must show. A check whose bound is null is switched off."""

    min_improvement: float | None = Field(
        0.01,
        ge=0,
        lt=1,
        description="Share by which the RMSE of a challenger of another specification must lie below the champion's, "
        "origins weighed by half_life.",
    )
    same_spec_improvement: float | None = Field(
        0.001,
        ge=0,
        lt=1,
        description="The same share where the challenger is the champion's own specification, estimated on newer data: "
        "no test is asked of it then. Null judges it like any other.",
    )
    half_life: float | None = Field(
        15,
        ge=3,
        description="Origins by which one must be older than another to weigh half as much in min_improvement and in "
        "the test; null weighs all alike.",
    )
    alpha: float | None = Field(
        0.40,
        gt=0,
        le=0.5,
        description="Level of the one-sided Diebold-Mariano test: how often a challenger no better than the champion "
        "may pass it.",
    )
    clear_improvement: float | None = Field(
        0.05,
        gt=0,
        lt=1,
        description="The same share from which on the improvement of another specification is clear: worst_step "
        "and bias, where they fail, are shown as failed then, and do not block. Null lets them always block.",
    )
    max_revised_share: float | None = Field(
        0.05,
        ge=0,
        lt=1,
        description="Share of the dates common with the champion's data on which values may differ by more than "
        "revision_tolerance.",
    )
    revision_tolerance: float = Field(
        0.5,
        ge=0,
        description="How much a value may be revised before it counts, in typical one-step errors of the champion.",
    )
    plausible_data: bool = Field(
        True, description="Whether data are refused whose newest rows cannot be what the champion forecast."
    )
    max_start_gap: float | None = Field(
        None,
        gt=0,
        description="Largest log-likelihood by which the estimation's starts may end apart; off unless set.",
    )
    beat_seasonal_naive: bool = Field(True, description="Whether the RMSE must not exceed the seasonal naive's.")
    legacy_champion: Literal["seasonal_naive", "hold"] = Field(
        "seasonal_naive",
        validation_alias=AliasChoices("legacy_champion", "incumbent"),  # its former name, in files and decisions
        description="What replaces a champion that cannot be scored, as it was not created by forecastops or its files "
        "are gone: a challenger that passes the guardrails and is not above the seasonal naive, or (hold) none without "
        "--force.",
    )
    max_coverage_shortfall: float | None = Field(
        0.15,
        ge=0,
        lt=1,
        description="How far an interval's coverage may fall below its level, as a share, unless the champion's falls "
        "further still.",
    )
    max_step_ratio: float | None = Field(
        1.25,
        gt=0,
        description="Largest RMSE at any one step, relative to the champion's (to the seasonal naive's without one).",
    )
    max_weekday_ratio: float | None = Field(
        None, gt=0, description="Largest RMSE on any one weekday, relative to the champion's; off unless set."
    )
    max_recent_ratio: float | None = Field(
        1.25, gt=0, description="Largest RMSE from the newest origins (recent_origins), relative to the champion's."
    )
    recent_origins: int = Field(7, ge=1, description="How many origins, the newest of the window, count as recent.")
    max_bias_share: float | None = Field(
        0.50,
        gt=0,
        description="Largest bias as a share of the RMSE; a larger one is a warning, and blocks where the bias grew.",
    )
    max_bias_growth: float = Field(
        1.25, ge=1, description="How many times the champion's bias a large one may be before it has grown."
    )
