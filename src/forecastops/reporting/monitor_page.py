"""A look at the champion as a page: the answer, each signal with its threshold, and its curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from forecastops.reporting.pages.rendering import render
from forecastops.reporting.sentences.signals import look_sentence, signal_sentence, signal_title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecastops.monitoring.curves import Curve
    from forecastops.monitoring.signal import Signal
    from forecastops.usecases.monitor import Monitored
    from forecastops.usecases.panels.monitor import PanelMonitored

__all__ = ["monitor_page", "panel_monitor_page"]

_GROUPS = (
    ("world", "Has the world moved?"),
    ("model", "Has the model failed?"),
    ("data", "Have the data broken?"),
    ("shown", "Shown only"),
)
_UNITS = {
    "level": "evidence of another level",
    "spread": "evidence of another spread",
    "season": "evidence of another season",
    "correlation": "evidence of correlation",
    "distribution": "Kolmogorov-Smirnov",
    "error_vs_promise": "times what was promised",
    "error_vs_naive": "times the seasonal naive's",
    "pinball": "times what was promised",
    "psi": "index",
}


def monitor_page(found: Monitored) -> str:
    """Return the page."""
    look = found.look
    return render(
        "monitor.html",
        model=found.model_name,
        version=found.version,
        answer=_answer(found),
        facts=_facts(found),
        groups=[(title, _rows(found, group)) for group, title in _GROUPS if _rows(found, group)],
        observed=_observed(found) if found.found.dates else None,
        pictures=list(_pictures(found)),
        rate=look.false_alarms_a_year,
        counts=[],
        worst=[],
    )


def panel_monitor_page(found: PanelMonitored) -> str:
    """Return the page of a look at a panel: the answer, how many series are how, and the worst by name."""
    look, panel = found.look, found.panel
    counts: list[tuple[str, list[list[object]]]] = []
    if panel is not None:
        tables = [
            ("Series", panel.states),
            ("Moved, by signal", panel.by_signal),
            ("Broken data, by signal", panel.broken_by),
        ]
        counts = [(title, [[name, count] for name, count in many.items()]) for title, many in tables if many]
    return render(
        "monitor.html",
        model=found.model_name,
        version=found.version,
        answer=_answer(found),
        facts=[*_facts(found), ("A row a series", found.table)],
        groups=[(title, _rows(found, group)) for group, title in _GROUPS if _rows(found, group)],
        observed=None,
        pictures=[],
        rate=look.false_alarms_a_year,
        counts=counts,
        worst=[[one.series, one.state, one.since, one.reason] for one in found.worst],
    )


def _answer(found: Monitored) -> dict[str, str]:
    look = found.look
    tone, word = "good", "Nothing moved"
    if look.broken:
        tone, word = "bad", "Data broken"
    elif look.retrain:
        tone, word = "wait", "Retrain"
    return {"tone": tone, "word": word, "sentence": look_sentence(look)}


def _facts(found: Monitored) -> list[tuple[str, str | None]]:
    look = found.look
    watched = f"{look.start} to {look.end}, {look.observations} observations" if look.start else None
    too_old = ", more than monitor.max_age" if look.too_old else ""
    return [
        ("Model", f"{found.model_name}, version {found.version}"),
        ("Watched", watched),
        ("Age", f"{look.age_days:g} days since the end of its training{too_old}"),
        ("False alarms", f"at most {look.false_alarms_a_year:g} a year, all signals together"),
        ("Run", found.run_id),
    ]


def _rows(found: Monitored, group: str) -> list[dict[str, Any]]:
    signals = sorted((one for one in found.look.signals if one.group == group), key=lambda one: one.passed)
    return [
        {"title": signal_title(one), "state": _state(one), "said": signal_sentence(one), "since": one.since}
        for one in signals
    ]


def _state(signal: Signal) -> tuple[str, str]:
    """Return a tone and a word."""
    if not signal.passed:
        return ("bad", "broken") if signal.group == "data" else ("wait", "moved")
    if signal.code in ("measured", "plausible", "comparable") and signal.group != "shown":
        return "good", "well"
    return "plain", "shown" if signal.group == "shown" else "not told"


def _observed(found: Monitored) -> dict[str, str]:
    """Return the picture of what was observed since the training, with the day on which each change began."""
    import pandas as pd

    from forecastops.reporting.pictures.curves import timeline
    from forecastops.reporting.pictures.export import svg
    from forecastops.reporting.pictures.facts import Event, Line, TimelineFacts

    dates = pd.DatetimeIndex(found.found.dates)
    events = [
        Event(pd.Timestamp(one.since), signal_title(one).lower(), "alarm")
        for one in found.look.signals
        if one.since is not None and one.group == "world"
    ]
    said = "; ".join(f"{event.label} since {event.date.date()}" for event in events) or "no change is dated"
    description = f"Observations from {found.look.start} to {found.look.end}: {said}."
    facts = TimelineFacts(
        f"What came since the training of version {found.version}",
        description,
        "observed",
        {"observed": Line(dates, found.found.values)},
        events=sorted(events, key=lambda event: event.date),
        roles={"observed": "actual"},
    )
    return {"svg": svg(timeline(facts, "observed")), "description": description}


def _pictures(found: Monitored) -> Iterator[dict[str, str]]:
    """Yield each signal's curve, those that moved first."""
    for curve in sorted(found.found.curves, key=lambda one: one.signal.passed):
        if sum(map(math.isfinite, curve.values.tolist())) > 1:
            yield _picture(curve, found)


def _picture(curve: Curve, found: Monitored) -> dict[str, str]:
    import pandas as pd

    from forecastops.reporting.pictures.curves import timeline
    from forecastops.reporting.pictures.export import svg
    from forecastops.reporting.pictures.facts import Bound, Event, Line, TimelineFacts

    signal = curve.signal
    title, sentence = signal_title(signal), signal_sentence(signal)
    bounds = [Bound(curve.threshold, "threshold")] if math.isfinite(curve.threshold) else []
    events = [Event(pd.Timestamp(signal.since), f"since {signal.since}", "alarm")] if signal.since else []
    facts = TimelineFacts(
        title,
        f"{title} from {found.look.start} to {found.look.end}. {sentence}",
        _UNITS.get(signal.name, "share"),
        {"value": Line(pd.DatetimeIndex(found.found.dates), curve.values)},
        bounds=bounds,
        events=events,
    )
    return {"title": title, "svg": svg(timeline(facts, f"signal_{signal.name}", 190.0)), "said": sentence}
