"""What the gate decides on: numbers of one rolling-origin evaluation, as they are kept for a replay."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from forecastops.core.strict import StrictRecord

__all__ = [
    "AlarmRecord",
    "AlarmRule",
    "Evidence",
    "ModelEvidence",
    "Number",
    "Obstacle",
    "RowAlarm",
    "finite_or_none",
    "recency_weights",
    "settled",
]

RowAlarm = Literal["first_zero", "median_error", "single_error", "constant_run"]  # a model's own
AlarmRule = Literal[RowAlarm, "displaced_season", "constant_stretch", "wild_rows"]
Number = float | None  # None stands for a number that is missing or not finite; no check passes on it


class ModelEvidence(StrictRecord):
    """One model's scores over the window."""

    metrics: dict[str, Number] = Field(description="rmse, mae, mase, bias, and coverage_L of each level L.")
    loss_by_origin: tuple[Number, ...] = Field(description="Mean squared error of each origin's path.")
    rmse_by_step: tuple[Number, ...] = Field(description="RMSE at each step of the horizon.")
    rmse_by_weekday: dict[str, Number] = Field({}, description="RMSE of what was forecast of each weekday that occurs.")

    @classmethod
    def of(
        cls,
        metrics: Mapping[str, float],
        losses: Iterable[float],
        by_step: Iterable[float],
        by_weekday: Mapping[str, float] | None = None,
    ) -> ModelEvidence:
        """Return the record of these numbers, those that are not finite as None."""
        return cls(
            metrics={name: finite_or_none(value) for name, value in metrics.items()},
            loss_by_origin=tuple(finite_or_none(value) for value in losses),
            rmse_by_step=tuple(finite_or_none(value) for value in by_step),
            rmse_by_weekday={day: finite_or_none(value) for day, value in (by_weekday or {}).items()},
        )

    @property
    def rmse(self) -> Number:
        """Root mean squared error over all origins and steps."""
        return self.metrics.get("rmse")

    def recent_rmse(self, *, origins: int | None = None, half_life: float | None = None) -> Number:
        """Return root of the mean of the origins' losses; None where one is missing or no mean square.

        Args:
            origins: how many count, the newest ones; all by default.
            half_life: an origin that is so many older than another weighs half as much; all weigh alike by default.
        """
        losses = self.loss_by_origin if origins is None else self.loss_by_origin[-origins:]
        found = [loss for loss in losses if loss is not None and loss >= 0]
        if not found or len(found) < len(losses):
            return None
        largest, weights = max(found), recency_weights(len(found), half_life)
        if largest == 0:
            return 0.0
        shares = [weight * (loss / largest) for weight, loss in zip(weights, found, strict=True)]  # none overflows
        return finite_or_none(settled(math.sqrt(largest) * math.sqrt(math.fsum(shares) / len(shares))))

    @property
    def finite(self) -> bool:
        """Whether there are numbers and all of them are finite."""
        numbers = (*self.metrics.values(), *self.loss_by_origin, *self.rmse_by_step, *self.rmse_by_weekday.values())
        return bool(numbers) and all(number is not None for number in numbers)

    def coverage_shortfall(self, levels: Iterable[int]) -> Number:
        """Return how far the worst interval's coverage is below its level, as a share; None where one is missing."""
        shares = {level: self.metrics.get(f"coverage_{level}") for level in levels}
        gaps = [level / 100 - share for level, share in shares.items() if share is not None]
        return finite_or_none(max(gaps)) if gaps and len(gaps) == len(shares) else None


class AlarmRecord(StrictRecord):
    """Why the newest rows are implausible."""

    rule: AlarmRule = Field(description="Which bound was passed.")
    value: float = Field(
        description="Standard deviations, equal values in a row, wild rows, or by how many rows dates are off."
    )
    threshold: float = Field(description="The bound.")
    date: str = Field(description="ISO date of the row, or of the last of them.")


class Obstacle(StrictRecord):
    """Why two models cannot be judged on the same data."""

    code: Literal[
        "frequency",
        "dates",
        "not_positive",
        "ends_before_state",
        "ends_before_estimation",
        "cannot_be_re_estimated",
        "re_estimation_stopped",
        "told",
    ] = Field(description="What kind of reason it is; told: by an old record, in words only.")
    new: str | None = Field(None, description="Frequency or date of the new series.")
    champions: str | None = Field(None, description="Frequency or date of the champion's series.")
    iterations: int | None = Field(None, description="After how many the optimiser stopped.")
    bound: int | None = Field(None, description="How many it was allowed.")
    detail: str | None = Field(None, description="What a library or an old record says, as it says it.")


def _of_old(value: object) -> object:
    """Take a sentence, which is all that older records hold."""
    return Obstacle(code="told", detail=value) if isinstance(value, str) else value


class Evidence(StrictRecord):
    """All that a decision rests on; with the policy it gives the verdict again."""

    horizon: int = Field(ge=1, description="Steps forecast from each origin.")
    levels: tuple[int, ...] = Field(description="Levels of the intervals, in percent.")
    challenger: ModelEvidence = Field(description="Scores of the model that asks for promotion.")
    champion: ModelEvidence | None = Field(
        description="Scores of the model under the pointer; null without one, or where it is a legacy champion."
    )
    legacy_champion: bool = Field(
        False,
        validation_alias=AliasChoices("legacy_champion", "incumbent"),
        description="Whether the model under the pointer is none of ours, so that it cannot be scored.",
    )
    gone: bool = Field(False, description="Whether the files of the model under the pointer are gone, likewise.")
    seasonal_naive: ModelEvidence = Field(description="Scores of the last season's values again.")
    converged: bool = Field(description="Whether the challenger's optimiser converged.")
    start_gap: Number = Field(None, description="Log-likelihood by which the estimation's starts ended apart.")
    revised_share: Number = Field(
        None,
        description="Share of the dates common to both series on which their values differ materially; null without.",
    )
    same_spec: bool = Field(False, description="Whether the challenger is the champion's own specification.")
    newer_data: bool = Field(
        True, description="Whether the challenger's data end later than those that the champion was estimated on."
    )
    alarm: AlarmRecord | None = Field(None, description="Why the newest rows are implausible; null where they are not.")
    incomparable: tuple[Annotated[Obstacle, BeforeValidator(_of_old)], ...] = Field(
        (), description="Reasons why the models cannot be compared on these data."
    )

    @model_validator(mode="after")
    def _legacy_champion_has_no_scores(self) -> Evidence:
        if self.unscored and self.champion is not None:
            raise ValueError("a legacy champion cannot be scored, and here it has scores")
        return self

    @property
    def unscored(self) -> bool:
        """Whether there is a model under the pointer that cannot be scored."""
        return self.legacy_champion or self.gone


def finite_or_none(value: float) -> Number:
    """Return ``value`` as a plain float, or None where it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def recency_weights(origins: int, half_life: float | None) -> list[float]:
    """Return origins' weights, oldest first, mean 1: halved for each ``half_life`` of age; all 1 for None."""
    raw = [1.0 if half_life is None else 0.5 ** ((origins - 1 - origin) / half_life) for origin in range(origins)]
    mean = math.fsum(raw) / origins
    return [weight / mean for weight in raw]


def settled(value: float) -> float:
    """Round to 12 digits: those after them depend on the processor, and a replay elsewhere must agree."""
    return float(f"{value:.12g}")
