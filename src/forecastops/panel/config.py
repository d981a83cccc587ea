"""The configuration's section ``panel``: how many series are decided together, and what carries them out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecastops.core.strict import StrictRecord

__all__ = ["PanelConfig"]


class PanelConfig(StrictRecord):
    """What becomes of a panel; nothing of it matters to a single series. A guardrail whose bound is null is off."""

    decision: Literal["shrunk", "independent", "bh"] = Field(
        "shrunk",
        description="How series get a new model. shrunk: where the gain, weighed by the gains of all other series, is "
        "at least min_gain; independent: where the gate promotes it by itself; bh: where the gate's test stands at the "
        "false discovery rate of all series.",
    )
    min_gain: float = Field(
        0.0075,
        ge=0,
        lt=1,
        description="Share by which decision=shrunk expects the RMSE to fall where it changes a series.",
    )
    false_discoveries: float = Field(
        0.2, gt=0, lt=1, description="Share of the changed series that may be no better, with decision=bh."
    )
    max_failed_share: float | None = Field(
        0.5, ge=0, le=1, description="Share of the series that may fail before the panel changes nothing."
    )
    max_rejected_share: float | None = Field(
        0.5, ge=0, le=1, description="Share of the compared series whose challenger a guardrail may reject, likewise."
    )
    max_changed_share: float | None = Field(
        None, ge=0, le=1, description="Share of the compared series that may change at once, likewise; off unless set."
    )
    max_total_ratio: float | None = Field(
        1.0,
        gt=0,
        description="Largest error of the whole panel over the window with the changes, relative to without: RMSSE "
        "weighted by volume.",
    )
    max_segment_ratio: float | None = Field(
        1.02, gt=0, description="The same of each segment, whose name data.series_column gives where it has several."
    )
    moved_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="Share of the watched series that must have moved for `monitor` to say retrain; 0 for any.",
    )
    screen_share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Share of the series that a retraining fits anew as their champion's errors moved most, beside all "
        "that moved beyond chance, have no model, were revised, or are older than max_age; the others are renewed by a "
        "filter pass. 1 or null fits all.",
    )
    max_age: int | None = Field(
        90,
        ge=1,
        description="Observations since a series was last fitted, after which it is fitted anew although it has not "
        "moved; null for no bound.",
    )
    series_timeout: float | None = Field(
        120, gt=0, description="Seconds that one series may take before it counts as failed; null for no bound."
    )
    engine: Literal["pool", "dask", "spark", "ray"] = Field(
        "pool", description="What carries out the work: processes on this machine, or a cluster that the library finds."
    )
    workers: int | None = Field(
        None,
        ge=1,
        description="Processes of the pool, or of a local cluster; as many as there are processors when null.",
    )
    bucket_size: int = Field(
        200, ge=1, le=100_000, description="Series in one piece of work, whose result is kept in one file."
    )
