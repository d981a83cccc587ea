"""Look at what happened, as a list and in a browser; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecastops.api.arguments import config_of, count_of, port_of, require_panel, text_of, time_of
from forecastops.core.surroundings import borrowed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from forecastops.api.arguments import ConfigLike
    from forecastops.results.history import HistoryResult
    from forecastops.results.series_status import SeriesStatusResult

__all__ = ["history", "series_status", "ui"]


def history(config: ConfigLike = None, *, limit: int | None = None, since: str | date | None = None) -> HistoryResult:
    """List what happened to the model: decisions, promotions, renewals, refits, rollbacks, signings, alarms.

    Args:
        config: as `train` takes it.
        limit: the most events, the newest; None for all. Few are found without reading all runs.
        since: the earliest time of an event: an ISO date or time, UTC unless it says otherwise; None for all.

    Returns:
        the events, the newest first: who, when, what and why; ``to_html()`` is a page of them with the champion's live
        error, ``to_frame()`` a table.

    Raises:
        RegistryError: when tracking server or registry do not answer.
        ConfigError: when the configuration or an argument cannot be used.

    Example:
        >>> [event.kind for event in fo.history(config, limit=2).events]
        ['decision', 'promotion']
    """
    from forecastops.results.history import history_result
    from forecastops.usecases.history import history as use_case

    most, earliest = count_of("limit", limit), time_of("since", since)
    with borrowed():
        return history_result(use_case(config_of(config), most, earliest))


def ui(
    config: ConfigLike = None,
    *,
    port: int | None = None,
    open_browser: bool = True,
    ready: Callable[[str], None] = print,
) -> None:
    """Show models, champion, freshness, history, decisions and reports in a browser of this machine; changes nothing.

    Args:
        config: as `train` takes it.
        port: of 127.0.0.1 to listen on; None for 8377, or any that is free where that is taken; 0 for any.
        open_browser: whether to open a browser, where there is a screen.
        ready: is called with the address, which holds a token that nobody else should see.

    Returns:
        None, when it is interrupted (Ctrl-C; in a notebook, its stop button).

    Raises:
        ForecastopsError: when the port cannot be had.
        ConfigError: when the configuration cannot be used.
    """
    from forecastops.web.server import LocalPages

    with borrowed():
        pages = LocalPages(config_of(config), port_of(port))

        def begin(url: str) -> None:
            ready(url)
            if open_browser:
                pages.open_browser()

        pages.serve(begin)


def series_status(series: str, config: ConfigLike = None) -> SeriesStatusResult:
    """Say what the panel in production holds of one series; changes nothing.

    Args:
        series: its name, as its column has it; of several columns joined by slashes.
        config: as `train` takes it, with ``data.series_column``.

    Returns:
        its model, where that came from, and from which data it forecasts.

    Raises:
        ConfigError: when it is none of the panel's.
        PromotionRefusedError: when there is no champion.
    """
    from forecastops.results.series_status import series_status_result
    from forecastops.usecases.panels.status import series_status as use_case

    name = text_of("series", series)
    with borrowed():
        settings = config_of(config)
        require_panel(settings, "series")
        return series_status_result(use_case(settings, name))
