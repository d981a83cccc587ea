"""Adding to one run what is known of it."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from forecastops.adapters.mlflow_store.connection import Connection
from forecastops.adapters.mlflow_store.mlflow_errors import mlflow_errors
from forecastops.core.tags import DATA_DIGEST, DATA_SOURCE

__all__ = ["Point", "RunRecorder"]

_LOG = logging.getLogger(__name__)
_BATCH = 1000  # metrics in a request, as MLflow bounds them
# Not the same run again: a server may refuse a second artifact of the name of one that never arrived.
_UPLOAD = "check the tracking server and its artifact store, and run the command again"

_BATCH = 1000  # metrics that a server takes at once


class Point(NamedTuple):
    """One metric at one step; the time is in milliseconds since the epoch."""

    key: str
    value: float
    timestamp: int
    step: int


class RunRecorder:
    """Adds parameters, metrics, tags and files to one run."""

    def __init__(self, connection: Connection, run_id: str) -> None:
        self.run_id = run_id
        self.empty = True  # whether nothing was recorded
        self._client = connection.client
        self._place = f"run {run_id} at {connection.tracking_uri}"

    def params(self, values: Mapping[str, object]) -> None:
        """Log parameters; MLflow refuses another value for a key that is there."""
        from mlflow.entities import Param

        self.empty = False
        with mlflow_errors(self._place):
            self._client.log_batch(self.run_id, params=[Param(key, str(value)) for key, value in values.items()])

    def metrics(self, values: Mapping[str, float], by_step: Mapping[str, Sequence[float | None]] | None = None) -> None:
        """Log metrics, each once, and those of ``by_step`` at steps 1, 2 and so on; what is None is left out."""
        from mlflow.entities import Metric
        from mlflow.utils.time import get_current_time_millis

        self.empty, now = False, get_current_time_millis()
        batch = [Metric(key, float(value), now, 0) for key, value in values.items()]
        for key, found in (by_step or {}).items():
            numbered = enumerate(found, start=1)
            batch += [Metric(key, float(value), now, step) for step, value in numbered if value is not None]
        with mlflow_errors(self._place):
            for start in range(0, len(batch), _BATCH):
                self._client.log_batch(self.run_id, metrics=batch[start : start + _BATCH])

    def steps(self, values: Mapping[str, Mapping[int, float]]) -> None:
        """Log metrics by name, each with a value for each of some steps."""
        from mlflow.entities import Metric
        from mlflow.utils.time import get_current_time_millis

        self.empty, now = False, get_current_time_millis()
        batch = [Metric(key, float(value), now, step) for key, found in values.items() for step, value in found.items()]
        with mlflow_errors(self._place):
            for start in range(0, len(batch), _BATCH):
                self._client.log_batch(self.run_id, metrics=batch[start : start + _BATCH])

    def curves(self, points: Sequence[Point]) -> None:
        """Log metrics at their steps; a point that is there already, to the last bit, is not there twice."""
        from mlflow.entities import Metric

        self.empty = False
        with mlflow_errors(self._place):
            for start in range(0, len(points), _BATCH):
                batch = [Metric(*point) for point in points[start : start + _BATCH]]
                self._client.log_batch(self.run_id, metrics=batch)

    def tags(self, values: Mapping[str, object]) -> None:
        """Set tags, all in one request."""
        from mlflow.entities import RunTag

        self.empty = False
        with mlflow_errors(self._place):
            self._client.log_batch(self.run_id, tags=[RunTag(key, str(value)) for key, value in values.items()])

    def files(self, folder: str | None, texts: Mapping[str, str]) -> None:
        """Log text files by their names, below ``folder`` of the run."""
        self.empty = False
        with tempfile.TemporaryDirectory() as scratch:
            for name, text in texts.items():
                (Path(scratch) / name).write_text(text, encoding="utf-8")
            with mlflow_errors(f"{', '.join(texts)} of {self._place}", _UPLOAD):
                self._client.log_artifacts(self.run_id, scratch, artifact_path=folder)

    def folder(self, name: str, path: Path) -> None:
        """Log a folder's files under ``name``."""
        self.empty = False
        with mlflow_errors(f"{name} of {self._place}", _UPLOAD):
            self._client.log_artifacts(self.run_id, str(path), artifact_path=name)

    def listed_model(self, name: str, tags: Mapping[str, str], params: Mapping[str, object]) -> None:
        """Enter the run's model in the server's list of models, as MLflow 3 has one; without files.

        The files stay with the run, where they were proven: this is what MLflow calls an external model, which it
        refuses to load. A server that has no such list, as Azure ML, answers 404.
        """
        from mlflow.entities import LoggedModelOutput
        from mlflow.exceptions import MlflowException
        from mlflow.utils.mlflow_tags import MLFLOW_MODEL_IS_EXTERNAL

        try:
            experiment = self._client.get_run(self.run_id).info.experiment_id
            model = self._client.create_logged_model(
                experiment,
                name=re.sub(r"[^\w-]", "-", name),
                source_run_id=self.run_id,
                tags={MLFLOW_MODEL_IS_EXTERNAL: "true", **tags},
                params={key: str(value) for key, value in params.items()},
                model_type="forecast",
            )
            self._client.finalize_logged_model(model.model_id, "READY")
            self._client.log_outputs(self.run_id, [LoggedModelOutput(model.model_id, 0)])
        except MlflowException as error:
            _LOG.debug("the server lists no models: %s", error)

    def dataset(self, values: pd.Series[float], source: str, sha256: str) -> None:
        """Log the series as MLflow dataset input; the digest is the start of its SHA-256, whose whole is a tag.

        Azure ML has no endpoint for inputs and answers 404: the tags then carry what is known.
        """
        from mlflow.data.pandas_dataset import from_pandas
        from mlflow.entities import DatasetInput, InputTag
        from mlflow.exceptions import MlflowException

        self.tags({DATA_DIGEST: sha256, DATA_SOURCE: source})
        frame = values.rename("value").rename_axis("date").reset_index()
        with mlflow_errors(f"dataset of {self._place}"):
            data: Any = from_pandas(frame, source=source, name="series", digest=sha256[:32])
            entry = DatasetInput(data._to_mlflow_entity(), [InputTag("mlflow.data.context", "training")])
            try:
                self._client.log_inputs(self.run_id, datasets=[entry])
            except MlflowException as error:
                if error.get_http_status_code() != 404:
                    raise
