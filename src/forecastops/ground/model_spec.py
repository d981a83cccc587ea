"""What is estimated: an ARIMA's orders, how it is estimated, and how the orders are chosen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from forecastops.ground.strict import StrictRecord

__all__ = ["ModelConfig", "ModelSpec", "Orders"]

_Lag = Annotated[int, Field(ge=0, le=1000)]


class Orders(StrictRecord):
    """An ARIMA's orders, named as in statsmodels."""

    order: tuple[_Lag, _Lag, _Lag] = Field(description="ARIMA order (p, d, q).")
    seasonal_order: tuple[_Lag, _Lag, _Lag, _Lag] = Field(
        (0, 0, 0, 0), description="Seasonal order (P, D, Q, s); s is the number of observations in a season."
    )
    trend: Literal["n", "c", "t", "ct"] | None = Field(
        None, description="Deterministic trend; by default a constant without differencing, none with it."
    )

    @model_validator(mode="after")
    def _season_is_whole(self) -> Orders:
        *lags, season = self.seasonal_order
        if any(lags) and season < 2:
            raise ValueError(f"a seasonal part {tuple(lags)} needs a season s of at least 2, not {season}")
        if season == 1:
            raise ValueError("a season s of 1 is no season; use 0 for none")
        return self

    @property
    def name(self) -> str:
        """For people, e.g. ``ARIMA(0, 1, 1)(0, 1, 1, 7)``; a trend that is not the default one follows."""
        seasonal = str(self.seasonal_order) if self.seasonal_order[3] else ""
        trend = f" trend {self.trend}" if self.trend else ""
        return f"ARIMA{self.order}{seasonal}{trend}"


class ModelSpec(Orders):
    """The ARIMA specification."""

    order: tuple[_Lag, _Lag, _Lag] = Field((2, 0, 2), description="ARIMA order (p, d, q).")
    log: bool = Field(False, description="Model the logarithm of the values, which must then be positive.")
    max_iterations: int = Field(500, ge=1, le=100_000, description="Bound on the optimiser's iterations.")

    @property
    def canonical(self) -> tuple[object, ...]:
        """Equal for specs that are one model, however they are written: a season without lags, a default trend."""
        seasonal = self.seasonal_order if any(self.seasonal_order[:3]) else None
        default = "n" if self.order[1] or self.seasonal_order[1] else "c"
        return self.order, seasonal, self.trend or default, self.log

    def with_orders(self, orders: Orders) -> ModelSpec:
        """These orders, estimated as this spec is."""
        return ModelSpec(**orders.model_dump(), log=self.log, max_iterations=self.max_iterations)


class ModelConfig(ModelSpec):
    """The ARIMA specification, and whether it is used as it is or chosen anew at each training."""

    selection: Literal["fixed", "candidates", "auto"] = Field(
        "fixed",
        description="How the orders are chosen at each training, before the window that the gate scores: fixed, as "
        "configured; candidates, the best of a list by rolling origins; auto, by a search (AutoARIMA of "
        "statsforecast, which `pip install 'forecastops[auto]'` brings).",
    )
    candidates: tuple[Orders, ...] | None = Field(
        None,
        min_length=1,
        description="Orders that selection=candidates compares; when null, a list by length of season and the "
        "configured orders.",
    )

    @model_validator(mode="after")
    def _candidates_are_used(self) -> ModelConfig:
        if self.candidates is not None and self.selection != "candidates":
            raise ValueError(f"candidates are given, but selection is {self.selection!r}: set it to 'candidates'")
        return self

    @property
    def spec(self) -> ModelSpec:
        """The configured specification by itself."""
        return self.with_orders(Orders(order=self.order, seasonal_order=self.seasonal_order, trend=self.trend))
