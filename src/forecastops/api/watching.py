"""Watch what is in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecastops.api.arguments import config_of, date_of, sources_of, untold
from forecastops.core.surroundings import borrowed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from forecastops.api.arguments import ConfigLike, Data
    from forecastops.results.monitoring import MonitorResult

__all__ = ["monitor"]


def monitor(
    data: Data,
    config: ConfigLike = None,
    *,
    now: str | date | None = None,
    may_be_first: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> MonitorResult:
    """Say whether the world has moved, the model has failed, or the data have broken; production stays as it is.

    Args:
        data: the newest data, as `train` takes them; what they do not reach back to is taken from the champion's own.
            Of a panel, which keeps no series, a long table that reaches back to its training.
        config: as `train` takes it.
        now: a date, a time without timezone, or ``today``, against which lateness counts; without it, it does not.
        may_be_first: whether it is no error that there is no champion to watch: ``retrain`` is true then.
        progress: of a panel, is called with how many series are done, and how many there are.

    Returns:
        each signal with its threshold and a sentence, and whether to retrain; of a panel a `PanelMonitorResult`.

    Raises:
        DataError: when the data make no regular series.
        RegistryError: when there is no champion, or the registry does not answer.
        ModelError: when its model cannot be rebuilt.

    Example:
        >>> found = fo.monitor(sales, config)
        >>> found.retrain, found.broken
        (False, False)
    """
    from forecastops.reporting.monitor_page import monitor_page, panel_monitor_page
    from forecastops.results.make import monitor_result
    from forecastops.usecases.monitor import monitor as use_case

    moment = date_of("now", now)
    with borrowed():
        settings = config_of(config)
        if settings.data.series_column:
            from forecastops.results.panels import panel_monitor_result
            from forecastops.usecases.panels.monitor import monitor_panel

            looked = monitor_panel(
                settings,
                sources_of(data),
                moment,
                panel_monitor_page,
                told=progress or untold,
                may_be_first=may_be_first,
            )
            return panel_monitor_result(looked)
        found = use_case(settings, sources_of(data), moment, monitor_page, may_be_first=may_be_first)
        return monitor_result(found)
