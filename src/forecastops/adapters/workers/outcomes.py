"""Outcomes of jobs in a folder, a file each: whatever ends the process, what was computed need not be again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path

from forecastops.backtesting.jobs import Job, Outcome
from forecastops.core.errors import ConfigError
from forecastops.core.files import write_whole

__all__ = ["Outcomes"]

_KEPT_SECONDS, _DRAFT_SECONDS = 30 * 86_400, 60


class Outcomes:
    """Outcomes of the jobs of one stream, computed by the same versions of the libraries.

    Args:
        folder: holds a folder for each stream.
        digest: of the stream and the versions.

    Raises:
        ConfigError: when the folder cannot be made.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self._folder = folder / digest
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.utime(self._folder)
        except OSError as error:
            what = f"cannot be made a folder of work: {error.strerror or error}"
            raise ConfigError(str(folder), what, "name another with --work") from error
        _remove_old(folder)
        _remove_drafts(self._folder)

    def find(self, job: Job) -> tuple[Outcome] | None:
        """Return the outcome, in a tuple since it may be None; None where there is none, or no whole one."""
        try:
            document = json.loads(self._path(job).read_bytes())
            return (document["outcome"],)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def keep(self, job: Job, outcome: Outcome) -> None:
        """Write an outcome, whole or not at all; a full disk costs the chance to resume, and nothing else."""
        with contextlib.suppress(OSError):
            write_whole(self._path(job), json.dumps({"outcome": outcome}).encode(), private=True)

    def _path(self, job: Job) -> Path:
        return self._folder / f"{job.key}.json"


def _remove_old(folder: Path) -> None:
    """Remove what nobody has asked for in a month."""
    oldest = time.time() - _KEPT_SECONDS
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if _is_ours(path) and path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)


def _remove_drafts(folder: Path) -> None:
    """Remove what a killed process was writing; one that lives is done with a draft in a moment."""
    oldest = time.time() - _DRAFT_SECONDS
    for path in folder.glob(".*.draft"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def _is_ours(path: Path) -> bool:
    return (
        path.is_dir() and not path.is_symlink() and len(path.name) == 64 and set(path.name) <= set("0123456789abcdef")
    )
