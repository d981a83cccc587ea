"""The experiment in which new runs are made: the configured one, the environment's, or one of the model's own."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from forecastops.adapters.mlflow_store.connection import Connection
from forecastops.adapters.mlflow_store.mlflow_errors import mlflow_errors
from forecastops.core.errors import RegistryError
from forecastops.core.tags import NOTE

if TYPE_CHECKING:
    from mlflow.entities import Experiment as MlflowExperiment

__all__ = ["Experiment"]

_NAME, _ID = "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"
# MLflow would open an experiment without traces as one of agents.
_OPENS_RUNS = ("mlflow.experimentKind", "custom_model_development")


class Experiment:
    """Where new runs of a model go; it need not be there yet."""

    def __init__(self, connection: Connection, model_name: str) -> None:
        self._connection, self._model_name = connection, model_name
        self._client = connection.client

    def id(self) -> str | None:
        """Return its id; None where it is not there yet.

        Raises:
            RegistryError: when it was deleted, or the environment names one that is not there.
        """
        name = self._name()
        found: MlflowExperiment | None
        if name is None:
            place, variable = f"experiment {os.environ[_ID]!r}", _ID
            with mlflow_errors(self._place(place), f"set {_ID} to one that exists, or unset it"):
                found = self._client.get_experiment(os.environ[_ID])
        else:
            place, variable = f"experiment {name!r}", "tracking.experiment"
            with mlflow_errors(self._place(place)):
                found = self._client.get_experiment_by_name(name)
        if found is None:
            return None
        if found.lifecycle_stage != "active":
            restore = f"run `mlflow experiments restore --experiment-id {found.experiment_id}`"
            raise RegistryError(self._place(place), "was deleted", f"{restore}, or name another with {variable}")
        return str(found.experiment_id)

    def made(self) -> str:
        """Return its id; it is made where it is not there."""
        return self.id() or self._new(self._name() or "")

    def _new(self, name: str) -> str:
        """Make one whose page opens with its runs, and says whose they are."""
        from mlflow.exceptions import MlflowException

        made = str(self._client.create_experiment(name, self._connection.artifact_location))
        with suppress(MlflowException):  # not every server keeps tags of experiments
            for key, value in (_OPENS_RUNS, (NOTE, f"What forecastops did for the model {self._model_name}.")):
                self._client.set_experiment_tag(made, key, value)
        return made

    def _name(self) -> str | None:
        """Return the configured name, else the environment's; None where that gives an id."""
        if name := self._connection.experiment or os.environ.get(_NAME):
            return name
        return None if os.environ.get(_ID) else self._model_name

    def _place(self, what: str) -> str:
        return f"{what} at {self._connection.tracking_uri}"
