"""Streams of retraining decisions: real and simulated daily and weekly series, cut where they are retrained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.ground.config import EvaluationConfig, ModelSpec

__all__ = ["CHANGES", "Stream", "changing_orders", "real_streams", "simulated_streams"]

Half = Literal["tuning", "held out"]
Array = npt.NDArray[np.float64]

CHANGES = ("none", "level shift", "trend change", "season change", "variance change", "outliers")
_DAILY = EvaluationConfig(horizon=14, window=56, season_length=7)
_WEEKLY = EvaluationConfig(horizon=8, window=52, season_length=52)
_SPECS = {
    "(2,0,2)": ModelSpec(order=(2, 0, 2)),
    "(1,0,1)(1,0,1,7)": ModelSpec(order=(1, 0, 1), seasonal_order=(1, 0, 1, 7)),
    "(0,1,1)(0,1,1,7)": ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 7)),
    "(1,1,1)": ModelSpec(order=(1, 1, 1)),
}
_RETRAININGS = 22  # at most, as many as a stream of some two years has
_TUNING, _HELD_OUT = range(7), range(13, 20)  # seeds; those between were a check while the default was being chosen


@dataclass(frozen=True, eq=False)
class Stream:
    """One series that is retrained every ``every`` observations, first when it has ``first``, by its spec each time.

    ``others`` are specs that it may be retrained by instead, at random. ``broken_at`` is the position of the change,
    None where there is none or it is not known. The half says whether the default policy was chosen on this stream or
    only judged on it.
    """

    name: str
    change: str
    half: Half
    values: pd.Series[float]
    spec: ModelSpec
    evaluation: EvaluationConfig
    first: int
    every: int
    broken_at: int | None = None
    others: tuple[ModelSpec, ...] = ()

    @property
    def specs(self) -> list[ModelSpec]:
        """The spec of each retraining: the stream's own at first, then any of all, seeded by the name."""
        random, choice = _random(f"orders of {self.name}"), (self.spec, *self.others)
        return [self.spec, *(choice[random.integers(len(choice))] for _ in self.retrainings[1:])]

    @property
    def retrainings(self) -> list[int]:
        """Number of observations known at each retraining, the first champion's included."""
        last = len(self.values) - self.evaluation.horizon
        return list(range(self.first, last, self.every))


def real_streams(folder: Path) -> Iterator[Stream]:
    """Streams from the folder of real series and from statsmodels' own data sets, each with two specs.

    All were looked at in choosing the default policy.
    """
    series = {**_shared(folder), "co2 (weekly)": _co2()}
    for name, values in series.items():
        weekly = values.index.freqstr.startswith("W")
        for spec in _names(weekly)[:2]:
            yield Stream(
                name=f"{name} {spec}",
                change="real",
                half="tuning",
                values=values,
                spec=_SPECS[spec],
                evaluation=_WEEKLY if weekly else _DAILY,
                first=208 if weekly else min(365, max(112, len(values) // 3)),
                every=4 if weekly else 28,
            )


def simulated_streams() -> Iterator[Stream]:
    """For each kind of change and frequency, seven streams that were looked at in choosing the default, seven not."""
    for change in CHANGES:
        for seed in (*_TUNING, *_HELD_OUT):
            for weekly in (False, True):
                yield _simulated(change, seed, weekly=weekly)


def changing_orders(streams: Iterable[Stream]) -> Iterator[Stream]:
    """The same streams, retrained by another spec at random: what the gate faces where orders are chosen anew."""
    for stream in streams:
        weekly = stream.evaluation is _WEEKLY
        others = tuple(_SPECS[name] for name in _names(weekly) if _SPECS[name] != stream.spec)
        yield replace(stream, others=others)


def _names(weekly: bool) -> tuple[str, ...]:
    """Of the specs that series of this frequency are retrained by."""
    return ("(2,0,2)", "(1,1,1)") if weekly else ("(2,0,2)", "(1,0,1)(1,0,1,7)", "(0,1,1)(0,1,1,7)")


def _random(name: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


def _simulated(change: str, seed: int, *, weekly: bool) -> Stream:
    name = f"{'weekly' if weekly else 'daily'} {change} {seed}"
    random = _random(name)
    first, every = (208, 4) if weekly else (252, 28)
    rows = first + every * (_RETRAININGS - 1) + (_WEEKLY if weekly else _DAILY).horizon + every
    broken_at = int(first + every * random.uniform(4, 10))
    values = _values(random, rows, 52 if weekly else 7, change, broken_at)
    specs = _names(weekly)
    spec = specs[seed // 2 % len(specs)]
    index = pd.date_range("2020-01-05", periods=rows, freq="W-SUN" if weekly else "D")
    return Stream(
        name=f"{name} {spec}",
        change=change,
        half="tuning" if seed in _TUNING else "held out",
        values=pd.Series(values, index, name="value"),
        spec=_SPECS[spec],
        evaluation=_WEEKLY if weekly else _DAILY,
        first=first,
        every=every,
        broken_at=None if change == "none" else broken_at,
    )


def _values(random: np.random.Generator, rows: int, season: int, change: str, broken_at: int) -> Array:
    """A level, a season, and ARMA(1, 1) noise of unit innovations; from ``broken_at`` on changed in one respect."""
    time = np.arange(rows)
    after = time >= broken_at
    noise = random.normal(size=rows)
    spikes = np.zeros(rows)
    if change == "variance change":
        noise[after] *= random.choice([0.5, 2.0])
    if change == "outliers":
        spikes = np.where(after & (random.uniform(size=rows) < 0.03), random.normal(0, 8, rows), 0.0)
    smooth = np.zeros(rows)
    phi, theta = random.uniform(0.3, 0.9), random.uniform(-0.4, 0.4)
    for now in range(1, rows):
        smooth[now] = phi * smooth[now - 1] + noise[now] + theta * noise[now - 1]
    level = np.full(rows, 100.0)
    if change == "level shift":
        level[after] += random.choice([-1, 1]) * random.uniform(3, 8)
    if change == "trend change":
        level += random.choice([-1, 1]) * random.uniform(0.02, 0.06) * (time - broken_at) * after
    return level + _season(random, time, season, after if change == "season change" else None) + smooth + spikes


def _season(
    random: np.random.Generator, time: npt.NDArray[np.intp], season: int, changed: npt.NDArray[np.bool_] | None
) -> Array:
    """A pattern over the season, another one where ``changed``."""

    def pattern() -> Array:
        if season == 7:
            return random.normal(0, 2, season)
        phase, size = random.uniform(0, 2 * np.pi), random.uniform(0.5, 2)
        return size * np.sin(2 * np.pi * np.arange(season) / season + phase)

    before, then = pattern(), pattern()
    found: Array = before[time % season]
    return found if changed is None else np.where(changed, then[time % season], found)


def _shared(folder: Path) -> dict[str, pd.Series[float]]:
    found: dict[str, pd.Series[float]] = {}
    for path in sorted(folder.glob("series/*.csv")):
        table = pd.read_csv(path, parse_dates=["date"]).set_index("date")["value"].astype(float)
        weekly = "weekly" in path.stem
        regular = table.sort_index().resample("W-FRI" if weekly else "D").mean().interpolate()
        found[path.stem] = regular.iloc[-500:] if weekly else regular
    for path in sorted(folder.glob("adventureworks/mlops_forecast_data.csv")):
        table = pd.read_csv(path, parse_dates=["TransactionDate"]).set_index("TransactionDate")["PaidAmount"]
        found["adventureworks_daily"] = table.astype(float).asfreq("D").interpolate()
    return found


def _co2() -> pd.Series[float]:
    from statsmodels.datasets import co2

    values = co2.load_pandas().data["co2"].resample("W-SAT").mean().interpolate()
    return values.iloc[-400:]
