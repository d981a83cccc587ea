"""Runs: the record of a training and of the decision about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.adapters.mlflow_store.azure_login import AZURE
from forecastops.adapters.mlflow_store.connection import Connection
from forecastops.adapters.mlflow_store.downloads import download_files
from forecastops.adapters.mlflow_store.experiment import Experiment
from forecastops.adapters.mlflow_store.mlflow_errors import mlflow_errors
from forecastops.adapters.mlflow_store.recorder import RunRecorder
from forecastops.core.errors import RegistryError
from forecastops.core.signatures import Trusted
from forecastops.core.tags import DATA_END, DATA_REFUSED, MODEL_DIGEST, MODEL_NAME, PARENT_RUN

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

__all__ = ["NewestData", "Run", "Runs"]

_EXPERIMENT = "forecastops"
_OF_MODELS = {MODEL_DIGEST, "mlflow.log-model.history"}  # tags of runs that carry a model
# The runs that MLFLOW_RUN_ID named and that were resumed, with their server: each is resumed once. MLflow itself would
# remove the variable, which belongs to whoever set it.
_RESUMED: set[tuple[str, str | None]] = set()


@dataclass(frozen=True)
class Run:
    """What a run holds.

    Attributes:
        started: seconds since the epoch, by the clock of whoever made it.
        finished: whether it came to its end; what failed or is under way did not.
    """

    run_id: str
    artifact_uri: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    started: float
    finished: bool
    params: Mapping[str, str] = field(default_factory=dict)
    experiment_id: str = ""


@dataclass(frozen=True)
class NewestData:
    """The newest observation that a run has brought: its ISO date, and the run."""

    end: str
    run_id: str


class Runs:
    """Runs of the configured experiment, or of the model's own where none is configured.

    Attributes:
        trusted: whose signature the models in them must bear, if anybody's.
        made_by_mlflow: the run that ``mlflow run`` made for this process; None without one.
    """

    def __init__(self, connection: Connection, trusted: Trusted, model_name: str = _EXPERIMENT) -> None:
        self._connection, self._experiment = connection, Experiment(connection, model_name)
        self.trusted = trusted
        self._client, self._server = connection.client, connection.tracking_uri
        named = os.environ.get("MLFLOW_RUN_ID")
        self.made_by_mlflow = None if (self._server, named) in _RESUMED else named
        self._artifact_uris: dict[str, str] = {}  # of the runs that were read; a run keeps its own

    def require_new_run_possible(self) -> None:
        """Look at the experiment of new runs, before anything is done.

        Raises:
            RegistryError: when it was deleted, or the environment names one that is not there.
        """
        self._experiment.id()

    def require_resumable(self, judged: str | None = None) -> None:
        """Look at the run that ``MLFLOW_RUN_ID`` names, if any, before anything is done.

        Args:
            judged: the run that the command is about, to which it may always add.

        Raises:
            RegistryError: when it is not under way, carries a model, or is not there.
        """
        if self.made_by_mlflow is not None and self.made_by_mlflow != judged:
            self._require_resumable(self.made_by_mlflow)

    @contextmanager
    def record(self, name: str, *, own: bool = False) -> Iterator[RunRecorder]:
        """Start a run, or resume the one that ``mlflow run`` made; it ends FAILED when the block raises.

        One of our own in which nothing was recorded until then is deleted.

        Args:
            name: of a new run.
            own: whether it must be a new one, whoever calls.
        """
        resumed = None if own else self.made_by_mlflow
        with mlflow_errors(self._place("a new run")):
            run_id = self._resumed(resumed) if resumed else self._begun(name)
        recorder = RunRecorder(self._connection, run_id)
        try:
            yield recorder
            self._end(run_id, "FINISHED")
        except BaseException:
            with suppress(RegistryError):
                self._end(run_id, "FAILED")
                if recorder.empty and run_id != self.made_by_mlflow:
                    self.discard(run_id)
            raise

    @contextmanager
    def continued(self, run: Run | None, name: str) -> Iterator[RunRecorder]:
        """Go on with a run of an earlier call, or start one; it ends whatever the block does."""
        with mlflow_errors(self._place("the run to go on with")):
            if run is None:
                run_id = self._begun(name)
            else:
                run_id = run.run_id
                self._client.update_run(run_id, status="RUNNING")
        ended = "FAILED"
        try:
            yield RunRecorder(self._connection, run_id)
            ended = "FINISHED"
        finally:
            with suppress(RegistryError):
                self._end(run_id, ended)

    def newest_with(self, tag: str, value: str) -> Run | None:
        """Return the youngest run of the experiment of new runs that bears a tag; None where all were deleted."""
        with mlflow_errors(self._place("runs")):
            experiment = self._experiment.id()
            if experiment is None:
                return None
            # Azure ML documents no quoted names.
            found = self._client.search_runs([experiment], f"tags.{tag} = '{value}'", max_results=1000)
        return max((_record(run) for run in found), key=lambda run: run.started, default=None)

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        """Make a run of nothing but tags, which records what happened otherwise than by training.

        Args:
            name: of the run.
            tags: what it records.
        """
        with mlflow_errors(self._place("a new run")):
            self._client.set_terminated(self._begun(name, tags))

    def _begun(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        """Start a run as MLflow would, but not as the caller's active one; its id."""
        from mlflow.tracking.context.registry import resolve_tags

        told = {**resolve_tags(), **(tags or {})}
        return str(self._client.create_run(self._experiment.made(), tags=told, run_name=name).info.run_id)

    def _resumed(self, run_id: str) -> str:
        """Go on with a run; it lies in an experiment of its own."""
        self._client.update_run(run_id, status="RUNNING")
        _RESUMED.add((self._server, run_id))
        return run_id

    def _end(self, run_id: str, status: str) -> None:
        with mlflow_errors(self._place(f"run {run_id!r}")):
            self._client.set_terminated(run_id, status)

    def get(self, run_id: str) -> Run:
        """Return the run of that id.

        Raises:
            RegistryError: when there is none, or it was deleted.
        """
        remedy = "give the run_id that `forecastops train` printed, and the same tracking server"
        with mlflow_errors(self._place(f"run {run_id!r}"), remedy):
            found = self._client.get_run(run_id)
        if found.info.lifecycle_stage != "active":
            raise RegistryError(self._place(f"run {run_id!r}"), "was deleted", "restore it or train again")
        self._artifact_uris[run_id] = found.info.artifact_uri
        return _record(found)

    def download(self, run_id: str, path: str, into: Path) -> Path:
        """Copy one artifact file or folder of a run into the folder ``into``; regular files alone, each bounded."""
        root = self._artifact_uris.get(run_id) or self.get(run_id).artifact_uri
        place, remedy = self._place(f"artifact {path!r} of run {run_id!r}"), "train or evaluate the run again"
        with mlflow_errors(place, remedy):
            # By the run's id, MLflow asks for the run and for logged models once more.
            return download_files(root, path, into, place, remedy, servers=self._connection.servers)

    def newest_data(self, model_name: str) -> NewestData | None:
        """Return the newest data that a finished run of the model brought and that were not refused, or None.

        Runs are looked for in all experiments: `mlflow run` has one of its own.
        """
        newest: NewestData | None = None
        for run in self.of_model(model_name, at_once=1000):
            end = run.tags.get(DATA_END, "") if run.finished else ""
            if end > (newest.end if newest else "") and run.tags.get(DATA_REFUSED, "no") == "no":
                newest = NewestData(end, run.run_id)
        return newest

    def of_model(self, model_name: str, at_once: int = 200) -> Iterator[Run]:
        """Yield the model's runs, those begun last first, as they are asked for.

        Runs are looked for in all experiments: `mlflow run` has one of its own.

        Args:
            model_name: as the runs' tag has it.
            at_once: how many a request asks for.
        """
        with mlflow_errors(self._place("runs")):
            experiments = [found.experiment_id for found in self._client.search_experiments()]
        # Azure ML documents neither quoted names nor MLflow's spelling of a status.
        condition = f"tags.{MODEL_NAME} = '{model_name}'"
        token, seen = None, set[str]()
        while experiments:
            with mlflow_errors(self._place("runs")):
                page = self._client.search_runs(
                    experiments,
                    condition,
                    max_results=at_once,
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
            for run in page:
                if run.info.run_id not in seen:  # one that was begun meanwhile moves the others on by a place
                    seen.add(run.info.run_id)
                    yield _record(run)
            token = page.token
            if not token:
                return

    def discard(self, run_id: str) -> None:
        """Delete a run that came to nothing."""
        with mlflow_errors(self._place(f"run {run_id!r}")):
            self._client.delete_run(run_id)

    @property
    def overwrites(self) -> bool:
        """Whether an artifact may be written over."""
        return not self._server.startswith(AZURE)

    @property
    def parent(self) -> dict[str, str]:
        """The tag of a run that is made beside the one of ``mlflow run``, which MLflow then shows as its parent."""
        return {PARENT_RUN: self.made_by_mlflow} if self.made_by_mlflow else {}

    def link(self, run: Run, words: str) -> str:
        """Return Markdown that leads to the run's page on MLflow's own server; on Azure ML, its words and id."""
        if self._server.startswith(AZURE):
            return f"{words} (`{run.run_id}`)"
        return f"[{words}](#/experiments/{run.experiment_id}/runs/{run.run_id})"

    def recorder(self, run_id: str) -> RunRecorder:
        """Add to a run that has ended."""
        return RunRecorder(self._connection, run_id)

    @property
    def experiment_id(self) -> str | None:
        """The experiment of new runs; None where it is not there yet."""
        return self._experiment.id()

    def _require_resumable(self, run_id: str) -> None:
        place = self._place(f"run {run_id!r}, which MLFLOW_RUN_ID names,")
        remedy = "unset MLFLOW_RUN_ID, or let MLFLOW_TRACKING_URI name this server to `mlflow run` too"
        with mlflow_errors(place, remedy):
            found = self._client.get_run(run_id)
        info, tags = found.info, found.data.tags
        if info.lifecycle_stage != "active":
            raise RegistryError(place, "was deleted", remedy)
        if tags.keys() & _OF_MODELS:
            raise RegistryError(place, "carries a model, which is not written over", remedy)
        if info.status not in ("RUNNING", "SCHEDULED"):
            raise RegistryError(place, f"has ended ({info.status}), and is not written to any more", remedy)

    def _place(self, what: str) -> str:
        return f"{what} at {self._connection.tracking_uri}"


def _record(found: MlflowRun) -> Run:
    info, data = found.info, found.data
    finished = info.status == "FINISHED"
    return Run(
        info.run_id,
        info.artifact_uri,
        data.metrics,
        data.tags,
        (info.start_time or 0) / 1000,
        finished,
        data.params,
        str(info.experiment_id),
    )
