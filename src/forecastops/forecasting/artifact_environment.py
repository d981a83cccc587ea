"""The environment files of a model, by which servers elsewhere install packages: nothing in them but what we write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from forecastops.core.documents import yaml_document

__all__ = ["require_known_environment"]

# Names only, so that no address, file or option of pip can come along.
_REQUIREMENT = re.compile(
    r"(mlflow|numpy|pandas|scipy|statsmodels)(==[0-9][0-9A-Za-z.]*)?"
    r"( ?; ?python_full_version (==|<=?|>=?) '[0-9.*]+'( and python_full_version (==|<=?|>=?) '[0-9.*]+')?)?"
)
_TOOL = re.compile(r"(pip|setuptools|wheel)(==[0-9][0-9A-Za-z.]*)?")
_PYTHON = re.compile(r"python(==?[0-9.]+)?")
_CHANNELS = {"conda-forge"}


def require_known_environment(files: Mapping[str, bytes]) -> None:
    """Do nothing where the environment files ask for what forecastops' models need, and for nothing else.

    Raises:
        ValueError: naming the file and the entry.
    """
    _require(files["requirements.txt"].decode("utf-8").splitlines(), _REQUIREMENT, "requirements.txt")
    conda = _mapping(files, "conda.yaml", {"name", "channels", "dependencies"})
    _require_equal(set(conda.get("channels", ())) <= _CHANNELS, "conda.yaml", "channels", conda.get("channels"))
    plain = [entry for entry in conda["dependencies"] if not isinstance(entry, dict)]
    nested = [entry for entry in conda["dependencies"] if isinstance(entry, dict)]
    _require((entry for entry in plain if not _PYTHON.fullmatch(str(entry))), _TOOL, "conda.yaml")
    for entry in nested:
        _require_equal(list(entry) == ["pip"], "conda.yaml", "dependencies", entry)
        _require(entry["pip"], _REQUIREMENT, "conda.yaml")
    virtual = _mapping(files, "python_env.yaml", {"python", "build_dependencies", "dependencies"})
    _require(virtual["build_dependencies"], _TOOL, "python_env.yaml")
    _require_equal(
        virtual["dependencies"] == ["-r requirements.txt"], "python_env.yaml", "dependencies", virtual["dependencies"]
    )


def _mapping(files: Mapping[str, bytes], name: str, keys: set[str]) -> Mapping[str, Any]:
    found = yaml_document(files[name])
    _require_equal(isinstance(found, dict) and found.keys() <= keys, name, "keys", found)
    mapping: Mapping[str, Any] = found
    return mapping


def _require(entries: Iterable[object], pattern: re.Pattern[str], name: str) -> None:
    for entry in entries:
        if not pattern.fullmatch(str(entry)):
            raise ValueError(f"{name} asks for {str(entry)!r:.80}, which no forecastops model needs")


def _require_equal(holds: bool, name: str, what: str, found: object) -> None:
    if not holds:
        raise ValueError(f"{name} has other {what} than forecastops writes: {str(found)!r:.80}")
