"""What was found in a series, as text for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecastops.usecases.prepare_data import SeriesReport

__all__ = ["check_text"]


def check_text(report: SeriesReport) -> str:
    """Return dates, counts, sums and digest, then the notes."""
    lines = [
        f"{report.start} to {report.end}: {report.rows} rows, frequency {report.frequency}, "
        f"{report.missing} missing, {report.interpolated} interpolated, {report.filled - report.interpolated} zero",
        f"{report.rows_read} rows read; sum {report.sum:.10g}, first {report.first:.10g}, last {report.last:.10g}",
        f"sha256 {report.sha256}",
        *report.notes,
    ]
    return "\n".join(lines)
