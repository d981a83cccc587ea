"""What `report` returns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.core.files import write_page
from forecastops.reporting.pages.judged import Judged
from forecastops.reporting.report_page import report_page
from forecastops.results.base import Result

if TYPE_CHECKING:
    from forecastops.usecases.report import ReportFacts

__all__ = ["ReportResult", "report_result"]


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
    page, about = report_page(found), found.about
    decision = about.decision if isinstance(about, Judged) else None
    verdict = decision.verdict if decision else None
    run_id = about.decision.run_id if isinstance(about, Judged) else about.event.run_id or ""
    if output is not None:
        write_page(output, page)
    path, size = None if output is None else str(output), len(page.encode())
    document = {"run_id": run_id, "verdict": verdict, "path": path, "bytes": size}
    told = f"{verdict}: the report on run {run_id}" if verdict else f"the report on run {run_id}"
    text = f"{told} is in {path} ({size} bytes)" if path else f"{told} ({size} bytes)"
    return ReportResult(**json.loads(json.dumps(document)), _page=page, **Result.shown(document, text))
