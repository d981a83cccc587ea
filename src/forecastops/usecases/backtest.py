"""Live through a series' own past: what the gate would have done, and what it would have been worth."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from forecastops import __version__
from forecastops.adapters.sources.read_series import Source, read_series
from forecastops.adapters.workers.outcomes import Outcomes
from forecastops.adapters.workers.pool import Pool
from forecastops.backtesting.choices import policies_for
from forecastops.backtesting.plan import planned, rows_a_day
from forecastops.backtesting.results import Backtest
from forecastops.backtesting.schedule import live_side_by_side
from forecastops.backtesting.stream import Stream
from forecastops.backtesting.summary import first_errors, summarised
from forecastops.config import Config
from forecastops.core.home import home, require_home

__all__ = ["backtest"]

_LOG = logging.getLogger(__name__)
_LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels")


def backtest(
    config: Config,
    sources: Sequence[Source],
    *,
    every: int | None = None,
    looks: int | None = None,
    work: Path | None = None,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> Backtest:
    """Retrain on the past again and again, by the configured policy and by others; nothing is logged or deployed.

    What is computed is kept, so that an interrupted call goes on where it was.

    Args:
        config: how the data are read, what is trained, and the policy.
        sources: the whole past.
        every: observations from one retraining to the next; by frequency when None.
        looks: how many retrainings are judged; when None, as many as the past holds, 26 at most (hourly: 8).
        work: where what is computed is kept; in forecastops' home when None.
        told: is called with how much is done, and how much there is to do.

    Raises:
        DataError: when the data make no regular series, or too short a one.
        ModelError: when there is no first model.
        ConfigError: when the configuration, or the folder, cannot be used.
    """
    series = read_series(sources, config.data)
    for note in series.notes:
        _LOG.warning("%s", note)
    stream = planned(series, config.evaluation_of(series.frequency), config.model, every=every, looks=looks)
    policies = policies_for(config.gate, config.deployment.on_hold, rows_a_day(series.frequency))
    outcomes = Outcomes(_folder(work), _digest(stream))
    _LOG.info(
        "living through %s to %s: %d policies, %d retrainings each",
        stream.date(stream.first),
        series.end,
        len(policies),
        len(stream.retrainings) - 1,
    )
    with Pool(stream, outcomes) as pool:
        lives, found = live_side_by_side(stream, policies, pool, told)
        job = first_errors(lives[policies[0].name])
        if job not in found:
            pool.ask(job)
            found = {**found, job: pool.answer()[1]}
    return summarised(stream, policies, lives, found)


def _folder(work: Path | None) -> Path:
    if work is not None:
        return work.expanduser().absolute()
    require_home()
    return home() / "backtests"


def _digest(stream: Stream) -> str:
    """Return what tells streams apart whose jobs have other outcomes: their data, settings, and the code."""
    versions = {"forecastops": __version__, **{name: version(name) for name in _LIBRARIES}}
    text = json.dumps([stream.document(), versions], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
