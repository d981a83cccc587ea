"""The table with a row a series, as it is logged on a panel's run: facts, decision, reasons, and the evidence."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.errors import ModelError
from forecastops.panel.decision import PanelRuling

__all__ = ["read_series_table", "table_digest", "write_series_table"]

_PER_PART = 20_000


def write_series_table(folder: Path, outcomes: pa.Table, ruling: PanelRuling) -> str:
    """Write the table in parts; its digest."""
    folder.mkdir(parents=True)
    table = outcomes.drop_columns(["challenger", "champion"])
    decided = pa.Table.from_pandas(ruling.table[["unique_id", "gain", "action", "why"]], preserve_index=False)
    decided = decided.rename_columns(["unique_id", "gain", "action", "decided_by"])
    decided = decided.cast(
        pa.schema([("unique_id", pa.string()), *((f.name, f.type) for f in list(decided.schema)[1:])])
    )
    whole = table.join(decided, "unique_id").sort_by("unique_id")
    for number, start in enumerate(range(0, whole.num_rows, _PER_PART)):
        pq.write_table(whole.slice(start, _PER_PART), folder / f"series-{number:05}.parquet", compression="zstd")
    return table_digest(folder)


def read_series_table(runs: Runs, run: Run, sha256: str, into: Path) -> pa.Table:
    """Return the table that a run holds.

    Raises:
        ModelError: when it is not the one that was logged.
    """
    folder = runs.download(run.run_id, "panel", into)
    if table_digest(folder) != sha256:
        raise ModelError(f"run {run.run_id}", "its table of series is not the one that was logged", "train again")
    return pa.concat_tables([pq.read_table(path) for path in _parts(folder)])


def table_digest(folder: Path) -> str:
    """Return one digest over all parts."""
    digest = hashlib.sha256()
    for path in _parts(folder):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("series-*.parquet"))
