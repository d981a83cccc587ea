"""Having the work on all series done: by buckets, of which those that were done before are not done again."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from forecastops.adapters.engine.choice import engine_of
from forecastops.adapters.engine.port import Engine, Lost
from forecastops.adapters.panel_work import GRACE, Kind, Work, carry_out
from forecastops.config import Config
from forecastops.core.errors import ConfigError
from forecastops.core.home import home, require_home
from forecastops.data.table import RawTable
from forecastops.panel.buckets import Bucket, in_buckets
from forecastops.panel.outcomes import joined
from forecastops.panel.settings import WorkSettings

__all__ = ["Told", "carried_out", "work_settings", "work_through", "worked_on"]

_LOG = logging.getLogger(__name__)
_MOST_ENDS = 20
Told = Callable[[int, int], None]


def work_settings(config: Config) -> WorkSettings:
    """Return what the work on a series rests on."""
    return WorkSettings(
        data=config.data,
        model=config.model,
        evaluation=config.evaluation,
        gate=config.gate,
        renews=config.deployment.on_hold != "nothing",
        series_timeout=config.panel.series_timeout,
    )


def work_through(
    config: Config,
    tables: Iterable[RawTable],
    champions: pa.Table | None,
    work: Path | None = None,
    told: Told = lambda _done, _all: None,
    *,
    kind: Kind = "train",
    settings: WorkSettings | None = None,
) -> pa.Table:
    """Return the outcomes of all series, in the order of their names.

    Args:
        config: settings.
        tables: of the sources.
        champions: rows of the panel in production; None without one.
        work: where results are kept; in forecastops' home when None.
        told: is called with how many series are done, and how many there are.
        kind: of work.
        settings: what it rests on; by the configuration when None.

    Raises:
        DataError: when the data cannot be read.
        ConfigError: when the folder cannot be used.
    """
    buckets = in_buckets(tables, config.data, champions, config.panel.bucket_size)
    return worked_on(config, buckets, work, told, kind=kind, settings=settings)


def worked_on(
    config: Config,
    buckets: Sequence[Bucket],
    work: Path | None,
    told: Told,
    *,
    kind: Kind,
    settings: WorkSettings | None = None,
) -> pa.Table:
    """Return the outcomes of the series in these buckets, in the order of their names; see ``work_through``."""
    folder, text = _folder(work), (settings or work_settings(config)).model_dump_json()
    jobs = [Work(bucket, text, str(folder), kind=kind) for bucket in buckets]
    whole = sum(bucket.series for bucket in buckets)
    waiting = [job for job in jobs if not job.is_done]
    if len(waiting) < len(jobs):
        known = len(jobs) - len(waiting)
        _LOG.info("%d of %d pieces of work were done before, and are not done again", known, len(jobs))
    finished = whole - sum(job.bucket.series for job in waiting)
    told(finished, whole)
    for job in carried_out(engine_of(config.panel.engine, config.panel.workers), waiting):
        finished += job.bucket.series
        told(finished, whole)
    return joined([pq.read_table(job.result) for job in jobs])


def carried_out(engine: Engine, jobs: Sequence[Work]) -> Iterator[Work]:
    """Yield the jobs as the engine has done them; one whose worker ended is done again.

    Raises:
        ConfigError: when workers end again and again, whatever is left out.
    """
    waiting = [job.begun_anew() for job in jobs]
    ends = Counter[str]()
    while waiting:
        lost: list[Work] = []
        for job, outcome in engine.map(carry_out, waiting, _hangs):
            if not isinstance(outcome, Lost):
                yield job
                continue
            # One that ends before it is at any series will do so again.
            ends[job.key] += 1 if job.mark.exists() else _MOST_ENDS // 2
            _LOG.warning("a worker ended in the middle of %d series: %s", job.bucket.series, outcome.reason)
            if ends[job.key] > _MOST_ENDS:
                what = f"{ends[job.key]} workers ended in the middle of {job.bucket.series} series: {outcome.reason}"
                raise ConfigError("panel.engine", what, "give workers more memory, or set panel.workers lower")
            lost.append(job.after_death())
        waiting = lost


def _hangs(job: Work) -> bool:
    """Tell of a job whose worker should have ended itself by now, such as one that was stopped."""
    return job.hangs(2 * GRACE)


def _folder(work: Path | None) -> Path:
    if work is None:
        require_home()
        work = home() / "panels"
    folder = work.expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        what = f"cannot be made a folder of work: {error.strerror or error}"
        raise ConfigError(str(folder), what, "name another with --work") from error
    return folder
