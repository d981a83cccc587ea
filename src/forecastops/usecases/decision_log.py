"""Where decisions are kept: each in a folder of its own on the challenger's run; tags name the newest and its digest.

A folder of its own, because Azure ML refuses a second artifact of one name, also after an upload that failed.
"""

from __future__ import annotations

import hashlib
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from forecastops.adapters.mlflow_store.runs import Run, RunRecorder, Runs
from forecastops.gate.record import Decision
from forecastops.ground.errors import ModelError
from forecastops.release.tags import CHALLENGER, CHAMPION, DATA_REFUSED, DECISION_DIGEST, DECISION_FOLDER, VERDICT

__all__ = ["log_decision", "logged_decision", "read_decision"]

_FILE = "decision.json"
_TABLE = "evaluation.csv"


def log_decision(runs: Runs, decision: Decision, table: pd.DataFrame) -> None:
    """Log decision, forecasts and scores on the challenger's run, and on the run that ``mlflow run`` made, if any."""
    text = decision.model_dump_json(indent=1) + "\n"
    _log(runs.recorder(decision.run_id), decision, text, table)
    if runs.made_by_mlflow not in (None, decision.run_id):
        with runs.record("evaluate") as recorder:
            recorder.tags({CHALLENGER: decision.run_id})
            _log(recorder, decision, text, table)


def read_decision(runs: Runs, run: Run) -> Decision:
    """The latest decision about a run, to act on.

    Raises:
        ModelError: when there is none, it was altered, or its evidence does not give its verdict.
    """
    decision = logged_decision(runs, run)
    found = decision.replay().verdict
    if found != decision.verdict:
        what = f"its {_FILE} does not hold together: it says {decision.verdict}, and its numbers give {found}"
        raise ModelError(f"run {run.run_id}", what, _again(run))
    return decision


def logged_decision(runs: Runs, run: Run) -> Decision:
    """The latest decision about a run, as it was logged.

    Raises:
        ModelError: when there is none, or it was altered.
    """
    place, remedy = f"run {run.run_id}", _again(run)
    digest = run.tags.get(DECISION_DIGEST)
    if digest is None:
        raise ModelError(place, "was not evaluated", remedy)
    path = (
        f"{run.tags[DECISION_FOLDER]}/{_FILE}" if DECISION_FOLDER in run.tags else _FILE
    )  # early versions had but one
    with tempfile.TemporaryDirectory() as folder:
        data = runs.download(run.run_id, path, Path(folder)).read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise ModelError(place, f"its {_FILE} is not the one that was logged last", remedy)
    try:
        decision = Decision.read(data)
    except ValueError as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ModelError(place, f"its {_FILE} cannot be read ({reason})", remedy) from error
    if decision.run_id != run.run_id:
        raise ModelError(place, f"its {_FILE} is about run {decision.run_id}", remedy)
    return decision


def _again(run: Run) -> str:
    return f"run `forecastops evaluate --run-id {run.run_id}`"


def _log(recorder: RunRecorder, decision: Decision, text: str, table: pd.DataFrame) -> None:
    folder = f"decisions/{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%fZ}"
    recorder.files(folder, {_TABLE: table.to_csv(index=False), _FILE: text})
    recorder.metrics(
        {
            f"{model}.{name}": value
            for model, found in decision.metrics.items()
            for name, value in (found or {}).items()
            if value is not None
        }
    )
    refused = ", ".join(decision.data_refused) or "no"
    champion = decision.champion.version if decision.champion else "none"
    digest = hashlib.sha256(text.encode()).hexdigest()
    recorder.tags({DECISION_FOLDER: folder, DECISION_DIGEST: digest})
    recorder.tags({VERDICT: decision.verdict, CHAMPION: champion, DATA_REFUSED: refused})
