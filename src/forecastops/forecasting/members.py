"""Which ARIMAs the default model averages, by season and number of observations."""

from __future__ import annotations

from forecastops.forecasting.estimation import rows_needed
from forecastops.ground.config import ModelConfig, ModelSpec
from forecastops.ground.model_spec import Orders

__all__ = ["combination"]

_LONGEST_SEASON = 24  # beyond it seasonal lags bring so many states that one fit takes minutes; a difference does not


def combination(model: ModelConfig, season: int, rows: int) -> tuple[ModelSpec, ...]:
    """The specs of ``selection=combination``: those configured, else those that suit the series.

    Args:
        model: the configuration.
        season: observations in a season, 1 for none.
        rows: observations to estimate from; members that need more are left out.
    """
    if model.members is not None:
        return tuple(model.spec.with_orders(orders) for orders in model.members)
    fitting = [spec for spec in map(model.spec.with_orders, _seasonal(season)) if rows_needed(spec, season) <= rows]
    return tuple(fitting or map(model.spec.with_orders, _PLAIN))


_PLAIN = (Orders(order=(0, 1, 1)), Orders(order=(1, 0, 1)), Orders(order=(0, 1, 0)))


def _seasonal(season: int) -> tuple[Orders, ...]:
    if season == 1:
        return _PLAIN
    naive = Orders(order=(0, 0, 0), seasonal_order=(0, 1, 0, season))
    if season > _LONGEST_SEASON:
        return Orders(order=(0, 1, 1)), Orders(order=(1, 0, 1), seasonal_order=(0, 1, 0, season)), naive
    return (
        Orders(order=(1, 0, 1), seasonal_order=(1, 0, 1, season)),
        Orders(order=(1, 0, 1), seasonal_order=(0, 1, 1, season)),
        naive,
    )
