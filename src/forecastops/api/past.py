"""Try a gate on a series' own past, or a panel's; nothing is logged, registered or deployed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecastops.api.arguments import config_of, count_of, path_of, require_panel, sources_of
from forecastops.core.surroundings import borrowed

if TYPE_CHECKING:
    from forecastops.adapters.sources.read_series import Source
    from forecastops.api.arguments import ConfigLike, Data
    from forecastops.config import Config
    from forecastops.results.backtest import BacktestResult, PanelBacktestResult

__all__ = ["backtest"]


def backtest(
    data: Data,
    config: ConfigLike = None,
    *,
    every: int | None = None,
    looks: int | None = None,
    work: str | os.PathLike[str] | None = None,
    table: str | os.PathLike[str] | None = None,
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
        table: of a panel, a file for a row a series, Parquet or CSV by its name.
        progress: is called with how much is done and how much there is to do.

    Returns:
        live errors, redeployments and decisions of each policy; in a notebook a table. Of a panel a
        `PanelBacktestResult`.

    Raises:
        DataError: when the data make no regular series, or too short a one.
        ModelError: when no first model can be trained.
        ConfigError: when the configuration, or the folder, cannot be used.

    Example:
        >>> found = fo.backtest(sales, config, looks=2)
        >>> found.policies[0]["name"], found.plan["looks"]
        ('your policy', 2)
    """
    given = {"every": count_of("every", every), "looks": count_of("looks", looks)}
    folder, rows = None if work is None else Path(work), path_of("table", table)
    with borrowed():
        settings = config_of(config)
        if rows is not None:
            require_panel(settings, "table")
        told = progress or _untold
        if settings.data.series_column:
            return _of_panel(settings, sources_of(data), rows, **given, work=folder, told=told)
        from forecastops.results.make import backtest_result
        from forecastops.usecases.backtest import backtest as use_case

        return backtest_result(use_case(settings, sources_of(data), **given, work=folder, told=told))


def _of_panel(config: Config, sources: list[Source], table: Path | None, **options: Any) -> PanelBacktestResult:
    import pyarrow as pa

    from forecastops.adapters.table_file import require_table_name, write_table
    from forecastops.results.make import panel_backtest_result
    from forecastops.usecases.panels.backtest import backtest_panel

    if table is not None:
        require_table_name(table, "table")  # before what takes long
    found = backtest_panel(config, sources, **options)
    if table is not None:
        write_table(pa.Table.from_pandas(found.table, preserve_index=False), table)
    return panel_backtest_result(found)


def _untold(_done: int, _all: int) -> None:
    return
