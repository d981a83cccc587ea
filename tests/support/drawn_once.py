"""Pictures of the same facts, drawn by the first command that needs them and kept for the others of a test run.

The tests judge the same few models some thousand times, and drawing is most of the work of a decision. The same facts
give the same bytes (tests/unit/reporting/test_pictures.py), so each is drawn once, by the product's code.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastops.reporting.pages.picture import Picture
from forecastops.reporting.pictures.album import Album
from forecastops.usecases import illustrate
from shared_forks import SHARED_BY_WORKERS

__all__ = ["draw_once"]

_ALL = 4  # of fewer, one could not be drawn, and says so each time


def draw_once() -> None:
    """Let this process take from a folder of the test run what has been drawn of the same facts."""
    if SHARED_BY_WORKERS not in os.environ:
        return
    kept, draw = Path(os.environ[SHARED_BY_WORKERS]) / "pictures", illustrate._draw
    kept.mkdir(exist_ok=True)

    def drawn(album: Album, folder: Path) -> list[Picture]:
        place = kept / _digest(album)
        if place.is_dir():
            shutil.copytree(place / "files", folder, dirs_exist_ok=True)
            return [Picture(*found) for found in json.loads((place / "shown.json").read_text("utf-8"))]
        found = draw(album, folder)
        if len(found) == _ALL:
            _keep(place, found, folder)
        return found

    vars(illustrate)["_draw"] = drawn


def _keep(place: Path, found: Sequence[Picture], folder: Path) -> None:
    made = Path(tempfile.mkdtemp(dir=place.parent))
    shutil.copytree(folder, made / "files")
    (made / "shown.json").write_text(json.dumps(found), encoding="utf-8")
    try:
        made.rename(place)
    except OSError:  # another process was first
        shutil.rmtree(made)


def _digest(album: Album) -> str:
    known = hashlib.sha256()
    for part in _parts(album):
        known.update(part)
    return known.hexdigest()


def _parts(found: Any) -> Iterator[bytes]:
    """What an album holds, to the last bit."""
    yield type(found).__name__.encode()
    if is_dataclass(found):
        for field in fields(found):
            yield field.name.encode()
            yield from _parts(getattr(found, field.name))
    elif isinstance(found, Mapping):
        for key, value in found.items():
            yield repr(key).encode()
            yield from _parts(value)
    elif isinstance(found, (np.ndarray, pd.DatetimeIndex)):
        values = np.ascontiguousarray(found)
        yield f"{values.dtype} {values.shape}".encode()
        yield values.tobytes()
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for value in found:
            yield from _parts(value)
    else:
        yield repr(found).encode()
