"""Where a panel's decisions are kept: each in a folder of its own on the run; tags name the newest and its digest."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from pydantic import ValidationError

from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.artifact_files import read_file
from forecastops.core.errors import ModelError
from forecastops.core.redaction import redacted
from forecastops.core.tags import (
    CHAMPION,
    DATA_REFUSED,
    NOTE,
    PANEL_DECISION_DIGEST,
    PANEL_DECISION_FOLDER,
    REPORT,
    RUN_NAME,
    VERDICT,
)
from forecastops.release.events import Event, record_event
from forecastops.reporting.pages.panel import PanelJudged, panel_page
from forecastops.reporting.sentences.panels import panel_note, panel_summary
from forecastops.reporting.sentences.runs import run_name
from forecastops.usecases.panels.record import PanelDecision, now_folder

__all__ = ["log_panel_decision", "read_panel_decision"]

_FILE, _REPORT = "decision.json", "report.html"
_LOG = logging.getLogger(__name__)


def log_panel_decision(runs: Runs, decision: PanelDecision) -> None:
    """Log a decision on its run, with its page."""
    recorder, folder, text = runs.recorder(decision.run_id), now_folder(), decision.text()
    recorder.files(folder, {_FILE: text})
    facts = decision.model_dump(mode="json")
    recorder.metrics({f"actions.{name}": float(count) for name, count in decision.actions.items()})
    recorder.metrics({f"panel.{check.name}": check.value for check in decision.checks if check.value is not None})
    try:
        recorder.files(folder, {_REPORT: panel_page(PanelJudged(facts))})
        recorder.tags({REPORT: f"{folder}/{_REPORT}"})
    except Exception as error:  # noqa: BLE001  # the decision is logged, and nothing of it may fail by its page
        said = redacted(" ".join(f"{type(error).__name__}: {error}".split()))
        _LOG.warning("the decision stands, but its report was not logged: %s", said)
    recorder.tags(
        {
            PANEL_DECISION_FOLDER: folder,
            PANEL_DECISION_DIGEST: PanelDecision.sha256_of(text),
            VERDICT: decision.verdict,
            CHAMPION: decision.champion or "none",
            DATA_REFUSED: "no",
            NOTE: panel_note(facts),
            RUN_NAME: run_name(decision.model_name, decision.end, f"panel: {decision.verdict}"),
        }
    )
    event = Event(
        kind="decision",
        previous=decision.champion,
        verdict=decision.verdict,
        checks=tuple(check.name for check in decision.checks if not check.passed),
        because=panel_summary(facts),
        decision=folder,
    )
    record_event(runs, decision.model_name, event, decision.run_id)


def read_panel_decision(runs: Runs, run: Run) -> PanelDecision:
    """Return the latest decision about a panel's run.

    Raises:
        ModelError: when there is none, or it was altered.
    """
    place, remedy = f"run {run.run_id}", f"run `forecastops evaluate --run-id {run.run_id}`"
    folder, digest = run.tags.get(PANEL_DECISION_FOLDER), run.tags.get(PANEL_DECISION_DIGEST)
    if folder is None or digest is None:
        raise ModelError(place, "was not evaluated as a panel", remedy)
    with tempfile.TemporaryDirectory() as scratch:
        data = read_file(runs.download(run.run_id, f"{folder}/{_FILE}", Path(scratch)))
    if PanelDecision.sha256_of(data) != digest:
        raise ModelError(place, f"its {_FILE} is not the one that was logged last", remedy)
    try:
        decision = PanelDecision.model_validate_json(data)
    except ValidationError as error:
        raise ModelError(place, f"its {_FILE} cannot be read ({error.errors()[0]['msg']})", remedy) from error
    if decision.run_id != run.run_id:
        raise ModelError(place, f"its {_FILE} is about run {decision.run_id}", remedy)
    return decision
