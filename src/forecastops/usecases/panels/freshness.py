"""How fresh a panel in production is, of whose series some may have got no newer data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecastops.core.iso_dates import iso_date
from forecastops.forecasting.forecaster import Forecaster

if TYPE_CHECKING:
    from forecastops.panel.any_model import AnyModel

__all__ = ["PanelFreshness", "freshness"]


@dataclass(frozen=True)
class PanelFreshness:
    """How fresh the series of a panel in production are.

    Attributes:
        series: how many there are.
        newest: ISO date of the newest observation of any of them.
        oldest: of the series that is furthest behind, and its name.
        oldest_series: a series whose newest observation is the oldest.
        behind: how many end before the newest.
        defaults: how many have the seasonal naive.
    """

    series: int
    newest: str
    oldest: str
    oldest_series: str
    behind: int
    defaults: int


def freshness(model: AnyModel | None) -> PanelFreshness | None:
    """Return how fresh the series of a panel are; None of one series."""
    if model is None or isinstance(model, Forecaster):
        return None
    import numpy as np
    import pandas as pd

    ends = np.asarray(model.table.column("end")).astype("datetime64[ns]")
    last = int(np.argmin(ends))
    return PanelFreshness(
        series=len(ends),
        newest=iso_date(pd.Timestamp(ends.max())),
        oldest=iso_date(pd.Timestamp(ends[last])),
        oldest_series=str(model.table.column("unique_id")[last].as_py()),
        behind=int((ends < ends.max()).sum()),
        defaults=len(ends) - model.table.column("default").null_count,
    )
