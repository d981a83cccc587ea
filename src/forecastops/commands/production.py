"""What is in production: status, rollback, forecast."""

from __future__ import annotations

import click

from forecastops.commands import reports, text
from forecastops.commands.frame import Request, command_options

__all__ = ["forecast", "rollback", "status"]


@click.command()
@click.option(
    "--require-champion", metavar="RUN_ID", help="Fail unless this run's model is in production and all agree."
)
@command_options
def status(request: Request, require_champion: str | None) -> None:
    """Show champion, pointer and endpoint, and whether they agree."""
    from forecastops.usecases.status import require_in_production
    from forecastops.usecases.status import status as use_case

    found = use_case(request.config())
    request.answer(text.status_document(found), text.status_text(found), reports.status_report(found))
    if require_champion is not None:
        require_in_production(found, require_champion)


@click.command()
@click.option("--reason", required=True, help="Why; recorded on the version that is rolled back.")
@click.option("--to-version", metavar="N", help="Return to this version instead of the recorded predecessor.")
@command_options
def rollback(request: Request, reason: str, to_version: str | None) -> None:
    """Return to the champion's predecessor, after proving that it loads and answers."""
    from forecastops.usecases.rollback import rollback as use_case

    if not reason.strip():
        raise click.UsageError("--reason is empty")
    moved = use_case(request.config(), reason, to_version)
    request.answer(text.moved_document(moved), moved.note, reports.moved_report(moved, "rollback"))


@click.command()
@click.option("--horizon", type=click.IntRange(1, 1000), help="Steps to forecast; the model's own number by default.")
@command_options
def forecast(request: Request, horizon: int | None) -> None:
    """Forecast from the champion, with intervals."""
    from forecastops.usecases.forecast import forecast as use_case

    found = use_case(request.config(), horizon)
    request.answer({"version": found.version, "forecast": found.forecast}, text.forecast_text(found))
