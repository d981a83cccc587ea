"""The fair comparison: every model forecasts the same observations from the same origins, none having seen them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from forecastops.core.errors import ModelError
from forecastops.core.strict import StrictRecord
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.estimation import spec_of
from forecastops.forecasting.forecaster import Fit, Forecaster
from forecastops.forecasting.metrics import loss_by_origin, mase_scale, rmse_by_label, rmse_by_step, scores
from forecastops.forecasting.rolling_origin import (
    RollingForecasts,
    actuals,
    rolling_forecasts,
    seasonal_naive,
    window_origins,
)
from forecastops.forecasting.training import fit_members
from forecastops.gate.data_checks import alarm_of, incomparable, revised_share
from forecastops.gate.evidence import Evidence, ModelEvidence, Number
from forecastops.gate.policy import GatePolicy

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
    challenger: Forecaster,
    champion: Forecaster | None,
    evaluation: Evaluation,
    spec_bound: int,
    tolerance: float = GatePolicy().revision_tolerance,
) -> Comparison:
    """Score challenger, champion and seasonal naive on the newest window of the challenger's series.

    What is scored are the judged parameters of both, their state filtered up to each origin. A target that was not
    observed is scored for no model.

    Args:
        challenger: its series ends with the window.
        champion: None where there is none.
        evaluation: window, horizon, season, levels.
        spec_bound: bound on the optimiser's iterations, should the champion be estimated anew.
        tolerance: by how many typical one-step errors a value may be revised before it counts.

    Raises:
        ModelError: when the challenger's parameters have seen the window, or it holds too few observations.
    """
    judged, season = challenger.as_judged(), evaluation.season_length
    index = pd.DatetimeIndex(judged.values.index)
    _require_unseen(judged, evaluation, index)
    origins = window_origins(len(index), evaluation.window, evaluation.horizon)
    if origins[0] <= season:
        what = f"has {origins[0]} observations before the window, and the seasonal naive needs {season + 1}"
        raise ModelError("the challenger", what, "train on more data or set a shorter evaluation.window")
    start, observed = int(origins[0]), judged.observed
    actual = actuals(observed, origins, evaluation.horizon)
    seen = np.isfinite(actual).any(axis=1)
    _require_observed(observed.iloc[start:], evaluation)
    origins, actual = origins[seen], actual[seen]
    opponent = _opponent(champion, judged, start, spec_bound) if champion else _Opponent()
    forecasts = _forecasts(judged, opponent.forecaster, origins, evaluation, season)
    scale = mase_scale(np.asarray(observed, dtype=float)[:start], season)
    scored = _scored(forecasts, index, origins, actual, scale)
    evidence = Evidence(
        horizon=evaluation.horizon,
        levels=evaluation.levels,
        challenger=scored["challenger"],
        champion=scored.get("champion", _NO_SCORES) if champion else None,
        seasonal_naive=scored["seasonal_naive"],
        converged=judged.fit.converged,
        start_gap=judged.fit.start_gap,
        incomparable=opponent.incomparable,
        alarm=None if opponent.incomparable else alarm_of(champion, judged),
    )
    return Comparison(
        evidence=_beside_champion(evidence, judged, champion, tolerance) if champion else evidence,
        window=_window(index, origins, evaluation.horizon),
        table=_table(index, origins, actual, forecasts),
        re_estimated=opponent.re_estimated,
    )


def _beside_champion(evidence: Evidence, challenger: Forecaster, champion: Forecaster, tolerance: float) -> Evidence:
    """With what the champion's own data and specification say of the challenger's."""
    facts = {
        "revised_share": revised_share(champion, challenger.observed, tolerance),
        "same_spec": _specs(challenger.fit) == _specs(champion.fit),
        "newer_data": challenger.values.index[-1] > champion.known_through,
    }
    return evidence.model_copy(update=facts)


def _forecasts(
    challenger: Forecaster,
    opponent: Forecaster | None,
    origins: npt.NDArray[np.intp],
    evaluation: Evaluation,
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
    index: pd.DatetimeIndex,
    origins: npt.NDArray[np.intp],
    actual: npt.NDArray[np.float64],
    scale: float,
) -> dict[str, ModelEvidence]:
    """Every model's scores, by the same scale and weekdays."""
    days = np.asarray(index.day_name())[origins[:, None] + np.arange(actual.shape[1])]
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


def _require_observed(window: pd.Series[float], evaluation: Evaluation) -> None:
    """Refuse a window in which too little was observed to judge a model by."""
    needed = max(evaluation.horizon, evaluation.window // 2)
    found = int(window.notna().sum())
    if found < needed:
        what = f"has {found} observed values in the window of {evaluation.window}, and {needed} are needed"
        raise ModelError("the challenger", what, "give the missing values or set a longer evaluation.window")


def _require_unseen(challenger: Forecaster, evaluation: Evaluation, index: pd.DatetimeIndex) -> None:
    if len(index) <= evaluation.window:
        what = f"has {len(index)} observations, no more than the window of {evaluation.window}"
        raise ModelError("the challenger", what, "train on more data or set a shorter evaluation.window")
    start = index[len(index) - evaluation.window]
    through = pd.Timestamp(challenger.fit.estimated_through)
    if through >= start:
        raise ModelError(
            "the challenger",
            f"was estimated through {_iso(through)}, inside the window of "
            f"{evaluation.window} that starts on {_iso(start)}",
            "train it with the evaluation.window with which it is evaluated",
        )


@dataclass(frozen=True)
class _Opponent:
    """The champion as it is scored, or the reasons why it cannot be."""

    forecaster: Forecaster | None = None
    re_estimated: bool = False
    incomparable: tuple[str, ...] = ()


def _opponent(champion: Forecaster, challenger: Forecaster, window_start: int, spec_bound: int) -> _Opponent:
    """The champion on the challenger's series, with its own parameters if these are older than the window."""
    if reasons := tuple(incomparable(champion, challenger.values)):
        return _Opponent(incomparable=reasons)
    values, before = challenger.values, challenger.values.iloc[:window_start]
    judged = champion.as_judged().with_data(values, challenger.interpolated)
    if pd.Timestamp(judged.fit.estimated_through) <= before.index[-1]:
        return _Opponent(judged)
    specs = [spec_of(member, spec_bound) for member in judged.fit.members]
    try:
        estimates = fit_members(before, specs)
    except ModelError as error:
        return _Opponent(incomparable=(f"{_ANEW} {error.what}; {_UNTIL}",))
    late = [found for found in estimates if not found.converged]
    if late:  # against a crippled champion any challenger wins
        iterations = max(found.iterations for found in late)
        remedy = "raise model.max_iterations" if iterations >= spec_bound else _UNTIL
        return _Opponent(incomparable=(f"{_ANEW} did not converge in {iterations} iterations; {remedy}",))
    anew = Fit(tuple(found.member for found in estimates), estimates[0].estimated_through, converged=True)
    return _Opponent(replace(judged, judged=anew, in_data_unit=False), re_estimated=True)


def _specs(fit: Fit) -> list[str]:
    """What the members are, in no order."""
    return sorted(str(spec_of(member, 1).canonical) for member in fit.members)


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
