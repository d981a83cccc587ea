"""Replay a panel's logged decision: from the table with a row a series to the same ruling, without a model or a fit."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from forecastops import __version__
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.config import Config
from forecastops.core.errors import ModelError
from forecastops.core.signatures import Trusted
from forecastops.core.strict import StrictRecord
from forecastops.gate.decision import decide
from forecastops.gate.evidence import Evidence
from forecastops.gate.policy import GatePolicy
from forecastops.panel.config import PanelConfig
from forecastops.panel.decision import PanelRuling, decide_panel
from forecastops.panel.facts import SeriesFacts, facts_of, table_of
from forecastops.panel.outcomes import series_facts
from forecastops.usecases.panels.decision_log import read_panel_decision
from forecastops.usecases.panels.record import PanelDecision
from forecastops.usecases.panels.tables import read_series_table

__all__ = ["replay_panel"]

_Policy = TypeVar("_Policy", bound=StrictRecord)


def replay_panel(config: Config, run_id: str) -> PanelDecision:
    """Return the decision about a panel's run, proven to follow from the table that the run holds.

    Each series' facts are made again of the evidence of its comparison, by the gate's rules as they were then; and of
    the facts of all what becomes of each, the panel's guardrails and the verdict.

    Raises:
        RegistryError: when the run or its decision cannot be had.
        ModelError: when there is none, decision or table were altered, or the replay differs in as much as one bit.
    """
    runs = Runs(connect(config.tracking), Trusted())
    run = runs.get(run_id)
    decision = read_panel_decision(runs, run)
    with tempfile.TemporaryDirectory() as folder:
        table = read_series_table(runs, run, decision.table_sha256, Path(folder))
    difference = next(_differences(decision, table), None)
    if difference is not None:
        what = f"its decision of {decision.decided_at} replays differently by forecastops {__version__}: {difference}"
        remedy = f"run `forecastops evaluate --run-id {decision.run_id}` to judge it again"
        raise ModelError(f"run {decision.run_id}", what, remedy)
    return decision


def _differences(decision: PanelDecision, table: pa.Table) -> Iterator[str]:
    place = f"decision of run {decision.run_id}"
    gate = _policy(GatePolicy, "gate", decision.config, place)
    panel = _policy(PanelConfig, "panel", decision.config, place)
    logged = series_facts(table)
    for facts, evidence in zip(logged, table.column("evidence").to_pylist(), strict=True):
        if evidence:
            yield from _of_series(facts, evidence, gate)
    yield from _of_panel(decision, table, decide_panel(table_of(logged), panel))


def _policy(record: type[_Policy], name: str, config: Mapping[str, Any], place: str) -> _Policy:
    try:
        return record.model_validate_json(json.dumps(config[name]))
    except (ValueError, LookupError) as error:
        said = " ".join(str(error).split())[:200]
        raise ModelError(place, f"its settings {name}.* cannot be read: {said}", "evaluate the run again") from error


def _of_series(then: SeriesFacts, evidence: str, gate: GatePolicy) -> Iterator[str]:
    try:
        known = Evidence.model_validate_json(evidence)
    except ValueError:
        yield f"the evidence of series {then.unique_id!r} cannot be read"
        return
    given = {"scale": then.scale, "volume": then.volume, "segment": then.segment}
    now = facts_of(then.unique_id, known, decide(known, gate), gate, **given)  # type: ignore[arg-type]
    # Of texts, which tell -0.0 from 0.0.
    for name, value in asdict(now).items():
        if repr(value) != repr(getattr(then, name)):
            yield f"{name} of series {then.unique_id!r} was {getattr(then, name)!r} then and is {value!r} now"


def _of_panel(then: PanelDecision, table: pa.Table, now: PanelRuling) -> Iterator[str]:
    by_name = now.table.set_index("unique_id")
    for row in table.select(["unique_id", "gain", "action", "decided_by"]).to_pylist():
        found = by_name.loc[row["unique_id"]]
        gain = None if pd.isna(found["gain"]) else float(found["gain"])
        logged = None if row["gain"] is None or pd.isna(row["gain"]) else float(row["gain"])
        before, after = (logged, row["action"], row["decided_by"]), (gain, found["action"], found["why"])
        if repr(before) != repr(after):
            yield f"series {row['unique_id']!r} had {before} then and has {after} now (gain, action, why)"
    for check, again in zip(then.checks, now.checks, strict=False):
        if check.model_dump_json() != again.model_dump_json():
            yield f"check {check.name} was {check.value} then and is {again.value} now"
    names = ("verdict", "actions", "reasons")
    for name in names:
        if getattr(then, name) != getattr(now, name):
            yield f"its {name} was {getattr(then, name)} then and is {getattr(now, name)} now"
    if len(then.checks) != len(now.checks):
        yield f"it had {len(then.checks)} checks then and has {len(now.checks)} now"
