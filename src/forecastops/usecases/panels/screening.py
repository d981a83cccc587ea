"""Training all series of a panel, or those that moved: a filter pass over all, then the fits that it asks for."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forecastops.config import Config
from forecastops.data.table import RawTable
from forecastops.panel.buckets import Bucket, in_buckets
from forecastops.panel.outcomes import joined, with_column
from forecastops.panel.screening import FITTED, screened
from forecastops.usecases.panels.work import Told, worked_on

__all__ = ["ToFit", "train_through", "what_to_fit"]

_LOG = logging.getLogger(__name__)


def train_through(
    config: Config, tables: Iterable[RawTable], champions: pa.Table | None, work: Path | None, told: Told
) -> pa.Table:
    """Return the outcomes of all series, in the order of their names.

    With ``panel.screen_share``, series whose champion's errors did not move keep it, renewed.

    Args:
        config: settings.
        tables: of the sources.
        champions: rows of the panel in production; None without one.
        work: where results are kept; in forecastops' home when None.
        told: is called with how many series are done, and how many there are.

    Raises:
        DataError: when the data cannot be read.
        ConfigError: when the folder cannot be used.
    """
    found = what_to_fit(config, tables, champions, work, told)
    if found.looked is None:
        return worked_on(config, found.buckets, work, told, kind="train")
    if not found.buckets:
        return found.looked
    whole = found.looked.num_rows
    anew = _anew(found.looked)
    left = whole - int(anew.sum())
    refitted = worked_on(config, found.buckets, work, lambda done, _: told(left + done, whole), kind="train")
    return joined([found.looked.filter(pa.array(~anew)), _with_reasons(refitted, found.looked)])


@dataclass(frozen=True)
class ToFit:
    """The series that a training fits.

    Attributes:
        buckets: that hold them, and no others.
        looked: what a filter pass said of all; None where all are fitted.
    """

    buckets: list[Bucket]
    looked: pa.Table | None


def what_to_fit(
    config: Config, tables: Iterable[RawTable], champions: pa.Table | None, work: Path | None, told: Told
) -> ToFit:
    """Return the series to be fitted; with ``panel.screen_share`` by a filter pass. See ``train_through``."""
    buckets = in_buckets(tables, config.data, champions, config.panel.bucket_size)
    share = config.panel.screen_share
    if champions is None or share is None or share == 1:
        return ToFit(buckets, None)
    whole = sum(bucket.series for bucket in buckets)
    looked = _looked_at(config, buckets, work, lambda done, _: told(int((1 - share) * done), whole), share)
    anew = _anew(looked)
    _LOG.info("%d of %d series are fitted anew, all others looked at by a filter pass", int(anew.sum()), whole)
    return ToFit(_parts(buckets, looked.filter(pa.array(anew))) if anew.any() else [], looked)


def _anew(looked: pa.Table) -> npt.NDArray[np.bool_]:
    return np.asarray(looked.column("treatment").to_numpy(zero_copy_only=False) == "refitted", dtype=bool)


def _looked_at(config: Config, buckets: Sequence[Bucket], work: Path | None, told: Told, share: float) -> pa.Table:
    """Return what a filter pass says of each series, with why it is fitted anew, or that it is not."""
    looked = worked_on(config, buckets, work, told, kind="screen")
    told_already = looked.column("screening").to_numpy(zero_copy_only=False)
    moved, age = (np.asarray(looked.column(name), dtype=float) for name in ("moved", "age"))
    reasons = np.where(told_already != "", told_already, screened(moved, age, share, config.panel.max_age))
    anew = np.isin(reasons, list(FITTED))
    treatment = np.where(anew, "refitted", looked.column("treatment").to_numpy(zero_copy_only=False))
    return with_column(with_column(looked, "screening", reasons.tolist()), "treatment", treatment.tolist())


def _parts(buckets: Sequence[Bucket], anew: pa.Table) -> list[Bucket]:
    names = frozenset(anew.column("unique_id").to_pylist())
    found = [bucket.only(names) for bucket in buckets]
    return sorted((bucket for bucket in found if bucket.series), key=lambda bucket: -bucket.rows)


def _with_reasons(refitted: pa.Table, looked: pa.Table) -> pa.Table:
    """Return what was fitted with what the look had said of it."""
    places = {name: place for place, name in enumerate(looked.column("unique_id").to_pylist())}
    rows = pa.array([places[name] for name in refitted.column("unique_id").to_pylist()], pa.int64())
    for name in ("screening", "moved", "age"):
        refitted = with_column(refitted, name, looked.column(name).take(rows).to_pylist())
    return refitted
