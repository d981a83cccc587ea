"""What a look at the champion found: as text, as a JSON document, and as a report for a build system."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from forecastops.core.shown_cells import shown
from forecastops.reporting.build_systems.report import Report
from forecastops.reporting.summary import document, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from forecastops.monitoring.signal import Signal
    from forecastops.usecases.monitor import Monitored
    from forecastops.usecases.panels.monitor import PanelMonitored

__all__ = [
    "monitored_document",
    "monitored_report",
    "monitored_text",
    "panel_monitored_document",
    "panel_monitored_report",
    "panel_monitored_text",
]

_FACTS = ("name", "group", "passed", "value", "threshold", "since")


def monitored_document(found: Monitored) -> dict[str, Any]:
    """Return retrain, broken, moved, signals, summary, version, run_id, start, end, observations, age_days, too_old."""
    from forecastops.reporting.sentences.signals import look_sentence, signal_sentence

    look = found.look
    return {
        "retrain": look.retrain,
        "broken": look.broken,
        "moved": list(look.moved),
        "signals": [
            {**{fact: getattr(signal, fact) for fact in _FACTS}, "reason": signal_sentence(signal)}
            for signal in look.signals
        ],
        "summary": look_sentence(look),
        "version": found.version,
        "run_id": found.run_id,
        "start": look.start,
        "end": look.end,
        "observations": look.observations,
        "age_days": look.age_days,
        "too_old": look.too_old,
    }


def monitored_text(found: Monitored) -> str:
    """Tell what follows, and each signal, those that passed their thresholds first."""
    from forecastops.reporting.sentences.signals import look_sentence

    look = found.look
    if look.unwatchable is not None:
        return look_sentence(look)
    age = f"the champion's training ended {look.age_days:g} days before"
    lines = [
        look_sentence(look),
        f"  version {found.version} of {found.model_name}, run {found.run_id}; {age}"
        + (", which is more than monitor.max_age" if look.too_old else ""),
        *_signal_lines(found),
        f"  at most {look.false_alarms_a_year:g} false alarms a year, all signals together",
    ]
    return "\n".join(lines)


def panel_monitored_document(found: PanelMonitored) -> dict[str, Any]:
    """Return what is said of one series, and ``series``, ``states``, ``moved_series``, ``by_signal``, ``broken_by``."""
    panel = found.panel
    return monitored_document(found) | {
        "series": panel.series if panel else 0,
        "states": panel.states if panel else {},
        "moved_series": panel.moved if panel else 0,
        "by_signal": panel.by_signal if panel else {},
        "broken_by": panel.broken_by if panel else {},
        "worst": [asdict(one) for one in found.worst],
        "table": found.table,
    }


def panel_monitored_text(found: PanelMonitored) -> str:
    """Tell what follows for the whole, how many series are how, and the worst by name."""
    if found.panel is None:
        return monitored_text(found)
    panel = found.panel
    states = ", ".join(f"{count} {name}" for name, count in panel.states.items())
    by = [f"  moved by  {_counts(panel.by_signal)}"] if panel.by_signal else []
    broken = [f"  broken by {_counts(panel.broken_by)}"] if panel.broken_by else []
    worst = [f"  {one.state:6}  {shown(one.series)}  {one.reason}" for one in found.worst]
    level = found.look.false_alarms_a_year
    return "\n".join(
        [
            monitored_text(found),
            f"  {panel.series} series: {states}; a row each in {found.table}",
            *by,
            *broken,
            *worst,
            f"  of the series found, at most {level:.0%} by chance (Benjamini-Hochberg)",
        ]
    )


def panel_monitored_report(found: PanelMonitored) -> Report:
    """Report what is reported of one series, and the worst series."""
    report = monitored_report(found)
    if not found.worst:
        return report
    rows = [[one.state, shown(one.series), one.since or "", one.reason] for one in found.worst]
    worst = "\n".join(["", "### Series", "", *table(["", "series", "since", "what was found"], rows), ""])
    return replace(report, summary=report.summary + worst)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _signal_lines(found: Monitored) -> Iterator[str]:
    from forecastops.reporting.sentences.signals import signal_sentence

    signals = sorted(found.look.signals, key=lambda signal: signal.passed)
    width = max(len(signal.name) for signal in signals)
    for signal in signals:
        yield f"  {_mark(signal):6}{signal.name:{width}}  {signal_sentence(signal)}"


def _mark(signal: Signal) -> str:
    if signal.group == "shown":
        return "shown"
    if not signal.passed:
        return "MOVED" if signal.group != "data" else "BROKE"
    return "ok" if signal.code != "not_asked" and (signal.value is not None or signal.group == "data") else "-"


def monitored_report(found: Monitored) -> Report:
    """Report the outputs retrain, broken and too_old, and warn of each signal that passed its threshold."""
    from forecastops.reporting.sentences.signals import look_sentence, signal_sentence, signal_title

    look = found.look
    rows = [
        [_mark(signal), signal_title(signal), signal.since or "", signal_sentence(signal)]
        for signal in sorted(look.signals, key=lambda signal: signal.passed)
    ]
    body = [f"**{plain(look_sentence(look))}**", "", *table(["", "signal", "since", "what was found"], rows)]
    outputs = {name: str(getattr(look, name)).lower() for name in ("retrain", "broken", "too_old")}
    warnings = tuple(
        f"{signal_title(signal)}: {signal_sentence(signal)}" for signal in look.signals if not signal.passed
    )
    title = f"monitor: version {found.version or 'none'} of {found.model_name}"
    return Report(f"monitor-{(found.run_id or 'none')[:8]}", document(title, body), outputs, warnings)
