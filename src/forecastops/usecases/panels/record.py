"""The decision about a panel as it is logged: verdict, checks and counts, and what they bind."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import Any

from pydantic import Field

from forecastops.core.strict import StrictRecord
from forecastops.gate.comparison import Window
from forecastops.gate.decision import Verdict
from forecastops.panel.decision import PanelCheck

__all__ = ["PanelDecision", "now_folder"]


class PanelDecision(StrictRecord):
    """One decision about a panel."""

    run_id: str = Field(description="The run that trained it.")
    model_name: str = Field(description="The registered model it is to join.")
    decided_at: str = Field(description="UTC time, ISO.")
    verdict: Verdict = Field(description="PROMOTE, HOLD or REJECT.")
    checks: tuple[PanelCheck, ...] = Field(description="The panel's guardrails.")
    series: int = Field(description="How many there are.")
    actions: dict[str, int] = Field(description="How many change, are new, keep, get the naive, are left out.")
    reasons: dict[str, int] = Field(description="How many for which reason.")
    states: dict[str, int] = Field(description="How many champions were renewed, left unchanged or refused the data.")
    screening: dict[str, int] = Field(
        default_factory=dict, description="How many were fitted anew for which reason, and how many were calm."
    )
    gains: dict[str, float | None] = Field(description="Quantiles of the changed series' gains, as shares of the RMSE.")
    most_improved: tuple[tuple[str, float], ...] = Field((), description="Changed series with the largest gains.")
    worst: tuple[tuple[str, float], ...] = Field((), description="Compared series with the smallest gains.")
    champion: str | None = Field(description="The version it was compared with; null without one.")
    champion_run: str = Field("", description="The run that its model is of; empty without one.")
    window: Window = Field(description="What most series were scored on.")
    end: str = Field(description="ISO date of the newest observation.")
    table_sha256: str = Field(description="Digest of the table with a row a series.")
    data_sha256: str = Field(description="Digest of all series.")
    model_sha256: str = Field(description="Digest of the panel's files.")
    golden: dict[str, list[Any]] = Field(description="The sampled forecasts that its endpoint must give.")
    config: dict[str, Any] = Field(description="The settings in force.")

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=1, allow_nan=False) + "\n"

    @classmethod
    def sha256_of(cls, text: str | bytes) -> str:
        """Return the digest by which a record is bound."""
        return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def now_folder() -> str:
    """Return the folder of a decision, named after its time."""
    return f"decisions/{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%fZ}"
