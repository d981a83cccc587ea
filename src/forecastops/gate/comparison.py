"""The fair comparison: every model forecasts the same observations from the same origins, none having seen them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from forecastops.forecasting.estimation import build_forecaster, estimate
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.metrics import loss_by_origin, mase_scale, rmse_by_label, rmse_by_step, scores
from forecastops.forecasting.rolling_origin import (
    RollingForecasts,
    actuals,
    rolling_forecasts,
    seasonal_naive,
    window_origins,
)
from forecastops.gate.evidence import Evidence, ModelEvidence, Number
from forecastops.ground.config import EvaluationConfig, ModelSpec
from forecastops.ground.errors import ModelError
from forecastops.ground.series import season_length
from forecastops.ground.strict import StrictRecord

__all__ = ["Comparison", "Window", "compare"]

_ANEW = "the champion's spec, estimated anew before the window,"
_UNTIL = "its own parameters are compared once the window holds newer observations only"
_NO_SCORES = ModelEvidence(metrics={}, loss_by_origin=(), rmse_by_step=())


class Window(StrictRecord):
    """The observations that every model forecast."""

    start: str = Field(description="ISO date of the first observation forecast.")
    end: str = Field(description="ISO date of the last one.")
    origins: int = Field(description="Number of origins.")
    horizon: int = Field(description="Steps forecast from each.")


@dataclass(frozen=True)
class Comparison:
    """What came of it.

    ``table`` has one row for each origin and step: origin, date, step, actual, and a forecast by each model.
    ``re_estimated`` says that the champion's spec was estimated anew, because its own parameters are not older than
    the window.
    """

    evidence: Evidence
    window: Window
    table: pd.DataFrame
    re_estimated: bool

    @property
    def metrics(self) -> dict[str, dict[str, Number] | None]:
        """Scores by model."""
        champion = self.evidence.champion
        return {
            "challenger": self.evidence.challenger.metrics,
            "champion": champion.metrics if champion else None,
            "seasonal_naive": self.evidence.seasonal_naive.metrics,
        }


def compare(
    challenger: Forecaster, champion: Forecaster | None, evaluation: EvaluationConfig, spec_bound: int
) -> Comparison:
    """Score challenger, champion and seasonal naive on the newest window of the challenger's series.

    What is scored is what is deployed: the same parameters, their state filtered up to each origin.

    Args:
        challenger: its series ends with the window.
        champion: None where there is none.
        evaluation: window, horizon, levels.
        spec_bound: bound on the optimiser's iterations, should the champion be estimated anew.

    Raises:
        ModelError: when the challenger's parameters have seen the window.
    """
    values = challenger.values
    index = pd.DatetimeIndex(values.index)
    _require_unseen(challenger, evaluation, index)
    season = evaluation.season_length or season_length(str(index.freqstr))
    origins = window_origins(len(values), evaluation.window, evaluation.horizon)
    if origins[0] <= season:
        what = f"has {origins[0]} observations before the window, and the seasonal naive needs {season + 1}"
        raise ModelError("the challenger", what, "train on more data or set a shorter evaluation.window")
    actual = actuals(values, origins, evaluation.horizon)
    opponent = _opponent(champion, challenger, origins[0], evaluation, spec_bound) if champion else _Opponent()
    forecasts = _forecasts(challenger, opponent.forecaster, origins, evaluation, season)
    evidence = _scored(forecasts, values, origins, actual, season)
    return Comparison(
        evidence=Evidence(
            horizon=evaluation.horizon,
            levels=evaluation.levels,
            challenger=evidence["challenger"],
            champion=evidence.get("champion", _NO_SCORES) if champion else None,
            seasonal_naive=evidence["seasonal_naive"],
            converged=challenger.converged,
            revised_share=_revised_share(challenger, champion) if champion else None,
            incomparable=opponent.incomparable,
        ),
        window=_window(index, origins, evaluation.horizon),
        table=_table(index, origins, actual, forecasts),
        re_estimated=opponent.re_estimated,
    )


def _forecasts(
    challenger: Forecaster,
    opponent: Forecaster | None,
    origins: npt.NDArray[np.intp],
    evaluation: EvaluationConfig,
    season: int,
) -> dict[str, RollingForecasts]:
    """Every model's forecasts from the same origins."""
    horizon, levels = evaluation.horizon, evaluation.levels
    found = {"challenger": rolling_forecasts(challenger, origins, horizon, levels)}
    if opponent is not None:
        found["champion"] = rolling_forecasts(opponent, origins, horizon, levels)
    found["seasonal_naive"] = seasonal_naive(challenger.values, origins, horizon, season, levels)
    return found


def _scored(
    forecasts: dict[str, RollingForecasts],
    values: pd.Series[float],
    origins: npt.NDArray[np.intp],
    actual: npt.NDArray[np.float64],
    season: int,
) -> dict[str, ModelEvidence]:
    """Every model's scores, by the same scale and weekdays."""
    scale = mase_scale(np.asarray(values, dtype=float)[: origins[0]], season)
    days = np.asarray(pd.DatetimeIndex(values.index).day_name())[origins[:, None] + np.arange(actual.shape[1])]
    return {
        name: ModelEvidence.of(
            scores(actual, forecast, scale),
            loss_by_origin(actual, forecast.mean),
            rmse_by_step(actual, forecast.mean),
            rmse_by_label(actual, forecast.mean, days),
        )
        for name, forecast in forecasts.items()
    }


def _window(index: pd.DatetimeIndex, origins: npt.NDArray[np.intp], horizon: int) -> Window:
    return Window(start=_iso(index[origins[0]]), end=_iso(index[-1]), origins=len(origins), horizon=horizon)


def _require_unseen(challenger: Forecaster, evaluation: EvaluationConfig, index: pd.DatetimeIndex) -> None:
    if len(index) <= evaluation.window:
        what = f"has {len(index)} observations, no more than the window of {evaluation.window}"
        raise ModelError("the challenger", what, "train on more data or set a shorter evaluation.window")
    start = index[len(index) - evaluation.window]
    if pd.Timestamp(challenger.estimated_through) >= start:
        raise ModelError(
            "the challenger",
            f"was estimated through {_iso(pd.Timestamp(challenger.estimated_through))}, inside the window of "
            f"{evaluation.window} that starts on {_iso(start)}",
            "train it with the evaluation.window with which it is evaluated",
        )


@dataclass(frozen=True)
class _Opponent:
    """The champion as it is scored, or the reasons why it cannot be."""

    forecaster: Forecaster | None = None
    re_estimated: bool = False
    incomparable: tuple[str, ...] = ()


def _incomparable(challenger: Forecaster, champion: Forecaster) -> Iterator[str]:
    ours, theirs = pd.DatetimeIndex(challenger.values.index), pd.DatetimeIndex(champion.values.index)
    if ours.freqstr != theirs.freqstr:
        yield f"the challenger's series has frequency {ours.freqstr}, the champion's {theirs.freqstr}"
    elif ours[-1] < theirs[-1]:
        yield f"the challenger's series ends on {_iso(ours[-1])}, before the champion's on {_iso(theirs[-1])}"
    elif champion.log and not (challenger.values > 0).all():
        yield "the champion models logarithms, and the challenger's series has values that are not positive"


def _revised_share(challenger: Forecaster, champion: Forecaster) -> Number:
    """Share of the common dates on which the two series differ by more than a millionth; None without common dates."""
    ours, theirs = challenger.values.align(champion.values, join="inner")
    if ours.empty:
        return None
    return float(np.mean(~np.isclose(ours, theirs, rtol=1e-6, atol=0.0)))


def _opponent(
    champion: Forecaster, challenger: Forecaster, window_start: int, evaluation: EvaluationConfig, spec_bound: int
) -> _Opponent:
    """The champion on the challenger's series, with its own parameters if these are older than the window."""
    if reasons := tuple(_incomparable(challenger, champion)):
        return _Opponent(incomparable=reasons)
    values, before = challenger.values, challenger.values.iloc[:window_start]
    if pd.Timestamp(champion.estimated_through) <= before.index[-1]:
        return _Opponent(replace(champion, values=values))
    spec = ModelSpec(
        order=champion.order,
        seasonal_order=champion.seasonal_order,
        trend=champion.trend,  # type: ignore[arg-type]  # pydantic checks the value
        log=champion.log,
        max_iterations=spec_bound,
    )
    try:
        found = estimate(before, spec)
    except ModelError as error:
        return _Opponent(incomparable=(f"{_ANEW} {error.what}; {_UNTIL}",))
    if not found.converged:  # against a crippled champion any challenger wins
        remedy = "raise model.max_iterations" if found.iterations >= spec_bound else _UNTIL
        return _Opponent(incomparable=(f"{_ANEW} did not converge in {found.iterations} iterations; {remedy}",))
    return _Opponent(build_forecaster(spec, found, values, evaluation), re_estimated=True)


def _iso(stamp: pd.Timestamp) -> str:
    return stamp.date().isoformat() if stamp == stamp.normalize() else stamp.isoformat()


def _table(
    index: pd.DatetimeIndex,
    origins: npt.NDArray[np.intp],
    actual: npt.NDArray[np.float64],
    forecasts: dict[str, RollingForecasts],
) -> pd.DataFrame:
    horizon = actual.shape[1]
    targets = origins[:, None] + np.arange(horizon)
    return pd.DataFrame(
        {
            "origin": index[np.repeat(origins - 1, horizon)],
            "date": index[targets.ravel()],
            "step": np.tile(np.arange(1, horizon + 1), len(origins)),
            "actual": actual.ravel(),
            **{name: forecast.mean.ravel() for name, forecast in forecasts.items()},
        }
    )
