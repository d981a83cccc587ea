"""A panel's results as reports for a build system: counts and extremes, never a row a series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from forecastops.core.shown_cells import shown
from forecastops.reporting.build_systems.report import CheckOutcome, Report
from forecastops.reporting.sentences.markdown import plain, table
from forecastops.reporting.sentences.panels import (
    gain_lines,
    panel_check,
    panel_summary,
    ranked,
    said_reason,
    screening_sentence,
)
from forecastops.reporting.summary import document

__all__ = ["joined_report", "panel_decision_report", "panel_trained_report"]

Facts = Mapping[str, Any]
_REASONS, _SEGMENTS = 15, 10
_FAULTS = ("rejected:", "failed:")


def panel_trained_report(found: Facts) -> Report:
    """Report the output run_id, how many series there are, and why how many failed."""
    data, champion = found["data"], found["champion"]
    counts = ", ".join(f"{count} {name}" for name, count in ranked(found["counts"]))
    body = [
        f"{found['series']} series, {data['start']} to {data['end']}, {data['rows']} rows: {counts}; against "
        + (f"champion version {champion}." if champion else "no champion."),
        *(["", f"By a filter pass, {screening_sentence(found['screening'])}."] if found["screening"] else []),
        *_counted("why series failed", found["failed"], str),
    ]
    title = f"Trained: {found['model_name']}, a panel"
    return Report(f"train-{found['run_id'][:8]}", document(title, body), {"run_id": found["run_id"]})


def panel_decision_report(facts: Facts) -> Report:
    """Report the outputs run_id and verdict; a rejection is a warning of the run, which stays green.

    Args:
        facts: of the decision, as plain values.
    """
    against = f"champion version {facts['champion']}" if facts["champion"] else "no champion"
    checks, more = _shown_checks(facts["checks"])
    why, window = panel_summary(facts), facts["window"]
    body = [
        f"**{plain(why)}**",
        "",
        f"Run `{facts['run_id']}`, a panel of {facts['series']} series, against {against}; most were scored from "
        f"{window['start']} to {window['end']}: {window['origins']} origins, {window['horizon']} steps each.",
        *(["", f"By a filter pass, {screening_sentence(facts['screening'])}."] if facts["screening"] else []),
        "",
        *table(["", "guardrail of the panel", "what was found"], [_row(check) for check in checks]),
        *([f"\nAnd {more} segments more, all within the bound."] if more else []),
        *_counted("why", facts["reasons"], said_reason),
        "",
        *gain_lines(facts),
        *_extremes(facts),
        "A row a series is in the run's folder `panel`; the same as a page: `report.html` beside the decision, or "
        f"`forecastops report --run-id {facts['run_id']}`, of one series with `--series NAME`.",
    ]
    rejected = (f"REJECT: {why}",) if facts["verdict"] == "REJECT" else ()
    return Report(
        f"evaluate-{facts['run_id'][:8]}",
        document(f"{facts['verdict']}: {facts['model_name']}, a panel", body),
        {"run_id": facts["run_id"], "verdict": facts["verdict"]},
        rejected,
        f"forecastops gate of the panel {facts['model_name']}",
        tuple(_outcomes(facts, checks, more)),
        illustrated=True,
    )


def joined_report(name: str, parts: Sequence[Report]) -> Report:
    """Return what several commands would have told one after the other.

    Args:
        name: starts the names of files.
        parts: in their order; the one with checks gives these.
    """
    outputs = {key: value for part in parts for key, value in part.outputs.items()}
    warnings = tuple(warning for part in parts for warning in part.warnings)
    judged = next((part for part in parts if part.checks), parts[-1])
    summary = "\n".join(part.summary for part in parts)
    return Report(name, summary, outputs, warnings, judged.suite, judged.checks, judged.illustrated)


def _shown_checks(checks: Sequence[Facts]) -> tuple[list[Facts], int]:
    """Return the guardrails, of segments only those with the highest error, and how many others there are.

    One that failed is among these: all segments have the same bound.
    """
    whole = [check for check in checks if check["segment"] is None]
    segments = sorted((check for check in checks if check["segment"] is not None), key=lambda one: -(one["value"] or 0))
    return [*whole, *segments[:_SEGMENTS]], max(0, len(segments) - _SEGMENTS)


def _row(check: Facts) -> list[str]:
    return ["pass" if check["passed"] else "FAIL", _name(check), panel_check(check)]


def _name(check: Facts) -> str:
    return check["name"] if check["segment"] is None else f"{check['name']}: {shown(check['segment'])}"


def _counted(what: str, counts: Mapping[str, int], said: Callable[[str], str]) -> list[str]:
    """Return the lines of a table of reasons, the most frequent first, and how many series have others."""
    if not counts:
        return []
    rows = [[said(reason), str(count)] for reason, count in ranked(counts)]
    rest = sum(int(count) for _, count in rows[_REASONS:])
    more = [[f"{len(rows) - _REASONS} other reasons", str(rest)]] if rest else []
    return ["", *table([what, "series"], [*rows[:_REASONS], *more])]


def _extremes(facts: Facts) -> list[str]:
    """Return the series that gain most of those that change, and those that gain least of those compared."""
    rows = [
        [kind, shown(name), f"{gain:.1%}"]
        for kind, series in (("most improved", facts["most_improved"]), ("least improved", facts["worst"]))
        for name, gain in series
    ]
    return [*table(["", "series", "RMSE lower by"], rows), ""] if rows else []


def _outcomes(facts: Facts, checks: Sequence[Facts], more: int) -> list[CheckOutcome]:
    """Return the guardrails as tests, what becomes of the series as one, and one for each kind of fault of series.

    A series that fails or whose challenger is rejected costs itself alone; so these are not met, and no failures.
    """
    found = [CheckOutcome(_name(check), _outcome(check), panel_check(check)) for check in checks]
    if more:
        found.append(CheckOutcome("segment_error: others", "passed", f"{more} segments are within the bound"))
    told = " ".join(line for line in gain_lines(facts) if line)
    named = "; ".join(
        f"{kind}: " + ", ".join(f"{shown(name)} {gain:.1%}" for name, gain in series)
        for kind, series in (("most improved", facts["most_improved"]), ("least improved", facts["worst"]))
        if series
    )
    found.append(CheckOutcome("series", "passed", ". ".join(filter(None, (panel_summary(facts), told, named)))))
    faults = [(code, count) for code, count in ranked(facts["reasons"]) if code.startswith(_FAULTS)]
    found += [CheckOutcome(said_reason(code), "unmet", f"{count} series") for code, count in faults[:_REASONS]]
    return found


def _outcome(check: Facts) -> Literal["passed", "failed"]:
    return "passed" if check["passed"] else "failed"
