"""The model as a folder: an MLflow pyfunc model of text files, saved, checked and read without any pickle."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

import yaml

from forecastops.forecasting import forecaster as loader
from forecastops.forecasting.forecaster import MODEL_FILE, SERIES_FILE, Forecaster
from forecastops.ground.errors import ModelError

__all__ = ["folder_sha256", "is_own_format", "load_model", "save_model"]

_LOADER = "forecastops_model"
_DATA = "data/forecaster"
_EXPECTED = {
    "MLmodel",
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    f"code/{_LOADER}.py",
    f"{_DATA}/{MODEL_FILE}",
    f"{_DATA}/{SERIES_FILE}",
}
_ADDED_BY_MLFLOW = {"registered_model_meta"}  # put beside the model by MLflow when it downloads a version
_SERVING_PYTHON = "3.10"


def save_model(forecaster: Forecaster, folder: Path) -> str:
    """Write ``forecaster`` as an MLflow pyfunc model into ``folder``, which must not exist.

    Returns:
        the model's digest, as ``folder_sha256`` gives it.
    """
    import mlflow

    with tempfile.TemporaryDirectory() as scratch:
        code, data = Path(scratch) / f"{_LOADER}.py", Path(scratch) / Path(_DATA).name
        shutil.copyfile(loader.__file__, code)
        data.mkdir()
        for name, text in forecaster.to_files().items():
            (data / name).write_text(text, encoding="utf-8")
        mlflow.pyfunc.save_model(
            str(folder),
            loader_module=_LOADER,
            data_path=str(data),
            code_paths=[str(code)],
            signature=_signature(forecaster),
            conda_env=_environment(),
        )
    return folder_sha256(folder)


def load_model(folder: Path, expected_sha256: str, place: str) -> Forecaster:
    """Rebuild the forecaster from a model's folder; nothing in the folder is executed.

    Args:
        folder: the model's files, as downloaded.
        expected_sha256: the digest recorded at training.
        place: what messages call the model, e.g. ``version 3 of transactions-forecast``.

    Raises:
        ModelError: when files are missing, unknown or altered, or the model does not forecast as it did.
    """
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    remedy = "train a new model with `forecastops train`"
    if unknown := sorted(found - _EXPECTED - _ADDED_BY_MLFLOW):
        raise ModelError(place, f"holds {', '.join(unknown[:3])}, which is no part of a forecastops model", remedy)
    if missing := sorted(_EXPECTED - found):
        raise ModelError(place, f"lacks {', '.join(missing[:3])}", remedy)
    if folder_sha256(folder) != expected_sha256:
        raise ModelError(place, "its files are not those that were logged at training", remedy)
    try:
        _require_own_loader(folder)
        texts = {name: (folder / _DATA / name).read_text("utf-8") for name in (MODEL_FILE, SERIES_FILE)}
        return Forecaster.from_files(texts)
    except (ValueError, KeyError, TypeError, yaml.YAMLError, RecursionError) as error:
        raise ModelError(place, f"cannot be rebuilt: {error}", remedy) from error


def is_own_format(folder: Path) -> bool:
    """Whether the folder is meant to be a forecastops model, however damaged: its MLmodel names our loader."""
    description = folder / "MLmodel"
    return description.is_file() and _LOADER in description.read_text("utf-8", errors="replace")


def folder_sha256(folder: Path) -> str:
    """One digest over names and contents of a model's files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in _ADDED_BY_MLFLOW:
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _require_own_loader(folder: Path) -> None:
    flavors = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))["flavors"]
    flavor = flavors["python_function"]
    if list(flavors) != ["python_function"] or (flavor["loader_module"], flavor["data"]) != (_LOADER, _DATA):
        raise ValueError("MLmodel does not name forecastops' own loader and data")


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


def _environment() -> dict[str, object]:
    """The model's own environment, the same whatever trained it.

    It names Python 3.10 because Azure's inference image needs it; the pins, which come from the lock file, carry
    markers and resolve on later versions too.
    """
    pins = files("forecastops.adapters").joinpath("serving_requirements.txt").read_text("utf-8").splitlines()
    lines = [line for line in pins if line and not line.startswith("#")]
    return {
        "name": "forecastops-model",
        "channels": ["conda-forge"],
        "dependencies": [f"python={_SERVING_PYTHON}", "pip", {"pip": lines}],
    }
