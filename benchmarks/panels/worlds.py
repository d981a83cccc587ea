"""Series whose future is known: simulated ones of which some shift, and real ones cut where they are retrained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Case", "real", "simulated"]

Array = npt.NDArray[np.float64]

SEASON = 7
_CHAMPIONS_ROWS, _ROWS, _LIVE = 224, 400, 140  # known to the champion's training, to the challenger's; scored live
_SHIFTS = ("persistence", "level wanders", "season wanders")


@dataclass(frozen=True, eq=False)
class Case:
    """One series, one retraining: who was trained when, and what came afterwards.

    Attributes:
        name: of the series and date, by which what was computed of it is kept.
        values: all rows; those from ``rows`` on are the future.
        champion_rows: known when the champion was trained.
        rows: known when the challenger was.
        same_spec: whether both are of one specification.
        shift: what changed between the two trainings; empty where nothing did, or nobody knows.
    """

    name: str
    values: pd.Series[float]
    champion_rows: int
    rows: int
    same_spec: bool
    shift: str = ""


def simulated(seed: int, number: int) -> Case:
    """A daily series with a weekly season; every fourth shifts, two thirds keep their specification."""
    name = f"simulated {seed} {number}"
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    shift = _SHIFTS[number // 12 % len(_SHIFTS)] if number % 4 == 0 else ""
    rows = _ROWS + _LIVE + 13
    at = int(random.integers(_CHAMPIONS_ROWS + 6, 280)) if shift else rows
    days = pd.date_range("2020-01-05", periods=rows, freq="D", name="date")
    values = pd.Series(_path(random, rows, shift, at), days, name="value")
    return Case(name, values, _CHAMPIONS_ROWS, _ROWS, number % 3 > 0, shift)


def real(folder: Path) -> Iterator[Case]:
    """The flights' series at two dates, with the same and with another specification."""
    table = pd.read_parquet(folder / "panel" / "nycflights_departures_daily.parquet")
    for name, rows in table.groupby("unique_id"):
        index = pd.DatetimeIndex(rows["ds"], name="date")
        values = pd.Series(rows["y"].to_numpy(dtype=float), index, name="value").sort_index().asfreq("D")
        for before, now in ((168, 252), (224, 308)):
            for same in (True, False):
                yield Case(f"{name} {now} {'same' if same else 'other'}", values, before, now, same)


def _path(random: np.random.Generator, rows: int, shift: str, at: int) -> Array:
    """Return level, season and ARMA(1, 1) noise; from ``at`` on the dynamics differ, which estimation can learn."""
    after = np.arange(rows) >= at
    phi, theta = random.uniform(0.1, 0.8), random.uniform(-0.3, 0.3)
    later = phi + (0.95 - phi) * random.uniform(0.6, 1) if phi < 0.45 else phi * random.uniform(0, 0.3)
    by_day = np.where(after & (shift == "persistence"), later, phi)
    noise, smooth = random.normal(size=rows), np.zeros(rows)
    for now in range(1, rows):
        smooth[now] = by_day[now] * smooth[now - 1] + noise[now] + theta * noise[now - 1]
    level_step = random.uniform(0.3, 1.0) * (after & (shift == "level wanders"))
    level = np.cumsum(level_step * random.normal(size=rows))
    season_step = random.uniform(0.2, 0.6) * (after & (shift == "season wanders")) + 0.03
    pattern, season = random.normal(0, 2, SEASON), np.zeros(rows)
    for now in range(rows):
        pattern[now % SEASON] += season_step[now] * random.normal()
        season[now] = pattern[now % SEASON]
    scale = 10 ** random.uniform(-1, 3)  # volumes differ by orders of magnitude
    return np.asarray(scale * (20 + level + season + smooth))
