"""A decision in plain words, for whoever knows neither the names of the checks nor those of the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecastops.gate.decision import Grounds, Verdict
from forecastops.reporting.sentences.numbers import percent, show

if TYPE_CHECKING:
    from forecastops.gate.record import Decision

__all__ = ["amount", "comparison", "consequence", "meaning_of", "title_of", "why"]

_CONSEQUENCES: dict[Verdict, str] = {
    "PROMOTE": "the new model may replace the one in production",
    "HOLD": "the model in production stays",
    "REJECT": "the new model was refused",
}
_NAMES = {"challenger": "new model", "champion": "model in production", "seasonal_naive": "last season again"}
_TITLES = {
    "comparable_data": "Same data for both models",
    "plausible_data": "Newest rows are plausible",
    "converged": "Estimation finished",
    "start_gap": "Estimation is stable",
    "finite": "All scores are numbers",
    "beats_seasonal_naive": "No worse than repeating the last season",
    "interval_coverage": "Intervals hold what they promise",
    "worst_step": "No step ahead is much worse",
    "worst_weekday": "No weekday is much worse",
    "recent_origins": "Not worse lately",
    "bias": "Not off to one side",
    "newer_data": "Has learnt from newer data",
    "min_improvement": "Error is lower by enough",
    "diebold_mariano": "The lead is no accident",
}
_MEANINGS = {
    "comparable_data": "All models must be judged on the same observations, and the series must be the same one.",
    "plausible_data": "The newest values must be ones that the model in production could have expected.",
    "converged": "The search for the model's parameters must have come to its end.",
    "start_gap": "Searches for the parameters from different starting points must end at the same place.",
    "finite": "No score may be missing or infinite.",
    "beats_seasonal_naive": "The error must not be above that of simply repeating the last season's values.",
    "interval_coverage": "Of the actual values, about as many must lie within an interval as its level says.",
    "worst_step": "At no number of steps ahead may the error be much larger than that of the model compared with.",
    "worst_weekday": "On no weekday may the error be much larger than that of the model in production.",
    "recent_origins": "In the most recent forecasts, the error must not be much larger than the champion's.",
    "bias": "Forecasts must not lie too high or too low on average, unless the champion's do so as well.",
    "newer_data": "The same kind of model is worth replacing only when it has seen newer data.",
    "min_improvement": "The error, recent forecasts counting more, must be lower than the champion's by a set share.",
    "diebold_mariano": "A statistical test (Diebold-Mariano): how easily chance alone would give such a lead (p).",
}
_WHY: dict[Grounds | None, str] = {
    "guardrails_failed": "It fails what no new model may fail: {titles}.",
    "no_champion": "No model is in production yet, and this one passes every guardrail.",
    "nothing_compared": "Every comparison with the model in production is switched off, so nothing can be proven.",
    "unproven": "It is not proven better than the model in production. It falls short of {titles}.",
    "better": "It passes every guardrail, and every comparison with the model in production.",
    "better_excused": (
        "It is better than the model in production. What it fails does not count, as that model does no better "
        "there: {titles}."
    ),
    None: "An earlier version of forecastops decided so, and did not record why.",
}
_UNSCORED: dict[Grounds | None, str] = {
    "champion_files_gone": "The files of the model in production are gone, so that it cannot be scored.",
    "unscored_champion": "The model in production was not made by forecastops and cannot be scored.",
}


def consequence(decision: Decision) -> str:
    """Return what the verdict means."""
    if decision.verdict == "PROMOTE" and decision.champion is None:
        return "the new model may be the first in production"
    if decision.verdict == "HOLD" and decision.champion is None:
        return "the new model is not put into production"
    return _CONSEQUENCES[decision.verdict]


def why(decision: Decision) -> str:
    """Return the verdict's reason."""
    if reason := _UNSCORED.get(decision.grounds):
        if decision.verdict == "HOLD":
            return f"{reason} The policy (gate.legacy_champion) keeps it then, whatever the new model's scores."
        return f"{reason} The new one passes every guardrail, and is no worse than repeating the last season."
    titles = ", ".join(f"“{title_of(name)}”" for name in decision.because)
    return _WHY[decision.grounds].format(titles=titles)


def amount(decision: Decision) -> str:
    """Return by how much the new model's error differs from the others', over the whole window."""
    ours = _rmse(decision, "challenger")
    if ours is None:
        return "The new model's error cannot be computed."
    others = [
        f"{comparison(ours, theirs)} {show(theirs, ours)} of {words}"
        for name, words in (("champion", "the model in production"), ("seasonal_naive", "repeating the last season"))
        if (theirs := _rmse(decision, name)) is not None
    ]
    against = f": {', '.join(others)}" if others else ""
    return f"Over the whole window its typical error (RMSE) is {show(ours)}{against}.{_decisive(decision)}"


def _decisive(decision: Decision) -> str:
    """Return the improvement by which is decided, where that weighs recent forecasts more; else nothing."""
    for check in decision.checks:
        if check.code == "improvement" and check.half_life is not None and check.ours is not None and check.theirs:
            found = comparison(check.ours, check.theirs)
            asked = f"at least {percent(check.threshold)} lower" if check.threshold else "lower"
            return (
                " What decides counts recent forecasts more; so counted, it is "
                f"{found} {show(check.theirs, check.ours)} of the model in production, and {asked} was asked."
            )
    return ""


def comparison(ours: float, theirs: float) -> str:
    """Return how one error lies to another, which follows."""
    if ours == theirs:
        return "the same as the"
    if not theirs:
        return "above the"
    share = ours / theirs - 1
    return f"{percent(abs(share), 0.0)} {'lower' if share < 0 else 'higher'} than the"


def title_of(check: str) -> str:
    """Return a check's name as a heading; of one that is not known here, the name itself."""
    return _TITLES.get(check, check.replace("_", " "))


def meaning_of(check: str) -> str:
    """Return what a check asks for; nothing of one that is not known here."""
    return _MEANINGS.get(check, "")


def _rmse(decision: Decision, model: str) -> float | None:
    return (decision.metrics.get(model) or {}).get("rmse")
