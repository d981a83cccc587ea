"""Train a challenger: load, check, fit, and log a run with a model that is not registered."""

from __future__ import annotations

import json
import logging
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.runs import RunRecorder, Runs
from forecastops.adapters.model_artifact import save_model
from forecastops.forecasting.estimation import build_forecaster, estimate, plain_forecast
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.metrics import holdout_scores
from forecastops.forecasting.selection import Selection, select
from forecastops.gate.evidence import finite_or_none
from forecastops.ground.config import Config, EvaluationConfig, ModelSpec
from forecastops.ground.errors import ModelError
from forecastops.ground.series import Series, season_length
from forecastops.release.tags import MODEL_DIGEST, MODEL_NAME
from forecastops.usecases.prepare_data import trainable_series

__all__ = ["TrainResult", "train"]

_LOG = logging.getLogger(__name__)
_RECORDED_SHARE = 0.9  # the recorded metric is of the last 10 %, as existing scripts have it


@dataclass(frozen=True)
class TrainResult:
    """The run made, and what is in it; ``selection`` is None where the spec is fixed."""

    run_id: str
    model_name: str
    spec: dict[str, object]
    metrics: dict[str, float]
    data: dict[str, object]
    selection: dict[str, object] | None


def train(config: Config, paths: Sequence[str]) -> TrainResult:
    """Fit the configured spec, or the one chosen as ``model.selection`` says, and log the run.

    The newest ``evaluation.window`` observations are held back from estimation, so that the gate can score the very
    parameters that would be deployed; the model's state is nevertheless filtered up to the newest observation.

    Raises:
        DataError: when the data make no regular series, or too short a one.
        ModelError: when the spec, or every candidate, cannot be fitted.
        ConfigError: when the library is missing that ``model.selection`` asks for.
        RegistryError: when the tracking server does not take the run.
    """
    series = trainable_series(config, paths)
    runs = Runs(connect(config.tracking, may_create=True))  # before the fits: they are of no use without a server
    for note in series.notes:
        _LOG.warning("%s", note)
    known = series.values.iloc[: -config.evaluation.window]
    chosen = _selection(config, known)
    spec = chosen.chosen.spec if chosen else config.model.spec
    _LOG.info("fitting %s to %d of %d observations", spec.name, len(known), series.rows)
    found = estimate(known, spec)
    forecaster = build_forecaster(spec, found, series.values, config.evaluation)
    metrics = _recorded_metrics(spec, config.evaluation, series.values) | found.metrics
    selection = chosen.document() if chosen else None
    with tempfile.TemporaryDirectory() as folder, runs.record(f"train {series.end}") as recorder:
        _log_data(recorder, config, series, paths)
        recorder.params(_keyed("model", spec) | {"model.selection": config.model.selection})
        if selection:
            recorder.files(None, {"selection.json": json.dumps(selection, indent=1, allow_nan=False) + "\n"})
        _log_model(recorder, config, forecaster, Path(folder) / "model")
        _log_metrics(recorder, config, metrics)
    if not found.converged:
        _LOG.warning("the optimiser did not converge in %d iterations: the gate will reject it", found.iterations)
    return TrainResult(
        run_id=recorder.run_id,
        model_name=config.registry.model_name,
        spec=spec.model_dump(mode="json"),
        metrics=metrics,
        data={"start": series.start, "end": series.end, "rows": series.rows, "sha256": series.sha256},
        selection=selection,
    )


def _selection(config: Config, known: pd.Series[float]) -> Selection | None:
    """What was chosen before the gate's window, with what was passed over said; None where nothing is to choose."""
    if config.model.selection == "fixed":
        return None
    _LOG.info("choosing the model (%s) on %d observations", config.model.selection, len(known))
    season = config.evaluation.season_length or season_length(str(pd.DatetimeIndex(known.index).freqstr))
    selection = select(known, config.model, config.evaluation, season)
    for reason in dict.fromkeys(found.passed_over for found in selection.candidates if found.passed_over):
        names = ", ".join(found.spec.name for found in selection.candidates if found.passed_over == reason)
        _LOG.warning("passed over: %s %s", names, reason)
    return selection


def _recorded_metrics(spec: ModelSpec, evaluation: EvaluationConfig, values: pd.Series[float]) -> dict[str, float]:
    """RMSE and R2 of one forecast of the last 10 %, by parameters estimated from the rest.

    As the scripts that read the metric make it, by statsmodels alone and in the data's own unit, or it would not
    compare with what they have recorded; where that fails, the metric of our estimate is better than none.
    """
    split = int(len(values) * _RECORDED_SHARE)
    known, actual = values.iloc[:split], np.asarray(values.iloc[split:], dtype=float)
    try:
        path = plain_forecast(known, spec, len(actual))
    except ModelError:
        ours = build_forecaster(spec, estimate(known, spec), known, evaluation)
        path = np.asarray(ours.forecast(len(actual))["mean"], dtype=float)
    return holdout_scores(actual, path)


def _log_data(recorder: RunRecorder, config: Config, series: Series, paths: Sequence[str]) -> None:
    recorder.params(_keyed("data", config.data))
    recorder.params({"data.start": series.start, "data.end": series.end, "data.rows": series.rows})
    recorder.metrics({"interpolated": float(series.interpolated)})
    recorder.dataset(series.values, ", ".join(Path(path).name for path in paths), series.sha256)


def _log_model(recorder: RunRecorder, config: Config, forecaster: Forecaster, folder: Path) -> None:
    recorder.params(_keyed("evaluation", config.evaluation))
    sha256 = save_model(forecaster, folder)
    recorder.folder("model", folder)
    recorder.files(None, {"params.json": json.dumps(dict(forecaster.params), indent=1) + "\n"})
    recorder.tags({MODEL_DIGEST: sha256, MODEL_NAME: config.registry.model_name})


def _log_metrics(recorder: RunRecorder, config: Config, metrics: dict[str, float]) -> None:
    recorder.metrics({name: value for name, value in metrics.items() if math.isfinite(value)})
    document = {
        "run_id": recorder.run_id,
        "model_name": config.registry.model_name,
        "RMSE": finite_or_none(metrics["RMSE"]),
        "R2": finite_or_none(metrics["R2"]),
    }
    recorder.files(None, {"metric.json": json.dumps(document, indent=1, allow_nan=False) + "\n"})


def _keyed(section: str, record: BaseModel) -> dict[str, object]:
    """Keys carry their section, because `mlflow run` logs the entry point's own parameters under bare names."""
    return {f"{section}.{key}": value for key, value in record.model_dump(mode="json").items()}
