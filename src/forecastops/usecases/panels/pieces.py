"""A panel's work as files: cut here, carried out by whoever is given them, and found by the training that follows.

For services that hand out files instead of tasks, as Azure ML's parallel job does. A piece is a table of one row in
Arrow's format; its name ends with the digest by which its result will be known.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from forecastops.adapters.engine.pool import Pool
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.panel_work import Work
from forecastops.adapters.sources.read_series import Source, read_tables
from forecastops.config import Config
from forecastops.core.errors import ConfigError
from forecastops.core.files import write_whole
from forecastops.core.signatures import Trusted
from forecastops.panel.buckets import Bucket, read, written
from forecastops.usecases.panels.champion import panel_champion
from forecastops.usecases.panels.screening import what_to_fit
from forecastops.usecases.panels.work import Told, carried_out, work_settings

__all__ = ["PanelCut", "cut_panel", "work_on_piece"]

_SUFFIX = ".piece"
_SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("series", pa.int64()),
        ("rows", pa.int64()),
        ("cells", pa.list_(pa.large_binary())),
        ("champions", pa.large_binary()),
        ("settings", pa.string()),
        ("kind", pa.string()),
    ]
)


@dataclass(frozen=True)
class PanelCut:
    """The files that were written.

    Attributes:
        pieces: how many.
        series: how many are to be fitted by them.
        folder: that holds them.
    """

    pieces: int
    series: int
    folder: str


def cut_panel(
    config: Config,
    sources: Sequence[Source],
    folder: Path,
    work: Path | None = None,
    told: Told = lambda _done, _all: None,
) -> PanelCut:
    """Write what a training would compute as files, of which each can be carried out elsewhere; log nothing.

    Args:
        config: settings.
        sources: of a long table.
        folder: for the files; other pieces in it are removed.
        work: where results are kept; pieces whose results are there are left out.
        told: is called with how many series are looked at, and how many there are, where they are screened.

    Raises:
        DataError: when the data cannot be read.
        ModelError: when the champion is no panel.
        ConfigError: when a folder cannot be used.
    """
    connection = connect(config.tracking, may_create=True)
    runs = Runs(connection, Trusted.of(config.signing), config.registry.model_name)
    champion = panel_champion(runs, ModelRegistry(connection, config.registry))
    known = champion.panel.table if champion else None
    found = what_to_fit(config, read_tables(sources, config.data), known, work, told)
    settings = work_settings(config).model_dump_json()
    jobs = [Work(bucket, settings, str(work or "")) for bucket in found.buckets]
    waiting = [job for job in jobs if work is None or not job.is_done]
    _write_all(waiting, folder)
    return PanelCut(len(waiting), sum(job.bucket.series for job in waiting), str(folder))


def work_on_piece(path: Path, folder: Path) -> str:
    """Carry out a piece, unless the folder has its result; the result's name.

    The work is done in a folder of this machine, by a process that may die: where the result goes may be far away.

    Args:
        path: of the piece.
        folder: for its result, which comes by rename.

    Raises:
        ConfigError: when it is no piece, was cut by other versions, or workers end again and again.
    """
    if not _read(path, folder).is_done:
        with tempfile.TemporaryDirectory() as here:
            job = _read(path, Path(here))
            for done in carried_out(Pool(1), [job]):
                write_whole(folder / done.result.name, done.result.read_bytes())
    return _read(path, folder).result.name


def _write_all(jobs: Sequence[Work], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"*{_SUFFIX}"):
            old.unlink()
        for place, job in enumerate(jobs):  # they are taken in the order of their names, and long ones come first
            write_whole(folder / f"{place:06}-{job.key}{_SUFFIX}", _content(job))
    except OSError as error:
        what = f"cannot hold the pieces: {error.strerror or error}"
        raise ConfigError(str(folder), what, "name another folder with --cut") from error


def _content(job: Work) -> bytes:
    bucket = job.bucket
    row = {
        "number": bucket.number,
        "series": bucket.series,
        "rows": bucket.rows,
        "cells": list(bucket.cells),
        "champions": bucket.champions,
        "settings": job.settings,
        "kind": job.kind,
    }
    return written(pa.Table.from_pylist([row], _SCHEMA))


def _read(path: Path, folder: Path) -> Work:
    try:
        (row,) = read(path.read_bytes()).cast(_SCHEMA).to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(str(path), f"is no piece of a panel's work: {said}", "cut it by `train --cut`") from error
    bucket = Bucket(row["number"], row["series"], row["rows"], tuple(row["cells"]), row["champions"])
    job = Work(bucket, row["settings"], str(folder), kind=row["kind"])
    if job.key != path.stem.rpartition("-")[2]:
        what = "was cut by another version of forecastops or its libraries, or altered"
        raise ConfigError(str(path), what, "cut, work and train in the same environment")
    return job
