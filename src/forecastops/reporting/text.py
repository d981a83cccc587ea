"""Results as text for a person."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecastops.core.shown_cells import shown
from forecastops.reporting.sentences.specification import specification

if TYPE_CHECKING:
    from forecastops.adapters.endpoint.interface import EndpointState
    from forecastops.gate.record import Decision
    from forecastops.release.champion_files import VersionFiles
    from forecastops.usecases.forecast import ForecastResult
    from forecastops.usecases.panels.freshness import PanelFreshness
    from forecastops.usecases.retrain import Retrained
    from forecastops.usecases.status import Status
    from forecastops.usecases.train import TrainResult

__all__ = [
    "decision_text",
    "demo_ending",
    "forecast_text",
    "number",
    "retrained_text",
    "runs_page",
    "status_text",
    "train_text",
]


def train_text(result: TrainResult) -> str:
    """Return the run, its data, and the recorded metric."""
    data, metrics = result.data, result.metrics
    lines = [
        f"run {result.run_id}",
        f"  data     {data['start']} to {data['end']}, {data['rows']} rows, sha256 {str(data['sha256'])[:12]}",
        f"  model    {specification(result.spec)}",
        *([f"  chosen   {_selection_text(result.selection)}"] if result.selection else []),
        f"  recorded RMSE {number(metrics['RMSE'])}, R2 {number(metrics['R2'])} of the last 10 %, for other scripts; "
        "the gate measures again",
    ]
    return "\n".join(lines)


def _selection_text(selection: dict[str, Any]) -> str:
    """Say out of how many the model was chosen, and how far it lies from the best of the others."""
    chosen, window = selection["chosen"], selection["window"]
    others = [other for other in selection["candidates"] if other["rmse"] is not None and other != chosen]
    found = f"out of {len(selection['candidates'])} by RMSE {number(chosen['rmse'])}"
    if others:
        best = min(others, key=lambda other: other["rmse"])
        share = chosen["rmse"] / best["rmse"] - 1
        side = f"{-share:.1%} below" if share <= 0 else f"{share:.1%} above, with fewer parameters,"
        found += f", {side} the next, {best['name']}"
    return f"{found} ({window['start']} to {window['end']})"


def decision_text(decision: Decision, replayed: bool = False) -> str:
    """Tell the verdict, what was needed, what was compared on which window, and each check, failures first."""
    from forecastops.reporting.sentences.decision import lacking, summary, warnings

    window = decision.window
    against = f"champion version {decision.champion.version}" if decision.champion else "no champion"
    lines = [
        f"{decision.verdict}: {summary(decision)}",
        *(f"  needed: {needed}" for needed in lacking(decision)),
        *([f"  a replay of what was decided at {decision.decided_at}, the same bit for bit"] if replayed else []),
        f"  run {decision.run_id} against {against}",
        f"  {window.start} to {window.end}: {window.origins} origins, {window.horizon} steps each",
        *_score_lines(decision),
        *_check_lines(decision),
        *(f"  note  {warning}" for warning in warnings(decision)),
    ]
    return "\n".join(lines)


def _score_lines(decision: Decision) -> Iterator[str]:
    yield f"  {'':16}{'rmse':>10}{'mae':>10}{'mase':>8}{'bias':>10}"
    for name, scores in decision.metrics.items():
        if scores:
            row = "".join(f"{number(scores.get(key)):>{width}}" for key, width in _COLUMNS.items())
            yield f"  {name:16}{row}"


def _check_lines(decision: Decision) -> Iterator[str]:
    """Yield each check, failures first."""
    from forecastops.reporting.sentences.checks import reason_of

    width = max(len(check.name) for check in decision.checks)
    marks = {check.name: _mark(check.passed, check.name in decision.excused) for check in decision.checks}
    for mark in _MARKS:
        for check in decision.checks:
            if marks[check.name] == mark:
                yield f"  {mark:6}{check.name:{width}}  {reason_of(check)}"
    if decision.excused:
        yield "  * excused: it failed, and does not count"


_MARKS = ("FAIL", "fail*", "pass")  # in the order in which checks are shown


def _mark(passed: bool, excused: bool) -> str:
    if passed:
        return "pass"
    return "fail*" if excused else "FAIL"


_COLUMNS = {"rmse": 10, "mae": 10, "mase": 8, "bias": 10}


def retrained_text(result: Retrained) -> str:
    """Tell all steps, one after the other."""
    return "\n".join([train_text(result.train), decision_text(result.evaluate), result.outcome.note])


def runs_page(experiment_id: str) -> str:
    """Return the address of an experiment's runs on an MLflow server, which may else open as a page of traces."""
    return f"?workflowType=machine_learning#/experiments/{experiment_id}/runs"


def demo_ending(found: Status, folder: Path, experiment: str) -> str:
    """Return what a person can do with what the demo leaves behind."""
    if found.endpoint is None:
        return ""
    programs = _programs()
    return "\n".join(
        [
            "\nThe endpoint goes on serving. Ask it, look around, remove it:",
            f"  curl {found.endpoint.url}/invocations -H 'Content-Type: application/json' \\",
            '       -d \'{"inputs": [], "params": {"horizon": 7}}\'',
            f"  {programs}forecastops status --config {folder}/demo.yaml",
            f"  {programs}forecastops report --run-id {found.model_run} --config {folder}/demo.yaml",
            f"  {programs}mlflow ui --backend-store-uri sqlite:///{folder}/mlflow.db",
            f"    and open http://127.0.0.1:5000/{runs_page(experiment)}",
            f"  {programs}mlflow deployments delete -t forecastops-local --name {found.endpoint.name}",
        ]
    )


def status_text(found: Status) -> str:
    """Report champion, endpoint, and each problem with the command that repairs it."""
    champion, endpoint = found.champion, found.endpoint
    lines = [
        *(["pointer   stage Production: the registry has no aliases"] if found.pointer == "stage" else []),
        f"champion  version {champion.version.version} (by {champion.pointer}), {_model_text(found)}"
        if champion
        else "champion  none",
        *([f"files     {_files_text(found.files)}"] if found.files else []),
        f"endpoint  {endpoint.name}: {endpoint.state}, serves {endpoint.what_serves}{_address(endpoint)}"
        if endpoint
        else "endpoint  none",
        *([f"data      production forecasts from {found.forecasts_from}"] if found.forecasts_from else []),
        *([f"series    {_panel_text(found.panel)}"] if found.panel else []),
        *(f"problem   {problem}" for problem in found.problems),
    ]
    return "\n".join([*lines, _conclusion(found)])


def _panel_text(panel: PanelFreshness) -> str:
    """Return how many series there are, how fresh, and the oldest."""
    behind = f"{panel.behind} behind, the oldest {shown(panel.oldest_series)} from {panel.oldest}"
    naive = f"; {panel.defaults} have the seasonal naive" if panel.defaults else ""
    return f"{panel.series} through {panel.newest}, {behind if panel.behind else 'all of them'}{naive}"


def _conclusion(found: Status) -> str:
    if not found.consistent:
        return "          (give these commands the --config and --set of this one)"
    return "all agree" if found.champion else "nothing is in production yet"


def _files_text(files: VersionFiles) -> str:
    """Return what became of the champion's files."""
    if files.state == "foreign":
        return "not made by forecastops: nothing says what they must be"
    signed = ", signed" if files.signed else ""
    return f"{files.state}{signed}" + (f", sha256 {files.sha256:.12}" if files.sha256 else "")


def _model_text(found: Status) -> str:
    """Return the run that estimated the parameters, and of which version they are where that is another."""
    if found.files and found.files.state == "foreign":
        return f"not made by forecastops, of {f'run {found.model_run}' if found.model_run else 'no run'}"
    if found.champion and found.model_version != found.champion.version.version:
        return f"the model of version {found.model_version} renewed, run {found.model_run}"
    return f"run {found.model_run}"


def _address(endpoint: EndpointState) -> str:
    return f" at {endpoint.url}" if endpoint.url else ""


def forecast_text(found: ForecastResult) -> str:
    """Return a table of dates, means and bounds."""
    names = list(found.forecast[0])
    lines = [f"version {found.version}", "  ".join(f"{name:>10}" for name in names)]
    lines += [
        "  ".join(f"{row[name]:>10}" if name == "date" else f"{number(row[name]):>10}" for name in names)
        for row in found.forecast
    ]
    return "\n".join(lines)


def _programs() -> str:
    """Return what to put before a program's name: nothing where it is on the PATH, else this environment's folder."""
    folder = Path(sys.executable).parent
    if shutil.which("forecastops") == str(folder / "forecastops"):
        return ""
    return f"{os.path.relpath(folder)}{os.sep}"


def number(value: Any) -> str:
    """Return a score for a person."""
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.1f}"
