"""The report on one decision: what was decided, why, by how much, and what would have been needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forecastops.core.redaction import redacted_tree
from forecastops.gate.check import Check
from forecastops.gate.record import Decision
from forecastops.reporting.pages.lineage import Data, Lineage
from forecastops.reporting.pages.picture import Picture
from forecastops.reporting.pages.rendering import render
from forecastops.reporting.pages.scales import Scale, closeness, scales_of
from forecastops.reporting.sentences import plain
from forecastops.reporting.sentences.checks import needed_of, reason_of
from forecastops.reporting.sentences.decision import warnings
from forecastops.reporting.sentences.distance import distance_of

__all__ = ["Judged", "judged_page"]

_TONES = {"PROMOTE": "good", "HOLD": "wait", "REJECT": "bad"}
_MODELS = {
    "challenger": "challenger (the new model)",
    "champion": "champion (in production)",
    "seasonal_naive": "seasonal naive (the last season again)",
}


@dataclass(frozen=True)
class Judged:
    """All that the report shows.

    Attributes:
        decision: as it was logged.
        model: the new model's specification in words; None where it is not recorded.
        data: what it was trained on.
        settings: of the run, in force: by dotted names.
        lineage: what the registry says; None where it was not asked.
        pictures: in the order in which they are shown.
    """

    decision: Decision
    data: Data
    model: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    lineage: Lineage | None = None
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True)
class _CheckShown:
    """One check as the page has it."""

    name: str
    title: str
    meaning: str
    outcome: str
    tone: str
    found: str
    needed: str
    distance: str
    scales: tuple[Scale, ...]


def judged_page(facts: Judged, nav: object = None) -> str:
    """Return the page.

    Args:
        facts: what it shows.
        nav: what ``navigation.html`` makes links of; None for a page that stands alone.
    """
    decision = facts.decision
    checks = [_shown(check, decision) for check in decision.checks]
    return render(
        "judged.html",
        nav=nav,
        decision=decision,
        tone=_TONES[decision.verdict],
        word=f"{decision.verdict}: {plain.consequence(decision)}",
        why=plain.why(decision),
        amount=plain.amount(decision),
        warnings=warnings(decision),
        unmet=[_shown(check, decision) for check in decision.unmet],
        excused=[shown for shown in checks if shown.name in decision.excused],
        closest=_closest(decision),
        checks=sorted(checks, key=lambda shown: _ORDER.index(shown.tone)),
        scores=_scores(decision),
        policy=_rows(decision.policy.model_dump(mode="json")),
        settings=_settings(facts),
        model=facts.model,
        data=facts.data,
        lineage=facts.lineage,
        pictures=facts.pictures,
    )


_ORDER = ("bad", "wait", "good")


def _shown(check: Check, decision: Decision) -> _CheckShown:
    excused = check.name in decision.excused
    outcome, tone = ("passed", "good") if check.passed else ("failed", "bad")
    if excused:
        outcome, tone = "failed, does not count", "wait"
    return _CheckShown(
        name=check.name,
        title=plain.title_of(check.name),
        meaning=plain.meaning_of(check.name),
        outcome=outcome,
        tone=tone,
        found=reason_of(check),
        needed=needed_of(check),
        distance=distance_of(check),
        scales=scales_of(check),
    )


def _closest(decision: Decision) -> _CheckShown | None:
    """Return the check that was passed most narrowly, None where none has a scale."""
    passed = [check for check in decision.checks if check.passed and scales_of(check) and check.code != "comparable"]
    return _shown(min(passed, key=closeness), decision) if passed else None


def _scores(decision: Decision) -> tuple[list[str], list[list[object]]]:
    """Return head and rows of the scores' table."""
    names = list(dict.fromkeys(name for scores in decision.metrics.values() for name in scores or {}))
    rows: list[list[object]] = [
        [_MODELS.get(model, model), *(scores.get(name) for name in names)]
        for model, scores in decision.metrics.items()
        if scores
    ]
    return [_score_name(name) for name in names], rows


def _score_name(name: str) -> str:
    if name.startswith("coverage_"):
        return f"within {name.removeprefix('coverage_')} %"
    return name.upper() if name != "bias" else name


def _settings(facts: Judged) -> list[tuple[str, str]]:
    """Return data, model and evaluation settings: those in force where the run records them, else as configured."""
    configured = dict(_rows(redacted_tree(dict(facts.decision.config))))
    in_force = {name: value for name, value in facts.settings.items() if value not in _UNSET}
    return sorted((configured | in_force).items())


_UNSET = ("None", "[]", "{}", "")


def _rows(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return dotted names and values of what is set."""
    rows: list[tuple[str, str]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            rows += _rows(value, f"{prefix}{name}.")
        elif str(value) not in _UNSET or not prefix:
            rows.append((f"{prefix}{name}", "off" if value is None else str(value)))
    return rows
