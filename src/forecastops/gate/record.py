"""The decision as it is logged: verdict and checks, all that they rest on, and what they bind."""

from __future__ import annotations

import json

from pydantic import Field

from forecastops.core.strict import StrictRecord
from forecastops.gate.check import Check
from forecastops.gate.comparison import Window
from forecastops.gate.decision import Ruling, Verdict, decide, excuses
from forecastops.gate.evidence import Evidence, Number
from forecastops.gate.guardrails import COMPARABLE_DATA, PLAUSIBLE_DATA
from forecastops.gate.policy import GatePolicy

__all__ = ["ChampionRecord", "Decision"]

_BEFORE = {"plausible_data": False, "same_spec_improvement": None, "max_bias_growth": 1.0}


class ChampionRecord(StrictRecord):
    """The champion that the challenger was compared with."""

    version: str = Field(description="Its version in the registry.")
    model_version: str | None = Field(
        None,
        description="The version that brought its model in, of which `version` may be a renewal; null in old records.",
    )
    run_id: str = Field(description="The run that trained it.")
    re_estimated: bool = Field(
        description="Whether its spec was estimated anew before the window, because its own parameters are not older."
    )
    recorded: dict[str, Number] | None = Field(
        None,
        description="Of a champion that is no forecastops model: RMSE and R2 as its tags record them, null where they "
        "do not. From a window of its own, so not comparable with any score here.",
    )
    gone: bool = Field(False, description="Whether it could not be scored because its files are gone.")

    @property
    def model(self) -> str:
        """The version that brought its model in: what a decision is against, whatever its state since."""
        return self.model_version or self.version

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be known of the comparison with it."""
        found = []
        if self.recorded is not None:
            shown = [f"{name} {'none' if value is None else f'{value:g}'}" for name, value in self.recorded.items()]
            found.append(
                f"champion version {self.version} was not made by forecastops and could not be scored; recorded of it: "
                f"{', '.join(shown)}, on a window of its own, so not comparable with the scores here"
            )
        if self.gone:
            found.append(f"the files of champion version {self.version} are gone, so it could not be scored")
        if self.re_estimated:
            found.append(
                "the champion's own parameters are not older than the window, so its spec was estimated anew before "
                "it: the comparison is of specs, not of the parameters in production"
            )
        return tuple(found)


class Decision(StrictRecord):
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

    @classmethod
    def read(cls, text: bytes) -> Decision:
        """The decision of a logged record; what an older one does not state was not yet asked.

        Raises:
            ValueError: when it is no such record.
        """
        document = json.loads(text)
        if isinstance(document, dict) and isinstance(policy := document.get("policy"), dict):
            document["policy"] = _BEFORE | policy
        return cls.model_validate_json(json.dumps(document))

    def replay(self) -> Ruling:
        """The ruling that policy and evidence give now, with the warnings about the champion that the decision adds."""
        ruling = decide(self.evidence, self.policy)
        about_champion = self.champion.warnings if self.champion else ()
        return ruling.model_copy(update={"warnings": (*ruling.warnings, *about_champion)})

    @property
    def excused(self) -> frozenset[str]:
        """The failed checks that did not count, because the champion does no better there."""
        names = excuses(self.evidence, self.policy)
        return frozenset(check.name for check in self.checks if not check.passed and check.name in names)

    @property
    def data_refused(self) -> tuple[str, ...]:
        """The failed checks of the data themselves: what failed them is no champion's state either."""
        of_data = (COMPARABLE_DATA, PLAUSIBLE_DATA)
        return tuple(check.name for check in self.checks if not check.passed and check.name in of_data)

    @property
    def needed(self) -> tuple[str, ...]:
        """What the challenger lacks for PROMOTE: of each check that failed and counts, what would have passed."""
        return tuple(check.needed for check in self.checks if not check.passed and check.name not in self.excused)
