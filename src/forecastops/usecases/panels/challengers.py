"""The rows of challengers that a decision keeps out: kept with the run, for whoever promotes against the verdict."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.errors import ModelError
from forecastops.panel.decision import PanelRuling
from forecastops.panel.rows import ROW

__all__ = ["read_challengers", "write_challengers"]

_FILE = "challengers.parquet"


def write_challengers(folder: Path, outcomes: pa.Table, ruling: PanelRuling) -> str | None:
    """Write the rows that come in where the verdict is overridden; their digest, None where it need not be.

    After REJECT these are the changes that a guardrail of the panel stopped; after HOLD the challengers of all series
    that passed their own guardrails.

    Args:
        folder: of the table with a row a series.
        outcomes: with the challengers' rows, in the order of the ruling's table.
        ruling: of the panel.
    """
    if ruling.verdict == "PROMOTE":
        return None
    structs = outcomes.column("challenger").combine_chunks()
    structs = structs if isinstance(structs, pa.Array) else pa.concat_arrays(structs.chunks)
    kept_out = _kept_out(ruling, outcomes.column("unique_id").to_pylist()) & ~np.asarray(structs.is_null())
    rows = structs.filter(pa.array(kept_out))
    table = pa.Table.from_arrays(rows.flatten(), schema=ROW)
    pq.write_table(table, folder / _FILE, compression="zstd")
    return hashlib.sha256((folder / _FILE).read_bytes()).hexdigest()


def _kept_out(ruling: PanelRuling, names: list[str]) -> npt.NDArray[np.bool_]:
    table = ruling.table.set_index("unique_id").loc[names]
    if ruling.verdict == "REJECT":
        return np.asarray(table["why"].str.startswith("panel:"), dtype=bool)
    return np.asarray(table["outcome"].isin(["compared", "unscored"]), dtype=bool)


def read_challengers(runs: Runs, run: Run, sha256: str | None) -> pa.Table:
    """Return the rows that a run keeps for whoever overrides its verdict, with the run as that which made them.

    Raises:
        ModelError: when it keeps none, or others than were logged.
    """
    place, remedy = f"run {run.run_id}", "train again, which keeps them"
    if sha256 is None:
        raise ModelError(place, "keeps no challengers that a verdict kept out", remedy)
    with tempfile.TemporaryDirectory() as scratch:
        data = (runs.download(run.run_id, f"panel/{_FILE}", Path(scratch))).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(place, f"its panel/{_FILE} is not the one that was logged", remedy)
    table = pq.read_table(pa.BufferReader(data))
    if not table.num_rows:
        raise ModelError(place, "has no challenger that passed the guardrails of its own series", "see its table")
    return made_by(table, run.run_id)


def made_by(table: pa.Table, run_id: str) -> pa.Table:
    """Return rows of a panel of which those that name no run name this one."""
    place = table.column_names.index("run_id")
    return table.set_column(place, table.schema.field("run_id"), pc.fill_null(table.column("run_id"), run_id))
