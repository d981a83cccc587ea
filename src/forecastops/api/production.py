"""Change what is in production, say what is, and forecast from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecastops.api.arguments import (
    config_of,
    horizon_of,
    path_of,
    reason_of,
    require_panel,
    run_id_of,
    sources_of,
    text_of,
    untold,
)
from forecastops.core.surroundings import borrowed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from forecastops.api.arguments import ConfigLike, Data
    from forecastops.results.production import ForecastResult, PromoteResult, RenewResult, RetrainResult, StatusResult
    from forecastops.results.signing import SignResult

__all__ = ["forecast", "promote", "renew", "retrain", "rollback", "serve", "sign", "status"]


def promote(run_id: str, config: ConfigLike = None, *, force: bool = False, reason: str | None = None) -> PromoteResult:
    """Register, deploy, verify and point to a challenger that earned it; else renew the champion. All or nothing.

    Args:
        run_id: of a challenger that was evaluated.
        config: as `train` takes it.
        force: promote against the verdict, of a panel that on the whole; the smoke test is never skipped.
        reason: why it is forced, recorded on the version; needed with ``force``, and goes with nothing else.

    Returns:
        what is in production now.

    Raises:
        PromotionRefusedError: when the decision was made against another champion, or the run was rolled back.
        EndpointError: when deployment or smoke test fail; production is then as it was.

    Example:
        >>> moved = fo.promote(trained.run_id, config)
        >>> moved.promoted, moved.version, moved.endpoint.state
        (True, '1', 'Healthy')
    """
    from forecastops.results.make import promote_result
    from forecastops.usecases.promote import promote as use_case

    forced = reason_of(reason, asked=force, option="force")
    with borrowed():
        settings, run = config_of(config), run_id_of(run_id)
        if settings.data.series_column:
            from forecastops.usecases.panels.promote import promote_panel

            return promote_result(promote_panel(settings, run, forced), "promote")
        return promote_result(use_case(settings, run, forced), "promote")


def retrain(
    data: Data,
    config: ConfigLike = None,
    *,
    work: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RetrainResult:
    """Train, evaluate and promote, one after the other; a champion that stays is renewed.

    Args:
        data: as `train` takes it.
        config: as `train` takes it.
        work: as `train` takes it.
        progress: as `train` takes it.

    Returns:
        what each step came to.

    Raises:
        ForecastopsError: as the three raise it.

    Example:
        >>> again = fo.retrain(sales, config)
        >>> again.evaluate.verdict, again.promote
        ('HOLD', None)
    """
    from forecastops.results.make import retrain_result
    from forecastops.usecases.retrain import retrain as use_case

    with borrowed():
        settings, sources = config_of(config), sources_of(data)
        if settings.data.series_column:
            from forecastops.results.panels import panel_retrain_result
            from forecastops.usecases.panels.retrain import retrain_panel

            found = retrain_panel(settings, sources, path_of("work", work), progress or untold)
            return panel_retrain_result(found)
        return retrain_result(use_case(settings, sources))


def renew(
    data: Data, config: ConfigLike = None, *, accept_data: bool = False, reason: str | None = None
) -> RenewResult:
    """Give the champion the newest data, with its own parameters: no training, a version of its own.

    Args:
        data: the newest observations, as `train` takes them; what they do not reach back to stays.
        config: as `train` takes it.
        accept_data: take data that look bad, because they are right.
        reason: why they are right, recorded on the version; needed with ``accept_data``, and goes with nothing else.

    Returns:
        whether it was renewed, or why not. Data that are refused are no error: ``refused`` says so.

    Raises:
        DataError: when the data make no regular series.
        PromotionRefusedError: when there is no champion, or these data can never be its state.
        EndpointError: when deployment or smoke test fail; production is then as it was.

    Example:
        >>> fo.renew(sales, config).reason
        'the champion has these data already, through 2013-12-31'
    """
    from forecastops.results.make import renew_result
    from forecastops.usecases.renew import renew as use_case

    accepted = reason_of(reason, asked=accept_data, option="accept_data")
    with borrowed():
        settings, sources = config_of(config), sources_of(data)
        if settings.data.series_column:
            from forecastops.usecases.panels.renew import renew_panel

            return renew_result(renew_panel(settings, sources, accepted))
        return renew_result(use_case(settings, sources, accepted))


def rollback(
    reason: str, config: ConfigLike = None, *, to_version: str | int | None = None, series: str | None = None
) -> PromoteResult:
    """Return to the model before the champion's, with the newest data, after proving that it answers.

    Args:
        reason: why; recorded on the version that is rolled back.
        config: as `train` takes it.
        to_version: return to exactly this version, with the data that it has.
        series: of a panel, the one series that returns, in a version of its own; None for the whole.

    Returns:
        what is in production now.

    Raises:
        PromotionRefusedError: when there is nothing to return to.
        EndpointError: when it does not answer as it should; production is then as it was.

    Example:
        >>> fo.rollback("a trial", config)
        Traceback (most recent call last):
        forecastops.core.errors.PromotionRefusedError: ...records no predecessor; name another with --to-version...
    """
    from forecastops.results.make import promote_result
    from forecastops.usecases.rollback import rollback as use_case

    why, version = text_of("reason", reason), None if to_version is None else str(to_version)
    with borrowed():
        settings = config_of(config)
        if series is not None:
            from forecastops.usecases.panels.rollback import rollback_series

            require_panel(settings, "series")
            return promote_result(rollback_series(settings, why, text_of("series", series), version), "rollback")
        return promote_result(use_case(settings, why, version), "rollback")


def status(config: ConfigLike = None) -> StatusResult:
    """Say what is in production, from which data it forecasts, and whether all agree; changes nothing.

    Args:
        config: as `train` takes it.

    Returns:
        champion, pointer, endpoint, and each problem with the command that fixes it; its ``require_sound()`` and
        ``require_champion(run_id)`` raise where it is not as it should be.

    Raises:
        RegistryError: when the registry does not answer.
        EndpointError: when the deployments target does not answer.

    Example:
        >>> found = fo.status(config)
        >>> found.champion.version, found.forecasts_from, found.consistent
        ('1', '2013-12-31', True)
    """
    from forecastops.results.make import status_result
    from forecastops.usecases.status import status as use_case

    with borrowed():
        settings = config_of(config)
        return status_result(use_case(settings), settings)


def forecast(
    horizon: int | None = None,
    config: ConfigLike = None,
    *,
    data: Data | None = None,
    output: str | os.PathLike[str] | None = None,
    series: Iterable[str] = (),
) -> ForecastResult:
    """Forecast from the champion, with intervals; its endpoint is not asked.

    Args:
        horizon: steps, from 1 to 1000, in observations; None for the model's own number.
        config: as `train` takes it.
        data: newer observations, after the last of which the forecast starts; they are not kept.
        output: of a panel, a file to write instead of returning rows: Parquet or CSV by its name.
        series: of a panel, the names of those to forecast; all when none is named.

    Returns:
        rows in the data's unit; ``to_frame()`` gives a DataFrame of shape (horizon, 1 + 2 * levels); of a panel a
        `PanelForecastResult`.

    Raises:
        DataError: when the data make no regular series, do not fit the champion's, or are implausible.
        RegistryError: when there is no champion, or the registry does not answer.
        ModelError: when its model cannot be rebuilt.

    Example:
        >>> fo.forecast(3, config).to_frame().shape
        (3, 5)
    """
    from forecastops.results.make import forecast_result
    from forecastops.usecases.forecast import forecast as use_case

    steps, sources = horizon_of(horizon), [] if data is None else sources_of(data)
    path, names = path_of("output", output), tuple(text_of("series", one) for one in series)
    with borrowed():
        settings = config_of(config)
        if settings.data.series_column:
            from forecastops.results.panels import panel_forecast_result
            from forecastops.usecases.panels.forecast import forecast_panel

            return panel_forecast_result(forecast_panel(settings, steps, sources, path, names))
        if path is not None or names:
            require_panel(settings, "output" if path is not None else "series")
        return forecast_result(use_case(settings, steps, sources))


def sign(version: str | int, reason: str, config: ConfigLike = None) -> SignResult:
    """Sign a version that was made before models were signed, or with another key; its files stay as they are.

    Args:
        version: its number.
        reason: why it may be trusted, recorded on the version.
        config: as `train` takes it, with the key in ``signing.private_key``.

    Returns:
        the version, its model's digest and the key.

    Raises:
        ConfigError: when no private key is configured, or it cannot be used.
        ModelError: when the files are not those that were logged, or the signature does not reach the version.
        RegistryError: when there is no such version, or the tracking server does not take the signature.
    """
    from forecastops.results.signing import sign_result
    from forecastops.usecases.sign import sign as use_case

    why = text_of("reason", reason)
    with borrowed():
        return sign_result(use_case(config_of(config), str(version), why))


def serve(config: ConfigLike = None) -> None:
    """Serve the local endpoint as it was deployed last, until it is ended; no registry is asked.

    It runs in a process of its own, on whose end this call waits: that of the deployment, or an interrupt (Ctrl-C).

    Args:
        config: as `train` takes it.

    Returns:
        nothing, once the endpoint has ended.

    Raises:
        ConfigError: when the configuration deploys elsewhere.
        EndpointError: when nothing was deployed here under this name, or the endpoint fails.
    """
    from forecastops.usecases.serve import serving

    with borrowed():
        found = serving(config_of(config))
    found.run()
