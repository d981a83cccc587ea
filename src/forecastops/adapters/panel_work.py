"""Carrying out the work on a bucket of series: a pure function of its files, whose result is written once, by rename.

The result's name is a digest of all that it depends on; so what is there need not be computed
again, whoever was killed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import importlib
import json
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from forecastops import __version__
from forecastops.core.errors import ConfigError
from forecastops.data.table import RawTable
from forecastops.panel.buckets import Bucket, pieces, read
from forecastops.panel.checked import check_on
from forecastops.panel.first_look import looked_at
from forecastops.panel.outcomes import outcome_table
from forecastops.panel.renewal import renew_all
from forecastops.panel.rows import ROW
from forecastops.panel.series_work import Worked, failed, work_on
from forecastops.panel.settings import WorkSettings
from forecastops.panel.watched_series import watch_on

__all__ = ["GRACE", "Kind", "Work", "carry_out"]

Kind = Literal["train", "screen", "renew", "accept", "check", "check_newest", "watch", "plan", "live"]
Row = Mapping[str, Any]
_Look: TypeAlias = Callable[[str, Sequence[RawTable], "Row | None", WorkSettings], Worked]

_DEATHS = 3
# What a fit imports when it needs it, which is not to count as the first series' time.
_OF_FITS = ("scipy.linalg", "scipy.optimize", "scipy.signal", "scipy.special", "statsmodels.tsa.arima.model")
GRACE = 5.0  # seconds after the time is over, in which a process may still stop the series itself
_HUNG = "!"  # after a name in the file of deaths
_LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels", "pyarrow")


class _TimeoutError(BaseException):
    """A series took too long; no library that catches errors swallows it."""


@dataclass(frozen=True)
class Work:
    """One bucket's work, and where its result goes.

    Attributes:
        bucket: the series.
        settings: as JSON.
        folder: of results.
        lost: series that have killed a worker, with the reason; they are not tried again.
        kind: ``train``; ``screen``: a first look at all; ``renew``, or ``accept`` where implausible data are right;
            ``check``, or ``check_newest`` of rows that may be few; ``watch``; ``plan`` and ``live`` of a backtest,
            where the rows of champions are those of lives.
    """

    bucket: Bucket
    settings: str
    folder: str
    lost: tuple[tuple[str, str], ...] = ()
    kind: Kind = "train"

    @property
    def key(self) -> str:
        """Digest of all that the result depends on."""
        versions = {"forecastops": __version__} | {name: version(name) for name in _LIBRARIES}
        parts = [self.bucket.sha256, self.settings, versions, self.kind]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def result(self) -> Path:
        """The file that holds the result."""
        return Path(self.folder) / f"{self.key}.parquet"

    @property
    def mark(self) -> Path:
        """The file that names the series in work."""
        return Path(self.folder) / f"{self.key}.at"

    @property
    def deaths(self) -> Path:
        """The file that names the series in work whenever a process ended."""
        return Path(self.folder) / f"{self.key}.deaths"

    def begun_anew(self) -> Work:
        """Return it as an earlier call has left it, whose end says nothing of the series that were in work then."""
        self.mark.unlink(missing_ok=True)
        return self._without_lost()

    def after_death(self) -> Work:
        """Return it after its worker ended; a series that was in work at three ends one after the other is lost.

        Whoever ends workers from outside meets one series or another; one that ends its worker is met each time. One
        whose time was over is lost at once: its worker was ended because of it.
        """
        hung = self.hangs()
        with contextlib.suppress(OSError):
            name = self.mark.read_bytes()
            with self.deaths.open("a", encoding="ascii") as file:
                file.write(name.hex() + (_HUNG if hung else "") + "\n")
            self.mark.unlink()
        return self._without_lost()

    def hangs(self, grace: float = 0.0) -> bool:
        """Tell whether the series in work has taken its time, and ``grace`` seconds more."""
        seconds = self.limit
        try:
            return seconds is not None and time.time() - self.mark.stat().st_mtime > seconds + grace
        except OSError:
            return False

    @property
    def limit(self) -> float | None:
        """Seconds that one series may take."""
        found: float | None = WorkSettings.model_validate_json(self.settings).series_timeout
        return found

    def _without_lost(self) -> Work:
        try:
            met = self.deaths.read_text("ascii").split()
        except OSError:
            return self
        runs = ((name, len(list(same))) for name, same in groupby(met))
        ended = f"has ended the process that worked on it, {_DEATHS} times"
        hung = f"{_too_long(self.limit)}, and did not stop: its process was ended"
        said = {name.removesuffix(_HUNG): hung for name in met if name.endswith(_HUNG)}
        said |= {name: ended for name, times in runs if times >= _DEATHS and name not in said}
        lost = tuple((bytes.fromhex(name).decode("utf-8", "surrogatepass"), why) for name, why in said.items())
        return replace(self, lost=lost)

    @property
    def is_done(self) -> bool:
        """Whether the result is there, whole."""
        try:
            return pq.ParquetFile(self.result).metadata is not None
        except (OSError, pa.ArrowException):
            return False


def carry_out(work: Work) -> str:
    """Compute the result of a bucket, unless it is there; its path."""
    if not work.is_done:
        _write(work, list(_renewed(work) if work.kind in ("screen", "renew", "accept") else _worked(work)))
    return str(work.result)


def _worked(work: Work) -> Iterator[Worked]:
    settings = WorkSettings.model_validate_json(work.settings)
    for module in _OF_FITS:
        importlib.import_module(module)
    look = _what_is_done(work.kind)
    rows = read(work.bucket.champions).to_pylist() if work.bucket.champions else []
    champions = {row["unique_id"]: row for row in rows}
    lost = dict(work.lost)
    for name, tables in pieces(work.bucket):
        champion = champions.get(name)
        if name in lost:
            yield failed(name, lost[name], champion, "timeout" if "did not stop" in lost[name] else "lost")
            continue
        work.mark.write_bytes(name.encode("utf-8", "surrogatepass"))
        try:
            with _within(settings.series_timeout):
                yield look(name, tables, champion, settings)
        except _TimeoutError:
            yield failed(name, _too_long(settings.series_timeout), champion, "timeout")
        except MemoryError:
            yield failed(name, "took more memory than there is", champion, "memory")
        except Exception as error:  # noqa: BLE001  # one series must not cost the others
            said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            yield failed(name, f"unexpected error: {said}", champion, "error")


def _what_is_done(kind: Kind) -> _Look:
    """Return what is done with a series, before its time begins; a backtest's code is imported for it alone."""
    if kind == "plan":
        from forecastops.backtesting.panel_plan import plan_on

        return plan_on
    if kind == "live":
        from forecastops.backtesting.panel_life import live_on

        return live_on
    if kind == "train":
        return work_on
    if kind == "watch":
        return watch_on
    return partial(check_on, newest_part=kind == "check_newest")


def _renewed(work: Work) -> Iterator[Worked]:
    champions = read(work.bucket.champions) if work.bucket.champions else ROW.empty_table()
    settings = WorkSettings.model_validate_json(work.settings)
    series = list(pieces(work.bucket))
    if work.kind == "screen":
        return looked_at(series, champions, settings)
    return renew_all(series, champions, settings, guarded=work.kind == "renew")


def _write(work: Work, worked: list[Worked]) -> None:
    draft = work.result.with_name(f".{uuid.uuid4().hex}.draft")
    try:
        pq.write_table(outcome_table(worked), draft, compression="zstd")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        # Before the result is there: a rerun does not come back to what is done.
        for left in (work.mark, work.deaths):
            left.unlink(missing_ok=True)
        draft.replace(work.result)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ConfigError(work.folder, what, "free space there, or name another folder with --work") from error
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    """Raise once the time is over, where this process can be told so; end it where it does not listen.

    A signal's handler runs in the main thread of Python's code alone, and not on Windows. What hangs in a library's, or
    in another thread, is met by the watch of the standard library, which needs neither: the process ends, and whoever
    began it knows by the mark which series that was.
    """
    if seconds is None:
        yield
        return
    is_main = threading.current_thread() is threading.main_thread()
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(seconds + (GRACE if is_main else 0.0), exit=True, file=nowhere)
        try:
            with _interrupted_after(seconds) if is_main else contextlib.nullcontext():
                yield
        finally:
            faulthandler.cancel_dump_traceback_later()


if sys.platform == "win32":

    def _interrupted_after(_seconds: float) -> contextlib.AbstractContextManager[None]:
        """Do nothing, since Windows has no such signal: the watch alone is there."""
        return contextlib.nullcontext()

else:

    @contextlib.contextmanager
    def _interrupted_after(seconds: float) -> Iterator[None]:
        before = signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _too_long(seconds: float | None) -> str:
    return f"took longer than {seconds or 0:g} s (panel.series_timeout)"


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _TimeoutError
