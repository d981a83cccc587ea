"""The report on a run as a page: of a decision, or of what happened to a model without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from forecastops.reporting.history import what_of, why_of
from forecastops.reporting.history_page import event_facts
from forecastops.reporting.pages.judged import Judged, judged_page
from forecastops.reporting.pages.lineage import Lineage
from forecastops.reporting.pages.panel import PanelJudged, SeriesPath, panel_page
from forecastops.reporting.pages.rendering import render
from forecastops.reporting.sentences.plain import title_of

if TYPE_CHECKING:
    from forecastops.release.events import Event, EventKind
    from forecastops.usecases.report import Happened, ReportFacts

__all__ = ["report_page"]

_MOST = 20  # of the events since: those nearest to what the report is about
_WORDS: Mapping[EventKind, tuple[str, str]] = {
    "promotion": ("good", "PROMOTED: another model is in production"),
    "renewal": ("good", "RENEWED: the model in production has newer data"),
    "refit": ("good", "REFITTED: the model in production was estimated anew"),
    "rollback": ("wait", "ROLLED BACK: an earlier model is in production again"),
    "signing": ("plain", "SIGNED: a version bears a signature now"),
    "alarm": ("bad", "DATA REFUSED: the model in production stays as it was"),
    "accepted_data": ("wait", "DATA ACCEPTED: although they looked bad"),
    "decision": ("plain", "DECIDED"),
}
_NEEDED: Mapping[EventKind, str] = {
    "renewal": "Nothing: the parameters are those that were judged before, and only the data that the model has seen "
    "are newer. Data that are not the same series, or whose newest rows are implausible, would have changed nothing.",
    "refit": "Nothing: the specification is the one in production, estimated on newer data (deployment.on_hold).",
    "rollback": "Nothing: whoever rolls back says why, and the model has proven that it answers as recorded.",
    "alarm": "Rows that are right; or, where these are, forecastops renew --accept-data --reason ...",
    "accepted_data": "Data that look as the model in production expects them; a person has said why these are right.",
    "promotion": "Nothing more.",
    "signing": "Nothing more.",
    "decision": "The report of the run that was judged says so.",
}


def report_page(found: ReportFacts, nav: object = None, series_path: SeriesPath | None = None) -> str:
    """Return the page.

    Args:
        found: what it shows.
        nav: what ``navigation.html`` makes links of; None for a page that stands alone.
        series_path: of a panel, gives the address of a series' own page; None where there is none.
    """
    since = [event_facts(one) for one in found.since[-_MOST:]]
    about = found.about
    if isinstance(about, PanelJudged):
        lineage = replace(about.lineage, since=since) if about.lineage else None
        return panel_page(replace(about, lineage=lineage), nav, series_path)
    if isinstance(about, Judged):
        lineage = replace(about.lineage, since=since) if about.lineage else None
        return judged_page(replace(about, lineage=lineage), nav)
    return _happened_page(about, replace(about.lineage or Lineage(), since=since), nav)


def _happened_page(about: Happened, lineage: Lineage, nav: object) -> str:
    event = about.event.event
    tone, word = _WORDS[event.kind]
    undone = event.outcome == "undone"
    return render(
        "happened.html",
        nav=nav,
        about=about,
        event=event,
        tone="bad" if undone else tone,
        word=f"UNDONE: production is as it was ({event.kind})" if undone else word,
        what=what_of(event),
        why=why_of(event),
        how_much=_how_much(about),
        checks=[title_of(name) for name in event.checks],
        needed=_NEEDED[event.kind],
        lineage=lineage if about.lineage else None,
        is_model=event.kind in ("renewal", "refit", "rollback", "promotion"),
    )


def _how_much(about: Happened) -> str | None:
    """Return how much newer the data are."""
    event, end = about.event.event, about.data.end or about.event.event.data_end
    if end is None:
        return None
    before = about.before.data_end if about.before else None
    verb = "would have ended" if _changed_nothing(event) else "end"
    if before is None:
        return f"Its data {verb} on {end}."
    return (
        f"Its data {verb} on {end}, as before." if before == end else f"Its data {verb} on {end}; before, on {before}."
    )


def _changed_nothing(event: Event) -> bool:
    return event.kind == "alarm" or event.outcome == "undone"
