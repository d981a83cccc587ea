"""Which ARIMAs the default model averages: chosen by what they forecast on one half of many real series.

``docs/gate.md`` has the figures, on the other half too.
"""

from __future__ import annotations

from forecastops.data.frequency import LONG_STEPS
from forecastops.forecasting.config import LONGEST_SEASON, ModelConfig, ModelSpec, Orders

__all__ = ["combination", "logs_by_likelihood", "rows_for_any"]

_LONGEST_FOR_FOUR = 12  # from 24 on the twice differenced member has 51 states and takes as long as the others together
_FEWEST_ROWS = 36  # below it the last season by itself is as good as any estimate
_FEWEST_WITHOUT_SEASON = 20


def combination(model: ModelConfig, season: int, rows: int, step: str = "D") -> tuple[ModelSpec, ...]:
    """Return the specs of ``selection=combination``: those configured, else those that suit the series.

    Args:
        model: the configuration.
        season: observations in a season, 1 for none.
        rows: observations to estimate from.
        step: the family of the series' frequency, as ``data.frequency.family`` has it.
    """
    return tuple(map(model.spec.with_orders, model.members or _default(season, rows, step)))


def rows_for_any(season: int) -> int:
    """Return the fewest observations from which any of the default members can forecast."""
    return season + 1


def logs_by_likelihood(model: ModelConfig, step: str) -> bool:
    """Tell whether the likelihood says if logarithms are modelled: on long steps growth is mostly in proportion."""
    return model.log is None and model.selection == "combination" and model.members is None and step in LONG_STEPS


def _default(season: int, rows: int, step: str) -> tuple[Orders, ...]:
    if season == 1:
        return _without_season(rows, step)
    naive = Orders(order=(0, 0, 0), seasonal_order=(0, 1, 0, season))
    if season > LONGEST_SEASON:
        level, differenced = Orders(order=(0, 1, 1)), Orders(order=(1, 0, 1), seasonal_order=(0, 1, 0, season))
        return (level, differenced, naive) if rows >= 2 * season else (level,)
    if rows < max(3 * season, _FEWEST_ROWS):
        return (naive,)
    lagged = (
        Orders(order=(1, 0, 1), seasonal_order=(1, 0, 1, season)),
        Orders(order=(1, 0, 1), seasonal_order=(0, 1, 1, season)),
    )
    if season <= _LONGEST_FOR_FOUR:
        return (*lagged, Orders(order=(0, 1, 1), seasonal_order=(0, 1, 1, season)), naive)
    return (*lagged, naive)


def _without_season(rows: int, step: str) -> tuple[Orders, ...]:
    naive = Orders(order=(0, 1, 0))
    if rows < _FEWEST_WITHOUT_SEASON:
        return (naive,)
    other = Orders(order=(0, 1, 0), trend="t") if step in LONG_STEPS else Orders(order=(1, 0, 1))
    return Orders(order=(0, 1, 1)), other, naive
