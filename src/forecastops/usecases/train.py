"""Train a challenger: load, check, fit, and log a run with a model that is not registered."""

from __future__ import annotations

import json
import logging
import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from forecastops.adapters.mlflow_store.connection import Connection, connect
from forecastops.adapters.mlflow_store.recorder import RunRecorder
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.model_artifact import save_model, serving_python, sign_folder
from forecastops.adapters.sources.read_series import Source, source_names
from forecastops.config import Config
from forecastops.core.errors import ForecastopsError
from forecastops.core.signatures import Signer, Trusted
from forecastops.core.tags import COMMAND, DATA_END, MODEL_DIGEST, MODEL_NAME, NOTE, RUN_NAME
from forecastops.data.series import Series
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.selection import Selection
from forecastops.forecasting.training import Trained, fit
from forecastops.gate.data_sense import Doubt, doubts
from forecastops.gate.evidence import finite_or_none
from forecastops.release.champion import current_champion
from forecastops.release.legacy_champion import champion_model
from forecastops.reporting.sentences.obstacles import doubt_sentence
from forecastops.reporting.sentences.runs import run_name, trained_note
from forecastops.usecases.prepare_data import trainable_series

__all__ = ["TrainResult", "train"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainResult:
    """The run made, and what is in it; ``selection`` is None where the spec is fixed."""

    run_id: str
    model_name: str
    spec: dict[str, object]
    metrics: dict[str, float]
    data: dict[str, object]
    selection: dict[str, object] | None


def train(config: Config, sources: Sequence[Source]) -> TrainResult:
    """Fit what the configuration names, and log the run.

    The newest ``evaluation.window`` observations are held back from the estimation that is judged, so that the gate can
    score its very parameters; what serves is estimated on everything (``forecasting.training.fit``).

    Raises:
        DataError: when the data make no regular series, or too short a one.
        ModelError: when the spec, or every candidate, cannot be fitted.
        ConfigError: when the library is missing that ``model.selection`` or ``signing`` asks for, or a key is unusable.
        RegistryError: when the tracking server does not take the run.
    """
    series = trainable_series(config, sources)
    connection = connect(config.tracking, may_create=True)  # before the fits: they are of no use without a server
    model_name, signer = config.registry.model_name, Signer.of(config.signing)
    runs = Runs(connection, Trusted.of(config.signing), model_name)
    _require_run_possible(runs)
    for note in series.notes:
        _LOG.warning("%s", note)
    evaluation = config.evaluation_of(series.frequency)
    previous = _previous(connection, runs, config)
    # The run first: where it cannot be made, the fits are of no use.
    name = run_name(model_name, series.end, "trained")
    with tempfile.TemporaryDirectory() as folder, runs.record(name) as recorder:
        _LOG.info("fitting (%s) to %d observations", config.model.selection, series.rows)
        trained = fit(series, config.model, evaluation, previous)
        _say(trained, doubts(series, trained.model.as_judged(), evaluation.season_length))
        _log_data(recorder, config, series, sources)
        _log_spec(recorder, config, evaluation, trained)
        _log_model(recorder, config, trained.model, Path(folder) / "model", signer)
        _log_metrics(recorder, config, trained.metrics)
        told = trained_note(recorder.run_id, _described(series), trained.metrics)
        recorder.tags({RUN_NAME: name, NOTE: told, COMMAND: "train"})
    return TrainResult(
        run_id=recorder.run_id,
        model_name=model_name,
        spec=trained.spec,
        metrics=trained.metrics,
        data=_described(series),
        selection=_selection(trained),
    )


def _require_run_possible(runs: Runs) -> None:
    runs.require_resumable()
    if runs.made_by_mlflow is None:
        runs.require_new_run_possible()


def _previous(connection: Connection, runs: Runs, config: Config) -> Forecaster | None:
    """Return the champion's model as a start for the optimiser; training goes on where it cannot be had."""
    try:
        registry = ModelRegistry(connection, config.registry)
        champion = current_champion(registry)
        return champion_model(runs, registry, champion.version) if champion else None
    except ForecastopsError as error:
        _LOG.info("the champion's parameters are no start for the optimiser: %s", error.what)
        return None


def _described(series: Series) -> dict[str, object]:
    return {"start": series.start, "end": series.end, "rows": series.rows, "sha256": series.sha256}


def _say(trained: Trained, found: Iterable[Doubt]) -> None:
    """Say what was passed over in the choice, and what else a person should know."""
    if trained.selection:
        _say_passed_over(trained.selection)
    for warning in (*trained.warnings, *(doubt_sentence(doubt) for doubt in found)):
        _LOG.warning("%s", warning)


def _say_passed_over(selection: Selection) -> None:
    for reason in dict.fromkeys(found.passed_over for found in selection.candidates if found.passed_over):
        names = ", ".join(found.spec.name for found in selection.candidates if found.passed_over == reason)
        _LOG.warning("passed over: %s %s", names, reason)


def _log_data(recorder: RunRecorder, config: Config, series: Series, sources: Sequence[Source]) -> None:
    recorder.params(_keyed("data", config.data))
    recorder.params({"data.start": series.start, "data.end": series.end, "data.rows": series.rows})
    recorder.tags({DATA_END: series.end})
    recorder.metrics({"interpolated": float(series.interpolated), "missing": float(series.missing)})
    recorder.dataset(series.values, source_names(sources), series.sha256)


def _selection(trained: Trained) -> dict[str, object] | None:
    return trained.selection.document() if trained.selection else None


def _log_spec(recorder: RunRecorder, config: Config, evaluation: Evaluation, trained: Trained) -> None:
    recorder.params(_keyed("evaluation", evaluation) | {"model.selection": config.model.selection})
    recorder.params({f"model.{key}": value for key, value in trained.spec.items()})
    selection = _selection(trained)
    if selection:
        recorder.files(None, {"selection.json": json.dumps(selection, indent=1, allow_nan=False) + "\n"})


def _log_model(
    recorder: RunRecorder, config: Config, forecaster: Forecaster, folder: Path, signer: Signer | None
) -> None:
    sha256 = save_model(forecaster, folder, serving_python(config.deployment.settings))
    if signer is not None:
        sign_folder(folder, signer, recorder.run_id)
    recorder.folder("model", folder)
    recorder.files(None, {"params.json": json.dumps(_parameters(forecaster), indent=1) + "\n"})
    recorder.tags({MODEL_DIGEST: sha256, MODEL_NAME: config.registry.model_name})
    recorder.listed_model(config.registry.model_name, {MODEL_DIGEST: sha256}, _orders(forecaster))


def _orders(forecaster: Forecaster) -> dict[str, object]:
    """Return members and end of the data, as a list of models is to show them."""
    members = ", ".join(f"{member.order}{member.seasonal_order}" for member in forecaster.fit.members)
    return {"members": members, "data.end": Series(forecaster.values).end}


def _parameters(forecaster: Forecaster) -> object:
    """Return the parameters that serve, by statsmodels' names: a flat record, or a list for several members."""
    found = [dict(member.params) for member in forecaster.fit.members]
    return found[0] if len(found) == 1 else found


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
    """Put the section before each key, as `mlflow run` logs the entry point's parameters under bare names."""
    return {f"{section}.{key}": value for key, value in record.model_dump(mode="json").items()}
