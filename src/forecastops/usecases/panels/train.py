"""Train a panel: every series' challenger and comparison, what becomes of each, and one run with one model."""

from __future__ import annotations

import json
import logging
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.recorder import RunRecorder
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.model_artifact import save_panel, serving_python, sign_folder
from forecastops.adapters.sources.read_series import Source, read_tables, source_names
from forecastops.config import Config
from forecastops.core.errors import DataError
from forecastops.core.signatures import Signer, Trusted
from forecastops.core.tags import COMMAND, DATA_DIGEST, DATA_END, DATA_SOURCE, MODEL_DIGEST, MODEL_NAME, NOTE, RUN_NAME
from forecastops.panel.artifact import data_digest, panel_files
from forecastops.panel.decision import PanelRuling, decide_panel
from forecastops.panel.facts import table_of
from forecastops.panel.outcomes import chosen_rows, series_facts
from forecastops.reporting.sentences.runs import run_name
from forecastops.usecases.panels.challengers import write_challengers
from forecastops.usecases.panels.champion import PanelChampion, panel_champion
from forecastops.usecases.panels.screening import train_through
from forecastops.usecases.panels.tables import write_series_table
from forecastops.usecases.panels.work import Told

__all__ = ["PanelTrained", "screening_counts", "train_panel"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class PanelTrained:
    """The run made, and what is in it.

    Attributes:
        metrics: ``RMSE``, the median of the challengers' over their windows.
        series: how many the panel holds.
        counts: how many were compared, new, rejected, kept, failed.
        screening: how many were fitted anew for which reason, and how many were calm; empty where all were fitted.
        failed: reasons of those that failed, with how many each, the most frequent first.
        data: start, end, rows, sha256.
    """

    run_id: str
    model_name: str
    metrics: dict[str, float]
    series: int
    counts: dict[str, int]
    screening: dict[str, int]
    failed: dict[str, int]
    data: dict[str, object]
    champion: str | None


def train_panel(
    config: Config, sources: Sequence[Source], work: Path | None = None, told: Told = lambda _done, _all: None
) -> PanelTrained:
    """Fit every series' challenger, compare it with its own champion, and log one run with the panel that comes of it.

    Args:
        config: settings.
        sources: of a long table.
        work: where results of pieces of work are kept, so that an interrupted call goes on; None for the home.
        told: is called with how many series are done, and how many there are.

    Raises:
        DataError: when the data cannot be read, or no series can be.
        ModelError: when the champion is no panel.
        RegistryError: when the tracking server does not take the run.
    """
    connection = connect(config.tracking, may_create=True)
    signer, runs = Signer.of(config.signing), Runs(connection, Trusted.of(config.signing), config.registry.model_name)
    runs.require_resumable()
    if runs.made_by_mlflow is None:
        runs.require_new_run_possible()
    champion = panel_champion(runs, ModelRegistry(connection, config.registry))
    known = champion.panel.table if champion else None
    outcomes = train_through(config, read_tables(sources, config.data), known, work, told)
    ruling = decide_panel(table_of(series_facts(outcomes)), config.panel)
    rows = _rows(outcomes, ruling)
    if not rows.num_rows:
        raise DataError(source_names(sources), _nothing(outcomes), "see the reasons, and correct the data or settings")
    name = run_name(config.registry.model_name, _end(rows), "panel trained")
    with tempfile.TemporaryDirectory() as folder, runs.record(name) as recorder:
        found = _Logged(config, recorder, Path(folder), source_names(sources), champion)
        return found.log(outcomes, rows, ruling, signer, name)


def _rows(outcomes: pa.Table, ruling: PanelRuling) -> pa.Table:
    """Return the panel's rows; where a guardrail of the panel failed, none changes."""
    action = dict(zip(ruling.table["unique_id"], ruling.table["action"], strict=True))
    taken = [action[name] in ("change", "new") for name in outcomes.column("unique_id").to_pylist()]
    return chosen_rows(outcomes, np.array(taken, dtype=bool))


def _end(rows: pa.Table) -> str:
    return str(pc.max(rows.column("end")).as_py().date())


def _nothing(outcomes: pa.Table) -> str:
    reasons = Counter(outcomes.column("why").to_pylist()).most_common(3)
    return "holds no series that a panel could be made of: " + "; ".join(f"{why} ({count})" for why, count in reasons)


@dataclass(frozen=True)
class _Logged:
    """Where a panel is logged, and whose it is."""

    config: Config
    recorder: RunRecorder
    folder: Path
    source: str
    champion: PanelChampion | None

    def log(
        self, outcomes: pa.Table, rows: pa.Table, ruling: PanelRuling, signer: Signer | None, name: str
    ) -> PanelTrained:
        version = self.champion.version.version if self.champion else None
        table_sha256 = write_series_table(self.folder / "panel", outcomes, ruling)
        facts = {
            "champion": version,
            "table_sha256": table_sha256,
            "challengers_sha256": write_challengers(self.folder / "panel", outcomes, ruling),
            "settings": settings_document(self.config),
            "counts": _counts(outcomes),
        }
        files = panel_files(rows, self.config.evaluation.levels, facts)
        sha256 = save_panel(
            files, self.config.evaluation.levels, self.folder / "model", serving_python(self.config.deployment.settings)
        )
        if signer is not None:
            sign_folder(self.folder / "model", signer, self.recorder.run_id)
        self.recorder.folder("model", self.folder / "model")
        self.recorder.folder("panel", self.folder / "panel")
        data = self._data(rows)
        self._describe(outcomes, rows, data, sha256, name)
        return PanelTrained(
            self.recorder.run_id,
            self.config.registry.model_name,
            {} if (median := _median(outcomes, "ours")) is None else {"RMSE": median},
            rows.num_rows,
            _counts(outcomes),
            screening_counts(outcomes),
            _failures(outcomes),
            data,
            version,
        )

    def _data(self, rows: pa.Table) -> dict[str, object]:
        start = str(pc.min(rows.column("start")).as_py().date())
        total = int(pc.sum(rows.column("rows")).as_py())
        return {"start": start, "end": _end(rows), "rows": total, "sha256": data_digest(rows)}

    def _describe(self, outcomes: pa.Table, rows: pa.Table, data: dict[str, object], sha256: str, name: str) -> None:
        """Log parameters, metrics, tags and the metric that existing scripts read."""
        config, recorder = self.config, self.recorder
        for section in ("data", "model", "evaluation", "panel"):
            recorder.params(_keyed(section, getattr(config, section)))
        recorder.params({f"data.{key}": data[key] for key in ("start", "end", "rows")} | {"series": rows.num_rows})
        median = _median(outcomes, "ours")
        recorder.metrics({f"series.{key}": float(count) for key, count in _counts(outcomes).items()})
        recorder.metrics({f"screening.{key}": float(count) for key, count in screening_counts(outcomes).items()})
        if median is not None:
            recorder.metrics({"RMSE": median})
        document = {"run_id": recorder.run_id, "model_name": config.registry.model_name, "RMSE": median, "R2": None}
        recorder.files(None, {"metric.json": json.dumps(document, indent=1) + "\n"})
        counts = ", ".join(f"{count} {what}" for what, count in _counts(outcomes).items())
        note = (
            f"A panel of {rows.num_rows} series through {data['end']}: {counts}. **Not judged yet**: "
            f"`forecastops evaluate --run-id {recorder.run_id}`. A row a series is in panel/."
        )
        recorder.tags(
            {
                MODEL_DIGEST: sha256,
                MODEL_NAME: config.registry.model_name,
                DATA_END: data["end"],
                DATA_DIGEST: data["sha256"],
                DATA_SOURCE: self.source,
                RUN_NAME: name,
                NOTE: note,
                COMMAND: "train",
            }
        )


def settings_document(config: Config) -> dict[str, Any]:
    """Return the settings that a panel's decision rests on, as plain values."""
    return config.model_dump(mode="json", include={"gate", "evaluation", "panel"})


def _counts(outcomes: pa.Table) -> dict[str, int]:
    return dict(Counter(outcomes.column("outcome").to_pylist()).most_common())


def screening_counts(outcomes: pa.Table) -> dict[str, int]:
    """Return how many series were fitted anew for which reason, and how many were calm; empty without screening."""
    if "screening" not in outcomes.column_names:  # of a run made before there was any
        return {}
    return dict(Counter(filter(None, outcomes.column("screening").to_pylist())).most_common())


def _failures(outcomes: pa.Table) -> dict[str, int]:
    failed = outcomes.filter(pc.equal(outcomes.column("outcome"), "failed"))
    return dict(Counter(failed.column("why").to_pylist()).most_common(20))


def _median(outcomes: pa.Table, name: str) -> float | None:
    values = np.asarray(outcomes.column(name), dtype=float)
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else None


def _keyed(section: str, record: BaseModel) -> dict[str, object]:
    return {f"{section}.{key}": value for key, value in record.model_dump(mode="json").items()}
