"""What a model must consist of: as whoever deploys it says, else as the registry's version does; never anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from mlflow.exceptions import MlflowException

from forecastops.core.redaction import redact_uri
from forecastops.core.tags import MODEL_DIGEST
from forecastops_local.bounded import within

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Binding", "Servers", "binding_of", "source_of"]

_VERSION = re.compile(r"models:/+(?P<name>[^/@]+)/(?P<version>[0-9]+)")
_RUN = re.compile(r"runs:/+(?P<run>[^/]+)/.+")


class Binding(NamedTuple):
    """The digest of a model's files, and the run that they are of, where that is known."""

    sha256: str
    run_id: str


class Servers(NamedTuple):
    """Where versions are looked up; empty for what MLflow itself is pointed at."""

    tracking_uri: str = ""
    registry_uri: str = ""

    @classmethod
    def taken_from(cls, settings: dict[str, Any]) -> Servers:
        """Take them out of the settings: their addresses may hold credentials, which are not kept."""
        return cls(settings.pop("tracking_uri", ""), settings.pop("registry_uri", ""))

    def client(self) -> MlflowClient:
        """Make a client of both."""
        from mlflow import MlflowClient

        return MlflowClient(self.tracking_uri or None, self.registry_uri or None)


def binding_of(model_uri: str, sha256: str, run_id: str, timeout: float, servers: Servers) -> Binding:
    """Return what binds the model, looked up where the caller has not said it.

    Args:
        model_uri: what is to be deployed.
        sha256: the digest that was decided on; empty where the caller brings none.
        run_id: the run; empty where the caller names none.
        timeout: seconds that looking it up may take.
        servers: which have the version.

    Raises:
        MlflowException: when nothing binds it.
    """
    if sha256:
        of_run = _RUN.fullmatch(model_uri)
        return Binding(sha256, run_id or (of_run["run"] if of_run else ""))
    shown = redact_uri(model_uri)
    found = _VERSION.fullmatch(model_uri)
    if found is None:
        raise MlflowException.invalid_parameter_value(
            f"nothing binds the files of {shown}: deploy a version that forecastops has promoted "
            "(models:/NAME/NUMBER), or say their digest with -C model_sha256=..."
        )
    return _of_version(unquote(found["name"]), found["version"], shown, timeout, servers)


def source_of(model_uri: str, servers: Servers) -> str:
    """Return where the files of a registered version are; of any other model, the address as it is.

    By the version itself, MLflow would look for it in whichever registry the process is pointed at.
    """
    found = _VERSION.fullmatch(model_uri)
    if found is None or not any(servers):
        return model_uri
    client = servers.client()
    uri = str(client.get_model_version_download_uri(unquote(found["name"]), found["version"]))
    logged_model = uri.removeprefix("models:/")
    if logged_model == uri or "/" in logged_model:
        return uri
    return str(client.get_logged_model(logged_model).artifact_location)


def _of_version(name: str, number: str, shown: str, timeout: float, servers: Servers) -> Binding:
    what = f"what {shown} must consist of could not be looked up"
    version = within(timeout, lambda: servers.client().get_model_version(name, number), what)
    digest = version.tags.get(MODEL_DIGEST, "")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise MlflowException.invalid_parameter_value(
            f"{shown} carries no digest of its files (tag {MODEL_DIGEST}): promote it, or say the digest "
            "with -C model_sha256=..."
        )
    return Binding(digest, version.run_id or "")
