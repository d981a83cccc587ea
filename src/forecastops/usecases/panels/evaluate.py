"""Decide on a panel: from the numbers of its run, which are proven, to one verdict for all series."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.config import Config
from forecastops.core.errors import ModelError, PromotionRefusedError
from forecastops.core.iso_dates import iso_date
from forecastops.core.signatures import Trusted
from forecastops.core.tags import DATA_DIGEST, DATA_END, MODEL_DIGEST
from forecastops.data.frequency import read_offset
from forecastops.gate.comparison import Window
from forecastops.panel.decision import PanelRuling, decide_panel
from forecastops.panel.facts import table_of
from forecastops.panel.outcomes import series_facts
from forecastops.panel.panel_forecaster import PanelForecaster
from forecastops.release.champion import current_champion, named
from forecastops.release.entry import now
from forecastops.release.lineage import model_run
from forecastops.release.models import run_model
from forecastops.usecases.panels.decision_log import log_panel_decision
from forecastops.usecases.panels.record import PanelDecision
from forecastops.usecases.panels.tables import read_series_table
from forecastops.usecases.panels.train import screening_counts, settings_document

__all__ = ["evaluate_panel", "require_trained_so", "run_panel"]

_QUANTILES = {"least": 0.0, "lower_quarter": 0.25, "median": 0.5, "upper_quarter": 0.75, "most": 1.0}
_NAMED = 5
# Settings of panel.* that change nothing of a decision.
_INDIFFERENT = ("workers", "engine", "bucket_size", "series_timeout", "moved_share")


def evaluate_panel(config: Config, run_id: str) -> PanelDecision:
    """Decide on all series of a run, and log the decision there.

    Raises:
        RegistryError: when the run or the registry cannot be had.
        ModelError: when it holds no panel, or not the numbers that were logged.
        PromotionRefusedError: when the champion or the settings are others than those that it was trained against.
    """
    connection = connect(config.tracking)
    registry = ModelRegistry(connection, config.registry)
    runs = Runs(connection, Trusted.of(config.signing), config.registry.model_name)
    run = runs.get(run_id)
    runs.require_resumable(run_id)
    panel = run_panel(runs, run)
    current = current_champion(registry)
    require_trained_so(config, run, panel, current.version.version if current else None)
    with tempfile.TemporaryDirectory() as folder:
        table = read_series_table(runs, run, panel.manifest["table_sha256"], Path(folder))
        ruling = _decided(config, run, table)
    decision = _record(config, run, panel, table, ruling)
    if current:
        decision = decision.model_copy(update={"champion_run": model_run(current.version)})
    log_panel_decision(runs, decision)
    return decision


def run_panel(runs: Runs, run: Run) -> PanelForecaster:
    """Return the panel of a run.

    Raises:
        ModelError: when it holds none, or another than was logged.
    """
    found = run_model(runs, run)
    if not isinstance(found, PanelForecaster):
        what = "holds the model of one series, and data.series_column asks for a panel"
        raise ModelError(f"run {run.run_id}", what, "leave data.series_column out, or name a panel's run")
    return found


def require_trained_so(config: Config, run: Run, panel: PanelForecaster, champion: str | None) -> None:
    """Refuse a panel that was put together against another champion, or by other settings.

    Raises:
        PromotionRefusedError: naming what differs.
    """
    remedy = "train again: what was computed is kept, so that it takes moments"
    then = panel.manifest["champion"]
    if then != champion:
        what = f"it was put together against champion {named(then)}, which is now {named(champion)}"
        raise PromotionRefusedError(f"run {run.run_id}", what, remedy)
    settings = settings_document(config)
    for section, known in panel.manifest["settings"].items():
        for key, value in settings[section].items():
            if known.get(key) != value and key not in _INDIFFERENT:
                what = f"it was put together by {section}.{key} {known.get(key)}, which is now {value}"
                raise PromotionRefusedError(f"run {run.run_id}", what, remedy)


def _decided(config: Config, run: Run, table: pa.Table) -> PanelRuling:
    """Return the ruling, which must be the one by which the panel was put together.

    Raises:
        ModelError: when it is another.
    """
    ruling = decide_panel(table_of(series_facts(table)), config.panel)
    logged = dict(zip(table.column("unique_id").to_pylist(), table.column("action").to_pylist(), strict=True))
    found = dict(zip(ruling.table["unique_id"], ruling.table["action"], strict=True))
    if found != logged:
        what = "its table does not hold together: its numbers give another decision than the one that it was made by"
        raise ModelError(f"run {run.run_id}", what, "train again")
    return ruling


def _record(config: Config, run: Run, panel: PanelForecaster, table: pa.Table, ruling: PanelRuling) -> PanelDecision:
    return PanelDecision(
        run_id=run.run_id,
        model_name=config.registry.model_name,
        decided_at=now(),
        verdict=ruling.verdict,
        checks=ruling.checks,
        series=len(panel.places),
        actions=ruling.actions,
        reasons=ruling.reasons,
        states=dict(Counter(table.column("state").to_pylist())),
        screening=screening_counts(table),
        gains=_gains(ruling.table),
        most_improved=_extremes(ruling.table[ruling.table["action"] == "change"], best=True),
        worst=_extremes(ruling.table[ruling.table["outcome"] == "compared"], best=False),
        champion=panel.manifest["champion"],
        window=_window(config, panel),
        end=run.tags[DATA_END],
        table_sha256=panel.manifest["table_sha256"],
        data_sha256=run.tags[DATA_DIGEST],
        model_sha256=run.tags[MODEL_DIGEST],
        golden=panel.reference(),
        config=config.model_dump(mode="json", include={"data", "model", "evaluation", "gate", "panel"}),
    )


def _window(config: Config, panel: PanelForecaster) -> Window:
    """Return the window of most series: of the most frequent frequency, with the newest data."""
    frequency = Counter(panel.table.column("frequency").to_pylist()).most_common(1)[0][0]
    evaluation, offset = config.evaluation_of(frequency), read_offset(frequency)
    start = pd.date_range(end=panel.newest, periods=evaluation.window, freq=offset)[0]
    origins = evaluation.window - evaluation.horizon + 1
    return Window(start=iso_date(start), end=iso_date(panel.newest), origins=origins, horizon=evaluation.horizon)


def _extremes(table: pd.DataFrame, *, best: bool) -> tuple[tuple[str, float], ...]:
    """Return the series with the largest or smallest gains, and these as shares of the RMSE."""
    gains = (1 - table["ours"] / table["theirs"]).replace([np.inf, -np.inf], np.nan)
    found = table.assign(lower=gains).dropna(subset=["lower"]).sort_values("lower", ascending=not best)
    return tuple(zip(found["unique_id"].head(_NAMED), found["lower"].head(_NAMED).astype(float), strict=True))


def _gains(table: pd.DataFrame) -> dict[str, float | None]:
    """Return quantiles of the share by which the RMSE of the changed series is lower over the window."""
    changed = table[table["action"] == "change"]
    gains = 1 - (changed["ours"] / changed["theirs"]).to_numpy(dtype=float)
    gains = gains[np.isfinite(gains)]
    return {name: float(np.quantile(gains, at)) if len(gains) else None for name, at in _QUANTILES.items()}
