"""What `report` returns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.core.files import write_page
from forecastops.reporting.pages.judged import Judged
from forecastops.reporting.pages.panel import PanelJudged
from forecastops.reporting.pages.panel_series import SeriesJudged, series_page
from forecastops.reporting.report_page import report_page
from forecastops.results.base import Result

if TYPE_CHECKING:
    from forecastops.usecases.report import ReportFacts

__all__ = ["ReportResult", "report_result", "series_report_result"]


@dataclass(frozen=True)
class ReportResult(Result):
    """A report as one HTML file, which holds all that it shows.

    Attributes:
        run_id: that it is about: of the challenger, or of a renewal, a refit, a rollback or an alarm.
        verdict: the decision's; None where there is none.
        path: where it was written; None where it was not.
        bytes: its size.
    """

    run_id: str
    verdict: str | None
    path: str | None
    bytes: int
    _page: str = field(kw_only=True, repr=False, compare=False)

    def to_html(self) -> str:
        """Return the page."""
        return self._page

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own: its style reaches nothing else, and it can do nothing."""
        style = "width: 100%; height: 80vh; min-height: 480px; border: 1px solid #8d929b"
        title = escape(f"Report on run {self.run_id}", quote=True)
        return f'<iframe sandbox title="{title}" style="{style}" srcdoc="{escape(self._page, quote=True)}"></iframe>'


def report_result(found: ReportFacts, output: Path | None) -> ReportResult:
    """Return the report, written to ``output`` where that is given.

    Raises:
        DataError: when it cannot be written, or something else is there.
    """
    run_id, verdict = _about(found)
    return _written(report_page(found), run_id, verdict, output)


def series_report_result(found: SeriesJudged, output: Path | None) -> ReportResult:
    """Return the page of one series of a panel, written to ``output`` where that is given.

    Raises:
        DataError: when it cannot be written, or something else is there.
    """
    return _written(series_page(found), found.run_id, None, output)


def _about(found: ReportFacts) -> tuple[str, str | None]:
    """Return the run that the report is about, and the verdict; None where there is none."""
    about = found.about
    if isinstance(about, Judged):
        return about.decision.run_id, about.decision.verdict
    if isinstance(about, PanelJudged):
        return about.facts["run_id"], about.facts["verdict"]
    return about.event.run_id or "", None


def _written(page: str, run_id: str, verdict: str | None, output: Path | None) -> ReportResult:
    if output is not None:
        write_page(output, page)
    path, size = None if output is None else str(output), len(page.encode())
    document = {"run_id": run_id, "verdict": verdict, "path": path, "bytes": size}
    told = f"{verdict}: the report on run {run_id}" if verdict else f"the report on run {run_id}"
    text = f"{told} is in {path} ({size} bytes)" if path else f"{told} ({size} bytes)"
    return ReportResult(**json.loads(json.dumps(document)), _page=page, **Result.shown(document, text))
