"""A model as text: what it takes to have it again, equal where the text is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from forecastops.backtesting.stream import Stream
from forecastops.forecasting.estimation import spec_of
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster
from forecastops.forecasting.training import Trained

__all__ = ["State", "Version"]


@dataclass(frozen=True)
class State:
    """The rows that a model's filter has seen, and whether wrong ones were among them."""

    rows: int
    faulty: bool = False


@dataclass(frozen=True)
class Version:
    """A trained model, without its data.

    Attributes:
        text: canonical JSON with ``number`` (the retraining that estimated it), ``judged`` and ``served`` parameters,
            and ``sound``: whether `refit` would give the same parameters.
    """

    text: str

    @classmethod
    def of(cls, number: int, trained: Trained) -> Version:
        """Return the version of what a retraining made."""
        return cls.of_model(number, trained.model, sound=not trained.fault)

    @classmethod
    def of_model(cls, number: int, model: Forecaster, *, sound: bool = True) -> Version:
        """Return the version of a model that a retraining left."""
        served = asdict(model.served) if model.served else None
        return cls(_canonical({"number": number, "judged": asdict(model.judged), "served": served, "sound": sound}))

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.text)
        return document

    @property
    def number(self) -> int:
        """The retraining that estimated it."""
        return int(self._document["number"])

    @property
    def sound(self) -> bool:
        """Whether estimating its specification by itself on the same data gives it again."""
        return bool(self._document["sound"])

    @cached_property
    def judged(self) -> Fit:
        """The parameters that the gate scores."""
        return _fit(self._document["judged"])

    @cached_property
    def served(self) -> Fit | None:
        """The parameters that forecast; None where the judged ones do."""
        return None if self._document["served"] is None else _fit(self._document["served"])

    @cached_property
    def specs(self) -> tuple[str, ...]:
        """What its members are, in their order."""
        return tuple(str(spec_of(member, 1).canonical) for member in self.judged.members)

    @property
    def name(self) -> str:
        """Its members' orders, for people."""
        names = [spec_of(member, 1).name for member in self.judged.members]
        return names[0] if len(names) == 1 else f"mean of {', '.join(names)}"

    def as_judged(self) -> Version:
        """Return it with the parameters that the gate judges."""
        return Version(_canonical(self._document | {"served": None}))

    def trained(self, stream: Stream) -> Forecaster:
        """Return the model as its training left it."""
        series = stream.known(stream.retrainings[self.number])
        return Forecaster(
            self.judged,
            series.values,
            served=self.served,
            interpolated=series.filled,
            horizon=stream.evaluation.horizon,
            levels=stream.evaluation.levels,
            calibrated=True,
        )

    def in_state(self, stream: Stream, state: State) -> Forecaster:
        """Return the model with the rows that its state has seen."""
        series = stream.known(state.rows, faulty=state.faulty)
        return self.trained(stream).with_data(series.values, series.filled)


def _canonical(document: Mapping[str, Any]) -> str:
    # In the order given: a model's parameters are in statsmodels'.
    return json.dumps(document, separators=(",", ":"))


def _fit(document: Mapping[str, Any]) -> Fit:
    members = tuple(_arima(member) for member in document["members"])
    return Fit(members, document["estimated_through"], document["converged"], document["start_gap"])


def _arima(document: Mapping[str, Any]) -> Arima:
    order, seasonal = document["order"], document["seasonal_order"]
    return Arima(tuple(order), tuple(seasonal), document["trend"], document["log"], document["params"])
