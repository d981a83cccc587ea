"""Results as reports for a build system: outputs for later stages, a summary in Markdown, the checks as tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from forecastops.reporting import text
from forecastops.reporting.build_systems.report import CheckOutcome, Report
from forecastops.reporting.sentences.markdown import plain, table

if TYPE_CHECKING:
    from forecastops.gate.check import Check
    from forecastops.gate.record import Decision
    from forecastops.usecases.moved import Moved
    from forecastops.usecases.retrain import Retrained
    from forecastops.usecases.status import Status
    from forecastops.usecases.train import TrainResult

__all__ = [
    "decision_report",
    "document",
    "moved_report",
    "plain",
    "retrained_report",
    "status_report",
    "table",
    "train_report",
]

_MARKS = {"passed": "pass", "failed": "FAIL", "unmet": "not met"}
_SCORES = ("rmse", "mae", "mase", "bias")


def train_report(result: TrainResult) -> Report:
    """Report the output run_id."""
    lines = text.train_text(result).splitlines()
    summary = document(f"Trained: {result.model_name}", [f"- {plain(line)}" for line in lines])
    return Report(f"train-{result.run_id[:8]}", summary, {"run_id": result.run_id})


def decision_report(decision: Decision) -> Report:
    """Report the outputs run_id and verdict; a rejection is a warning of the run, which stays green."""
    champion = f"champion version {decision.champion.version}" if decision.champion else "no champion"
    from forecastops.reporting.sentences.decision import summary, warnings

    window, notes, why = decision.window, warnings(decision), summary(decision)
    outcomes = _outcomes(decision)
    body = [
        f"**{plain(why)}**",
        "",
        f"Run `{decision.run_id}` against {champion}; {window.start} to {window.end}: {window.origins} origins, "
        f"{window.horizon} steps each.",
        "",
        *table(["", "check", "what was found"], [[_MARKS[o.outcome], o.name, o.reason] for o in outcomes]),
        "",
        *table(["model", *_SCORES], _score_rows(decision)),
        "",
        *_steps(decision),
        *(f"\n> {plain(warning)}" for warning in notes),
        "",
        "The same as a page, with what would have been needed: `report.html` among the run's artifacts, or "
        f"`forecastops report --run-id {decision.run_id}`.",
    ]
    rejected = (f"REJECT: {why}",) if decision.verdict == "REJECT" else ()
    return Report(
        f"evaluate-{decision.run_id[:8]}",
        document(f"{decision.verdict}: {decision.model_name}", body),
        {"run_id": decision.run_id, "verdict": decision.verdict},
        (*rejected, *notes),
        f"forecastops gate of {decision.model_name}",
        outcomes,
        illustrated=True,
    )


def _steps(decision: Decision) -> list[str]:
    """Draw the error at each step ahead in letters, on one scale."""
    from forecastops.reporting.sentences.sparkline import sparkline

    evidence = decision.evidence
    named = {
        "challenger": evidence.challenger,
        "champion": evidence.champion,
        "seasonal naive": evidence.seasonal_naive,
    }
    curves = {name: found.rmse_by_step for name, found in named.items() if found and found.rmse_by_step}
    top = max((value for curve in curves.values() for value in curve if value is not None), default=0.0)
    rows = [
        [name, sparkline(curve, top), text.number(curve[0]), text.number(curve[-1])] for name, curve in curves.items()
    ]
    return table(["RMSE by step ahead", "", "first", "last"], rows)


def moved_report(moved: Moved, command: str) -> Report:
    """Return the outputs renewed, run_id, verdict and version, as far as there are any; warn of refused data."""
    found = {"run_id": moved.run_id, "verdict": moved.verdict, "version": moved.version}
    outputs = {name: value for name, value in found.items() if value is not None}
    outputs["renewed"] = str(moved.renewed).lower()
    title = f"{command}: {'version ' + str(moved.version) if moved.version else 'nothing was changed'}"
    name = f"{command}-{(moved.run_id or moved.version or moved.previous_version or '')[:8]}"
    warnings = (moved.note,) if moved.refused else ()
    return Report(name, document(title, [plain(moved.note)]), outputs, warnings)


def retrained_report(result: Retrained) -> Report:
    """Report what the three commands would have told one after the other."""
    parts = [train_report(result.train), decision_report(result.evaluate), moved_report(result.outcome, "promote")]
    outputs = {name: value for part in parts for name, value in part.outputs.items()}
    warnings = tuple(warning for part in parts for warning in part.warnings)
    judged = parts[1]
    name = f"retrain-{result.train.run_id[:8]}"
    summary = "\n".join(part.summary for part in parts)
    return Report(name, summary, outputs, warnings, judged.suite, judged.checks, illustrated=True)


def status_report(found: Status) -> Report:
    """Report the output version: the champion's."""
    lines = [f"- {plain(line)}" for line in text.status_text(found).splitlines()]
    outputs = {"version": found.champion.version.version} if found.champion else {}
    return Report("status", document("In production", lines), outputs, tuple(found.problems))


def _outcomes(decision: Decision) -> tuple[CheckOutcome, ...]:
    """Tell failures from what was not met: only in a rejection a failed check is a failure."""
    from forecastops.reporting.sentences.checks import reason_of

    return tuple(CheckOutcome(check.name, _outcome(check, decision), reason_of(check)) for check in decision.checks)


def _outcome(check: Check, decision: Decision) -> Literal["passed", "failed", "unmet"]:
    if check.passed:
        return "passed"
    return "failed" if decision.verdict == "REJECT" and check.name not in decision.excused else "unmet"


def _score_rows(decision: Decision) -> list[list[str]]:
    return [
        [name, *(text.number(found.get(score)) for score in _SCORES)]
        for name, found in decision.metrics.items()
        if found
    ]


def document(title: str, body: list[str]) -> str:
    """Return Markdown below a title."""
    return "\n".join([f"### {plain(title)}", "", *body, ""])
