"""A decision as sentences, and as the document that is logged: facts, and words for whoever opens the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecastops.gate.decision import Grounds, Ruling
from forecastops.gate.notice import Notice
from forecastops.reporting.sentences.checks import needed_of, reason_of
from forecastops.reporting.sentences.numbers import percent, show

if TYPE_CHECKING:
    from forecastops.gate.record import Decision

__all__ = ["decision_record", "lacking", "summary", "warnings"]

_UNSCORED: dict[Grounds | None, str] = {
    "champion_files_gone": "the champion's files are gone, so it cannot be scored",
    "unscored_champion": "the champion was not created by forecastops and cannot be scored",
}
_WHY: dict[Grounds | None, str] = {
    "guardrails_failed": "the challenger fails {names}",
    "no_champion": "there is no champion yet, and the challenger passes every guardrail",
    "nothing_compared": "the policy has every comparison with the champion switched off, so nothing can be proven",
    "unproven": "the challenger is not proven better than the champion ({names})",
    "better": "the challenger passes every guardrail and every comparison with the champion",
    "better_excused": "the challenger is better than the champion; failed but excused: {names} (see notes)",
    None: "as an earlier version decided",
}


def summary(ruling: Ruling | Decision) -> str:
    """Return one sentence: why this verdict."""
    if why := _UNSCORED.get(ruling.grounds):
        if ruling.verdict == "HOLD":
            return f"{why}; gate.legacy_champion hold keeps it, whatever the challenger's scores"
        return f"{why}; the challenger passes every guardrail and is not above the seasonal naive"
    return _WHY[ruling.grounds].format(names=", ".join(ruling.because))


def warnings(ruling: Ruling | Decision) -> tuple[str, ...]:
    """Return what did not decide but should be known, a sentence each."""
    return tuple(_notice_sentence(notice) for notice in ruling.notices)


def lacking(decision: Decision) -> tuple[str, ...]:
    """Return what the challenger lacks for PROMOTE: of each check that failed and counts, what would have passed."""
    return tuple(needed_of(check) for check in decision.unmet)


def decision_record(decision: Decision) -> dict[str, Any]:
    """Return the document that is logged: all facts, and beside them the words that ``Decision.read`` passes over."""
    document = decision.model_dump(mode="json")
    for check, facts in zip(decision.checks, document["checks"], strict=True):
        facts |= {"reason": reason_of(check), "needed": needed_of(check)}
    return document | {"summary": summary(decision), "warnings": list(warnings(decision))}


def _notice_sentence(notice: Notice) -> str:
    if notice.code == "floor_excused":
        return (
            "neither challenger nor champion beats the seasonal naive; the floor is shown as failed but does not "
            "block, because the champion fails it too: consider a seasonal_order"
        )
    if notice.code == "coverage_excused":
        return (
            f"the champion's intervals fall {percent(notice.theirs)} below their level, the challenger's "
            f"{percent(notice.ours)}: shown as failed, but it does not block"
        )
    if notice.code == "clearly_better":
        return (
            f"the challenger, of another specification, has an error {percent(notice.share)} lower over the window: "
            "a bias or steps of the horizon where it does worse are shown as failed, but do not block "
            "(gate.clear_improvement)"
        )
    if notice.code == "worse_over_the_window":
        return (
            f"over the whole window the challenger's RMSE {show(notice.ours, notice.theirs)} is above the champion's "
            f"{show(notice.theirs, notice.ours)}: it is from recent origins that it does better (gate.half_life)"
        )
    if notice.code == "large_bias":
        return (
            f"the challenger's bias of {show(notice.ours)} is {percent(notice.share)} of its RMSE; it does not block, "
            "because it has not grown from the champion's"
        )
    return _about_champion(notice)


def _about_champion(notice: Notice) -> str:
    if notice.code == "unscored_champion":
        scores = [f"{name} {'none' if value is None else f'{value:g}'}" for name, value in notice.recorded.items()]
        return (
            f"champion version {notice.version} was not made by forecastops and could not be scored; recorded of it: "
            f"{', '.join(scores)}, on a window of its own, so not comparable with the scores here"
        )
    if notice.code == "champion_files_gone":
        return f"the files of champion version {notice.version} are gone, so it could not be scored"
    return (
        "the champion's own parameters are not older than the window, so its spec was re-estimated before "
        "it: the comparison is of specs, not of the parameters in production"
    )
