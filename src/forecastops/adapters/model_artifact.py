"""The model as a folder: an MLflow pyfunc model of text files, saved and signed without any pickle."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from forecastops.core.signatures import Signer
from forecastops.forecasting import forecaster as loader
from forecastops.forecasting.artifact import DATA, DESCRIPTION, LOADER, PANEL, digest_of, read_files
from forecastops.forecasting.forecaster import Forecaster

__all__ = ["folder_sha256", "is_own_format", "save_model", "save_panel", "serving_python", "sign_folder"]

_CODE = "code"
_SERVING_PYTHON = "3.12"
_CONTAINER_INSTANCE_PYTHON = "3.10"  # the last one on which the server of Azure's container instances starts


def serving_python(settings: Mapping[str, object]) -> str:
    """Return the Python of a model's environment, for ``deployment.settings`` of the endpoint that is to serve it."""
    return _CONTAINER_INSTANCE_PYTHON if settings.get("computeType") == "aci" else _SERVING_PYTHON


def save_model(forecaster: Forecaster, folder: Path, python: str = _SERVING_PYTHON) -> str:
    """Write ``forecaster`` as an MLflow pyfunc model into ``folder``, which must not exist.

    Args:
        forecaster: the model.
        folder: where to.
        python: the version of Python that its environment names.

    Returns:
        the model's digest, as ``folder_sha256`` gives it.
    """
    folder.mkdir(parents=True)
    data = folder / DATA
    data.mkdir(parents=True)
    for name, text in forecaster.to_files().items():
        (data / name).write_text(text, encoding="utf-8")
    code = folder / _CODE
    code.mkdir()
    shutil.copyfile(loader.__file__, code / f"{LOADER}.py")
    _write_environment(folder, python)
    _write_description(folder, forecaster)
    return folder_sha256(folder)


def sign_folder(folder: Path, signer: Signer, run_id: str) -> Path:
    """Write the signature of the folder of a run's model into it; the file.

    Raises:
        ConfigError: when the key cannot be used.
    """
    name, signature = signer.sign(read_files(folder, "the model"), run_id)
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(signature)
    return path


def is_own_format(description: bytes | None) -> bool:
    """Tell whether a model is meant to be one of forecastops, however damaged: its MLmodel names our loader.

    Args:
        description: the content of its ``MLmodel``; None where it has none.
    """
    return description is not None and any(name.encode() in description for name in (LOADER, PANEL.loader))


def folder_sha256(folder: Path) -> str:
    """Return one digest over names and contents of a model's files."""
    return digest_of(read_files(folder, "the model"))


def _write_environment(folder: Path, python: str) -> None:
    """Write the model's own environment, the same whatever trained it, as MLflow's readers want it.

    The pins come from the lock file, with markers. `mlflow.pyfunc.save_model` would write the same files, but first
    look through every installed package to compare them with the pins, which takes longer than the fit, and bring a
    ``uv.lock`` that happens to lie in the working directory.
    """
    import yaml
    from mlflow.utils.environment import _PythonEnv

    pins = files("forecastops.adapters").joinpath("serving_requirements.txt").read_text("utf-8").splitlines()
    lines = [line for line in pins if line and not line.startswith("#")]
    environment = {
        "name": "forecastops-model",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": lines}],
    }
    (folder / "conda.yaml").write_text(yaml.safe_dump(environment, default_flow_style=False), "utf-8")
    (folder / "requirements.txt").write_text("\n".join(lines), "utf-8")
    _PythonEnv.current().to_yaml(str(folder / "python_env.yaml"))


def _write_description(folder: Path, forecaster: Forecaster) -> None:
    """Write the MLmodel file, by which MLflow knows a model."""
    from mlflow.models import Model
    from mlflow.pyfunc import add_to_model

    model = Model(signature=_signature(forecaster))
    model.model_size_bytes = sum(path.stat().st_size for path in (folder / DATA).iterdir())
    environments = {"conda_env": "conda.yaml", "python_env": "python_env.yaml"}
    add_to_model(model, loader_module=LOADER, code=_CODE, data=DATA, streamable=False, **environments)
    model.save(str(folder / DESCRIPTION))


def _signature(forecaster: Forecaster) -> object:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    columns = forecaster.forecast(1).columns
    outputs = Schema([ColSpec("string" if name == "date" else "double", name) for name in columns])
    params = ParamSchema(
        [
            ParamSpec("horizon", "long", forecaster.horizon),
            ParamSpec("levels", "long", list(forecaster.levels), shape=(-1,)),
        ]
    )
    # Azure's servers need an input: the one of managed endpoints does not start without (its public scoring script
    # reads the first column), and the one of container instances passes no parameters on.
    # All are optional: newer observations, and the steps to forecast after them.
    # Managed endpoints read the request by pandas, which turns a column of this name into dates, not texts.
    kinds = {"horizon": "long", "date": "datetime", "value": "double"}
    inputs = Schema([ColSpec(kind, name, required=False) for name, kind in kinds.items()])
    return ModelSignature(inputs=inputs, outputs=outputs, params=params)


def save_panel(parts: Mapping[str, bytes], levels: Sequence[int], folder: Path, python: str) -> str:
    """Write a panel's files as an MLflow pyfunc model into ``folder``, which must not exist.

    Args:
        parts: of ``panel_files``.
        levels: of its intervals, in percent.
        folder: where to.
        python: the version of Python that its environment names.

    Returns:
        the model's digest, as ``folder_sha256`` gives it.
    """
    data = folder / PANEL.data
    data.mkdir(parents=True)
    for name, content in parts.items():
        (data / name).write_bytes(content)
    loader = folder / PANEL.loader_file
    loader.parent.mkdir()
    loader.write_bytes(files("forecastops.panel").joinpath("panel_forecaster.py").read_bytes())
    _write_environment(folder, python)
    _describe_panel(folder, levels, sum(map(len, parts.values())))
    return folder_sha256(folder)


def _describe_panel(folder: Path, levels: Sequence[int], size: int) -> None:
    """Write the MLmodel file, by which MLflow knows a model."""
    from mlflow.models import Model
    from mlflow.pyfunc import add_to_model

    model = Model(signature=_panel_signature(levels))
    model.model_size_bytes = size
    environments = {"conda_env": "conda.yaml", "python_env": "python_env.yaml"}
    add_to_model(model, loader_module=PANEL.loader, code=_CODE, data=PANEL.data, streamable=False, **environments)
    model.save(str(folder / DESCRIPTION))


def _panel_signature(levels: Sequence[int]) -> object:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    bounds = [f"{bound}_{level}" for level in levels for bound in ("lower", "upper")]
    outputs: list[Any] = [ColSpec("string", "unique_id"), ColSpec("string", "date")]
    outputs += [ColSpec("double", name) for name in ("mean", *bounds)]
    params = ParamSchema([ParamSpec("levels", "long", list(levels), shape=(-1,))])
    # A horizon is given in a column: each series has its own by default, so that there is none for a parameter.
    kinds = {"unique_id": "string", "horizon": "long", "date": "datetime", "value": "double"}
    inputs = Schema([ColSpec(kind, name, required=False) for name, kind in kinds.items()])
    return ModelSignature(inputs=inputs, outputs=Schema(outputs), params=params)
