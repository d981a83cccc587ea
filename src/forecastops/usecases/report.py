"""The facts of the report on a run: a decision, or what happened to the model, from the run and the registry alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.config import Config
from forecastops.core.errors import ModelError
from forecastops.core.signatures import Trusted
from forecastops.core.tags import (
    CHALLENGER,
    DATA_DIGEST,
    DATA_END,
    DATA_SOURCE,
    MODEL_NAME,
    PANEL_DECISION_FOLDER,
    PARAMETERS_OF,
    VERDICT,
)
from forecastops.gate.record import Decision
from forecastops.reporting.pages.judged import Judged
from forecastops.reporting.pages.lineage import Data, Lineage, VersionFact
from forecastops.reporting.pages.panel import PanelJudged
from forecastops.reporting.sentences.specification import specification_of_run
from forecastops.usecases.decision_log import logged_album, logged_decision
from forecastops.usecases.illustrate import shown
from forecastops.usecases.lineage_of_run import ModelStory, model_story
from forecastops.usecases.past_events import PastEvent, of_run

__all__ = ["Happened", "ReportFacts", "judged", "report"]

_SETTINGS = ("data.", "evaluation.", "model.")
_OF_DATA = ("data.start", "data.end", "data.rows")


@dataclass(frozen=True)
class Happened:
    """What happened to a model without a decision: a renewal, a refit, a rollback, an alarm.

    Attributes:
        event: what it was.
        model_name: the registered model.
        data: that it is about.
        parameters_of: the version that brought in the parameters; None where that is not recorded.
        before: the champion before; None where there was none, or it was removed.
        lineage: what the registry says; None where it did not answer.
    """

    event: PastEvent
    model_name: str
    data: Data
    parameters_of: str | None
    before: VersionFact | None
    lineage: Lineage | None


@dataclass(frozen=True)
class ReportFacts:
    """What the report is about, and what happened to the model since, the newest first."""

    about: Judged | Happened | PanelJudged
    since: tuple[PastEvent, ...] = ()


def report(config: Config, run_id: str) -> ReportFacts:
    """Return what is to be shown of a run: its latest decision, or what happened to the model by it.

    Args:
        config: names the servers, and the registered model where the run does not.
        run_id: of any run of a challenger, a renewal, a refit, a rollback or an alarm; or of one that `mlflow run`
            made for an evaluation or a promotion, which leads to the challenger's.

    Raises:
        RegistryError: when the run or its decision cannot be had.
        ModelError: when there is nothing to report, or the decision was altered.
    """
    connection = connect(config.tracking)
    runs = Runs(connection, Trusted())
    run = runs.get(run_id)
    if challenger := run.tags.get(CHALLENGER):
        run = runs.get(challenger)
    event = None if VERDICT in run.tags else _what_happened(run)
    if event is None and PANEL_DECISION_FOLDER in run.tags:
        return _of_panel(config, runs, run)
    decision = None if event else logged_decision(runs, run)
    name = decision.model_name if decision else run.tags.get(MODEL_NAME, config.registry.model_name)
    story = model_story(connection, config.registry.model_copy(update={"model_name": name}))
    if event is not None:
        since = story.since(event.moment, run) if story else []
        others = tuple(one for one in since if one.event.at > event.event.at)
        return ReportFacts(_happened(event, run, name, story), others)
    if decision is None:
        raise ModelError(f"run {run_id}", "has no decision", f"run `forecastops evaluate --run-id {run_id}`")
    lineage = story.lineage(run.run_id) if story else None
    since = story.since(datetime.fromisoformat(decision.decided_at), run) if story else []
    album = logged_album(runs, run)
    facts = replace(judged(decision, run), lineage=lineage, pictures=shown(album) if album else ())
    return ReportFacts(facts, tuple(since))


def _of_panel(config: Config, runs: Runs, run: Run) -> ReportFacts:
    """Return what is to be shown of a decision about a panel."""
    from forecastops.usecases.panels.report import panel_judged  # its libraries are slow to import

    found = panel_judged(runs, run)
    name = found.facts["model_name"]
    story = model_story(connect(config.tracking), config.registry.model_copy(update={"model_name": name}))
    lineage = story.lineage(run.run_id) if story else None
    since = story.since(datetime.fromisoformat(found.facts["decided_at"]), run) if story else []
    return ReportFacts(replace(found, lineage=lineage), tuple(since))


def judged(decision: Decision, run: Run) -> Judged:
    """Return the facts of a decision's report.

    Args:
        decision: as it was logged.
        run: it is about.
    """
    settings = {name: value for name, value in run.params.items() if name.startswith(_SETTINGS)}
    return Judged(
        decision=decision,
        data=_data_of(run),
        model=specification_of_run(run.params),
        settings={name: value for name, value in settings.items() if name not in _OF_DATA},
    )


def _what_happened(run: Run) -> PastEvent | None:
    """Return the first thing that the run tells of; None where it tells of nothing."""
    found = sorted(of_run(run), key=lambda one: one.moment)
    return found[0] if found else None


def _happened(event: PastEvent, run: Run, model_name: str, story: ModelStory | None) -> Happened:
    before = story.version(event.event.previous) if story else None
    lineage = story.lineage(run.run_id) if story else None
    if story and lineage and lineage.mine is None:
        lineage = replace(lineage, mine=story.version(event.event.version))
    return Happened(event, model_name, _data_of(run), run.tags.get(PARAMETERS_OF), before, lineage)


def _data_of(run: Run) -> Data:
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
