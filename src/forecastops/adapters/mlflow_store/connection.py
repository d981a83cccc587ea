"""One connection to MLflow, and the place where its errors become ours."""

from __future__ import annotations

import logging
import os
import re
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecastops.adapters.mlflow_store.azure_login import AZURE, explained, sign_in
from forecastops.ground.config import TrackingConfig
from forecastops.ground.errors import ForecastopsError, RegistryError

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Connection", "connect", "mlflow_errors"]

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
    experiment: str
    artifact_location: str | None


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
    for uri in (tracking_uri, registry_uri):
        _require_database(uri, may_create=may_create)
    with mlflow_errors(f"MLflow at {tracking_uri}"):
        client = _answering_client({tracking_uri, registry_uri})
    return Connection(client, tracking_uri, registry_uri, config.experiment, config.artifact_location)


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


@contextmanager
def mlflow_errors(where: str, remedy: str = "check MLFLOW_TRACKING_URI and that the server answers") -> Iterator[None]:
    """Turn whatever MLflow raises inside into one line that names ``where``.

    Its stores let errors of their own libraries through (HTTP, SQLAlchemy, Azure, files), which share no base class.
    """
    try:
        yield
    except ForecastopsError:
        raise
    except Exception as error:
        what = _short(error)
        if re.search(r"\b(401|403|Unauthorized|Forbidden)\b", what):
            remedy = "check that its credential is good for it and has not expired, then run the command again"
        raise RegistryError(where, what, remedy) from error


def _absolute(uri: str) -> str:
    """One name for one server: two names would be two locks."""
    scheme = "sqlite:///"
    return scheme + os.path.abspath(uri.removeprefix(scheme)) if uri.startswith(scheme) else uri.rstrip("/")


def _require_database(uri: str, *, may_create: bool) -> None:
    """Refuse a SQLite file that is not there or cannot be written to.

    MLflow would retry for minutes, or make an empty database at a mistyped path, which has no champion to beat.
    """
    if not uri.startswith("sqlite:///"):
        return
    path = uri.removeprefix("sqlite:///")
    folder, place = os.path.dirname(path), f"MLflow at {uri}"
    if not os.path.isdir(folder):
        raise RegistryError(place, f"there is no folder {folder}", "mend the path, or make the folder")
    if not os.path.exists(path) and not may_create:
        raise RegistryError(place, "there is no such database", "train first, or set MLFLOW_TRACKING_URI")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise RegistryError(place, "it cannot be written to", "mend its permissions, or set MLFLOW_TRACKING_URI")


def _short(error: BaseException) -> str:
    """The first line of the error; of one about a connection, what the operating system said at its root."""
    inner: BaseException | None = error
    proxy = False
    while inner is not None:
        proxy = proxy or type(inner).__name__ == "ProxyError"
        if isinstance(inner, ssl.SSLCertVerificationError):
            return _untrusted(inner)
        if isinstance(inner, ConnectionError | TimeoutError | socket.gaierror) and inner.strerror:
            return f"the proxy that HTTPS_PROXY or HTTP_PROXY names: {inner.strerror}" if proxy else inner.strerror
        inner = inner.__cause__ or inner.__context__
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[0] if len(lines[0]) <= 300 else lines[0][:297] + "..."


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    what = f"its TLS certificate is not trusted ({error.verify_message})"
    if "expired" in what or "not yet valid" in what:
        return f"{what}; is this machine's clock right?"
    return f"{what}; a proxy that opens TLS, or a private authority, needs its certificate in REQUESTS_CA_BUNDLE"


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
