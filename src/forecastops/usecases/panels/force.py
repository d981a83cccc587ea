"""Promote a panel against its verdict: the challengers that it kept out move in, past every proof but the gate's."""

from __future__ import annotations

import logging

import numpy as np
import pyarrow as pa

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run
from forecastops.core.tags import (
    CHALLENGER,
    DATA_END,
    DATA_SOURCE,
    FORCED_REASON,
    MODEL_DIGEST,
    RUN_ID,
    VERDICT,
)
from forecastops.release.adoption import version_or_files
from forecastops.release.entry import Kind
from forecastops.release.legacy_champion import find_legacy_endpoint
from forecastops.release.production import Production
from forecastops.release.recovery import recover_interrupted
from forecastops.release.transition import move_in, plan_transition
from forecastops.reporting.sentences.markdown import plain
from forecastops.reporting.sentences.panels import panel_summary
from forecastops.usecases.moved import Moved
from forecastops.usecases.panels.challengers import made_by, read_challengers
from forecastops.usecases.panels.evaluate import run_panel
from forecastops.usecases.panels.record import PanelDecision
from forecastops.usecases.panels.successor import NewPanel, log_panel, newest_date, promotion_tags

__all__ = ["forced_run", "is_forced", "move_in_forced"]

_LOG = logging.getLogger(__name__)


def is_forced(version: ModelVersion, run_id: str) -> bool:
    """Tell whether the version was put together of that run's challengers against its verdict."""
    return FORCED_REASON in version.tags and version.tags.get(RUN_ID) == run_id


def forced_run(run: Run) -> str:
    """Return the run that was decided on: of one that a forced promotion logged, the one whose challengers it has."""
    return run.tags.get(CHALLENGER, run.run_id)


def move_in_forced(
    production: Production, decision: PanelDecision, run: Run, current: ModelVersion | None, reason: str
) -> Moved:
    """Put a panel together with the challengers that the verdict kept out, and move it in; the smoke test stands.

    Args:
        production: locked by the caller.
        decision: that is overridden.
        run: decided on.
        current: the champion; None without one.
        reason: why, without what may be secret.

    Raises:
        ModelError: when the run keeps no such challengers, or others than were logged.
        EndpointError: when deployment or smoke test fail; production is then as it was.
    """
    versions = recover_interrupted(production)
    panel = run_panel(production.runs, run)
    challengers = read_challengers(production.runs, run, panel.manifest.get("challengers_sha256"))
    table = _with_rows(made_by(panel.table, run.run_id), challengers)
    legacy = find_legacy_endpoint(production.runs, production.registry, production.endpoint, current, None)
    _LOG.warning("promoting against the verdict %s: %s", decision.verdict, reason)
    words = f"**Promoted against the verdict {decision.verdict}**: {plain(reason)}"
    previous = current.version if current else None
    names = ("settings", "counts", "table_sha256")
    facts = {name: panel.manifest[name] for name in names} | {"champion": previous, "forced": decision.verdict}
    about = {CHALLENGER: run.run_id, DATA_SOURCE: run.tags.get(DATA_SOURCE, "")}
    new = NewPanel(table, panel.levels, facts, "panel: forced", "promote", words, about)
    logged = log_panel(production, new)
    moving = version_or_files(production.registry, production.runs.get(logged.run_id), versions)
    journal = plan_transition(
        production,
        moving,
        Kind.PROMOTE,
        previous=previous,
        reason=reason,
        forced=True,
        legacy_endpoint=legacy,
        words=f"{words}\n\n**{decision.verdict}**: {plain(panel_summary(decision.model_dump(mode='json')))}.",
    )
    tags = promotion_tags(run, previous) | {
        MODEL_DIGEST: logged.sha256,
        DATA_END: newest_date(table),
        VERDICT: decision.verdict,
        FORCED_REASON: reason,
    }
    state = move_in(production, journal, logged.golden, tags)
    what = f"is the champion against the verdict {decision.verdict}, with {challengers.num_rows} challengers"
    note = f"version {journal.version} {what}, and serves at {state.url}"
    return Moved(run.run_id, True, journal.version, previous, state, decision.verdict, note)


def _with_rows(table: pa.Table, newer: pa.Table) -> pa.Table:
    """Return the table with newer rows in the place of those of the same series, in the order of their names."""
    names = newer.column("unique_id").to_pylist()
    stay = ~np.isin(np.asarray(table.column("unique_id").to_pylist(), dtype=object), np.asarray(names, dtype=object))
    whole = pa.concat_tables([table.filter(pa.array(stay)), newer])
    return whole.sort_by("unique_id").combine_chunks()
