"""The facts of the report on a run: its decision and all around it, from the run alone and what the registry says."""

from __future__ import annotations

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.config import Config
from forecastops.core.signatures import Trusted
from forecastops.core.tags import CHALLENGER, DATA_DIGEST, DATA_END, DATA_SOURCE
from forecastops.gate.record import Decision
from forecastops.reporting.pages.judged import Judged
from forecastops.reporting.pages.lineage import Data, Lineage
from forecastops.reporting.sentences.specification import specification_of_run
from forecastops.usecases.decision_log import logged_decision
from forecastops.usecases.lineage_of_run import lineage_of_run

__all__ = ["judged", "report"]

_SETTINGS = ("data.", "evaluation.", "model.")
_OF_DATA = ("data.start", "data.end", "data.rows")


def report(config: Config, run_id: str) -> Judged:
    """Return what is to be shown of the latest decision about a run.

    Args:
        config: names the servers; the registered model is the decision's.
        run_id: of the challenger, or of a run that `mlflow run` made for its evaluation or promotion.

    Raises:
        RegistryError: when the run or its decision cannot be had.
        ModelError: when there is none, or it was altered.
    """
    connection = connect(config.tracking)
    runs = Runs(connection, Trusted())
    run = runs.get(run_id)
    if challenger := run.tags.get(CHALLENGER):
        run = runs.get(challenger)
    decision = logged_decision(runs, run)
    registry = config.registry.model_copy(update={"model_name": decision.model_name})
    return judged(decision, run, lineage_of_run(connection, registry, run.run_id))


def judged(decision: Decision, run: Run, lineage: Lineage | None = None) -> Judged:
    """Return the facts of a decision's report.

    Args:
        decision: as it was logged.
        run: it is about.
        lineage: what became of it; None where the decision was made just now.
    """
    settings = {name: value for name, value in run.params.items() if name.startswith(_SETTINGS)}
    return Judged(
        decision=decision,
        data=data_of(run),
        model=specification_of_run(run.params),
        settings={name: value for name, value in settings.items() if name not in _OF_DATA},
        lineage=lineage,
    )


def data_of(run: Run) -> Data:
    """Return what a run records of its data."""
    return Data(
        source=run.tags.get(DATA_SOURCE),
        start=run.params.get("data.start"),
        end=run.params.get("data.end") or run.tags.get(DATA_END),
        rows=run.params.get("data.rows"),
        missing=run.metrics.get("missing"),
        interpolated=run.metrics.get("interpolated"),
        sha256=run.tags.get(DATA_DIGEST),
    )
