"""The cycle: train, evaluate, promote, and all three at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from forecastops.commands.frame import Request, command_options, data_option, require_promote_option, split_paths
from forecastops.reporting import documents, summary, text

__all__ = ["evaluate", "promote", "retrain", "train"]

_F = TypeVar("_F", bound=Callable[..., Any])


def _named_run(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Return the run itself, or after ``@`` a file of what `train` or `evaluate` printed: pipelines pass files on."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return str(json.loads(Path(value[1:]).read_text("utf-8"))["run_id"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise click.BadParameter(f"{value[1:]} is no file that names a run_id ({error})") from error


def _run_id(*, required: bool) -> Callable[[_F], _F]:
    return click.option(
        "--run-id",
        required=required,
        callback=_named_run,
        help="The run that `train` made; or @FILE, where FILE holds what `train --json` or `evaluate --json` printed.",
    )


@click.command()
@data_option
@command_options
def train(request: Request, paths: tuple[str, ...]) -> None:
    """Fit a challenger and log it as a run; nothing is registered."""
    from forecastops.usecases.train import train as use_case

    result = use_case(request.config(), split_paths(paths))
    request.answer(documents.train_document(result), text.train_text(result), summary.train_report(result))


@click.command()
@_run_id(required=False)
@click.option(
    "--replay",
    metavar="RUN",
    callback=_named_run,
    help="Instead of --run-id: prove the run's logged decision by deciding again from its numbers; changes nothing.",
)
@require_promote_option
@command_options
def evaluate(request: Request, run_id: str | None, replay: str | None, require_promote: bool) -> None:
    """Score challenger, champion and seasonal naive on the same rolling origins, and decide."""
    if (run_id is None) == (replay is None):
        raise click.UsageError("give either --run-id or --replay")
    if replay is not None:
        from forecastops.usecases.replay import replay as use_case
    else:
        from forecastops.usecases.evaluate import evaluate as use_case

    decision = use_case(request.config(), replay or run_id or "")
    replayed = replay is not None
    document, shown = documents.decision_document(decision, replayed), text.decision_text(decision, replayed)
    request.answer(document, shown, summary.decision_report(decision))
    _exit_code(decision.verdict, require_promote)


@click.command()
@_run_id(required=True)
@click.option("--force", is_flag=True, help="Promote against the verdict; the smoke test is never skipped.")
@click.option("--reason", help="Why it is forced; recorded on the version.")
@require_promote_option
@command_options
def promote(request: Request, run_id: str, force: bool, reason: str | None, require_promote: bool) -> None:
    """Register, deploy, verify and point to a challenger that earned it; else renew the champion."""
    from forecastops.usecases.promote import promote as use_case

    moved = use_case(request.config(), run_id, _force_reason(force, reason))
    request.answer(documents.moved_document(moved), moved.note, summary.moved_report(moved, "promote"))
    _exit_code("PROMOTE" if moved.promoted else moved.verdict, require_promote)


@click.command()
@data_option
@require_promote_option
@command_options
def retrain(request: Request, paths: tuple[str, ...], require_promote: bool) -> None:
    """Train, evaluate and promote in one process; a champion that stays is renewed."""
    from forecastops.usecases.retrain import retrain as use_case

    result = use_case(request.config(), split_paths(paths))
    request.answer(documents.retrained_document(result), text.retrained_text(result), summary.retrained_report(result))
    _exit_code(result.evaluate.verdict, require_promote)


def _force_reason(force: bool, reason: str | None) -> str | None:
    if force and not (reason or "").strip():
        raise click.UsageError("--force needs --reason, which is recorded on the version")
    if reason is not None and not force:
        raise click.UsageError("--reason goes with --force")
    return reason if force else None


def _exit_code(verdict: str | None, require_promote: bool) -> None:
    if require_promote and verdict != "PROMOTE":
        sys.exit(3)
