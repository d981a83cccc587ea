"""The configuration's section ``monitor``: how often a false alarm may come, and what counts as broken data."""

from __future__ import annotations

from pydantic import Field

from forecastops.core.strict import StrictRecord

__all__ = ["MonitorConfig"]


class MonitorConfig(StrictRecord):
    """When the champion in production should be looked at again."""

    false_alarms_a_year: float = Field(
        0.05,
        gt=0,
        le=0.5,
        description="How many alarms a year all signals together may raise although nothing has changed; 0.05 is one "
        "in twenty years.",
    )
    every: int = Field(
        1, ge=1, description="Observations from one look to the next: 1 where one looks at each, 7 for weekly looks."
    )
    max_age: int | None = Field(
        28,
        ge=1,
        description="Days after which the pipeline trains again although nothing has moved, counted from the newest "
        "observation that the champion's training was given; null for no bound.",
    )
    max_late: int = Field(
        2, ge=0, description="Observations that may be missing up to `--now`; without it, lateness does not count."
    )
    max_missing_share: float = Field(
        0.25, ge=0, lt=1, description="Share of the newest 28 observations that may be missing."
    )
