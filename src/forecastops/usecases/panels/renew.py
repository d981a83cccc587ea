"""Renew a panel: every series' state moved on by its newer rows; no training."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecastops.adapters.sources.read_series import Source, read_tables, source_names
from forecastops.config import Config
from forecastops.core.redaction import redacted
from forecastops.core.tags import ACCEPTED_REASON
from forecastops.panel.outcomes import chosen_rows
from forecastops.release.entry import Kind
from forecastops.release.production import Production
from forecastops.release.pruning import prune_renewals
from forecastops.release.recovery import recover_interrupted, repair
from forecastops.usecases.moved import Moved
from forecastops.usecases.panels.champion import PanelChampion, require_champion
from forecastops.usecases.panels.successor import PanelSuccessor, install_panel, newest_date
from forecastops.usecases.panels.work import Told, work_through

__all__ = ["renew_panel"]

_LOG = logging.getLogger(__name__)
_NAMED = 5


def renew_panel(
    config: Config,
    sources: Sequence[Source],
    accept_reason: str | None = None,
    work: Path | None = None,
    told: Told = lambda _done, _all: None,
) -> Moved:
    """Move the states of all series on by their newer rows, and deploy that as a version of its own.

    A series whose rows cannot be read, do not fit or are implausible keeps its state, and is named. Where that are more
    than ``panel.max_failed_share``, nothing changes.

    Args:
        config: names model, registry and endpoint.
        sources: of a long table; rows that are known already need not be in it.
        accept_reason: why implausible rows are right, recorded on the version.
        work: where results of pieces of work are kept; None for the home.
        told: is called with how many series are done, and how many there are.

    Raises:
        DataError: when the data cannot be read.
        PromotionRefusedError: when there is no champion.
        EndpointError: when deployment or smoke test fail; production is then as it was.
    """
    production = Production.open(config)
    production.runs.require_resumable()
    production.runs.require_new_run_possible()
    reason = accept_reason and redacted(accept_reason)
    kind: Literal["renew", "accept"] = "renew" if reason is None else "accept"
    with production.exclusively():
        recover_interrupted(production)
        champion = require_champion(production.runs, production.registry)
        tables = read_tables(sources, config.data)
        outcomes = work_through(config, tables, champion.panel.table, work, told, kind=kind)
        return _renewed(production, champion, outcomes, source_names(sources), reason)


def _renewed(
    production: Production, champion: PanelChampion, outcomes: pa.Table, source: str, reason: str | None
) -> Moved:
    states = Counter(outcomes.column("state").to_pylist())
    said = _said(outcomes, states)
    _warn(outcomes)
    number, bound = champion.version.version, production.config.panel.max_failed_share
    share = states["refused"] / len(champion.panel.places)
    if bound is not None and share > bound:
        what = f"{share:.0%} of the series refuse the data, and panel.max_failed_share is {bound:.0%}; {said}"
        return Moved.unchanged(number, what, None, refused=True)
    if not states["renewed"]:
        state, _ = repair(production, champion.version, champion.panel.reference())
        return Moved.unchanged(number, f"no series has newer data; {said}", state, refused=states["refused"] > 0)
    rows = chosen_rows(outcomes, np.zeros(outcomes.num_rows, dtype=bool))
    accepted = {ACCEPTED_REASON: reason} if reason else {}
    successor = PanelSuccessor(rows, source, "panel renewal", {"states": dict(states)}, accepted)
    version, state = install_panel(production, champion, successor, Kind.RENEW, reason)
    prune_renewals(production)
    note = f"version {version.version}, renewed through {newest_date(rows)}, serves at {state.url}; {said}"
    return Moved.renewed_to(version.version, number, state, note)


def _said(outcomes: pa.Table, states: Counter[str]) -> str:
    parts = [f"{states[name]} {name}" for name in ("renewed", "unchanged", "refused") if states[name]]
    new = states["none"]
    return f"of {outcomes.num_rows} series " + ", ".join([*parts, *([f"{new} new, for a retraining"] if new else [])])


def _warn(outcomes: pa.Table) -> None:
    """Name the first series that refused their data, each with its reason."""
    refused = outcomes.filter(pc.equal(outcomes.column("state"), "refused"))
    rows = refused.select(["unique_id", "state_why"]).to_pylist()
    for row in rows[:_NAMED]:
        _LOG.warning("series %r keeps its state: %s", row["unique_id"], row["state_why"])
    if len(rows) > _NAMED:
        _LOG.warning("and %d series more keep theirs", len(rows) - _NAMED)
