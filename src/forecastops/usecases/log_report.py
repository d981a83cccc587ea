"""The report on a decision among its run's artifacts; whatever becomes of it, the decision stands."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.redaction import redacted
from forecastops.core.tags import DECISION_FOLDER, REPORT
from forecastops.gate.record import Decision
from forecastops.reporting.pages.judged import judged_page
from forecastops.reporting.pages.picture import Picture
from forecastops.usecases.report import judged

__all__ = ["log_report"]

_LOG = logging.getLogger(__name__)
_FILE = "report.html"


def log_report(
    runs: Runs, decision: Decision, run: Run, pictures: Sequence[Picture] = (), *, served: bool = False
) -> None:
    """Log the report on the challenger's run, and on the one that ``mlflow run`` made; what fails is a warning.

    The first is ``report.html``. Each later one has a folder of its own, as Azure ML takes no second of a name;
    on other servers ``report.html`` becomes the newest besides.

    Args:
        runs: where to.
        decision: as it was logged.
        run: it is about, as it was before the decision was logged.
        pictures: of the decision.
        served: whether the run's model is or was in production: then the report that this rested on stays as it is.
    """
    try:
        page = judged_page(replace(judged(decision, run), pictures=pictures))
        again = DECISION_FOLDER in run.tags
        folder = f"reports/{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%fZ}" if again else None
        recorder = runs.recorder(run.run_id)
        recorder.files(folder, {_FILE: page})
        if not served:
            if folder and runs.overwrites:
                recorder.files(None, {_FILE: page})
            recorder.tags({REPORT: f"{folder}/{_FILE}" if folder else _FILE})
        if runs.made_by_mlflow not in (None, run.run_id):
            runs.recorder(str(runs.made_by_mlflow)).files(None, {_FILE: page})
    except Exception as error:  # noqa: BLE001  # the decision is logged, and nothing of it may fail by its page
        said = redacted(" ".join(f"{type(error).__name__}: {error}".split()))
        _LOG.warning("the decision stands, but its report was not logged: %s", said)
