"""Tells requests at fault from models at fault, which MLflow's scoring app does not.

MLflow answers 500 to some malformed requests and 400 to every exception of a model. Here a request that does not get as
far as the model is at fault itself; and of a model's exceptions only those that speak of their input are.
"""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

__all__ = ["GuardedModel", "Progress", "fault_of", "progress"]

_logger = logging.getLogger("forecastops.endpoint")
_JSON, _CSV, _PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
_INPUT_FAULTS = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError)


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
        self._parameters = frozenset(spec.name for spec in schema.params) if schema else frozenset()

    @property
    def metadata(self) -> Model:
        """The model's own metadata."""
        return self._model.metadata

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
        except Exception as error:
            _logger.exception("the model did not answer")
            _raise_as_answer(error)

    def _check(self, params: object) -> None:
        from mlflow.exceptions import MlflowException

        if params is not None and not isinstance(params, dict):
            raise MlflowException.invalid_parameter_value(f"params must be an object, not {type(params).__name__}")
        unknown = sorted(set(params or ()) - self._parameters)
        if unknown:
            known = ", ".join(sorted(self._parameters)) or "none"
            raise MlflowException.invalid_parameter_value(f"unknown params {unknown}; this model knows: {known}")


def _raise_as_answer(error: Exception) -> NoReturn:
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        raise error
    if isinstance(error, _INPUT_FAULTS):
        raise MlflowException.invalid_parameter_value(f"{type(error).__name__}: {error}") from error
    raise MlflowException("the model failed; the server's log says why") from error


def fault_of(content_type: str | None, body: bytes) -> tuple[int, str] | None:
    """Status and message for a request that MLflow would answer with 500, or read wrongly; None for any other."""
    mime = (content_type or "").partition(";")[0].strip()
    if mime not in (_JSON, _CSV, _PARQUET):
        return 415, f"the content type must be one of {_JSON}, {_CSV}, {_PARQUET}, not {mime[:80] or 'missing'}"
    try:
        if mime == _CSV:
            body.decode("utf-8")
        if mime == _JSON:
            _check_json(body)
    except UnicodeError:
        return 400, "the body is not UTF-8 text"
    except RecursionError:
        return 400, "the JSON is nested too deeply"
    except ValueError as error:
        return 400, f"the body is not valid JSON: {error}"
    return None


def _check_json(body: bytes) -> None:
    content = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    if not isinstance(content, dict):
        raise ValueError("it must be an object")
    # Finds what only shows when written: numbers beyond a float's range, and halves of surrogate pairs.
    json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
