"""Scoring what has been decoded, by MLflow's own function: its web framework would decode the same text once more."""

from __future__ import annotations

import logging
from typing import Any

from mlflow.environment_variables import MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import invocations

from forecastops_local.forecasts import Forecasts
from forecastops_local.scoring import GuardedModel

__all__ = ["Invocations", "Scored"]

Scored = tuple[int, bytes]  # status and content

_logger = logging.getLogger("forecastops.endpoint")
_JSON = "application/json"


class Invocations:
    """Answers decoded JSON requests as MLflow's app answers their text."""

    def __init__(self, model: GuardedModel) -> None:
        self._model = model
        self._schema: Any = model.metadata.get_input_schema()
        forecaster = model.forecaster
        self._forecasts = None if forecaster is None else Forecasts(forecaster, model.defaults)
        limit: Any = MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT.get()
        self.seconds: float = limit  # as MLflow's app bounds an answer

    def score(self, content: dict[str, Any]) -> Scored:
        """Return status and content; errors are those of MLflow's app."""
        try:
            known = self._forecasts.answer(content) if self._forecasts else None
            found = invocations(content, _JSON, self._model, self._schema).response if known is None else known
        except MlflowException as error:
            return error.get_http_status_code(), error.serialize_as_json().encode()
        except Exception:
            # Whose fault that is, is decided by how far the request has come.
            _logger.exception("the request could not be scored")
            return 500, b"Internal Server Error"
        return 200, found.encode()
