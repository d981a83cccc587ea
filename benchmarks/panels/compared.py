"""Fit and compare by the product's code, score both on the future, and keep it, so that decisions can be replayed."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from worlds import SEASON, Case

from forecastops.forecasting import training
from forecastops.forecasting.config import Evaluation, EvaluationConfig, ModelSpec
from forecastops.forecasting.forecaster import Fit, Forecaster
from forecastops.forecasting.metrics import loss_by_origin
from forecastops.forecasting.rolling_origin import actuals, rolling_forecasts
from forecastops.gate.comparison import compare

__all__ = ["compared"]

# Cheap to fit; of two that hold each other, either may come out ahead.
CHALLENGERS = ModelSpec(order=(1, 0, 0), seasonal_order=(0, 1, 1, SEASON))
OTHER = ModelSpec(order=(2, 0, 0), seasonal_order=(0, 1, 1, SEASON))


def compared(cases: Iterable[Case], kept: Path, what: str) -> list[dict[str, Any]]:
    """Return what came of each case; what a file has already is not computed again."""
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / f"{what}.jsonl"
    known = {row["name"]: row for row in map(json.loads, path.read_text().splitlines())} if path.exists() else {}
    found = []
    with path.open("a") as lines:
        for number, case in enumerate(cases):
            if case.name not in known:
                known[case.name] = _compared(case)
                lines.write(json.dumps(known[case.name]) + "\n")
                lines.flush()
                print(f"{what}: {number}", end="\r", file=sys.stderr)
            found.append(known[case.name])
    return found


def _compared(case: Case) -> dict[str, Any]:
    evaluation = EvaluationConfig().resolved("D")
    spec = CHALLENGERS if case.same_spec else OTHER
    about: dict[str, Any] = {"name": case.name, "shift": case.shift, "same_spec": case.same_spec}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            champion = _trained(case.values.iloc[: case.champion_rows], spec, evaluation, None)
            challenger = _trained(case.values.iloc[: case.rows], CHALLENGERS, evaluation, champion)
            found = compare(challenger, champion, evaluation, 500)
        except Exception as error:  # noqa: BLE001  # a row as any other: a panel has such series
            return about | {"failed": f"{type(error).__name__}: {error}"}
        apart = found.forecasts["challenger"].mean - found.forecasts["champion"].mean
        return about | {
            "evidence": found.evidence.model_dump(mode="json"),
            "apart": np.mean(apart**2, axis=1).tolist(),
            "volume": float(case.values.iloc[: case.rows].abs().mean()),
            "errors": _errors(champion, case),
            "live_champion": _live(champion, case),
            "live_challenger": _live(challenger, case),
        }


def _trained(
    values: pd.Series[float], spec: ModelSpec, evaluation: Evaluation, previous: Forecaster | None
) -> Forecaster:
    """Return a model that serves what is judged of it: half the fits, and nothing between what is tested and lived."""
    known = values.iloc[: -evaluation.window]
    (one,) = training.fit_members(known, (spec,), previous.judged if previous else None)
    fit = Fit((one.member,), one.estimated_through, one.converged, one.start_gap)
    return Forecaster(fit, values, horizon=evaluation.horizon, levels=evaluation.levels, calibrated=True)


def _errors(champion: Forecaster, case: Case) -> list[float | None]:
    """Return the champion's standardised one-step errors of the rows that came since its training: a filter pass."""
    errors = champion.with_data(case.values.iloc[: case.rows]).standardised_errors()[case.champion_rows :]
    return [float(one) if np.isfinite(one) else None for one in errors]


def _live(model: Forecaster, case: Case) -> list[float]:
    """Return the mean squared error of each day's forecast after the retraining, as served and renewed daily."""
    origins = np.arange(case.rows, len(case.values) - model.horizon + 1)
    forecasts = rolling_forecasts(model.with_data(case.values), origins, model.horizon, (80,))
    return [float(one) for one in loss_by_origin(actuals(case.values, origins, model.horizon), forecasts.mean)]
