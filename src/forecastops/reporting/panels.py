"""A panel's results as text for a person, and for a build system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forecastops.core.shown_cells import shown
from forecastops.reporting.sentences.panels import (
    gain_lines,
    panel_check,
    panel_summary,
    ranked,
    said_reason,
    screening_sentence,
)
from forecastops.reporting.text import number

__all__ = ["decision_text", "forecast_text", "panel_check_text", "series_text", "trained_text"]

_SHOWN = 20
Facts = Mapping[str, Any]


def panel_check_text(found: Facts) -> str:
    """Tell how many series there are, of which frequencies, and what becomes of which, with examples by name."""
    zeros = found["filled"] - found["interpolated"]
    fates = found["fates"]
    frequencies = ", ".join(f"{count} of {name}" for name, count in found["frequencies"].items())
    lines = [
        f"{found['series']} series, {found['start']} to {found['end']}: {found['rows']} rows, "
        f"{found['missing']} missing, {found['interpolated']} interpolated, {zeros} zero",
        f"{found['rows_read']} rows read; sum {found['sum']:.10g}",
        f"frequencies: {frequencies or 'not told by these rows'}",
        f"{fates['kept']} are kept, {fates['defaulted']} can have no more than the seasonal naive, "
        f"{fates['refused']} are refused",
        f"sha256 {found['sha256']}",
        *(_problem(one) for one in found["problems"][:_SHOWN]),
    ]
    more = len(found["problems"]) - _SHOWN
    return "\n".join([*lines, *([f"... and {more} kinds more: --json has all"] if more > 0 else []), *found["notes"]])


def _problem(one: Facts) -> str:
    names = ", ".join(shown(name) for name in one["examples"])
    more = ", ..." if one["series"] > len(one["examples"]) else ""
    return f"  {one['fate']:9}  {one['series']:5}  {one['reason']} ({names}{more})"


def trained_text(found: Facts) -> str:
    """Return the run, its data, and what came of how many series."""
    data = found["data"]
    counts = ", ".join(f"{count} {name}" for name, count in ranked(found["counts"]))
    against = f"champion version {found['champion']}" if found["champion"] else "no champion"
    lines = [
        f"run {found['run_id']}",
        f"  panel    {found['series']} series, {data['start']} to {data['end']}, {data['rows']} rows",
        f"  against  {against}: {counts}",
        *_screened(found["screening"]),
        *(f"  failed   {count}: {why}" for why, count in ranked(found["failed"])[:_SHOWN]),
    ]
    return "\n".join(lines)


def _screened(counts: Mapping[str, int]) -> list[str]:
    return [f"  screened {screening_sentence(counts)}"] if counts else []


def decision_text(facts: Facts, *, replayed: bool = False) -> str:
    """Tell the verdict, the panel's guardrails, and why how many series got what."""
    against = f"champion version {facts['champion']}" if facts["champion"] else "no champion"
    width = max((len(check["name"]) for check in facts["checks"]), default=0)
    lines = [
        f"{facts['verdict']}: {panel_summary(facts)}",
        f"  run {facts['run_id']} against {against}",
        *([f"  a replay of what was decided at {facts['decided_at']}, the same bit for bit"] if replayed else []),
        *_screened(facts["screening"]),
        *(
            f"  {'pass' if check['passed'] else 'FAIL'}  {check['name']:{width}}  {panel_check(check)}"
            for check in facts["checks"]
        ),
        *(f"  {count:6}  {said_reason(why)}" for why, count in ranked(facts["reasons"])[:_SHOWN]),
        *(f"  {line}" for line in gain_lines(facts) if line),
    ]
    return "\n".join(lines)


def forecast_text(facts: Facts, rows: Sequence[Facts]) -> str:
    """Return where the forecasts are, or the first of them."""
    head = f"version {facts['version']}: {facts['rows']} forecasts of {facts['series']} series"
    if facts["output"]:
        return f"{head} in {facts['output']}"
    shown = [_row(row) for row in rows[:_SHOWN]]
    names = "  ".join(f"{name:>12}" for name in rows[0]) if rows else ""
    more = [f"... and {facts['rows'] - _SHOWN} more: --output FILE writes all"] if facts["rows"] > _SHOWN else []
    return "\n".join([head, names, *shown, *more])


def _row(row: Facts) -> str:
    cells = (number(value) if isinstance(value, float) else str(value) for value in row.values())
    return "  ".join(f"{cell:>12}" for cell in cells)


def series_text(found: Facts) -> str:
    """Return what the panel holds of a series."""
    members = [
        f"  model    {tuple(one['order'])}{tuple(one['seasonal_order'])}{' of logarithms' if one['log'] else ''}: "
        + ", ".join(f"{name} {number(value)}" for name, value in one["params"].items())
        for one in found["model"]
    ]
    default = [f"  default  the seasonal naive, because: {found['default']}"] if found["default"] is not None else []
    return "\n".join(
        [
            f"series {found['series']} of version {found['version']}",
            *members,
            *default,
            f"  since    version {found['since']}, run {found['run_id']}",
            f"  data     {found['rows']} rows of frequency {found['frequency']}, through {found['forecasts_from']}",
        ]
    )
