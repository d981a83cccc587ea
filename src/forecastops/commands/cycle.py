"""The cycle: train, evaluate, promote, and all three at once; and the report on a decision."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

import forecastops as fo
from forecastops.commands.bar import bar
from forecastops.commands.frame import (
    Request,
    command_options,
    data_option,
    require_promote_option,
    split_paths,
    work_option,
)
from forecastops.commands.next_steps import after_decision, after_no_promotion, after_train

__all__ = ["evaluate", "promote", "report", "retrain", "train"]

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
@work_option
@click.option(
    "--cut",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Of a panel, instead: write what is to be fitted into DIR, a file a bucket, for a parallel job.",
)
@command_options
def train(request: Request, paths: tuple[str, ...], work: Path | None, cut: Path | None) -> None:
    """Fit a challenger and log it as a run; nothing is registered."""
    if cut is not None:
        with bar(request, "  series looked at") as told:
            request.show(fo.cut_panel(split_paths(paths), cut, request.config(), work=work, progress=told))
        return
    with bar(request, "  series done") as told:
        trained = fo.train(split_paths(paths), request.config(), work=work, progress=told)
    request.show(trained, after_train(trained.run_id, request.repeated()))


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
    decide = fo.evaluate if replay is None else fo.replay
    decision = decide(replay or run_id or "", request.config())
    request.show(decision, *([after_decision(decision, request.repeated())] if replay is None else []))
    _exit_code(decision.verdict, require_promote)


@click.command()
@_run_id(required=True)
@click.option("--force", is_flag=True, help="Promote against the verdict; the smoke test is never skipped.")
@click.option("--reason", help="Why it is forced; recorded on the version.")
@require_promote_option
@command_options
def promote(request: Request, run_id: str, force: bool, reason: str | None, require_promote: bool) -> None:
    """Register, deploy, verify and point to a challenger that earned it; else renew the champion."""
    _require_force_with_reason(force, reason)
    moved = fo.promote(run_id, request.config(), force=force, reason=reason)
    request.show(moved, *([] if moved.promoted else [after_no_promotion(run_id, request.repeated())]))
    _exit_code("PROMOTE" if moved.promoted else moved.verdict, require_promote)


@click.command()
@data_option
@work_option
@require_promote_option
@command_options
def retrain(request: Request, paths: tuple[str, ...], work: Path | None, require_promote: bool) -> None:
    """Train, evaluate and promote in one process; a champion that stays is renewed."""
    with bar(request, "  series done") as told:
        result = fo.retrain(split_paths(paths), request.config(), work=work, progress=told)
    stayed = result.evaluate.verdict != "PROMOTE"
    request.show(result, *([after_no_promotion(result.train.run_id, request.repeated())] if stayed else []))
    _exit_code(result.evaluate.verdict, require_promote)


@click.command()
@_run_id(required=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write it; ./report-RUN.html by default. An earlier page is written over, and nothing else.",
)
@click.option("--series", metavar="ID", help="Of a panel: the page of this series alone, drawn now.")
@command_options
def report(request: Request, run_id: str, output: Path | None, series: str | None) -> None:
    """Write a logged decision as one HTML file: what, why, by how much, what would have been needed."""
    request.show(fo.report(run_id, request.config(), output=output or _report_name(run_id), series=series))


def _report_name(run_id: str) -> str:
    """Return a file's name, whatever stands for the run."""
    return f"report-{re.sub('[^0-9A-Za-z-]', '', run_id)[:8] or 'run'}.html"


def _require_force_with_reason(force: bool, reason: str | None) -> None:
    if force and not (reason or "").strip():
        raise click.UsageError("--force needs --reason, which is recorded on the version")
    if reason is not None and not force:
        raise click.UsageError("--reason goes with --force")


def _exit_code(verdict: str | None, require_promote: bool) -> None:
    if require_promote and verdict != "PROMOTE":
        sys.exit(3)
