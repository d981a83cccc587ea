"""Tells requests at fault from models at fault, which MLflow's scoring app does not.

MLflow answers 500 to some malformed requests and 400 to every exception of a model. Here a request that does not get as
far as the model is at fault itself; and of a model's exceptions only those that speak of their input are.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

from forecastops.forecasting.forecaster import Forecaster

if TYPE_CHECKING:
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

__all__ = ["GuardedModel", "Progress", "progress"]

_logger = logging.getLogger("forecastops.endpoint")
_INPUT_FAULTS = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError)


class Progress:
    """How far a request has come."""

    reached_model = False


# MLflow predicts on a thread with a copy of the context: the copy still names the same object.
progress: ContextVar[Progress | None] = ContextVar("progress", default=None)


class GuardedModel:
    """A pyfunc model that refuses parameters it does not know, and says whose fault an exception is."""

    def __init__(self, model: PyFuncModel) -> None:
        self._model = model
        metadata: Any = model.metadata
        schema = metadata.get_params_schema()
        self.defaults: dict[str, Any] = {spec.name: spec.default for spec in schema.params} if schema else {}

    @property
    def metadata(self) -> Model:
        """The model's own metadata."""
        return self._model.metadata

    @property
    def forecaster(self) -> Forecaster | None:
        """The model of one series; None where it is another."""
        raw: Any = self._model._model_impl
        return raw if isinstance(raw, Forecaster) else None

    @property
    def columns(self) -> dict[str, str] | None:
        """MLflow's type of each column that the model knows, empty for one of many values; None where it names none."""
        schema: Any = self._model.metadata.get_input_schema()
        if schema is None or not schema.has_input_names() or schema.is_tensor_spec():
            return None
        return {spec.name: getattr(spec.type, "name", "") for spec in schema.inputs}

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Predict as the model does.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE when the request is at fault, INTERNAL_ERROR when the model is.
        """
        self._check(params)
        if (now := progress.get()) is not None:
            now.reached_model = True
        try:
            return self._model.predict(data, params=params)
        except Exception as error:  # noqa: BLE001 - raised again, as what it means to the client
            _raise_as_answer(error)

    def _check(self, params: object) -> None:
        from mlflow.exceptions import MlflowException

        if params is not None and not isinstance(params, dict):
            raise MlflowException.invalid_parameter_value(f"params must be an object, not {type(params).__name__}")
        unknown = sorted(set(params or ()) - self.defaults.keys())
        if unknown:
            known = ", ".join(sorted(self.defaults)) or "none"
            raise MlflowException.invalid_parameter_value(f"unknown params {unknown}; this model knows: {known}")


def _raise_as_answer(error: Exception) -> NoReturn:
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        raise error
    if isinstance(error, MemoryError):
        raise MlflowException.invalid_parameter_value("the request needs more memory than this server may use")
    if isinstance(error, _INPUT_FAULTS):
        raise MlflowException.invalid_parameter_value(f"{type(error).__name__}: {error}") from error
    _logger.error("the model failed", exc_info=error)
    raise MlflowException("the model failed; the server's log says why") from error
