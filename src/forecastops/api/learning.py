"""Look at data, train a challenger, and judge it; production stays as it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from forecastops.api.arguments import config_of, path_of, require_panel, run_id_of, sources_of, untold
from forecastops.core.errors import ConfigError
from forecastops.core.surroundings import borrowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecastops.api.arguments import ConfigLike, Data
    from forecastops.results.evaluation import CheckDataResult, EvaluateResult, TrainResult
    from forecastops.results.panel_cut import PanelCutResult
    from forecastops.results.report import ReportResult

__all__ = ["check_data", "cut_panel", "evaluate", "replay", "report", "train"]


def check_data(data: Data, config: ConfigLike = None, *, newest_part: bool = False) -> CheckDataResult:
    """Read data as `train` does, and say what was found and done.

    Args:
        data: as `train` takes it.
        config: as `train` takes it.
        newest_part: whether they are newest rows alone, for `renew`, and may be short.

    Returns:
        what the series holds, or of a panel a `PanelCheckResult`; nothing is logged to MLflow.

    Raises:
        DataError: when the data make no regular series, or too short a one; of a panel, when no series can be read.

    Example:
        >>> found = fo.check_data(sales, config)
        >>> found.rows, found.frequency, found.missing
        (154, 'D', 0)
    """
    from forecastops.results.make import check_data_result
    from forecastops.usecases.prepare_data import check_data as use_case

    with borrowed():
        settings = config_of(config)
        if settings.data.series_column:
            from forecastops.results.panels import panel_check_result
            from forecastops.usecases.panels.check import check_panel

            return panel_check_result(check_panel(settings, sources_of(data), newest_part=newest_part))
        return check_data_result(use_case(settings, sources_of(data), newest_part=newest_part))


def train(
    data: Data,
    config: ConfigLike = None,
    *,
    work: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Fit a challenger and log it as an MLflow run; nothing is registered.

    Args:
        data: one source or several, which are joined into one series of shape (n,): a path (file, folder, address or
            database query as ``--data`` takes it), a DataFrame with the columns ``data.date_column`` and
            ``data.value_column`` (dates may be its index), or a Series of values by their dates.
        config: what `load_config` returns, a path or mapping for it, or None for what it finds by itself.
        work: of a panel (``data.series_column``), the folder in which what is computed is kept, so that an interrupted
            call goes on; None for one in forecastops' home.
        progress: of a panel, is called with how many series are done and how many there are.

    Returns:
        the run, and what is in it; of a panel a `PanelTrainResult`.

    Raises:
        DataError: when the data make no regular series, or too short a one.
        ModelError: when nothing that was asked for can be fitted.
        ConfigError: when the configuration cannot be used.
        RegistryError: when the tracking server does not take the run.

    Example:
        >>> trained = fo.train(sales, config)
        >>> trained.data.rows, trained.data.end
        (154, '2013-12-31')
    """
    from forecastops.results.make import train_result
    from forecastops.usecases.train import train as use_case

    with borrowed():
        settings, sources = config_of(config), sources_of(data)
        if settings.data.series_column:
            from forecastops.results.panels import panel_train_result
            from forecastops.usecases.panels.train import train_panel

            return panel_train_result(train_panel(settings, sources, path_of("work", work), progress or untold))
        return train_result(use_case(settings, sources))


def cut_panel(
    data: Data,
    folder: str | os.PathLike[str],
    config: ConfigLike = None,
    *,
    work: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PanelCutResult:
    """Write what training a panel would compute as files, a bucket of series each, for a parallel job; make no run.

    The files' results belong into a folder, which `train` is given as ``work``; it fits what is missing there.

    Args:
        data: as `train` takes it; the same names of files give the same pieces.
        folder: for the files; pieces of earlier calls in it are removed.
        config: as `train` takes it, with ``data.series_column``.
        work: a folder of results, whose pieces are left out; None to write all.
        progress: with ``panel.screen_share``, is called with how many series are looked at and how many there are.

    Returns:
        how many files there are, and how many series in them.

    Raises:
        DataError: when the data cannot be read.
        ModelError: when the champion is no panel.
        ConfigError: when the configuration or a folder cannot be used.
    """
    from forecastops.results.panel_cut import panel_cut_result
    from forecastops.usecases.panels.pieces import cut_panel as use_case

    place = path_of("folder", folder)
    if place is None:
        raise ConfigError("folder", "is None", "name a folder for the pieces")
    with borrowed():
        settings = config_of(config)
        require_panel(settings, "cutting")
        found = use_case(settings, sources_of(data), place, path_of("work", work), progress or untold)
        return panel_cut_result(found)


def evaluate(run_id: str, config: ConfigLike = None) -> EvaluateResult:
    """Score challenger, champion and seasonal naive on the same rolling origins, and decide.

    Args:
        run_id: of the challenger, as `train` returned it.
        config: as `train` takes it.

    Returns:
        the decision, which is logged on the challenger's run too. Scores are in the data's unit.

    Raises:
        RegistryError: when the run, the registry or the champion's files cannot be had.
        ModelError: when a model cannot be rebuilt, or the challenger has seen the window.

    Example:
        >>> decision = fo.evaluate(trained.run_id, config)
        >>> decision.verdict, decision.window.origins
        ('PROMOTE', 43)
    """
    from forecastops.results.make import evaluate_result
    from forecastops.usecases.evaluate import evaluate as use_case

    with borrowed():
        settings, run = config_of(config), run_id_of(run_id)
        if settings.data.series_column:
            from forecastops.results.panels import panel_evaluate_result
            from forecastops.usecases.panels.evaluate import evaluate_panel

            return panel_evaluate_result(evaluate_panel(settings, run))
        return evaluate_result(use_case(settings, run))


def replay(run_id: str, config: ConfigLike = None) -> EvaluateResult:
    """Prove a logged decision by deciding again from its numbers; changes nothing.

    Args:
        run_id: of the challenger.
        config: as `train` takes it.

    Returns:
        the decision as it was logged, with ``replayed`` and ``decided_at``.

    Raises:
        RegistryError: when the run or its decision cannot be had.
        ModelError: when there is none, it was altered, or the replay differs.

    Example:
        >>> fo.replay(trained.run_id, config).replayed
        True
    """
    from forecastops.results.make import evaluate_result
    from forecastops.usecases.replay import replay as use_case

    with borrowed():
        settings, run = config_of(config), run_id_of(run_id)
        if settings.data.series_column:
            from forecastops.results.panels import panel_evaluate_result
            from forecastops.usecases.panels.replay import replay_panel

            return panel_evaluate_result(replay_panel(settings, run), replayed=True)
        return evaluate_result(use_case(settings, run), replayed=True)


def report(
    run_id: str,
    config: ConfigLike = None,
    *,
    output: str | os.PathLike[str] | None = None,
    series: str | None = None,
) -> ReportResult:
    """Show a logged decision as one HTML file: what was decided, why, by how much, and what would have been needed.

    Args:
        run_id: of a challenger that was evaluated, whenever that was.
        config: as `train` takes it; the registered model is the decision's.
        output: the file to write; None to write none. An earlier page is written over, and nothing else.
        series: of a panel, the one series that the page is to be of; None for the decision on all.

    Returns:
        the page, which shows itself in a notebook; ``to_html()`` gives its text.

    Raises:
        RegistryError: when the run or its decision cannot be had.
        ModelError: when there is none, or it was altered.
        DataError: when the file cannot be written.

    Example:
        >>> fo.report(trained.run_id, config).verdict
        'PROMOTE'
    """
    from forecastops.results.report import report_result, series_report_result
    from forecastops.usecases.report import report as use_case

    path = path_of("output", output)
    with borrowed():
        if series is not None:
            from forecastops.usecases.panels.report import series_report

            if not isinstance(series, str):
                raise ConfigError("series", f"is {series!r:.80}", "give the name of a series, a text")
            return series_report_result(series_report(config_of(config), run_id_of(run_id), series), path)
        return report_result(use_case(config_of(config), run_id_of(run_id)), path)
