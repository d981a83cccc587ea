"""Where decisions are kept: each in a folder of its own on the challenger's run; tags name the newest and its digest.

Once the run's model has been in production, those tags stay as they are, since the promotion rested on what they name;
each later look has a tag of its own beside them.

A folder of its own, because Azure ML refuses a second artifact of one name, also after an upload that failed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pydantic import ValidationError

from forecastops.adapters.mlflow_store.recorder import RunRecorder
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.artifact_files import read_file
from forecastops.core.errors import ForecastopsError, ModelError
from forecastops.core.files import csv_text
from forecastops.core.iso_dates import iso_dates
from forecastops.core.tags import (
    CHALLENGER,
    CHAMPION,
    COMMAND,
    DATA_REFUSED,
    DECISION_DIGEST,
    DECISION_FOLDER,
    EVALUATE_RUN,
    LATER,
    MODEL_NAME,
    NOTE,
    PARENT_RUN,
    RUN_NAME,
    TABLES,
    VERDICT,
)
from forecastops.gate.record import Decision
from forecastops.release.events import Event, record_event
from forecastops.reporting.pictures.album import Album
from forecastops.reporting.sentences.decision import decision_record, summary
from forecastops.reporting.sentences.runs import decision_note, run_name

__all__ = ["FACTS", "PICTURES", "Logged", "log_decision", "logged_album", "logged_decision", "read_decision"]

_FILE = "decision.json"
_LOG = logging.getLogger(__name__)
PICTURES, FACTS = "pictures", "facts.json"
_TABLE, _SHOWN = "evaluation.csv", "evaluation.json"


class Logged(NamedTuple):
    """Where a decision was logged: on which run, and in which folder of its artifacts."""

    recorder: RunRecorder
    folder: str


def log_decision(runs: Runs, decision: Decision, run: Run, table: pd.DataFrame, *, served: bool) -> list[Logged]:
    """Log decision, forecasts and scores on the challenger's run, and on the run that ``mlflow run`` made, if any.

    Args:
        runs: where to.
        decision: about a run.
        run: that run.
        table: its forecasts.
        served: whether the run's model is or was in production.

    Returns:
        Where it was logged.
    """
    text = json.dumps(decision_record(decision), indent=1, allow_nan=False) + "\n"
    own = runs.made_by_mlflow if runs.made_by_mlflow != decision.run_id else None
    called = run_name(decision.model_name, decision.window.end, decision.verdict)
    told = {NOTE: decision_note(decision), RUN_NAME: called} | ({EVALUATE_RUN: own} if own else {})
    found = [_log(runs.recorder(decision.run_id), decision, text, table, told, beside=served)]
    record_event(runs, decision.model_name, _event(decision, found[0].folder), decision.run_id)
    if own:
        name = run_name(decision.model_name, decision.window.end, f"evaluation: {decision.verdict}")
        with runs.record(name) as recorder:
            words = f"Of {runs.link(run, called)}.\n\n{decision_note(decision)}"
            lineage = {CHALLENGER: decision.run_id, PARENT_RUN: decision.run_id, MODEL_NAME: decision.model_name}
            told = {NOTE: words, RUN_NAME: name, COMMAND: "evaluate"} | lineage
            found.append(_log(recorder, decision, text, table, told))
    return found


def read_decision(runs: Runs, run: Run) -> Decision:
    """Return the latest decision about a run, to act on.

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
    """Return the latest decision about a run, as it was logged.

    Raises:
        ModelError: when there is none, or it was altered.
    """
    place, remedy = f"run {run.run_id}", _again(run)
    newest, digest = _newest(run)
    if digest is None:
        raise ModelError(place, "was not evaluated", remedy)
    path = f"{newest}/{_FILE}" if newest else _FILE  # early versions had but one
    with tempfile.TemporaryDirectory() as folder:
        data = read_file(runs.download(run.run_id, path, Path(folder)))
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


def logged_album(runs: Runs, run: Run) -> Album | None:
    """Return what the pictures of a run's latest decision are drawn from; None where that was not kept."""
    newest, _ = _newest(run)
    if not newest:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            return Album.read(read_file(runs.download(run.run_id, f"{newest}/{PICTURES}/{FACTS}", Path(folder))))
    except (ForecastopsError, ValueError) as error:
        _LOG.debug("no pictures of run %s: %s", run.run_id, error)
        return None


def _again(run: Run) -> str:
    return f"run `forecastops evaluate --run-id {run.run_id}`"


def _newest(run: Run) -> tuple[str | None, str | None]:
    """Return folder and digest of the newest decision, None without one; folders are named after their time."""
    recorded = run.tags.get(DECISION_FOLDER), run.tags.get(DECISION_DIGEST)
    looks = [name for name in run.tags if name.startswith(LATER)]
    if not looks:
        return recorded
    try:
        look = json.loads(run.tags[max(looks)])
        later = str(look["decision"]), str(look["sha256"])
        # A look at it as another model's challenger may be older than what is recorded.
        return max(later, (recorded[0] or "", recorded[1] or ""))
    except (ValueError, LookupError, TypeError) as error:
        raise ModelError(
            f"run {run.run_id}", f"its tag {max(looks)} is no record of a decision", _again(run)
        ) from error


def _event(decision: Decision, folder: str) -> Event:
    return Event(
        kind="decision",
        previous=decision.champion.version if decision.champion else None,
        verdict=decision.verdict,
        checks=decision.because,
        data_refused=decision.data_refused,
        because=summary(decision),
        decision=folder,
    )


def _log(
    recorder: RunRecorder,
    decision: Decision,
    text: str,
    table: pd.DataFrame,
    told: Mapping[str, str],
    *,
    beside: bool = False,
) -> Logged:
    """Log one decision."""
    stamp = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%fZ}"
    folder = f"decisions/{stamp}"
    recorder.files(folder, {_TABLE: csv_text(table), _SHOWN: _shown(table), _FILE: text})
    refused = ", ".join(decision.data_refused) or "no"
    champion = decision.champion.version if decision.champion else "none"
    digest = hashlib.sha256(text.encode()).hexdigest()
    if beside:
        look = {"decision": folder, "sha256": digest, "verdict": decision.verdict, "champion": champion}
        recorder.tags({f"{LATER}{stamp}": json.dumps(look | {"data_refused": refused})})
        return Logged(recorder, folder)
    _log_metrics(recorder, decision)
    tables = json.dumps([{"path": f"{folder}/{_SHOWN}", "type": "table"}])
    recorder.tags({DECISION_FOLDER: folder, DECISION_DIGEST: digest})
    recorder.tags({VERDICT: decision.verdict, CHAMPION: champion, DATA_REFUSED: refused, TABLES: tables, **told})
    return Logged(recorder, folder)


def _log_metrics(recorder: RunRecorder, decision: Decision) -> None:
    """Log every score of every model, and the error at each step ahead as a metric with steps."""
    evidence = decision.evidence
    models = {"challenger": evidence.challenger, "champion": evidence.champion}
    models["seasonal_naive"] = evidence.seasonal_naive
    recorder.metrics(
        {
            f"{model}.{name}": value
            for model, found in decision.metrics.items()
            for name, value in (found or {}).items()
            if value is not None
        },
        {f"{model}.rmse_by_step": found.rmse_by_step for model, found in models.items() if found},
    )


def _shown(table: pd.DataFrame) -> str:
    """Return the table as MLflow's pages show tables, with dates as in the CSV."""
    dates = {name: iso_dates(pd.DatetimeIndex(table[name])) for name in ("origin", "date")}
    text: str = table.assign(**dates).to_json(orient="split", index=False, double_precision=6)
    return text + "\n"
