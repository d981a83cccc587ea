"""The decision as it is logged: verdict and checks, all that they rest on, and what they bind."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from forecastops.gate.check import Check
from forecastops.gate.comparison import Window
from forecastops.gate.decision import Ruling, Verdict, decide
from forecastops.gate.evidence import Evidence, Number
from forecastops.ground.config import GatePolicy

__all__ = ["ChampionRecord", "Decision"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class ChampionRecord(_Record):
    """The champion that the challenger was compared with."""

    version: str = Field(description="Its version in the registry.")
    run_id: str = Field(description="The run that trained it.")
    re_estimated: bool = Field(
        description="Whether its spec was estimated anew before the window, because its own parameters are not older."
    )
    recorded: dict[str, Number] | None = Field(
        None,
        description="Of a champion that is no forecastops model: RMSE and R2 as its tags record them, null where they "
        "do not. From a window of its own, so not comparable with any score here.",
    )


class Decision(_Record):
    """One decision, from which the verdict can be replayed."""

    run_id: str = Field(description="The challenger's run.")
    model_name: str = Field(description="The registered model it is to join.")
    decided_at: str = Field(description="UTC time, ISO.")
    verdict: Verdict = Field(description="PROMOTE, HOLD or REJECT.")
    summary: str = Field(description="One sentence: why this verdict.")
    checks: tuple[Check, ...] = Field(description="Every check that the policy switches on.")
    warnings: tuple[str, ...] = Field(description="What did not decide, but should be known.")
    metrics: dict[str, dict[str, Number] | None] = Field(description="Scores by model.")
    champion: ChampionRecord | None = Field(description="Null where there was none.")
    window: Window = Field(description="What was forecast.")
    data_sha256: str = Field(description="Digest of the series that was forecast.")
    model_sha256: str = Field(description="Digest of the challenger's model folder.")
    golden: dict[str, list[str | float]] = Field(description="The challenger's forecast, which its endpoint must give.")
    policy: GatePolicy = Field(description="The bounds in force.")
    evidence: Evidence = Field(description="The numbers.")
    config: dict[str, object] = Field(description="Data, model and evaluation settings at the time.")
    versions: dict[str, str] = Field(description="Versions of the libraries.")

    def replay(self) -> Ruling:
        """The ruling that policy and evidence give now."""
        return decide(self.evidence, self.policy)
