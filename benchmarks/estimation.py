"""Does the estimation find the optimum, and what does it cost? The default members on many real daily series.

Run by `make bench-estimation`; minutes long, seeded; with `--quick` on a few series. Each member is estimated by the
product's code, by statsmodels' own fit, and from random starts besides; every optimum is valued by one likelihood, and
the best of all is what each is measured against. CPU time is taken of both in turn. Nothing here asserts.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent / "decisions"))
from streams import all_streams

from forecastops.core.errors import ModelError
from forecastops.forecasting.config import ModelConfig, ModelSpec
from forecastops.forecasting.estimation import Estimate, estimate
from forecastops.forecasting.forecaster import Arima, arima, rescaled
from forecastops.forecasting.members import combination

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
RANDOM_STARTS, CLOSE = 4, 1.0  # with the product's four starts eight; log-likelihood within which an optimum is found
NEWER = 28  # observations since the previous model
_T = TypeVar("_T")


@dataclass(frozen=True)
class Found:
    """Log-likelihoods below the best, and CPU seconds, of one member on one series."""

    series: str
    member: str
    ours: float
    theirs: float
    our_seconds: float
    their_seconds: float


def compared(name: str, values: pd.Series[float]) -> Iterator[Found]:
    """Every member of the default model that has anything to estimate, and (2, 0, 2), which is hard to."""
    random = np.random.default_rng(len(values))
    for spec in (*combination(ModelConfig(), 7, len(values)), ModelSpec(order=(2, 0, 2))):
        previous = _estimated(values.iloc[:-NEWER], spec, None)
        if previous is None or list(previous.params) == ["sigma2"]:
            continue
        ours, our_seconds = timed(lambda: _estimated(values, spec, previous.member))  # noqa: B023
        theirs, their_seconds = timed(lambda: _by_statsmodels(values, spec))  # noqa: B023
        likelihood = _Likelihood(values, spec)
        at_ours = likelihood.of(ours.params if ours else None)
        at_theirs = likelihood.of(theirs)
        best = max([at_ours, at_theirs, *likelihood.from_random(random)])
        yield Found(name, spec.name, best - at_ours, best - at_theirs, our_seconds, their_seconds)


def timed(call: Callable[[], _T]) -> tuple[_T, float]:
    """What a call gives, and its CPU seconds."""
    started = time.process_time()
    found = call()
    return found, time.process_time() - started


class _Likelihood:
    """Of one model of the values in units of their deviation, the innovations' variance concentrated out."""

    def __init__(self, values: pd.Series[float], spec: ModelSpec) -> None:
        self.unit = float(np.nanstd(values)) or 1.0
        self.bound = spec.max_iterations
        self.model: Any = arima(values / self.unit, spec.order, spec.seasonal_order, spec.trend, concentrate_scale=True)

    def of(self, params: dict[str, float] | None) -> float:
        """At these parameters of the values in their own unit; the worst where there are none."""
        if params is None:
            return -np.inf
        known = rescaled(params, 1 / self.unit)
        return float(self.model.loglike(np.array([known[name] for name in self.model.param_names])))

    def from_random(self, random: np.random.Generator) -> Iterator[float]:
        """Where the optimiser comes to from random starts; each polynomial is of one lag, stationary within 1."""
        lags = np.array([name.startswith(("ar.", "ma.")) for name in self.model.param_names])
        for _ in range(RANDOM_STARTS):
            start = np.where(lags, random.uniform(-0.95, 0.95, len(lags)), self.model.start_params)
            try:
                bound = {"maxiter": self.bound}
                found = self.model.fit(start, method_kwargs=bound, cov_type="none", low_memory=True)
                yield float(self.model.loglike(found.params))  # low memory's own counts the burn-in's scale
            except (ValueError, np.linalg.LinAlgError):
                continue


def _estimated(values: pd.Series[float], spec: ModelSpec, previous: Arima | None) -> Estimate | None:
    try:
        return estimate(values, spec, previous)
    except ModelError:
        return None


def _by_statsmodels(values: pd.Series[float], spec: ModelSpec) -> dict[str, float] | None:
    model = arima(values, spec.order, spec.seasonal_order, spec.trend)
    try:
        fitted = model.fit(method_kwargs={"maxiter": spec.max_iterations}, cov_type="none")
    except (ValueError, np.linalg.LinAlgError):
        return None
    return dict(zip(model.param_names, map(float, fitted.params), strict=True))


def table(found: list[Found]) -> None:
    """In Markdown, by member."""
    columns = "fits | ours within 1 of the best | furthest | statsmodels within 1 | furthest | CPU, relative | slowest"
    print(f"| member | {columns} |\n|{'---|' * 8}")
    for member in [*dict.fromkeys(one.member for one in found), "all"]:
        mine = [one for one in found if member in (one.member, "all")]
        ours, theirs = (np.array([getattr(one, name) for one in mine]) for name in ("ours", "theirs"))
        ratio = sum(one.our_seconds for one in mine) / sum(one.their_seconds for one in mine)
        cells = [str(len(mine))]
        for gaps in (ours, theirs):
            cells += [f"{100 * (gaps <= CLOSE).mean():.1f} %", f"{gaps.max():.1f}"]
        print(f"| {member} | {' | '.join([*cells, f'{ratio:.2f}', f'{max(one.our_seconds for one in mine):.1f} s'])} |")


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    started, found = time.perf_counter(), list[Found]()
    daily = [stream for stream in all_streams(SHARED) if stream.group in ("open daily", "panel daily")]
    for number, stream in enumerate(daily[:: 12 if "--quick" in sys.argv else 1], start=1):
        found += compared(stream.name, stream.values.iloc[:731])
        print(f"{number} of {len(daily)}", end="\r", file=sys.stderr)
    print(f"{len({one.series for one in found})} series, {time.perf_counter() - started:.0f} s\n")
    table(found)


if __name__ == "__main__":
    main()
