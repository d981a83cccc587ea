"""The pointer to the champion: an alias, or stage Production in a registry that has no aliases."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from forecastops.adapters.mlflow_store.config import RegistryConfig
from forecastops.adapters.mlflow_store.connection import Connection
from forecastops.adapters.mlflow_store.mlflow_errors import mlflow_errors

if TYPE_CHECKING:
    from mlflow.exceptions import MlflowException

__all__ = ["STAGE", "Pointer", "PointerKind"]

STAGE = "Production"
PointerKind = Literal["alias", "stage"]
_SERVERS = ("azureml:", "http:", "https:")  # databases and files are MLflow's own stores, which have aliases
_NO_SUCH_ENDPOINT = (404, 405, 501)


class Pointer:
    """Which kind the registry has, asked for once; and how to move it."""

    def __init__(self, connection: Connection, config: RegistryConfig) -> None:
        self._client, self._direct = connection.client, connection.registry
        self._model = config.model_name
        self._asks = connection.registry_uri.startswith(_SERVERS)
        self._place = f"the registry at {connection.registry_uri}"
        self._variable = connection.registry_variable
        self._wanted = config.pointer
        self.alias = config.alias

    @cached_property
    def kind(self) -> PointerKind:
        """What the configuration says, else what the registry answers.

        Raises:
            RegistryError: when it gives no answer; never a guess, which would hide a champion.
        """
        if self._wanted != "auto":
            return self._wanted
        return "alias" if not self._asks or self._answers_for_aliases() else "stage"

    @property
    def name(self) -> str:
        """What the journal and messages call it."""
        return self.alias if self.kind == "alias" else f"stage {STAGE}"

    def aliased(self) -> str | None:
        """Return the version under the alias, None where there is none or the registry has no aliases."""
        if self.kind == "stage":
            return None
        # Searches of versions have returned empty aliases; the registered model itself has them.
        found = self._client.get_registered_model(self._model).aliases.get(self.alias)
        return None if found is None else str(found)

    def move(self, version: str, *, stages_in_use: bool) -> None:
        """Point to ``version``; where stages are in use beside aliases, they follow."""
        if self.kind == "alias":
            self._client.set_registered_model_alias(self._model, self.alias, version)
        if self.kind == "stage" or stages_in_use:
            self._move_to_production_stage(version)

    def _move_to_production_stage(self, version: str) -> None:
        with warnings.catch_warnings():  # MLflow warns of stages from the line that asks for them
            warnings.simplefilter("ignore", FutureWarning)
            self._direct.transition_model_version_stage(self._model, version, STAGE, archive_existing_versions=True)

    def _answers_for_aliases(self) -> bool:
        from mlflow.exceptions import MlflowException

        remedy = "set registry.pointer to alias or stage, whichever it has"
        with mlflow_errors(self._place, remedy, self._variable):
            try:
                self._client.get_model_version_by_alias(self._model, self.alias)
            except MlflowException as error:
                if _says_no_such_alias(error):
                    return True
                if error.get_http_status_code() in _NO_SUCH_ENDPOINT:
                    return False
                raise
        return True


def _says_no_such_alias(error: MlflowException) -> bool:
    """Tell whether the server knows aliases and has none of that name; one without them has no such words."""
    from mlflow.exceptions import RestException

    return isinstance(error, RestException) and error.error_code in (
        "RESOURCE_DOES_NOT_EXIST",
        "INVALID_PARAMETER_VALUE",
    )
