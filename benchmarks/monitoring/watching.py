"""One simulated year under watch: what the monitor would compute from the product's champion on each day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from processes import CHANGED_AT, CHANGES, YEAR, Process, champion, indexed, series

from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.model import follows_level, innovations_of
from forecastops.forecasting.rolling_origin import window_origins
from forecastops.monitoring.losses import losses_from, rolling_mean

_PART, _CHANGED_PARTS = 100, 3  # years in a file, and files whose years are lived through with changes too
EVALUATION = Evaluation(horizon=14, window=56, season_length=7)


def watched(model: Forecaster, values: np.ndarray, start: int) -> dict[str, np.ndarray]:
    """What the product computes: innovations of all days, and losses of all paths, relative to the promise."""
    promise = losses_from(model, window_origins(start, EVALUATION.window, EVALUATION.horizon), EVALUATION).mean()
    followed = model.with_data(indexed(values))
    origins = np.arange(start, len(values) - EVALUATION.horizon + 1)
    found = losses_from(followed, origins, EVALUATION)
    lost = np.full((5, YEAR), np.nan)
    first = EVALUATION.horizon - 1  # a path is judged on the day on which it is over
    absolute, naive = rolling_mean(found.absolute), rolling_mean(found.naive)
    lost[0, first:] = np.log(absolute / promise["absolute"])
    lost[1, first:] = np.log(absolute / naive) - np.log(promise["absolute"] / promise["naive"])
    lost[2, first:] = np.log(rolling_mean(found.pinball) / promise["pinball"])
    lost[3, first:] = 0.80 - rolling_mean(found.inside[80])
    lost[4, first:] = 0.95 - rolling_mean(found.inside[95])
    follows = np.float64(follows_level(followed, start))
    return {"values": values, "innovations": innovations_of(followed, start), "losses": lost, "follows": follows}


def simulated(process: Process, years: int, seed: int, keep: Path) -> dict[str, np.ndarray]:
    """Many years, each array with them as its first axis, by the change's name and the array's; made once and kept."""
    parts = [_part(process, seed, number, keep) for number in range(-(-years // _PART))]
    return {key: np.concatenate([part[key] for part in parts if key in part])[:years] for key in parts[0]}


def _part(process: Process, seed: int, number: int, keep: Path) -> dict[str, np.ndarray]:
    path = keep / f"{process.name.replace(' ', '-')}-{seed}-{number}.npz"
    if path.is_file():
        with np.load(path) as kept:
            return dict(kept)
    changes = CHANGES if process.changed and number < _CHANGED_PARTS else ()
    seeds = [[seed, sum(map(ord, process.name)), number * _PART + year] for year in range(_PART)]
    years = [_years(process, one, changes) for one in seeds]
    found = {key: np.array([one[key] for one in years], dtype=np.float32) for key in years[0]}
    keep.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path.with_suffix(".part.npz"), **found)
    path.with_suffix(".part.npz").rename(path)
    return found


def _years(process: Process, seed: list[int], changes: tuple[str, ...]) -> dict[str, np.ndarray]:
    """One year without a change, and the same with each; they share their training days, and so the model."""
    quiet = series(process, np.random.default_rng(seed))
    model = champion(process, quiet)
    found = {f"none {key}": array for key, array in watched(model, quiet, process.rows).items()}
    for change in changes:
        values = series(process, np.random.default_rng(seed), change, CHANGED_AT)
        found |= {f"{change} {key}": array for key, array in watched(model, values, process.rows).items()}
    return found


def of_change(years: dict[str, np.ndarray], change: str | None) -> dict[str, np.ndarray]:
    """The arrays of the years that were lived through with that change; None or ``none`` for without."""
    mark = f"{change or 'none'} "
    return {key.removeprefix(mark): array for key, array in years.items() if key.startswith(mark)}
