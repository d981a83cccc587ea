"""What is in production: status, renew, rollback, forecast, serve, sign."""

from __future__ import annotations

import sys
from pathlib import Path

import click

import forecastops as fo
from forecastops.commands.frame import Request, WholeNumber, command_options, data_option, split_paths
from forecastops.reporting.interval_bars import interval_bars

__all__ = ["forecast", "renew", "rollback", "serve", "sign", "status"]


@click.command()
@click.option(
    "--require-champion", metavar="RUN_ID", help="Fail unless this run's model is in production and all agree."
)
@click.option(
    "--check",
    is_flag=True,
    help="Fail unless all agree, the data are the newest, and the endpoint answers as it must.",
)
@click.option("--series", metavar="ID", help="Of a panel: show what it holds of one series.")
@command_options
def status(request: Request, require_champion: str | None, check: bool, series: str | None) -> None:
    """Show champion, pointer and endpoint, from which data they forecast, and whether they agree."""
    if series is not None:
        if require_champion is not None or check:
            raise click.UsageError("--series goes with neither --check nor --require-champion")
        request.show(fo.series_status(series, request.config()))
        return
    found = fo.status(request.config())
    request.show(found)
    if require_champion is not None:
        found.require_champion(require_champion)
    if check:
        found.require_sound()


@click.command()
@data_option
@click.option("--accept-data", is_flag=True, help="Take data that look bad, because they are right; needs --reason.")
@click.option("--reason", help="Why they are right; recorded on the version.")
@click.option("--require-ok", is_flag=True, help="Exit with 3 when the data were refused.")
@command_options
def renew(request: Request, paths: tuple[str, ...], accept_data: bool, reason: str | None, require_ok: bool) -> None:
    """Give the champion the newest data, with its own parameters: no training, a version of its own."""
    if accept_data and not (reason or "").strip():
        raise click.UsageError("--accept-data needs --reason, which is recorded on the version")
    if reason is not None and not accept_data:
        raise click.UsageError("--reason goes with --accept-data")
    moved = fo.renew(split_paths(paths), request.config(), accept_data=accept_data, reason=reason)
    request.show(moved)
    if require_ok and moved.refused:
        sys.exit(3)


@click.command()
@click.option("--reason", required=True, help="Why; recorded on the version that is rolled back.")
@click.option("--to-version", metavar="N", help="Return to exactly this version, with the data that it has.")
@click.option("--series", metavar="ID", help="Of a panel: return this series alone, in a version of its own.")
@command_options
def rollback(request: Request, reason: str, to_version: str | None, series: str | None) -> None:
    """Return to the model before the champion's, with the newest data, after proving that it answers."""
    if not reason.strip():
        raise click.UsageError("--reason is empty")
    request.show(fo.rollback(reason, request.config(), to_version=to_version, series=series))


@click.command()
@click.option("--horizon", type=WholeNumber(1, 1000), help="Steps to forecast; the model's own number by default.")
@click.option(
    "--data",
    "paths",
    multiple=True,
    metavar="FILE",
    help="Newer observations, after the last of which the forecast starts; they are not kept.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Of a panel: write all forecasts to a file, Parquet or CSV by its name; an earlier one is written over.",
)
@click.option("--series", multiple=True, metavar="ID", help="Of a panel: forecast this series; repeat it for more.")
@command_options
def forecast(
    request: Request, horizon: int | None, paths: tuple[str, ...], output: Path | None, series: tuple[str, ...]
) -> None:
    """Forecast from the champion, with intervals."""
    config = request.config()
    found = fo.forecast(horizon, config, data=split_paths(paths), output=output, series=series)
    drawn = request.draws and not config.data.series_column
    request.show(found, *(interval_bars(found.forecast) if drawn else []))


@click.command()
@click.option("--systemd", is_flag=True, help="Print a unit that keeps it serving, also after a reboot; serve nothing.")
@command_options
def serve(request: Request, systemd: bool) -> None:
    """Serve the local endpoint in the foreground, as it was deployed last; no registry is asked."""
    from forecastops.usecases.serve import serving, systemd_unit

    config = request.config()
    if systemd:
        unit = systemd_unit(config, request.repeated())
        request.answer({"unit": unit}, unit.rstrip())
        return
    found = serving(config)
    document = {"name": found.name, "url": found.url, "log": found.log}
    request.answer(document, f"serving {found.name} at {found.url}; log: {found.log}; SIGTERM or Ctrl-C ends it")
    found.become()


@click.command()
@click.option("--version", "number", metavar="N", required=True, help="The version to sign.")
@click.option("--reason", required=True, help="Why it may be trusted; recorded on the version.")
@command_options
def sign(request: Request, number: str, reason: str) -> None:
    """Sign a version that was made before models were signed, or with another key."""
    if not reason.strip():
        raise click.UsageError("--reason is empty")
    request.show(fo.sign(number, reason, request.config()))
