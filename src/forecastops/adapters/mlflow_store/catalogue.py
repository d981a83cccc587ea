"""All registered models, as far as a registry tells of them: what a list of them shows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecastops.adapters.mlflow_store.connection import Connection
from forecastops.adapters.mlflow_store.mlflow_errors import mlflow_errors
from forecastops.adapters.mlflow_store.pointer import STAGE
from forecastops.core.errors import ForecastopsError
from forecastops.core.tags import DATA_END

if TYPE_CHECKING:
    from mlflow.entities.model_registry import RegisteredModel

__all__ = ["CataloguedModel", "catalogue", "is_registered"]

_MOST = 1000
_AT_ONCE = 8  # requests


@dataclass(frozen=True)
class CataloguedModel:
    """A registered model.

    Attributes:
        name: whatever the registry lets a name be.
        champion: the version under the alias, else the newest in stage Production; None where neither is known.
        data_end: ISO date of the newest observation that the champion has, as its tags say; None where they do not.
        changed: when something was changed last, in seconds since the epoch; None where that is not known.
    """

    name: str
    champion: str | None = None
    data_end: str | None = None
    changed: float | None = None


def catalogue(connection: Connection, alias: str, known: str, details: int = 50) -> list[CataloguedModel]:
    """Return the registered models by name, that of the configuration first.

    Args:
        connection: to the registry.
        alias: of champions.
        known: the configured name, which is listed whether or not it is registered.
        details: of how many the champion is looked up.

    Raises:
        RegistryError: when the registry does not answer.
    """
    names = sorted({known, *_names(connection)}, key=lambda name: (name != known, name))
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        found = list(threads.map(lambda name: _described(connection, alias, name), names[:details]))
    return [*found, *map(CataloguedModel, names[details:])]


def is_registered(connection: Connection, name: str) -> bool:
    """Tell whether the registry has a model of that name, with versions or without.

    Raises:
        RegistryError: when it does not answer.
    """
    from mlflow.exceptions import MlflowException

    place = f"registered model {name!r} at {connection.registry_uri}"
    with mlflow_errors(place, variable=connection.registry_variable):
        try:
            connection.registry.get_registered_model(name)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise
    return True


def _names(connection: Connection) -> list[str]:
    """Return all names; none where the registry cannot list them: MLflow adds a condition that not every one knows."""
    from mlflow.exceptions import MlflowException

    with mlflow_errors(f"registered models at {connection.registry_uri}", variable=connection.registry_variable):
        try:
            return [model.name for model in connection.client.search_registered_models(max_results=_MOST)]
        except MlflowException as error:
            if error.get_http_status_code() >= 500:
                raise
            return []


def _described(connection: Connection, alias: str, name: str) -> CataloguedModel:
    """Return what is known of one model; its name alone where that fails, as its own page says why."""
    client = connection.registry
    try:
        with mlflow_errors(name):
            model = client.get_registered_model(name)
            version = _champion(model, alias)
            tags = client.get_model_version(name, version).tags if version else {}
    except ForecastopsError:
        return CataloguedModel(name)
    changed = model.last_updated_timestamp
    return CataloguedModel(name, version, tags.get(DATA_END), changed / 1000 if changed else None)


def _champion(model: RegisteredModel, alias: str) -> str | None:
    aliases = {name: str(version) for name, version in (model.aliases or {}).items()}
    if alias in aliases:
        return aliases[alias]
    staged = [str(found.version) for found in model.latest_versions or () if found.current_stage == STAGE]
    return staged[0] if staged else None
