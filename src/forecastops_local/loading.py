"""Loads a deployment's model from the copy beside it, after proving that copy; nothing in it is executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecastops_local.state import Wanted

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

__all__ = ["load_verified", "require_bound"]


def require_bound(folder: Path, wanted: Wanted) -> Mapping[str, bytes]:
    """Return the files of a copy, proven to be those of the request's digest, and signed as it asks.

    Raises:
        ModelError: naming the model and what is wrong with its files.
    """
    from forecastops.core.errors import ModelError
    from forecastops.forecasting.artifact import read_files, require_verified

    place = wanted.model_uri
    if not wanted.model_sha256:
        remedy = "deploy a version that forecastops has promoted: mlflow deployments update ... -m models:/NAME/NUMBER"
        raise ModelError(place, "nothing says what its files must be, as it was deployed before that was kept", remedy)
    files = read_files(folder, place)
    require_verified(files, wanted.model_sha256, wanted.trusted, wanted.run_id or None, place)
    return files


def load_verified(folder: Path, wanted: Wanted) -> PyFuncModel:
    """Return the model of a copy that passes ``require_bound``, rebuilt by the installed loader.

    What was checked are the very bytes that it is rebuilt from.

    Raises:
        ModelError: as ``require_bound``; or when it cannot be rebuilt.
    """
    import yaml
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

    from forecastops.forecasting.artifact import DESCRIPTION
    from forecastops.panel.any_model import rebuilt_model

    files = require_bound(folder, wanted)
    forecaster: Any = rebuilt_model(files, wanted.model_uri)
    return PyFuncModel(Model.from_dict(yaml.safe_load(files[DESCRIPTION])), forecaster)
