"""The facts of a panel's report, and of the page of one of its series: read from the run when they are asked for."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.config import Config
from forecastops.core.errors import ForecastopsError, ModelError
from forecastops.core.signatures import Trusted
from forecastops.core.tags import CHALLENGER
from forecastops.data.frequency import read_offset
from forecastops.gate.decision import decide
from forecastops.gate.evidence import Evidence
from forecastops.gate.policy import GatePolicy
from forecastops.panel.panel_forecaster import PanelForecaster
from forecastops.reporting.pages.panel import PanelJudged
from forecastops.reporting.pages.panel_series import SeriesJudged
from forecastops.reporting.sentences.checks import reason_of
from forecastops.reporting.sentences.plain import title_of
from forecastops.reporting.sentences.specification import specification
from forecastops.usecases.panels.decision_log import read_panel_decision
from forecastops.usecases.panels.evaluate import run_panel
from forecastops.usecases.panels.record import PanelDecision
from forecastops.usecases.panels.status import members_of
from forecastops.usecases.panels.tables import read_series_table

__all__ = ["panel_judged", "series_report"]

_AT = (0.0, 0.25, 0.5, 0.75, 1.0)
_NAMED = 20
_SCORES = ("rmse", "mae", "mase", "bias")


def panel_judged(runs: Runs, run: Run) -> PanelJudged:
    """Return the facts of the report on a panel's decision.

    Raises:
        RegistryError: when the decision or its table cannot be had.
        ModelError: when there is none, or it was altered.
    """
    decision = read_panel_decision(runs, run)
    table = _table(runs, run, decision)
    failed = table.filter(pc.equal(table.column("outcome"), "failed")).select(["unique_id", "why"])
    rows = failed.slice(0, _NAMED).to_pylist()
    return PanelJudged(
        facts=decision.model_dump(mode="json"),
        errors=tuple(_errors(table)),
        failed=tuple((row["unique_id"], row["why"]) for row in rows),
    )


def series_report(config: Config, run_id: str, series: str) -> SeriesJudged:
    """Return the facts of the page of one series in a panel's decision.

    Args:
        config: names the servers.
        run_id: of the panel, or of a promotion of it.
        series: its name.

    Raises:
        RegistryError: when the run, its decision or its table cannot be had.
        ModelError: when there is none, it was altered, or holds no such series.
    """
    runs = Runs(connect(config.tracking), Trusted())
    run = runs.get(run_id)
    if challenger := run.tags.get(CHALLENGER):
        run = runs.get(challenger)
    decision = read_panel_decision(runs, run)
    table = _table(runs, run, decision)
    found = table.filter(pc.equal(table.column("unique_id"), series)).to_pylist()
    if not found:
        what = f"its panel of {table.num_rows} series has none called {series!r:.80}"
        raise ModelError(f"run {run.run_id}", what, "name one as its column does; several columns are joined by /")
    row = found[0]
    judged = SeriesJudged(run.run_id, decision.model_name, row)
    return _with_model(_with_evidence(judged, row, decision), runs, run, series)


def _table(runs: Runs, run: Run, decision: PanelDecision) -> pa.Table:
    with tempfile.TemporaryDirectory() as folder:
        return read_series_table(runs, run, decision.table_sha256, Path(folder))


def _errors(table: pa.Table) -> list[tuple[object, ...]]:
    """Return quantiles of the relative errors of challengers and champions, and of the gains."""
    scale = np.asarray(table.column("scale"), dtype=float)
    compared = np.asarray(pc.equal(table.column("outcome"), "compared"))
    ours, theirs = (np.asarray(table.column(name), dtype=float) for name in ("ours", "theirs"))
    with np.errstate(divide="ignore", invalid="ignore"):
        measures = {
            "the new models": ours / scale,
            "the champions": theirs / scale,
            "RMSE lower by, of those compared": np.where(compared, 1 - ours / theirs, np.nan),
        }
    rows: list[tuple[object, ...]] = []
    for name, values in measures.items():
        finite = values[np.isfinite(values)]
        if len(finite):
            quantiles = [float(value) for value in np.quantile(finite, _AT)]
            is_share = name.startswith("RMSE")
            shown = [f"{value:.1%}" if is_share else f"{value:.3f}" for value in quantiles]
            rows.append((name, *shown, len(finite)))
    return rows


def _with_evidence(found: SeriesJudged, row: Mapping[str, Any], decision: PanelDecision) -> SeriesJudged:
    """Add what the gate of one series says, by its rules as they were then."""
    if not row["evidence"]:
        return found
    try:
        evidence = Evidence.model_validate_json(row["evidence"])
        policy = GatePolicy.model_validate_json(json.dumps(decision.config["gate"]))
    except (ValueError, LookupError) as error:
        said = " ".join(str(error).split())[:200]
        raise ModelError(f"run {decision.run_id}", f"its evidence cannot be read: {said}", "train again") from error
    checks = tuple((title_of(one.name), one.passed, f"{reason_of(one)}.") for one in decide(evidence, policy).checks)
    return replace(found, checks=checks, scores=tuple(_scores(evidence)))


def _scores(evidence: Evidence) -> list[Sequence[object]]:
    models = {
        "challenger": evidence.challenger,
        "champion": evidence.champion,
        "seasonal naive": evidence.seasonal_naive,
    }
    rows = [[name, *(model.metrics.get(score) for score in _SCORES)] for name, model in models.items() if model]
    return [["", *(score.upper() for score in _SCORES)], *rows]


def _with_model(found: SeriesJudged, runs: Runs, run: Run, series: str) -> SeriesJudged:
    """Add the panel's own model of the series, where it holds one and its files are there."""
    try:
        panel = run_panel(runs, run)
    except ForecastopsError:
        return found
    if series not in panel.places:
        return found
    one = panel.picked([series])
    (row,) = one.table.to_pylist()
    members = tuple(_member(member) for member in members_of(row))
    default = (f"the seasonal naive, because: {row['default']}",) if row["default"] is not None else ()
    return replace(found, observed=_newest(row), forecast=_forecast(one), model=(*default, *members))


def _member(member: Mapping[str, Any]) -> str:
    params = ", ".join(f"{name} {value:.6g}" for name, value in member["params"].items())
    return f"{specification(member)}{' of logarithms' if member['log'] else ''}: {params}"


def _newest(row: Mapping[str, Any]) -> pd.Series[float]:
    values = np.asarray(row["tail"], dtype=float)
    dates = pd.date_range(end=pd.Timestamp(row["end"]), periods=len(values), freq=read_offset(row["frequency"]))
    return pd.Series(values, dates)


def _forecast(panel: PanelForecaster) -> pd.DataFrame:
    frame: pd.DataFrame = panel.forecast().to_pandas()
    return frame
