"""A model's files: read once, proven to be those that a digest binds, and rebuilt without running any of them.

Code in an artifact is data. The loader that comes along is compared with those that forecastops has shipped, and the
model is rebuilt by the installed one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path, PurePosixPath

import yaml

from forecastops.core.artifact_files import UnfitFileError, read_tree
from forecastops.core.documents import json_document, yaml_document
from forecastops.core.errors import ModelError
from forecastops.core.signatures import SIGNATURES, Trusted
from forecastops.forecasting import forecaster as installed
from forecastops.forecasting.artifact_environment import require_known_environment
from forecastops.forecasting.forecaster import MODEL_FILE, SERIES_FILE, Forecaster

__all__ = [
    "DATA",
    "DESCRIPTION",
    "LOADER",
    "PANEL",
    "SINGLE",
    "Layout",
    "digest_of",
    "explained",
    "is_panel",
    "is_shipped",
    "read_files",
    "rebuilt",
    "require_verified",
    "verified_model",
]

Files = Mapping[str, bytes]

LOADER = "forecastops_model"
DATA = "data/forecaster"
DESCRIPTION = "MLmodel"


@dataclass(frozen=True)
class Layout:
    """What the files of a kind of model are called.

    Attributes:
        loader: the module that MLflow loads it by.
        data: the folder of its data.
        files: those that are always there.
        others: a pattern of those that there may be besides.
    """

    loader: str
    data: str
    files: tuple[str, ...]
    others: str

    @property
    def loader_file(self) -> str:
        """The file that holds the loader."""
        return f"code/{self.loader}.py"

    @property
    def expected(self) -> frozenset[str]:
        """All files that are always there."""
        own = (f"{self.data}/{name}" for name in self.files)
        return frozenset({DESCRIPTION, "conda.yaml", "python_env.yaml", "requirements.txt", self.loader_file, *own})

    @property
    def flavor(self) -> dict[str, object]:
        """What the description says of it to MLflow."""
        environments = {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
        return {"loader_module": self.loader, "data": self.data, "code": "code", "env": environments}

    def knows(self, name: str) -> bool:
        """Tell whether a file is part of such a model."""
        return name in self.expected or re.fullmatch(f"{re.escape(self.data)}/{self.others}", name) is not None


SINGLE = Layout(LOADER, DATA, (MODEL_FILE, SERIES_FILE), others="(?!)")
PANEL = Layout("forecastops_panel", "data/panel", ("manifest.json",), others=r"part-[0-9]{5}\.parquet")
_ADDED_BY_MLFLOW = frozenset({"registered_model_meta"})  # put beside the model by MLflow when it downloads a version
_SIGNATURE = re.compile(rf"{SIGNATURES}/[0-9a-f]{{16}}\.sig")
_SAID_FREELY = frozenset({"python_version", "streamable"})
_ANEW = "train a new model with `forecastops train`"
_REMEDY = "put back the files that were logged, or another model in its place: promote one, or roll back"


def read_files(folder: Path, place: str) -> dict[str, bytes]:
    """Return the bytes of every file of a model's folder, by its name with slashes.

    They are read once, so that what is checked is what is used.

    Args:
        folder: the model's files, as downloaded.
        place: what messages call the model, e.g. ``version 3 of transactions-forecast``.

    Raises:
        ModelError: when it holds anything but regular files and folders, more than forecastops ever writes, or cannot
            be read.
    """
    try:
        return read_tree(folder, _ADDED_BY_MLFLOW)
    except UnfitFileError as error:
        raise ModelError(place, str(error), _REMEDY) from error
    except OSError as error:
        raise ModelError(place, f"cannot be read: {error}", _REMEDY) from error


def digest_of(files: Files) -> str:
    """Return one digest over names and contents of a model's files, without its signatures."""
    digest = hashlib.sha256()
    for name in sorted(files, key=PurePosixPath):
        if not _SIGNATURE.fullmatch(name):
            digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def require_verified(files: Files, sha256: str, trusted: Trusted, run_id: str | None, place: str) -> None:
    """Do nothing where the files are those of the digest, signed as asked for, and would have nothing run but ours.

    Args:
        files: of ``read_files``.
        sha256: the digest that a decision, a renewal or a version binds.
        trusted: whose signature is asked for, if anybody's.
        run_id: the run that the files must be of; None where that is not known.
        place: what messages call the model.

    Raises:
        ModelError: naming the first file that is missing, unknown or altered, or what else is wrong.
    """
    layout = PANEL if is_panel(files) else SINGLE
    _require_names(files, layout, place)
    loader, name = files[layout.loader_file], layout.loader_file
    if digest_of(files) != sha256:
        altered = "" if is_shipped(loader) else f" ({name} is none that forecastops has shipped)"
        raise ModelError(place, f"its files are not those that were logged at training{altered}", _REMEDY)
    if not is_shipped(loader):
        found = hashlib.sha256(loader).hexdigest()
        what = f"its loader {name} (sha256 {found[:12]}) is that of no released forecastops, nor the installed one"
        raise ModelError(place, what, _ANEW)
    with explained(place):
        _require_own_flavor(files[DESCRIPTION], layout)
        require_known_environment(files)
    trusted.require(files, run_id, place)


def is_panel(files: Files) -> bool:
    """Tell whether the files are those of a panel, not of one series."""
    return PANEL.loader_file in files


def rebuilt(files: Files, place: str) -> Forecaster:
    """Return the forecaster, by the installed loader; nothing of the files is executed.

    Raises:
        ModelError: when the files do not describe one, or it does not forecast as it did.
    """
    with explained(place):
        texts = {name: files[f"{DATA}/{name}"].decode("utf-8") for name in (MODEL_FILE, SERIES_FILE)}
        json_document(texts[MODEL_FILE])  # the forecaster, which models carry with them, would take the second of a key
        return Forecaster.from_files(texts)


def verified_model(folder: Path, sha256: str, trusted: Trusted, run_id: str | None, place: str) -> Forecaster:
    """Read a model's folder, verify it, and rebuild the forecaster; as ``require_verified`` and ``rebuilt``."""
    files = read_files(folder, place)
    require_verified(files, sha256, trusted, run_id, place)
    return rebuilt(files, place)


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what a loader raises into an error that names the model."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError, RecursionError, MemoryError) as error:
        raise ModelError(place, f"cannot be rebuilt: {error}", _ANEW) from error


def _require_names(files: Files, layout: Layout, place: str) -> None:
    unknown = sorted(name for name in files if not layout.knows(name) and not _SIGNATURE.fullmatch(name))
    if unknown:
        raise ModelError(place, f"holds {', '.join(unknown[:3])}, which is no part of a forecastops model", _REMEDY)
    if missing := sorted(layout.expected - files.keys()):
        raise ModelError(place, f"lacks {', '.join(missing[:3])}", _REMEDY)


def _require_own_flavor(description: bytes, layout: Layout) -> None:
    """Refuse a description by which MLflow would load anything else."""
    flavors = yaml_document(description)["flavors"]
    flavor = flavors["python_function"]
    said = {name: value for name, value in flavor.items() if name not in _SAID_FREELY}
    if list(flavors) != ["python_function"] or said != layout.flavor:
        raise ValueError("MLmodel does not name forecastops' own loader and data, and nothing else")


def is_shipped(loader: bytes) -> bool:
    """Tell whether forecastops has shipped this loader: the installed one, or one before it."""
    return hashlib.sha256(loader).hexdigest() in _known_loaders()


@cache
def _known_loaders() -> frozenset[str]:
    """Return the digests of the installed loaders and of all that were shipped before."""
    lines = package_files("forecastops.forecasting").joinpath("released_loaders.txt").read_text("utf-8").splitlines()
    released = {line.split()[0] for line in lines if line and not line.startswith("#")}
    of_panels = package_files("forecastops.panel").joinpath("panel_forecaster.py").read_bytes()
    own = {hashlib.sha256(loader).hexdigest() for loader in (Path(installed.__file__).read_bytes(), of_panels)}
    return frozenset(released | own)
