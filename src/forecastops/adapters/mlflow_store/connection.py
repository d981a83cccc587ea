"""One connection to MLflow, and the place where its errors become ours."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecastops.adapters.mlflow_store.azure_login import AZURE, explained, sign_in
from forecastops.adapters.mlflow_store.config import TrackingConfig
from forecastops.adapters.mlflow_store.database import require_database
from forecastops.adapters.mlflow_store.mlflow_errors import mlflow_errors
from forecastops.core.surroundings import default_variables, ignore_warnings, raise_levels, silence

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.tracking._model_registry.client import ModelRegistryClient

__all__ = ["Connection", "connect"]

_VARIABLES = {
    # MLflow's own defaults add up to minutes of silence in front of a dead server; an operator's settings win.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # It would be drawn from Python's one generator, which belongs to the caller.
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    # Nobody else is told of what is done here.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # MLflow announces runs on stdout, which belongs to our result.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Where tqdm happens to be installed, a bar for files of a few kilobytes would fill logs.
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass(frozen=True)
class Connection:
    """An MLflow client, and the address that messages name."""

    client: MlflowClient
    tracking_uri: str
    registry_uri: str
    experiment: str | None  # as configured; None for what MLflow's own variables say
    artifact_location: str | None

    @property
    def registry(self) -> ModelRegistryClient:
        """MLflow's client of the registry alone.

        The public one asks before many calls whether the model is a prompt, which doubles their requests.
        """
        found: ModelRegistryClient = self.client._get_registry_client()
        return found

    @property
    def registry_variable(self) -> str:
        """The variable of MLflow that says where the registry is."""
        return _variable(self.registry_uri, self.tracking_uri)

    @property
    def servers(self) -> dict[str, str]:
        """What MLflow's functions are told, which else ask whatever the process is pointed at."""
        return {"tracking_uri": self.tracking_uri, "registry_uri": self.registry_uri}

    def version_uri(self, name: str, version: str) -> str:
        """Return where the files of a registered version lie.

        By the version itself, MLflow would look for it in whichever registry the process is pointed at.
        """
        uri = str(self.registry.get_model_version_download_uri(name, version))
        logged_model = uri.removeprefix("models:/")
        if logged_model == uri or "/" in logged_model:
            return uri
        return str(self.client.get_logged_model(logged_model).artifact_location)


def connect(config: TrackingConfig, *, may_create: bool = False) -> Connection:
    """Make a client of the configured servers, and make sure that the tracking server answers.

    What MLflow is pointed at elsewhere in the process stays as it is. A SQLite database that is not there is only made
    where ``may_create``.

    Raises:
        RegistryError: when the server cannot be reached.
    """
    default_variables(_VARIABLES)
    import mlflow
    from mlflow.tracking._model_registry.utils import _resolve_registry_uri

    _quiet()
    with mlflow_errors("MLflow tracking"):
        tracking_uri = _absolute(config.tracking_uri or mlflow.get_tracking_uri())
        # As MLflow's client resolves it: its own setting, its variable, else the tracking server.
        registry_uri = _absolute(_resolve_registry_uri(config.registry_uri, tracking_uri) or tracking_uri)
    for uri in dict.fromkeys((tracking_uri, registry_uri)):
        with mlflow_errors(f"MLflow at {uri}", variable=_variable(uri, tracking_uri)):
            require_database(uri, may_create=may_create)
    with mlflow_errors(f"MLflow at {tracking_uri}"):
        client = _answering_client(tracking_uri, registry_uri)
    return Connection(client, tracking_uri, registry_uri, config.experiment, config.artifact_location)


def _variable(uri: str, tracking_uri: str) -> str:
    return "MLFLOW_TRACKING_URI" if uri == tracking_uri else "MLFLOW_REGISTRY_URI"


def _answering_client(tracking_uri: str, registry_uri: str) -> MlflowClient:
    """Sign in where it is Azure, before MLflow's client settles on a cloud and a credential."""
    import mlflow

    with ExitStack() as stack:
        for uri in sorted({tracking_uri, registry_uri}):
            if uri.startswith(AZURE):
                stack.enter_context(explained(uri))
                sign_in(uri)
        client = mlflow.MlflowClient(tracking_uri, registry_uri)
        client.search_experiments(max_results=1)
    return client


def _absolute(uri: str) -> str:
    """Return one name for one server: two names would be two locks."""
    scheme = "sqlite:///"
    return scheme + os.path.abspath(uri.removeprefix(scheme)) if uri.startswith(scheme) else uri.rstrip("/")


def _quiet() -> None:
    """Leave stderr to our own progress and errors; after MLflow was imported, which sets levels of its own."""
    default_variables({"MLFLOW_LOGGING_LEVEL": "WARNING"})  # of programs that are started
    raise_levels(("alembic", "mlflow"), logging.WARNING)
    silence(("mlflow.store.db.utils", "mlflow.exceptions"))  # they log what they raise, traceback and all
    # Deprecated stages remain the only pointer of some registries; the other warnings advise on what we do on purpose.
    ignore_warnings((FutureWarning, UserWarning), r"mlflow\..*")
