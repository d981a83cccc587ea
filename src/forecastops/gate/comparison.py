"""The fair comparison: every model forecasts the same observations from the same origins, none having seen them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from forecastops.core.iso_dates import iso_date
from forecastops.core.strict import StrictRecord
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.metrics import loss_by_origin, mase_scale, rmse_by_label, rmse_by_step, scores
from forecastops.forecasting.model import Model, NotEstimated, estimated_anew, forecasts_of, same_specification
from forecastops.forecasting.rolling_origin import RollingForecasts, actuals, seasonal_naive, window_origins
from forecastops.forecasting.window import require_scorable, require_season_before, require_unseen
from forecastops.gate.data_checks import Renewed, alarm_of, incomparable, revised_share
from forecastops.gate.evidence import Evidence, ModelEvidence, Number, Obstacle
from forecastops.gate.policy import GatePolicy

__all__ = ["Comparison", "Window", "compare"]

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
    the window. ``forecasts`` are each model's, from ``origins``: the numbers of observations known at each.
    """

    evidence: Evidence
    window: Window
    table: pd.DataFrame
    re_estimated: bool
    forecasts: dict[str, RollingForecasts]
    origins: npt.NDArray[np.intp]

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
    challenger: Model,
    champion: Model | None,
    evaluation: Evaluation,
    spec_bound: int,
    tolerance: float = GatePolicy().revision_tolerance,
    *,
    renewed: Renewed | None = None,
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
        renewed: the champion with the challenger's values, where somebody has it already.

    Raises:
        ModelError: when the challenger's parameters have seen the window, or it holds too few observations.
    """
    judged, season = challenger.as_judged(), evaluation.season_length
    require_unseen(judged, evaluation)
    scored = _scored_window(judged.observed, evaluation)
    opponent = _opponent(champion, judged, scored.start, spec_bound) if champion else _Opponent()
    forecasts = _forecasts(judged, opponent.model, scored.origins, evaluation)
    models = _evidence_of(forecasts, scored, season)
    evidence = Evidence(
        horizon=evaluation.horizon,
        levels=evaluation.levels,
        challenger=models["challenger"],
        champion=models.get("champion", _NO_SCORES) if champion else None,
        seasonal_naive=models["seasonal_naive"],
        converged=judged.fit.converged,
        start_gap=judged.fit.start_gap,
        incomparable=(opponent.obstacle,) if opponent.obstacle else (),
        alarm=None if opponent.obstacle else alarm_of(champion, judged, renewed),
    )
    return Comparison(
        evidence=_beside_champion(evidence, judged, champion, tolerance) if champion else evidence,
        window=scored.window,
        table=scored.table(forecasts),
        re_estimated=opponent.re_estimated,
        forecasts=forecasts,
        origins=scored.origins,
    )


@dataclass(frozen=True)
class _ScoredWindow:
    """The origins from which is forecast, and what came.

    Args:
        observed: the series, shape (n,), NaN where a value is missing or was filled in.
        start: position of the window's first observation.
        origins: positions of the first steps, shape (origins,); those without an observed target are left out.
        actual: what was observed, shape (origins, horizon).
    """

    observed: pd.Series[float]
    start: int
    origins: npt.NDArray[np.intp]
    actual: npt.NDArray[np.float64]

    @property
    def index(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.observed.index)

    @property
    def targets(self) -> npt.NDArray[np.intp]:
        """Positions of what was forecast, shape (origins, horizon)."""
        return self.origins[:, None] + np.arange(self.actual.shape[1])

    @property
    def window(self) -> Window:
        start, end = self.index[self.origins[0]], self.index[-1]
        return Window(start=iso_date(start), end=iso_date(end), origins=len(self.origins), horizon=self.actual.shape[1])

    def table(self, forecasts: dict[str, RollingForecasts]) -> pd.DataFrame:
        """Return one row for each origin and step."""
        horizon = self.actual.shape[1]
        return pd.DataFrame(
            {
                "origin": self.index[np.repeat(self.origins - 1, horizon)],
                "date": self.index[self.targets.ravel()],
                "step": np.tile(np.arange(1, horizon + 1), len(self.origins)),
                "actual": self.actual.ravel(),
                **{name: forecast.mean.ravel() for name, forecast in forecasts.items()},
            }
        )


def _scored_window(observed: pd.Series[float], evaluation: Evaluation) -> _ScoredWindow:
    origins = window_origins(len(observed), evaluation.window, evaluation.horizon)
    start = int(origins[0])
    require_season_before(start, evaluation)
    require_scorable(observed, evaluation)
    actual = actuals(observed, origins, evaluation.horizon)
    seen = np.isfinite(actual).any(axis=1)
    return _ScoredWindow(observed, start, origins[seen], actual[seen])


def _beside_champion(evidence: Evidence, challenger: Model, champion: Model, tolerance: float) -> Evidence:
    """Add what the champion's own data and specification say of the challenger's."""
    facts = {
        "revised_share": revised_share(champion, challenger.observed, tolerance),
        "same_spec": same_specification(challenger, champion),
        "newer_data": challenger.values.index[-1] > champion.known_through,
    }
    return evidence.model_copy(update=facts)


def _forecasts(
    challenger: Model, opponent: Model | None, origins: npt.NDArray[np.intp], evaluation: Evaluation
) -> dict[str, RollingForecasts]:
    """Return every model's forecasts from the same origins."""
    horizon, levels = evaluation.horizon, evaluation.levels
    forecasts = {"challenger": forecasts_of(challenger, origins, horizon, levels)}
    if opponent is not None:
        forecasts["champion"] = forecasts_of(opponent, origins, horizon, levels)
    naive = seasonal_naive(challenger.values, origins, horizon, evaluation.season_length, levels)
    return forecasts | {"seasonal_naive": naive}


def _evidence_of(
    forecasts: dict[str, RollingForecasts], window: _ScoredWindow, season: int
) -> dict[str, ModelEvidence]:
    """Return every model's scores, by the same scale and weekdays."""
    actual = window.actual
    scale = mase_scale(np.asarray(window.observed, dtype=float)[: window.start], season)
    days = np.asarray(window.index.day_name())[window.targets]
    return {
        name: ModelEvidence.of(
            scores(actual, forecast, scale),
            loss_by_origin(actual, forecast.mean),
            rmse_by_step(actual, forecast.mean),
            rmse_by_label(actual, forecast.mean, days),
        )
        for name, forecast in forecasts.items()
    }


@dataclass(frozen=True)
class _Opponent:
    """The champion as it is scored, or the reason why it cannot be."""

    model: Model | None = None
    re_estimated: bool = False
    obstacle: Obstacle | None = None


def _opponent(champion: Model, challenger: Model, window_start: int, spec_bound: int) -> _Opponent:
    """Return the champion on the challenger's series, with its own parameters if these are older than the window."""
    if obstacle := incomparable(champion, challenger.values):
        return _Opponent(obstacle=obstacle)
    values, before = challenger.values, challenger.values.iloc[:window_start]
    judged = champion.as_judged().with_data(values, challenger.interpolated)
    if pd.Timestamp(judged.fit.estimated_through) <= before.index[-1]:
        return _Opponent(judged)
    anew = estimated_anew(judged, before, spec_bound)
    if isinstance(anew, NotEstimated):
        return _Opponent(obstacle=_not_estimated(anew, spec_bound))
    return _Opponent(anew, re_estimated=True)


def _not_estimated(found: NotEstimated, bound: int) -> Obstacle:
    if found.detail is not None:
        return Obstacle(code="cannot_be_re_estimated", detail=found.detail)
    return Obstacle(code="re_estimation_stopped", iterations=found.iterations, bound=bound)
