"""What the work on many series came to, as one table: a row a series, with the rows that it may have in a panel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forecastops.panel.facts import SeriesFacts
from forecastops.panel.rows import ROW
from forecastops.panel.series_work import Worked

__all__ = ["OUTCOME", "chosen_rows", "joined", "outcome_table", "series_facts", "with_column"]

_NUMBERS = ("share", "error", "freedom", "ours", "theirs", "scale", "volume")
OUTCOME = pa.schema(
    [
        *((name, pa.string()) for name in ("unique_id", "outcome", "verdict", "reason", "segment", "why")),
        *((name, pa.string()) for name in ("state", "state_why", "evidence", "treatment", "screening")),
        *((name, pa.float64()) for name in (*_NUMBERS, "moved")),
        ("age", pa.int64()),
        *((name, pa.bool_()) for name in ("same_spec", "newer_data", "has_champion")),
        ("challenger", pa.struct(list(ROW))),
        ("champion", pa.struct(list(ROW))),
    ]
)


def outcome_table(worked: Iterable[Worked]) -> pa.Table:
    """Return what was found of each series, a row each."""
    return pa.Table.from_pylist([one.document() for one in worked], schema=OUTCOME)


def series_facts(table: pa.Table) -> list[SeriesFacts]:
    """Return the facts on which the panel's decision rests, in the table's order."""
    names = list(SeriesFacts.__dataclass_fields__)
    return [SeriesFacts(**row) for row in table.select(names).to_pylist()]


def chosen_rows(table: pa.Table, changed: npt.NDArray[np.bool_]) -> pa.Table:
    """Return the panel's rows: the challenger's where a series changes, else the champion's, else what there is.

    Args:
        table: of outcomes.
        changed: which series get their new row, shape (n,).
    """
    challenger, champion = (_structs(table, name) for name in ("challenger", "champion"))
    has_new, has_old = (~np.asarray(one.is_null()) for one in (challenger, champion))
    takes_new = has_new & (changed | ~has_old)
    rows = np.flatnonzero(takes_new | has_old)
    both = pa.concat_arrays([challenger, champion])
    picked = both.take(pa.array(np.where(takes_new[rows], rows, rows + len(challenger))))
    return pa.Table.from_arrays(picked.flatten(), schema=ROW)


def with_column(table: pa.Table, name: str, values: Sequence[Any]) -> pa.Table:
    """Return the table with other values in one of its columns."""
    place = table.column_names.index(name)
    return table.set_column(place, table.schema.field(name), pa.array(values, table.schema.field(name).type))


def _structs(table: pa.Table, name: str) -> pa.StructArray:
    found: Any = table.column(name).combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the outcomes of several buckets as one table, in the order of the series' names."""
    whole = pa.concat_tables(tables)
    return whole.take(pc.sort_indices(whole.column("unique_id")))
