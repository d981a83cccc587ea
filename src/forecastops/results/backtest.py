"""What a backtest returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecastops.reporting.notebook import preformatted, table
from forecastops.reporting.sentences import panel_backtest as of_panels
from forecastops.reporting.sentences.backtest import NUMBERS, policy_rows
from forecastops.results.base import Result

if TYPE_CHECKING:
    import pandas as pd

    from forecastops.backtesting.panel_results import PanelBacktest
    from forecastops.backtesting.results import Backtest

__all__ = ["BacktestResult", "PanelBacktestResult"]


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


@dataclass(frozen=True)
class PanelBacktestResult(BacktestResult):
    """What a panel's decision, and other policies, would have done on the panel's own past; ``breaks`` is empty.

    Attributes:
        data: ``series``, how many are ``scored`` and how many begin ``later`` or were ``defaulted``, ``start``,
            ``end``, ``rows``, ``frequency`` of most and ``frequencies``.
        plan: how it was lived through: ``every``, ``looks``, ``horizon``, ``first`` (the newest rows that the first
            models knew), ``scored_from``, ``scored_to``, ``level`` and ``draws``.
        policies: the configured one first, the seasonal naive last. Of each: ``error`` (``rmsse`` weighted by volume),
            ``mean`` and ``median`` of the series' RMSSE, and ``relative`` to the configured one's, each with ``low``
            and ``high``; ``promotions``, ``changed_series``, ``needless``, ``alarms``, ``coverage``, ``decisions`` for
            each retraining, and others.
        seasonal_naive: ``rmsse`` weighted by volume, of the last season's values again.
        segments: of each how many ``series``, and by policy ``error``, ``relative``, ``promotions``, ``needless``.
        unscored: reasons why series are not in the figures, and how many for each.
        improved: the series that gained most by your policy over never retraining: ``series``, ``error``, ``relative``.
        worst: those that lost most.
        suggestion: ``policy``, ``options`` (for ``--set``) and ``relative`` of the policy that was better beyond the
            interval; None where none was.
        note: what follows, a sentence or two.
    """

    segments: tuple[dict[str, Any], ...]
    unscored: dict[str, int]
    improved: tuple[dict[str, Any], ...]
    worst: tuple[dict[str, Any], ...]

    _found: PanelBacktest = field(kw_only=True, repr=False, compare=False)  # type: ignore[assignment]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a series: ``unique_id``, ``outcome`` and ``why``, and of each policy error and changes."""
        return self._found.table.copy()

    def to_html(self) -> str:
        """Return the report, one page that needs nothing else."""
        from forecastops.reporting.pages.panel_backtest import panel_backtest_page

        return panel_backtest_page(self._found)

    def _repr_html_(self) -> str:
        rows = of_panels.policy_rows(self._found)
        return table(["policy", *of_panels.NUMBERS], rows) + preformatted(self.note)
