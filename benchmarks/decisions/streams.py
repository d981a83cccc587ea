"""Streams of retrainings: real and simulated series, cut where they are retrained, and the models asked for there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.backtesting.stream import Stream as Past
from forecastops.data.series import Series
from forecastops.forecasting.config import EvaluationConfig, ModelConfig

__all__ = ["CHANGES", "Faults", "Models", "Stream", "all_streams", "calm_streams", "retrained_by", "shared_series"]

Half = Literal["tuning", "held out"]
Models = Literal["default", "fixed", "random"]
Array = npt.NDArray[np.float64]

CHANGES = ("none", "level shift", "trend change", "season change", "variance change", "outliers")
_EVERY = {"D": 28, "W": 4, "MS": 2}  # observations from one retraining to the next
_SEASONAL = (((1, 0, 1), (1, 0, 1)), ((0, 1, 1), (0, 1, 1)))  # orders and seasonal ones, for short seasons
_RETRAININGS = {"open daily": 8, "panel daily": 4, "monthly": 4, "weekly": 6, "simulated": 7}
_TUNING, _HELD_OUT = (0,), (13,)  # seeds
_PATIENCE_DAYS = 7  # until a person has looked into an alarm and accepted rows that are right


@dataclass(frozen=True, eq=False)
class Faults:
    """Rows that come corrupted, and are corrected at the retraining of day ``until``."""

    values: pd.Series[float]
    first: int
    until: int


@dataclass(frozen=True, eq=False)
class Stream(Past):
    """A past with a name; what it was retrained for may be random, and rows may have come corrupted.

    The half says whether the default policy was chosen on this series or only judged on it. Where models are random, a
    draw is one sequence of what is asked for.
    """

    name: str = ""
    group: str = ""
    change: str = ""
    half: Half = "tuning"
    models: Models = "default"
    draw: int = 0
    faults: Faults | None = None

    @cached_property
    def configurations(self) -> list[ModelConfig]:
        """What each retraining asks for; where it is random, seeded by the series' name and the draw."""
        if self.models == "default":
            return [ModelConfig()] * len(self.retrainings)
        fixed = ModelConfig(order=(2, 0, 2))
        if self.models == "fixed":
            return [fixed] * len(self.retrainings)
        season, random = self.evaluation.season_length, _random(f"models of {self.name}{self.draw or ''}")
        choice = [ModelConfig(), fixed, ModelConfig(order=(1, 1, 1))]
        for order, lags in _SEASONAL if 1 < season <= 24 else ():
            choice.append(ModelConfig(order=order, seasonal_order=(*lags, season)))
        return [choice[random.integers(len(choice))] for _ in self.retrainings]

    def configuration(self, number: int) -> ModelConfig:
        """What a retraining asks for."""
        return self.configurations[number]

    def faulty(self, day: int) -> bool:
        """Whether the data of that day hold corrupted rows."""
        return self.faults is not None and self.faults.first < day < self.faults.until

    def received(self, *, faulty: bool) -> Series:
        """All rows, as they come while some are corrupted, or as they are."""
        return Series(self.faults.values) if faulty and self.faults else self.series

    def patience_on(self, day: int) -> int | None:
        """Days after which a person accepts rows that were refused; None where these are wrong."""
        return None if self.faulty(day) else self.patience


def all_streams(folder: Path, *, quick: bool = False) -> list[Stream]:
    """Every stream, by the default model."""
    found = [*_open_daily(folder), *_panel_daily(folder), *_monthly(folder), *_weekly(folder), *_simulations()]
    if not quick:
        return found
    by_group: dict[tuple[str, str], list[Stream]] = {}
    for stream in found:
        by_group.setdefault((stream.group, stream.half), []).append(replace(stream, looks=min(stream.looks, 4)))
    return [stream for several in by_group.values() for stream in several[:2]]


def calm_streams(number: int, looks: int) -> Iterator[Stream]:
    """Daily series in which nothing changes, looked at every week."""
    for seed in range(100, 100 + number):
        rows = 252 + 7 * (looks + 1) + 14
        yield replace(_simulated("none", seed, "D", rows), every=7, looks=looks + 1)


def retrained_by(streams: Iterable[Stream], models: Models) -> Iterator[Stream]:
    """The same streams, with other models."""
    for stream in streams:
        yield replace(stream, models=models)


def shared_series(folder: Path) -> dict[str, pd.Series[float]]:
    """The open daily series by name, missing days missing."""
    found: dict[str, pd.Series[float]] = {}
    for path in sorted(folder.glob("series/*_daily*.csv")):
        table = pd.read_csv(path, parse_dates=["date"]).set_index("date")["value"].astype(float)
        found[path.stem] = table.sort_index().resample("D").mean()
    for path in sorted(folder.glob("adventureworks/mlops_forecast_data.csv")):
        table = pd.read_csv(path, parse_dates=["TransactionDate"]).set_index("TransactionDate")["PaidAmount"]
        found["adventureworks_daily"] = table.astype(float).asfreq("D")
    return found


def _stream(name: str, group: str, half: Half, values: pd.Series[float], first: int, *, change: str = "real") -> Stream:
    """A stream of the usual evaluation and distance of retrainings."""
    frequency = str(values.index.freqstr)  # type: ignore[attr-defined]  # an index of dates
    evaluation = EvaluationConfig().resolved(frequency)
    every = _EVERY[frequency.partition("-")[0]]
    looks = _RETRAININGS[group if change == "real" else "simulated"]
    return Stream(
        Series(values.rename("value")),
        evaluation,
        ModelConfig(),
        first,
        every,
        looks,
        _PATIENCE_DAYS if evaluation.season_length == 7 else 1,
        name=name,
        group=group,
        change=change,
        half=half,
    )


def _open_daily(folder: Path) -> Iterator[Stream]:
    """All were looked at in choosing the default policy."""
    for name, values in shared_series(folder).items():
        yield _stream(name, "open daily", "tuning", values, min(365, max(126, len(values) // 3)))


def _panel_daily(folder: Path) -> Iterator[Stream]:
    """Of twelve series one is of the tuning half, one held out."""
    for number, (name, values) in enumerate(_panel(folder / "panel" / "nycflights_departures_daily.parquet", "D")):
        scored = values.iloc[-14 - 4 * 28 :]
        if number % 12 < 2 and scored.nunique() > 1:  # the naive makes no error on a constant, and has no ratio to it
            half: Half = "held out" if number % 12 else "tuning"
            yield _stream(name, "panel daily", half, values, len(values) - 14 - 4 * 28)


def _monthly(folder: Path) -> Iterator[Stream]:
    """The newest 12 years before the dates that are scored."""
    panel = _panel(folder / "panel" / "aus_retail_monthly.parquet", "MS")
    for number, (name, values) in enumerate(islice(panel, 0, None, 15)):
        if len(values) > 200:
            yield _stream(name, "monthly", "held out" if number % 2 else "tuning", values.iloc[-158:], 144)


def _weekly(folder: Path) -> Iterator[Stream]:
    table = pd.read_csv(folder / "series" / "brent_price_weekly.csv", parse_dates=["date"]).set_index("date")["value"]
    brent = table.astype(float).sort_index().resample("W-FRI").mean().iloc[-500:]
    yield _stream("brent_price_weekly", "weekly", "tuning", brent, 260)
    from statsmodels.datasets import co2

    values = co2.load_pandas().data["co2"].resample("W-SAT").mean().iloc[-400:]
    yield _stream("co2_weekly", "weekly", "tuning", values, 260)


def _panel(path: Path, frequency: str) -> Iterator[tuple[str, pd.Series[float]]]:
    for name, rows in pd.read_parquet(path).groupby("unique_id"):
        index = pd.DatetimeIndex(rows["ds"])
        yield str(name), pd.Series(rows["y"].to_numpy(dtype=float), index, name="value").sort_index().asfreq(frequency)


def _simulations() -> Iterator[Stream]:
    """For each kind of change: daily streams of both halves, and one weekly stream of each."""
    for change in CHANGES:
        for seed in (*_TUNING, *_HELD_OUT):
            yield _simulated(change, seed, "D")
        for seed in (_TUNING[0], _HELD_OUT[0]):
            yield _simulated(change, seed, "W-SUN")


def _simulated(change: str, seed: int, frequency: str, rows: int | None = None) -> Stream:
    weekly = frequency != "D"
    name = f"{'weekly' if weekly else 'daily'} {change} {seed}"
    random = _random(name)
    first, every, horizon = (208, 4, 8) if weekly else (252, 28, 14)
    rows = rows or first + every * _RETRAININGS["simulated"] + horizon
    broken_at = int(first + every * random.uniform(2, 5))
    values = _values(random, rows, 52 if weekly else 7, change, broken_at)
    index = pd.date_range("2020-01-05", periods=rows, freq=frequency)
    half: Half = "held out" if seed in _HELD_OUT else "tuning"
    group = "simulated weekly" if weekly else "simulated daily"
    return _stream(name, group, half, pd.Series(values, index), first, change=change)


def _random(name: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


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
