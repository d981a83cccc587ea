"""A panel's files: its rows in parts, and a manifest that binds them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from forecastops.panel.panel_forecaster import MANIFEST, PanelForecaster

__all__ = ["data_digest", "panel_files"]

_PER_PART = 20_000
_SAMPLE = 10
_LIBRARIES = ("numpy", "pandas", "pyarrow", "statsmodels")


def panel_files(table: pa.Table, levels: Sequence[int], facts: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of a panel by name: parts, and the manifest that binds them.

    Args:
        table: a row for each series.
        levels: of intervals, in percent.
        facts: what else the manifest is to say.
    """
    parts, files = [], {}
    for number, start in enumerate(range(0, table.num_rows, _PER_PART)):
        rows, sink = table.slice(start, _PER_PART), pa.BufferOutputStream()
        pq.write_table(rows, sink, compression="zstd")
        name, data = f"part-{number:05}.parquet", sink.getvalue().to_pybytes()
        parts.append({"name": name, "rows": rows.num_rows, "sha256": hashlib.sha256(data).hexdigest()})
        files[name] = data
    manifest = {
        "format": 1,
        "series": table.num_rows,
        "levels": list(levels),
        "sample": _sample(table),
        **facts,
        "parts": parts,
        "versions": {name: version(name) for name in _LIBRARIES},
    }
    manifest["reference"] = PanelForecaster(table, manifest).reference()
    return files | {MANIFEST: (json.dumps(manifest, indent=1, allow_nan=False) + "\n").encode()}


def _sample(table: pa.Table) -> list[str]:
    """Return the names of series spread over the panel, whose forecasts every copy must give."""
    places = np.unique(np.linspace(0, table.num_rows - 1, _SAMPLE).astype(int))
    return [str(name) for name in table.column("unique_id").take(pa.array(places)).to_pylist()]


def data_digest(table: pa.Table) -> str:
    """Return one digest over all series of a panel: names, and the digests of their blocks."""
    digest = hashlib.sha256()
    for name, blocks in zip(
        table.column("unique_id").to_pylist(), table.column("block_digests").to_pylist(), strict=True
    ):
        digest.update(json.dumps([name, blocks]).encode())
    return digest.hexdigest()
