"""What MLflow's pages say of runs and versions: names, and descriptions in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from forecastops.gate.check import Check
from forecastops.reporting.sentences.checks import needed_of, reason_of
from forecastops.reporting.sentences.decision import summary, warnings
from forecastops.reporting.sentences.markdown import plain, table
from forecastops.reporting.sentences.numbers import show

if TYPE_CHECKING:
    from forecastops.gate.record import Decision

__all__ = ["decision_note", "refit_words", "renewal_words", "run_name", "trained_note", "version_words"]

_SCORES = ("rmse", "mae", "mase", "bias")
_LONGEST = 3000  # characters: databases bound descriptions at 5,000


def run_name(model: str, end: str, what: str) -> str:
    """Return what a run is called: whose it is, the newest data in it, and what came of it."""
    return " · ".join(part for part in (model, end, what) if part)


def trained_note(run_id: str, data: Mapping[str, object], metrics: Mapping[str, float]) -> str:
    """Return the description of a run that was trained and not yet judged."""
    return (
        f"Trained on {data['rows']} rows, {data['start']} to {data['end']}; RMSE {show(metrics['RMSE'])} over the last "
        f"10 %. **Not judged yet**: `forecastops evaluate --run-id {run_id}` compares it with the champion."
    )


def decision_note(decision: Decision) -> str:
    """Return the description of a run that was judged: verdict, why, by how much, and what would have been needed."""
    champion = f"champion version {decision.champion.version}" if decision.champion else "no champion"
    window = decision.window
    failed = [check for check in decision.checks if not check.passed]
    lines = [
        f"**{decision.verdict}**: {plain(summary(decision))}.",
        "",
        f"Against {champion}, from {window.origins} origins between {window.start} and {window.end}, "
        f"{window.horizon} steps each:",
        "",
        *table(["", *(score.upper() for score in _SCORES)], _scores(decision)),
        "",
        *(_failed(check, excused=check.name in decision.excused) for check in failed),
        *(["- all checks passed"] if not failed else []),
        *(f"- note: {plain(warning)}" for warning in warnings(decision)),
        "",
        f"The pictures and every number are in its artifacts; decided {decision.decided_at}.",
    ]
    return "\n".join(lines)


def version_words(decision: Decision, forced: str | None) -> str:
    """Return what a version's description says of the decision that let it in, or that was overridden."""
    words = f"**{decision.verdict}**: {plain(summary(decision))}. {_compared(decision)}"
    if forced is not None and decision.verdict != "PROMOTE":
        words = f"**Promoted against the verdict {decision.verdict}**: {plain(forced)}\n\n{words}"
    return words[:_LONGEST]


def renewal_words(parameters_of: str, end: str) -> str:
    """Return what a renewal's description says; it is recognised by it, so that older wordings must be as well."""
    return f"The parameters of version {parameters_of}, with data through {end}."


def refit_words(champion: str, end: str) -> str:
    """Return what the description of a refitted champion says."""
    return f"The specification of version {champion}, estimated anew on data through {end}."


def _failed(check: Check, *, excused: bool) -> str:
    """Return one failed check as an item of a list."""
    needed = "" if excused else f"; needed: {plain(needed_of(check))}"
    return f"- {plain(check.name)} {'failed but excused' if excused else 'failed'}: {plain(reason_of(check))}{needed}"


def _scores(decision: Decision) -> list[list[str]]:
    return [
        [name.replace("_", " "), *(show(found.get(score)) for score in _SCORES)]
        for name, found in decision.metrics.items()
        if found
    ]


def _compared(decision: Decision) -> str:
    """Return a sentence with the errors over the window."""
    rmse = {name: found.get("rmse") for name, found in decision.metrics.items() if found}
    others = {"champion": "of the champion", "seasonal_naive": "of the seasonal naive"}
    against = [f"{show(rmse[name])} {whose}" for name, whose in others.items() if name in rmse]
    window, own = decision.window, show(rmse.get("challenger"))
    place = f"from {window.origins} origins between {window.start} and {window.end}"
    return f"RMSE {own} against {' and '.join(against) or 'nothing'}, {place}."
