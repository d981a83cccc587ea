"""Try a gate on a series' own past; nothing is logged, registered or deployed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.api.arguments import ONE_OF_MANY, config_of, count_of, refuse_panel, sources_of
from forecastops.core.surroundings import borrowed

if TYPE_CHECKING:
    from forecastops.api.arguments import ConfigLike, Data
    from forecastops.results.backtest import BacktestResult

__all__ = ["backtest"]


def backtest(
    data: Data,
    config: ConfigLike = None,
    *,
    every: int | None = None,
    looks: int | None = None,
    work: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BacktestResult:
    """Live through the past, retraining again and again: what would this gate have done, and what was it worth?

    Args:
        data: the whole past, as `train` takes it.
        config: as `train` takes it; its policy is compared with others.
        every: observations from one retraining to the next; None for a week of days or hours, four weeks, a month.
        looks: how many retrainings are judged; None for as many as the past holds, 26 at most (hourly: 8).
        work: the folder in which what is computed is kept, so that an interrupted call goes on; None for one in
            forecastops' home.
        progress: is called with how much is done and how much there is to do.

    Returns:
        live errors, redeployments and decisions of each policy; in a notebook a table.

    Raises:
        DataError: when the data make no regular series, or too short a one.
        ModelError: when no first model can be trained.
        ConfigError: when the configuration, or the folder, cannot be used.

    Example:
        >>> found = fo.backtest(sales, config, looks=2)
        >>> found.policies[0]["name"], found.plan["looks"]
        ('your policy', 2)
    """
    from forecastops.results.make import backtest_result
    from forecastops.usecases.backtest import backtest as use_case

    given = {"every": count_of("every", every), "looks": count_of("looks", looks)}
    folder = None if work is None else Path(work)
    with borrowed():
        settings = config_of(config)
        refuse_panel(settings, "backtest", ONE_OF_MANY)
        found = use_case(settings, sources_of(data), **given, work=folder, told=progress or _untold)
        return backtest_result(found)


def _untold(_done: int, _all: int) -> None:
    return
