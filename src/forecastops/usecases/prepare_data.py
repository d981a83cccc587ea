"""Data before training: check a series, make the AdventureWorks sets, write the bundled samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forecastops.adapters.adventureworks import write_daily_sets
from forecastops.adapters.samples import write_sample
from forecastops.adapters.sources.read_series import Source, read_newest_part, read_series
from forecastops.config import Config
from forecastops.core.errors import DataError
from forecastops.data.series import Series
from forecastops.forecasting.estimation import require_positive
from forecastops.forecasting.training import require_trainable
from forecastops.forecasting.window import require_observed_window
from forecastops.usecases.first_look import first_doubts

__all__ = ["SeriesReport", "check_data", "make_adventureworks", "make_sample", "trainable_series"]


@dataclass(frozen=True)
class SeriesReport:
    """A series that can be trained on, and what was done to make it regular.

    ``filled`` counts missing dates that were interpolated or count as zero, ``interpolated`` the former alone.
    """

    start: str
    end: str
    rows: int
    frequency: str
    missing: int
    filled: int
    interpolated: int
    rows_read: int
    sum: float
    first: float
    last: float
    sha256: str
    notes: tuple[str, ...]


def trainable_series(config: Config, sources: Sequence[Source]) -> Series:
    """Read files into a series that is long enough for the configured window and spec.

    Raises:
        DataError: when they make no regular series, or too short a one.
        ModelError: when values have no logarithm and the spec asks for it.
    """
    series = read_series(sources, config.data)
    _require_trainable(config, series)
    return series


def _require_trainable(config: Config, series: Series) -> None:
    evaluation = config.evaluation_of(series.frequency)
    require_trainable(series, config.model, evaluation)
    require_observed_window(series.observed, evaluation, f"series {series.start} to {series.end}")
    require_positive(series.values, config.model.spec)


def check_data(config: Config, sources: Sequence[Source], *, newest_part: bool = False) -> SeriesReport:
    """Read files as `train` does, and say what was found; raises what that raises.

    Args:
        config: how they are read.
        sources: the files.
        newest_part: whether they are read as `renew` does: newest rows alone; a single one says nothing of
            its frequency, which ``data.frequency`` then has to.
    """
    series = read_newest_part(sources, config.data).series() if newest_part else read_series(sources, config.data)
    odd: tuple[str, ...] = ()
    if not newest_part:
        try:
            _require_trainable(config, series)
        except DataError as error:
            remedy = f"{error.remedy}; of newest rows alone, for `forecastops renew`, say --newest-part"
            raise DataError(error.where, error.what, remedy) from error
        odd = first_doubts(series, config.evaluation_of(series.frequency))
    known = series.values.dropna()
    return SeriesReport(
        start=series.start,
        end=series.end,
        rows=series.rows,
        frequency=series.frequency,
        missing=series.missing,
        filled=series.interpolated + series.zeros,
        interpolated=series.interpolated,
        rows_read=series.rows_read,
        sum=math.fsum(known),
        first=float(known.iloc[0]),
        last=float(known.iloc[-1]),
        sha256=series.sha256,
        notes=(*series.notes, *odd),
    )


def make_adventureworks(source: Path, out_dir: Path) -> list[Path]:
    """Write the three daily sets of the AdventureWorks transaction history."""
    return write_daily_sets(source, out_dir)


def make_sample(name: str, out_dir: Path) -> list[Path]:
    """Write a bundled sample."""
    return write_sample(name, out_dir)
