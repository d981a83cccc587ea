"""The record of one signal and of one look: facts only, of which ``reporting`` makes sentences."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecastops.core.strict import StrictRecord
from forecastops.gate.check import Check
from forecastops.gate.evidence import Number

__all__ = ["Group", "Look", "Signal"]

Group = Literal["world", "model", "data", "shown"]


class Signal(StrictRecord):
    """One thing that is watched, as of the newest observation."""

    name: str = Field(description="What is watched.")
    group: Group = Field(
        description="What it tells of: the world that has moved, the model that has failed, data that are broken; or "
        "nothing, where it is shown only."
    )
    passed: bool = Field(description="Whether it lies within its threshold, or cannot be told.")
    value: Number = Field(None, description="What was measured; null where it cannot be told.")
    threshold: Number = Field(None, description="The bound; null for a yes or no.")
    since: str | None = Field(
        None, description="ISO date since when it has been so, where it has passed its threshold."
    )
    code: str = Field("measured", description="What kind of finding it is.")
    length: int | None = Field(None, description="Observations that it is about.")
    size: Number = Field(None, description="How large the change is, in the signal's own measure.")
    usual: Number = Field(None, description="What was usual or promised.")
    level: int | None = Field(None, description="Level of the interval, in percent.")
    date: str | None = Field(None, description="ISO date of the observation that it is about.")
    detail: str | None = Field(None, description="What others said of it.")
    check: Check | None = Field(None, description="The check of the gate that it rests on.")


class Look(StrictRecord):
    """What one look at the champion found."""

    unwatchable: Literal["no_champion", "legacy_champion"] | None = Field(
        None, description="Why there is nothing to watch, so that a model is to be trained; null where there is."
    )
    retrain: bool = Field(description="Whether something moved while the data are sound.")
    broken: bool = Field(description="Whether the data are broken, so that nothing is to be made of them.")
    moved: tuple[str, ...] = Field(description="Names of the signals of world and model that passed their thresholds.")
    start: str | None = Field(
        description="ISO date of the first observation that the champion's training did not have."
    )
    end: str | None = Field(description="ISO date of the newest observation; null where no data were read.")
    observations: int = Field(description="How many there are since its training.")
    age_days: float = Field(description="From the newest observation of its training to the newest, or to `--now`.")
    too_old: bool = Field(description="Whether that is more than monitor.max_age.")
    false_alarms_a_year: float = Field(description="That the thresholds keep, all signals together.")
    signals: tuple[Signal, ...] = Field(description="What was watched.")

    @classmethod
    def nothing(cls, why: Literal["no_champion", "legacy_champion"], false_alarms_a_year: float) -> Look:
        """Return a look where there is no champion that can be watched."""
        return cls(
            unwatchable=why,
            retrain=True,
            broken=False,
            moved=(),
            start=None,
            end=None,
            observations=0,
            age_days=0.0,
            too_old=False,
            false_alarms_a_year=false_alarms_a_year,
            signals=(),
        )
