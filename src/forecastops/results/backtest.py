"""What a backtest returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecastops.reporting.notebook import preformatted, table
from forecastops.reporting.sentences.backtest import NUMBERS, policy_rows
from forecastops.results.base import Result

if TYPE_CHECKING:
    from forecastops.backtesting.results import Backtest

__all__ = ["BacktestResult"]


@dataclass(frozen=True)
class BacktestResult(Result):
    """What the gate, and other policies, would have done on a series' own past.

    Attributes:
        data: ``start``, ``end``, ``rows`` and ``frequency`` of the series.
        plan: how it was lived through: ``every``, ``looks``, ``horizon``, ``first`` (the newest row that the first
            model knew), ``scored_from``, ``scored_to``, ``days`` (forecasts scored), ``years``, ``patience``,
            ``block``, ``level``.
        seasonal_naive: ``rmse`` of the last season's values again, with ``low`` and ``high``.
        breaks: changes of the series, dated with hindsight.
        policies: the configured one first. Of each: ``rmse`` in the data's unit, ``relative`` to the configured one's,
            both with ``low`` and ``high``; ``promotions``, ``refits``, ``redeployments_a_year``, ``needless``,
            ``worst`` month, ``noticed`` for each break, ``decisions`` for each retraining, and others.
        suggestion: ``policy``, ``options`` (for ``--set``) and ``relative`` of the policy that was better beyond the
            interval; None where none was.
        note: what follows, a sentence or two.
    """

    data: dict[str, Any]
    plan: dict[str, Any]
    seasonal_naive: dict[str, float | None]
    breaks: tuple[dict[str, Any], ...]
    policies: tuple[dict[str, Any], ...]
    suggestion: dict[str, Any] | None
    note: str

    _found: Backtest = field(kw_only=True, repr=False, compare=False)

    def to_html(self) -> str:
        """Return the report, one page that needs nothing else."""
        from forecastops.reporting.pages.backtest import backtest_page

        return backtest_page(self._found)

    def _repr_html_(self) -> str:
        return table(["policy", *NUMBERS], policy_rows(self._found)) + preformatted(self.note)
