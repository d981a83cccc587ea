"""The decision as it is logged: verdict and checks, all that they rest on, and what they bind."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from forecastops.core.documents import json_document
from forecastops.core.strict import StrictRecord
from forecastops.gate.check import Check
from forecastops.gate.comparison import Window
from forecastops.gate.decision import Grounds, Ruling, Verdict, decide, excuses
from forecastops.gate.evidence import Evidence, Number
from forecastops.gate.guardrails import COMPARABLE_DATA, PLAUSIBLE_DATA
from forecastops.gate.notice import Notice
from forecastops.gate.policy import GatePolicy

__all__ = ["ChampionRecord", "Decision"]

_BEFORE = {"plausible_data": False, "same_spec_improvement": None, "max_bias_growth": 1.0, "clear_improvement": None}


class ChampionRecord(StrictRecord):
    """The champion that the challenger was compared with."""

    version: str = Field(description="Its version in the registry.")
    model_version: str | None = Field(
        None,
        description="The version that brought its model in, of which `version` may be a renewal; null in old records.",
    )
    run_id: str = Field(description="The run that trained it.")
    re_estimated: bool = Field(
        description="Whether its spec was re-estimated before the window, because its own parameters are not older."
    )
    recorded: dict[str, Number] | None = Field(
        None,
        description="Of a champion that was not created by forecastops: RMSE and R2 as its tags record them, null "
        "where they do not. From a window of its own, so not comparable with any score here.",
    )
    gone: bool = Field(False, description="Whether it could not be scored because its files are gone.")

    @property
    def model(self) -> str:
        """The version that brought its model in: what a decision is against, whatever its state since."""
        return self.model_version or self.version

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What should be known of the comparison with it."""
        notices = []
        if self.recorded is not None:
            notices.append(Notice(code="unscored_champion", version=self.version, recorded=self.recorded))
        if self.gone:
            notices.append(Notice(code="champion_files_gone", version=self.version))
        if self.re_estimated:
            notices.append(Notice(code="champion_re_estimated", version=self.version))
        return tuple(notices)


class Decision(StrictRecord):
    """One decision, from which the verdict can be replayed."""

    run_id: str = Field(description="The challenger's run.")
    model_name: str = Field(description="The registered model it is to join.")
    decided_at: str = Field(description="UTC time, ISO.")
    verdict: Verdict = Field(description="PROMOTE, HOLD or REJECT.")
    grounds: Grounds | None = Field(None, description="Why this verdict; null where an old record does not tell.")
    because: tuple[str, ...] = Field((), description="The checks that it is because of, or in spite of where excused.")
    checks: tuple[Check, ...] = Field(description="Every check that the policy switches on.")
    notices: tuple[Notice, ...] = Field((), description="What did not decide, but should be known.")
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
        """Return the decision of a logged record; what an older one does not state was not yet asked.

        The words that a record carries for people are no part of it: they are made of the facts, and may be made anew.
        An older record has little but words; its checks get the further facts that its own evidence gives.

        Raises:
            ValueError: when it is no such record.
        """
        document = json_document(text)
        old = isinstance(document, dict) and "grounds" not in document
        if isinstance(document, dict):
            document = _without_words(document)
            policy = document.get("policy")
            if isinstance(policy, dict):
                document["policy"] = _BEFORE | policy
        decision = cls.model_validate_json(json.dumps(document))
        return decision._completed() if old else decision

    def _completed(self) -> Decision:
        """Return with the facts that replaying gives, as far as it agrees with what was recorded."""
        now = self.replay()
        today = {check.name: check for check in now.checks}
        checks = tuple(_completed(check, today.get(check.name)) for check in self.checks)
        update: dict[str, object] = {"checks": checks}
        if now.verdict == self.verdict:
            update |= {"grounds": now.grounds, "because": now.because, "notices": now.notices}
        return self.model_copy(update=update)

    def replay(self) -> Ruling:
        """Return the ruling that policy and evidence give now, with the notices about the champion."""
        ruling = decide(self.evidence, self.policy)
        about_champion = self.champion.notices if self.champion else ()
        return ruling.model_copy(update={"notices": (*ruling.notices, *about_champion)})

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
    def unmet(self) -> tuple[Check, ...]:
        """The checks that the challenger lacks for PROMOTE: those that failed and count."""
        return tuple(check for check in self.checks if not check.passed and check.name not in self.excused)


def _without_words(document: dict[str, Any]) -> dict[str, Any]:
    checks = document.get("checks")
    facts = {name: value for name, value in document.items() if name not in ("summary", "warnings")}
    if isinstance(checks, list):
        facts["checks"] = [
            {name: value for name, value in check.items() if name not in ("reason", "needed")}
            if isinstance(check, dict)
            else check
            for check in checks
        ]
    return facts


def _completed(then: Check, now: Check | None) -> Check:
    """Return the check with all its facts, where it is the same in the few that were recorded then."""
    if now is None:
        return then
    few = {"name", "passed", "value", "threshold"}
    return now if now.model_dump_json(include=few) == then.model_dump_json(include=few) else then
