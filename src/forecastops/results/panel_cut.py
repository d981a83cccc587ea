"""What cutting a panel's work into files returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from forecastops.results.base import Result

if TYPE_CHECKING:
    from forecastops.usecases.panels.pieces import PanelCut

__all__ = ["PanelCutResult", "panel_cut_result"]


@dataclass(frozen=True)
class PanelCutResult(Result):
    """The files that a parallel job is given.

    Attributes:
        pieces: how many.
        series: how many are to be fitted by them.
        folder: that holds them.
    """

    pieces: int
    series: int
    folder: str


def panel_cut_result(found: PanelCut) -> PanelCutResult:
    """Return what was written."""
    document = asdict(found)
    text = (
        f"{found.pieces} pieces of work in {found.folder}, {found.series} series to be fitted\n"
        "  next     have them carried out, then train with --work and the folder of results"
    )
    return PanelCutResult(**document, **Result.shown(document, text))
