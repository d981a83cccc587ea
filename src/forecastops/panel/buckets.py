"""The series of a long table in buckets of about two hundred, by a stable hash of their names.

A bucket is what is computed at once, and all that its computation knows: rows as they were read, and the champions'
rows of its series. Champions are put into buckets alike, so that nothing has to be looked for elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig
from forecastops.data.dates import read_dates
from forecastops.data.numbers import read_numbers
from forecastops.data.table import RawTable, chosen_rows, series_names

__all__ = ["PER_BUCKET", "Bucket", "in_buckets", "pieces"]

PER_BUCKET = 200
_MOST_ODD = 50  # series that are read by themselves because of a cell; where there are more, all are
_SCHEMA_NAME = b"forecastops.source"


@dataclass(frozen=True)
class Bucket:
    """Series to be computed together, as bytes that any engine can carry.

    Attributes:
        number: of the bucket.
        series: how many there are.
        rows: of their data.
        cells: for each source a table in Arrow's format: name, date, value, line; rows of a series stand together.
        champions: rows of a panel in Arrow's format; empty without any.
    """

    number: int
    series: int
    rows: int
    cells: tuple[bytes, ...] = field(repr=False)
    champions: bytes = field(default=b"", repr=False)

    @property
    def sha256(self) -> str:
        """Digest of all that it holds."""
        digest = hashlib.sha256()
        for part in (*self.cells, self.champions):
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()

    def only(self, names: Collection[str]) -> Bucket:
        """Return it with those of its series that are among these."""
        cells = [_of(read(data), "name", names) for data in self.cells]
        champions = _of(read(self.champions), "unique_id", names) if self.champions else None
        parts = [table.column("name") for table in cells]
        parts += [champions.column("unique_id")] if champions is not None else []
        return replace(
            self,
            series=len({name for part in parts for name in part.unique().to_pylist()}),
            rows=sum(table.num_rows for table in cells),
            cells=tuple(_written(table) for table in cells if table.num_rows),
            champions=_written(champions) if champions is not None and champions.num_rows else b"",
        )


def _of(table: pa.Table, column: str, names: Collection[str]) -> pa.Table:
    """Return the rows of some series."""
    codes, known = pd.factorize(np.asarray(table.column(column).to_pylist(), dtype=object))
    wanted = np.array([name in names for name in known], dtype=bool)
    return table.filter(pa.array(wanted[codes])).combine_chunks()


def in_buckets(
    tables: Iterable[RawTable], config: DataConfig, champions: pa.Table | None = None, size: int = PER_BUCKET
) -> list[Bucket]:
    """Return the series of long tables, and the champions' rows, in buckets, those with most rows first.

    Args:
        tables: of the sources, in their order.
        config: names the columns whose texts name a series.
        champions: rows of a panel; None without one.
        size: of a bucket, in series.

    Raises:
        DataError: when a column is not there, or ``data.where`` picks nothing.
    """
    named = [part for table in tables for part in _named(table, config)]
    if not named:
        raise DataError("data", "holds no rows", "name a file that holds series")
    known = champions.column("unique_id").to_pylist() if champions is not None else []
    names = list(dict.fromkeys([*(name for one in named for name in one.names), *known]))
    count = max(1, -(-len(names) // size))
    place = {name: _bucket(name, count) for name in names}
    cells: list[list[bytes]] = [[] for _ in range(count)]
    rows = [0] * count
    for one in named:
        for number, part in one.parts(place, count):
            cells[number].append(_written(part))
            rows[number] += part.num_rows
    held = [0] * count
    for number in place.values():
        held[number] += 1
    of_champions = _champions(champions, known, place, count)
    found = [
        Bucket(number, held[number], rows[number], tuple(cells[number]), of_champions[number])
        for number in range(count)
        if held[number]
    ]
    return sorted(found, key=lambda bucket: -bucket.rows)


def pieces(bucket: Bucket) -> Iterator[tuple[str, list[RawTable]]]:
    """Yield each series of a bucket by its name, with its rows of each source; champions without rows have none."""
    found: dict[str, list[RawTable]] = {}
    for data in bucket.cells:
        table = read(data)
        source = (table.schema.metadata or {}).get(_SCHEMA_NAME, b"data").decode()
        for name, part in _runs(table):
            found.setdefault(name, []).append(_raw(source, part))
    if bucket.champions:
        for name in read(bucket.champions).column("unique_id").to_pylist():
            found.setdefault(name, [])
    yield from sorted(found.items())


def written(table: pa.Table) -> bytes:
    """Return a table as bytes in Arrow's format."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


_written = written


def read(data: bytes) -> pa.Table:
    """Return the table of such bytes."""
    return pa.ipc.open_file(pa.BufferReader(data)).read_all().combine_chunks()


def _bucket(name: str, count: int) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") % count


@dataclass(frozen=True)
class _Named:
    """The rows of one source, and which series each is of."""

    table: RawTable
    names: list[str]
    codes: npt.NDArray[np.int64]

    def parts(self, place: dict[str, int], count: int) -> Iterator[tuple[int, pa.Table]]:
        """Yield each bucket's rows, those of a series together and in their order."""
        buckets = np.array([place[name] for name in self.names], dtype=np.int64)[self.codes]
        order = np.lexsort((self.codes, buckets))
        bounds = np.searchsorted(buckets[order], np.arange(count + 1))
        names = pa.array(self.names, pa.string())
        for number in range(count):
            if bounds[number] < bounds[number + 1]:
                # By the bucket: all rows in order at once would be held a second time.
                yield number, self._picked(names, order[bounds[number] : bounds[number + 1]])

    def _picked(self, names: pa.Array, rows: npt.NDArray[np.intp]) -> pa.Table:
        picked = pa.array(rows)
        return pa.table(
            {
                "name": names.take(pa.array(self.codes[rows])),
                "date": self.table.dates.take(picked),
                "value": self.table.values.take(picked),
                "line": pa.array(self.table.lines[rows]),
            }
        ).replace_schema_metadata({_SCHEMA_NAME: self.table.source.encode()})


def _named(table: RawTable, config: DataConfig) -> list[_Named]:
    """Return the rows with the series that each is of; cells read where all rows together tell how they stand.

    Three numbers with three decimals can be read in two ways, and a thousand rows of other series settle it. A series
    with a cell that cannot be read is left out of that, and read by itself.
    """
    chosen = chosen_rows(table, config)
    ids = series_names(chosen, config.series_column)
    odd: list[str] = []
    while len(odd) <= _MOST_ODD:
        fine = ~np.isin(ids, odd)
        try:
            settled = _settled(chosen.picked(fine), config) if fine.any() else None
        except DataError as error:
            line = error.where.rpartition(":")[2]
            at = np.flatnonzero(chosen.lines == (int(line) if line.isdecimal() else -1))
            if len(at) != 1 or ids[at[0]] in odd:
                break
            odd.append(ids[at[0]])
            continue
        rest = [_coded(chosen.picked(~fine), ids[~fine])] if not fine.all() else []
        return [*([_coded(settled, ids[fine])] if settled is not None else []), *rest]
    return [_coded(chosen, ids)]


def _settled(table: RawTable, config: DataConfig) -> RawTable:
    """Return the table with its cells read; as it is where clocks were moved, which each series has to say.

    Raises:
        DataError: naming the line of the first cell that cannot be read.
    """
    dates = read_dates(table, config)
    if dates.moved:
        return table
    values = read_numbers(table, dates.stamps, config)
    return replace(table, dates=pa.array(dates.stamps), values=pa.array(values, from_pandas=True))


def _coded(table: RawTable, ids: npt.NDArray[np.object_]) -> _Named:
    codes, names = pd.factorize(ids)
    return _Named(table, [str(name) for name in names], codes.astype(np.int64))


def _champions(champions: pa.Table | None, known: Sequence[str], place: dict[str, int], count: int) -> list[bytes]:
    if champions is None or not known:
        return [b""] * count
    buckets = np.array([place[name] for name in known])
    found = []
    for number in range(count):
        rows = np.flatnonzero(buckets == number)
        found.append(_written(champions.take(pa.array(rows)).combine_chunks()) if len(rows) else b"")
    return found


def _runs(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    codes, names = pd.factorize(np.asarray(table.column("name").to_pylist(), dtype=object))
    starts = np.flatnonzero(np.concatenate([[True], np.diff(codes) != 0])) if len(codes) else np.array([], dtype=int)
    for start, end in zip(starts, [*starts[1:], len(codes)], strict=True):
        yield str(names[codes[start]]), table.slice(start, end - start)


def _raw(source: str, part: pa.Table) -> RawTable:
    lines = np.asarray(part.column("line"), dtype=np.int64)
    dates, values = (part.column(name).combine_chunks() for name in ("date", "value"))
    dates, values = (one if isinstance(one, pa.Array) else pa.concat_arrays(one.chunks) for one in (dates, values))
    return RawTable(source, dates, values, lines, last_line=int(lines[-1]), rows_read=len(lines))
