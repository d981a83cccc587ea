"""What is said of a panel: its decision in a sentence, its checks, and the description of its run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecastops.reporting.sentences.markdown import plain, table

__all__ = ["panel_check", "panel_note", "panel_summary", "said_action", "said_reason", "screening_sentence"]

Facts = Mapping[str, Any]

_ACTIONS = {
    "change": "get a new model",
    "new": "are new",
    "keep": "keep their model",
    "naive": "get the seasonal naive",
    "none": "are left out",
}
_CHECKS = {
    "failed_share": "of the series failed",
    "rejected_share": "of the challengers were rejected by a guardrail",
    "changed_share": "of the compared series would change",
    "total_error": "times the error of the whole panel before",
    "segment_error": "times the error of segment {segment} before",
}
_REASONS = {
    "gain": "gains enough",
    "small_gain": "gains too little",
    "unproven": "its gain is not proven",
    "newer_data": "the same specification, and no newer data",
    "new": "has no champion yet",
    "unscored": "its champion cannot be scored",
    "kept": "did not move, and was not fitted",
}

_FITTED = {
    "moved": "moved most",
    "old": "fitted too long ago",
    "new": "new",
    "no_model": "without a model that passed",
    "revised": "revised since",
    "unfit": "whose rows do not continue what is known",
}
_NOT_FITTED = {
    "calm": "that did not move were not",
    "implausible": "refuse their newest rows",
    "unread": "have no rows",
}


def panel_summary(facts: Facts) -> str:
    """Return one sentence: what becomes of the panel, and why."""
    failed = [check for check in facts["checks"] if not check["passed"]]
    if failed:
        return f"nothing changes: {panel_check(failed[0])}"
    counts = facts["actions"]
    parts = [f"{counts[name]} {words}" for name, words in _ACTIONS.items() if counts.get(name)]
    return f"of {sum(counts.values())} series {', '.join(parts)}"


def panel_check(check: Facts) -> str:
    """Return what a guardrail of the panel found."""
    words = _CHECKS[check["name"]].format(segment=check["segment"])
    if check["value"] is None:
        return "nothing was compared"
    if check["name"].endswith("_share"):
        return f"{check['value']:.1%} {words}, and {check['threshold']:.1%} may be"
    return f"{check['value']:.4f} {words}, and {check['threshold']:g} may be"


def said_action(name: str) -> str:
    """Return what becomes of a series."""
    return _ACTIONS.get(name, name)


def said_reason(code: str) -> str:
    """Return why, in words."""
    kind, _, rest = code.partition(":")
    if kind in ("rejected", "failed", "panel") and rest:
        return {"rejected": "rejected by ", "failed": "failed: ", "panel": "the panel's "}[kind] + rest
    return _REASONS.get(code, code)


def screening_sentence(counts: Mapping[str, int]) -> str:
    """Return which series were fitted anew and why; empty where all were."""
    if not counts:
        return ""
    fitted = {name: count for name, count in counts.items() if name in _FITTED}
    why = ", ".join(f"{count} {_FITTED[name]}" for name, count in ranked(fitted))
    parts = [f"{sum(fitted.values())} series were fitted anew" + (f" ({why})" if why else "")]
    return ", ".join([*parts, *(f"{counts[name]} {words}" for name, words in _NOT_FITTED.items() if name in counts)])


def panel_note(facts: Facts) -> str:
    """Return the description of a panel's run that was judged."""
    screened = screening_sentence(facts["screening"])
    champion = f"champion version {facts['champion']}" if facts["champion"] else "no champion"
    lines = [
        f"**{facts['verdict']}**: {plain(panel_summary(facts))}.",
        "",
        f"A panel of {facts['series']} series through {facts['end']}, against {champion}.",
        *([f"By a filter pass {screened}."] if screened else []),
        "",
        *(f"- {'passed' if check['passed'] else 'FAILED'}: {plain(panel_check(check))}" for check in facts["checks"]),
        "",
        *table(["why", "series"], [[said_reason(why), str(count)] for why, count in ranked(facts["reasons"])]),
        "",
        *gain_lines(facts),
        "A row a series is in panel/, the page in report.html beside the decision.",
    ]
    return "\n".join(lines)


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return counts, the largest first."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def gain_lines(facts: Facts) -> list[str]:
    """Return the quantiles of the changed series' gains, where there are any."""
    gains = {name: value for name, value in facts["gains"].items() if value is not None}
    if not gains:
        return []
    said = ", ".join(f"{name.replace('_', ' ')} {value:.1%}" for name, value in gains.items())
    return [f"RMSE over the window of the series that change, lower by: {said}.", ""]
