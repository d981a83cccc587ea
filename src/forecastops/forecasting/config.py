"""The configuration's sections ``model`` and ``evaluation``: what is estimated, and on what it is scored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from forecastops.core.distribution import install_command
from forecastops.core.strict import StrictRecord

__all__ = ["LONGEST_SEASON", "Evaluation", "EvaluationConfig", "ModelConfig", "ModelSpec", "Orders"]

_Lag = Annotated[int, Field(ge=0, le=1000)]
_Order = tuple[_Lag, _Lag, _Lag]
_SeasonalOrder = tuple[_Lag, _Lag, _Lag, _Lag]
_Trend = Literal["n", "c", "t", "ct"]
_DEFAULT_ORDER = (2, 0, 2)
# Beyond it seasonal lags bring so many states that one fit takes minutes; a difference does not.
LONGEST_SEASON = 24
_OF_ONE_MODEL = ("order", "seasonal_order", "trend")


class Orders(StrictRecord):
    """An ARIMA's orders, named as in statsmodels."""

    order: _Order = Field(description="ARIMA order (p, d, q).")
    seasonal_order: _SeasonalOrder = Field(
        (0, 0, 0, 0), description="Seasonal order (P, D, Q, s); s is the number of observations in a season."
    )
    trend: _Trend | None = Field(
        None, description="Deterministic trend; by default a constant without differencing, none with it."
    )

    @model_validator(mode="after")
    def _season_is_whole(self) -> Orders:
        _require_whole_season(self.seasonal_order)
        return self

    @property
    def name(self) -> str:
        """For people, e.g. ``ARIMA(0, 1, 1)(0, 1, 1, 7)``; a trend that is not the default one follows."""
        seasonal = str(self.seasonal_order) if self.seasonal_order[3] else ""
        trend = f" trend {self.trend}" if self.trend else ""
        return f"ARIMA{self.order}{seasonal}{trend}"


class ModelSpec(Orders):
    """The specification of one ARIMA."""

    order: _Order = Field(_DEFAULT_ORDER, description="ARIMA order (p, d, q).")
    log: bool = Field(False, description="Model the logarithm of the values, which must then be positive.")
    max_iterations: int = Field(500, ge=1, le=100_000, description="Bound on the optimiser's iterations.")

    @property
    def canonical(self) -> tuple[object, ...]:
        """Equal for specs that are one model, however they are written: a season without lags, a default trend."""
        seasonal = self.seasonal_order if any(self.seasonal_order[:3]) else None
        default = "n" if self.order[1] or self.seasonal_order[1] else "c"
        return self.order, seasonal, self.trend or default, self.log

    def with_orders(self, orders: Orders) -> ModelSpec:
        """Return a spec of these orders, estimated as this one is."""
        return ModelSpec(
            order=orders.order,
            seasonal_order=orders.seasonal_order,
            trend=orders.trend,
            log=self.log,
            max_iterations=self.max_iterations,
        )


class ModelConfig(StrictRecord):
    """What is estimated: the mean of several ARIMAs, or one whose orders are given or chosen at each training."""

    selection: Literal["combination", "fixed", "candidates", "auto"] = Field(
        "combination",
        description="combination: the equal mean of the members' forecasts; fixed: one ARIMA of the orders configured, "
        "and what an order or a trend means that is configured without a selection; candidates: one, the best of a "
        "list by rolling origins before the window that the gate scores; auto: the same with the proposal of "
        f"AutoARIMA (statsforecast, which `{install_command('auto')}` brings).",
    )
    members: tuple[Orders, ...] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Orders that selection=combination averages; when null, those that suit the series' frequency, "
        "season and length.",
    )
    order: _Order | None = Field(None, description="ARIMA order (p, d, q) of one model; (2, 0, 2) when null.")
    seasonal_order: _SeasonalOrder | None = Field(
        None, description="Seasonal order (P, D, Q, s) of one model; s is the number of observations in a season."
    )
    trend: _Trend | None = Field(
        None, description="Deterministic trend of one model; by default a constant without differencing, none with it."
    )
    log: bool | None = Field(
        None,
        description="Model the logarithm of the values, which must then be positive. When null, the likelihood decides "
        "on monthly, quarterly and yearly series of the default members; elsewhere logarithms are not modelled.",
    )
    max_iterations: int = Field(500, ge=1, le=100_000, description="Bound on the optimiser's iterations.")
    candidates: tuple[Orders, ...] | None = Field(
        None,
        min_length=1,
        description="Orders that selection=candidates compares; when null, a list by length of season and the "
        "configured orders.",
    )

    @model_validator(mode="after")
    def _all_is_used(self) -> ModelConfig:
        """Refuse a setting that the selection would pass over in silence."""
        _require_whole_season(self.seasonal_order or (0, 0, 0, 0))
        given = [name for name in _OF_ONE_MODEL if getattr(self, name) is not None]
        if given and "selection" not in self.model_fields_set:
            # Whoever configures an order wants that model, as before there was a combination.
            object.__setattr__(self, "selection", "fixed")
        if self.candidates is not None and self.selection != "candidates":
            raise ValueError(f"candidates are given, but selection is {self.selection!r}: set it to 'candidates'")
        if self.members is not None and self.selection != "combination":
            raise ValueError(f"members are given, but selection is {self.selection!r}: set it to 'combination'")
        if self.selection == "combination" and given:
            raise ValueError(f"{given[0]} is given, but selection is 'combination': set members, or selection 'fixed'")
        return self

    @property
    def spec(self) -> ModelSpec:
        """The one model that is configured."""
        return ModelSpec(
            order=self.order or _DEFAULT_ORDER,
            seasonal_order=self.seasonal_order or (0, 0, 0, 0),
            trend=self.trend,
            log=self.log or False,
            max_iterations=self.max_iterations,
        )


class Evaluation(StrictRecord):
    """The rolling-origin evaluation of one series, in numbers."""

    horizon: int = Field(ge=1, description="Steps forecast from every origin, in observations.")
    window: int = Field(ge=2, description="Newest observations held back from estimation and forecast by all.")
    season_length: int = Field(ge=1, description="Season of the seasonal naive, in observations; 1 for none.")
    levels: tuple[int, ...] = Field((80, 95), description="Levels of the forecast intervals, in percent.")


class EvaluationConfig(StrictRecord):
    """The rolling-origin evaluation on which a decision rests."""

    horizon: int | None = Field(
        None, ge=1, description="Steps forecast from every origin, in observations; by frequency when null (daily 14)."
    )
    window: int | None = Field(
        None,
        ge=2,
        description="Newest observations held back from estimation and forecast by all; by frequency when null "
        "(daily 56).",
    )
    season_length: int | None = Field(
        None, ge=1, description="Season of the seasonal naive, in observations; by frequency when absent (daily 7)."
    )
    levels: tuple[Annotated[int, Field(ge=1, le=99)], ...] = Field(
        (80, 95), min_length=1, description="Levels of the forecast intervals, in percent."
    )

    @model_validator(mode="after")
    def _window_holds_origins(self) -> EvaluationConfig:
        if self.horizon is not None and self.window is not None and self.window < self.horizon:
            raise ValueError(f"window {self.window} is shorter than horizon {self.horizon}: it would hold no origin")
        if len(set(self.levels)) != len(self.levels):
            raise ValueError(f"levels {self.levels} name a level twice")
        return self

    def resolved(self, frequency: str) -> Evaluation:
        """Return what it means for a series of that frequency.

        Raises:
            DataError: where a season is to be found and the frequency has no usual one.
        """
        # Frequencies are pandas', which takes ten times as long to import as all that a schema needs.
        from forecastops.data.frequency import horizon_and_window, season_length

        horizon, window = horizon_and_window(frequency)
        return Evaluation(
            horizon=self.horizon or horizon,
            window=self.window or window,
            season_length=self.season_length or season_length(frequency),
            levels=self.levels,
        )


def _require_whole_season(seasonal_order: tuple[int, int, int, int]) -> None:
    *lags, season = seasonal_order
    if any(lags) and season < 2:
        raise ValueError(f"a seasonal part {tuple(lags)} needs a season s of at least 2, not {season}")
    if season == 1:
        raise ValueError("a season s of 1 is no season; use 0 for none")
