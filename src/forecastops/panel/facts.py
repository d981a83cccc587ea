"""What a panel's decision rests on: a row of plain values a series, from which it can be made again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Literal

import pandas as pd

from forecastops.gate.decision import Ruling
from forecastops.gate.evidence import Evidence, Number
from forecastops.gate.policy import GatePolicy
from forecastops.gate.superiority import loss_difference

__all__ = ["LEFT_OUT", "Outcome", "SeriesFacts", "facts_of", "facts_without", "table_of"]

# Codes of failures that leave nothing of which even a seasonal naive could be made.
LEFT_OUT = ("no_series", "timeout", "memory", "error", "lost")
Outcome = Literal["compared", "new", "unscored", "rejected", "kept", "failed"]


@dataclass(frozen=True)
class SeriesFacts:
    """One series of one retraining.

    Attributes:
        unique_id: the series.
        outcome: ``compared`` with its champion and past every guardrail, so that the panel decides; ``new``: it has no
            champion, and the gate lets it in; ``unscored``: its champion cannot be scored, and the gate decides alone;
            ``rejected`` by a guardrail; ``kept``: not fitted anew, as it did not move; ``failed``.
        verdict: the gate's own, as of a single series; empty where it was not asked.
        reason: the checks that the verdict is because of, joined by commas, or the code of the failure.
        share: the champion's mean loss less the challenger's over their sum, origins weighed by half_life.
        error: standard error of ``share``.
        freedom: degrees of freedom of ``error``.
        same_spec: whether the challenger is the champion's specification with newer data.
        newer_data: whether it has learnt from newer data.
        ours: RMSE of the challenger over the window, in the data's unit.
        theirs: RMSE of the champion.
        scale: what errors are divided by where series are added up (RMSSE): RMSE of the naive before the window.
        volume: the series' weight, mean absolute value, in the data's unit.
        segment: a group of series that is looked at by itself; empty for none.
        has_champion: whether a model of the series serves now.
    """

    unique_id: str
    outcome: Outcome
    verdict: str = ""
    reason: str = ""
    share: Number = None
    error: Number = None
    freedom: Number = None
    same_spec: bool = False
    newer_data: bool = True
    ours: Number = None
    theirs: Number = None
    scale: Number = None
    volume: Number = None
    segment: str = ""
    has_champion: bool = True


def facts_of(
    unique_id: str,
    evidence: Evidence,
    ruling: Ruling,
    policy: GatePolicy,
    *,
    scale: Number = None,
    volume: Number = None,
    segment: str = "",
) -> SeriesFacts:
    """Return the row of a series whose challenger was judged by the gate.

    Args:
        unique_id: the series.
        evidence: of its comparison.
        ruling: what the gate decides of it alone, by ``policy``.
        policy: of the gate.
        scale: RMSE of the naive before the window, in the data's unit.
        volume: mean absolute value.
        segment: a group of series that is looked at by itself.
    """
    champion, difference = evidence.champion, loss_difference(evidence, policy.half_life)
    return SeriesFacts(
        unique_id=unique_id,
        outcome=_outcome(evidence, ruling),
        verdict=ruling.verdict,
        reason=",".join(ruling.because),
        share=difference.share if difference else None,
        error=difference.error if difference else None,
        freedom=float(difference.freedom) if difference else None,
        same_spec=evidence.same_spec,
        newer_data=evidence.newer_data,
        ours=evidence.challenger.rmse,
        theirs=champion.rmse if champion else None,
        scale=scale,
        volume=volume,
        segment=segment,
        has_champion=champion is not None or evidence.unscored,
    )


def facts_without(
    unique_id: str,
    outcome: Literal["kept", "failed"],
    reason: str,
    *,
    volume: Number = None,
    segment: str = "",
    has_champion: bool = True,
) -> SeriesFacts:
    """Return the row of a series that has no challenger, and why."""
    return SeriesFacts(
        unique_id=unique_id, outcome=outcome, reason=reason, volume=volume, segment=segment, has_champion=has_champion
    )


def table_of(facts: Iterable[SeriesFacts]) -> pd.DataFrame:
    """Return the rows as a table, in the order of the series' names; numbers that are missing are NaN."""
    rows = [asdict(one) for one in facts]
    table = pd.DataFrame(rows, columns=[field.name for field in fields(SeriesFacts)])
    numbers = ["share", "error", "freedom", "ours", "theirs", "scale", "volume"]
    table = table.astype(
        dict.fromkeys(numbers, float) | dict.fromkeys(("same_spec", "newer_data", "has_champion"), bool)
    )
    return table.sort_values("unique_id", kind="stable", ignore_index=True)


def _outcome(evidence: Evidence, ruling: Ruling) -> Outcome:
    if ruling.verdict == "REJECT":
        return "rejected"
    if evidence.unscored:
        return "unscored"
    return "new" if evidence.champion is None else "compared"
