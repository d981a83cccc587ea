"""What does not decide, but a person should know of a decision: facts only."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecastops.core.strict import StrictRecord
from forecastops.gate.evidence import Number

__all__ = ["Notice"]


class Notice(StrictRecord):
    """One thing that should be known."""

    code: Literal[
        "floor_excused",
        "coverage_excused",
        "clearly_better",
        "worse_over_the_window",
        "large_bias",
        "unscored_champion",
        "champion_files_gone",
        "champion_re_estimated",
    ] = Field(description="What it is about.")
    ours: Number = Field(None, description="The challenger's number.")
    theirs: Number = Field(None, description="The champion's number.")
    share: Number = Field(
        None, description="The challenger's number as a share of its RMSE; its gain, where that is clear."
    )
    version: str | None = Field(None, description="The champion's version.")
    recorded: dict[str, Number] = Field({}, description="What the tags of a champion that cannot be scored record.")
