"""What the functions return for one series of a panel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from forecastops.reporting.panels import series_text
from forecastops.results.base import Result

if TYPE_CHECKING:
    from forecastops.usecases.panels.status import SeriesStatus

__all__ = ["SeriesStatusResult", "series_status_result"]


@dataclass(frozen=True)
class SeriesStatusResult(Result):
    """What the panel in production holds of one series.

    Attributes:
        series: its name.
        version: the champion's, that serves it.
        since: the version since which its model is the same.
        run_id: that estimated its parameters.
        model: its members' orders, and their parameters by name.
        default: why it has the seasonal naive; None where it has a model that passed the gate.
        frequency: pandas' name of it.
        forecasts_from: ISO date of its newest observation.
        rows: of its series.
        sha256: digest of its series; None since its state was moved on without it.
    """

    series: str
    version: str
    since: str
    run_id: str
    model: list[dict[str, Any]]
    default: str | None
    frequency: str
    forecasts_from: str
    rows: int
    sha256: str | None


def series_status_result(found: SeriesStatus) -> SeriesStatusResult:
    """Return what is known of a series."""
    document = asdict(found)
    return SeriesStatusResult(**document, **Result.shown(document, series_text(document)))
