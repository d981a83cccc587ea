"""One connection to MLflow, and the place where its errors become ours."""

from __future__ import annotations

import logging
import os
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecastops.adapters.mlflow_store.azure_login import AZURE, explained, sign_in
from forecastops.adapters.mlflow_store.config import TrackingConfig
from forecastops.adapters.mlflow_store.database import require_database
from forecastops.adapters.mlflow_store.mlflow_errors import mlflow_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.tracking._model_registry.client import ModelRegistryClient

__all__ = ["Connection", "connect"]

# MLflow's own defaults add up to minutes of silence in front of a dead server; an operator's settings win.
_BOUNDS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
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


def connect(config: TrackingConfig, *, may_create: bool = False) -> Connection:
    """Point MLflow at the configured servers and make sure that the tracking server answers.

    The URIs are set globally too: the client alone cannot log artifacts. A SQLite database that is not there is only
    made where ``may_create``.

    Raises:
        RegistryError: when the server cannot be reached.
    """
    for name, value in _BOUNDS.items():
        os.environ.setdefault(name, value)
    # Nobody else is told of what is done here.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # MLflow announces runs on stdout, which belongs to our result.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    # Where tqdm happens to be installed, a bar for files of a few kilobytes would fill logs.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    _quiet()
    import mlflow

    with mlflow_errors("MLflow tracking"):
        if config.tracking_uri:
            mlflow.set_tracking_uri(config.tracking_uri)
        if config.registry_uri:
            mlflow.set_registry_uri(config.registry_uri)
        tracking_uri, registry_uri = _absolute(mlflow.get_tracking_uri()), _absolute(mlflow.get_registry_uri())
    for uri in dict.fromkeys((tracking_uri, registry_uri)):
        with mlflow_errors(f"MLflow at {uri}", variable=_variable(uri, tracking_uri)):
            require_database(uri, may_create=may_create)
    with mlflow_errors(f"MLflow at {tracking_uri}"):
        client = _answering_client({tracking_uri, registry_uri})
    return Connection(client, tracking_uri, registry_uri, config.experiment, config.artifact_location)


def _variable(uri: str, tracking_uri: str) -> str:
    return "MLFLOW_TRACKING_URI" if uri == tracking_uri else "MLFLOW_REGISTRY_URI"


def _answering_client(uris: set[str]) -> MlflowClient:
    """Sign in where it is Azure, before MLflow's client settles on a cloud and a credential."""
    import mlflow

    with ExitStack() as stack:
        for uri in sorted(uris):
            if uri.startswith(AZURE):
                stack.enter_context(explained(uri))
                sign_in(uri)
        client = mlflow.MlflowClient()
        client.search_experiments(max_results=1)
    return client


def _absolute(uri: str) -> str:
    """Return one name for one server: two names would be two locks."""
    scheme = "sqlite:///"
    return scheme + os.path.abspath(uri.removeprefix(scheme)) if uri.startswith(scheme) else uri.rstrip("/")


def _quiet() -> None:
    """Leave stderr to our own progress and errors."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    # They log what they raise, traceback and all. A filter, because levels are set anew when MLflow is imported.
    for name in ("mlflow.store.db.utils", "mlflow.exceptions"):
        logging.getLogger(name).addFilter(lambda _: False)
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    # Deprecated stages remain the only pointer of some registries; the other warnings advise on what we do on purpose.
    for category in (FutureWarning, UserWarning):
        warnings.filterwarnings("ignore", category=category, module=r"mlflow\..*")
