"""Bodies that no client should send: small to send, and large, slow or nameless to read."""

from __future__ import annotations

import io
import itertools
import json
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["CANARY", "NAMED", "Attack", "generated"]

CANARY = "canary-4b1f"  # in every body: where it turns up, a client's text does
JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"


class Attack(NamedTuple):
    content_type: str
    body: bytes


def _json(content: object) -> Attack:
    return Attack(JSON, json.dumps(content).encode())


def _records(keys: int, rows: int = 1) -> Attack:
    return _json({"dataframe_records": [{f"{CANARY}{row}-{key}": 1 for key in range(keys)} for row in range(rows)]})


def _parquet(rows: int, text: int) -> Attack:
    """A column of the same text in every row, which is in the file once, and is never spread out here."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [CANARY + "x" * text])
    output = io.BytesIO()
    # Readers are to find texts, not a dictionary.
    pq.write_table(pa.table({"date": column}), output, compression="none", store_schema=False)
    return Attack(PARQUET, output.getvalue())


NAMED: dict[str, Attack] = {
    "59 KB of records with 5,000 keys": _json({"dataframe_records": [{f"k{n:04d}": 1 for n in range(5000)}]}),
    "145 KB of records with 12,000 keys": _json({"dataframe_records": [{f"k{n:05d}": 1} for n in range(12_000)]}),
    "records with 900 keys each of their own": _records(1, 900),
    "210 KB of Parquet": _parquet(20_000, 210_000),
    "nested lists": Attack(JSON, b'{"inputs": ' + b"[" * 400_000),
    "nested objects": Attack(JSON, b'{"inputs": ' + b'{"a":' * 100_000),
    "nested in a cell": _json({"dataframe_records": [{"value": [[[[[[[[[[CANARY]]]]]]]]]]}]}),
    "empty lists": Attack(JSON, b'{"inputs": [' + b"[]," * 300_000 + b"[]]}"),
    "empty objects": Attack(JSON, b'{"dataframe_records": [' + b"{}," * 300_000 + b"{}]}"),
    "empty texts": Attack(JSON, b'{"inputs": [' + b'"",' * 300_000 + b'""]}'),
    "quotes": Attack(JSON, b'{"inputs": [' + b'"' * 1_000_000),
    "backslashes": Attack(JSON, b'{"inputs": ["' + b"\\" * 1_000_000),
    "escaped quotes": Attack(JSON, b'{"inputs": ["' + rb"\"" * 400_000 + b'"]}'),
    "a long date": _json({"dataframe_records": [{"date": CANARY + "1" * 900_000, "value": 1}]}),
    "long dates": _json({"inputs": {"date": ["Monday the 5th of May at noon"] * 9000, "value": [1] * 9000}}),
    "a long number": _json(
        {"dataframe_split": {"columns": ["date", "value"], "data": [["2014-06-01", "1" * 900_000]]}}
    ),
    "a long name": _json({"dataframe_records": [{CANARY * 80_000: 1}]}),
    "long params": _json({"inputs": [], "params": {"horizon": CANARY * 80_000}}),
    "a long name of params": _json({"inputs": [], "params": {CANARY + "k" * 900_000: 1}}),
    "nested params": _json({"inputs": [], "params": {"horizon": {CANARY + "k" * 30_000: 1}}}),
    "a long word for a value": _json({"dataframe_records": [{"date": "2014-06-01", "value": CANARY + "a" * 900_000}]}),
    "many params": _json({"inputs": [], "params": {f"{CANARY}{n}": n for n in range(30_000)}}),
    "many levels": _json({"inputs": [], "params": {"levels": [80] * 50_000}}),
    "10,001 rows": _json({"dataframe_records": [{"date": "2014-06-01", "value": 1.5}] * 10_001}),
    "a wide frame": _json({"dataframe_split": {"columns": list(range(50_000)), "data": []}}),
    "a wide index": _json({"dataframe_split": {"columns": ["horizon"], "index": [[CANARY] * 9] * 6000, "data": [[7]]}}),
    "wide rows": _json({"dataframe_split": {"columns": ["horizon"], "data": [[1] * 50_000]}}),
    "columns that are lists": _json({"dataframe_split": {"columns": [["horizon"], [CANARY]], "data": [[1, 2]]}}),
    "columns that are the same": _json({"dataframe_split": {"columns": ["value"] * 3, "data": [[1, 2, 3]]}}),
    "a tensor": _json({"instances": [[[[1.5] * 10] * 10] * 10] * 10}),
    "a prompt": _json({"prompt": CANARY * 10_000}),
    "commas": Attack(CSV, b"," * 900_000),
    "quoted commas": Attack(CSV, b'"' + b"," * 40_000 + b'"\n'),
    "lines": Attack(CSV, b"horizon" + b"\n7" * 400_000),
    "carriage returns": Attack(CSV, b"horizon" + b"\r7" * 400_000),
    "a wide header": Attack(CSV, b",".join(b"k%d" % n for n in range(50_000)) + b"\n"),
    "a wide second line": Attack(CSV, b"horizon\n" + b",".join([b"7"] * 50_000)),
    "an open quote": Attack(CSV, b'date,value\n"' + CANARY.encode() * 60_000),
    "a CSV date": Attack(CSV, b"date,value\n" + b"5 May " * 20_000 + b",1\n"),
    "a CSV number": Attack(CSV, b"date,value\n2014-06-01," + b"1" * 100_000 + b"\n"),
    "a CSV text": Attack(CSV, f"date,value\n2014-06-01,{CANARY}\n".encode()),
    "compressed by a name": Attack("application/json; charset=gzip", b"{}"),
    "another type": Attack("application/octet-stream", CANARY.encode() * 10_000),
}


def generated(count: int, seed: int = 0) -> Iterator[Attack]:
    """Random bodies of every content type, no two the same, none of which can be answered with a forecast."""
    chance, seen = random.Random(seed), set[Attack]()
    for make in itertools.cycle(_MAKERS):
        attack = make(chance)
        if attack in seen:
            continue
        seen.add(attack)
        yield attack
        if len(seen) == count:
            return


def _tree(chance: random.Random) -> Attack:
    def grow(depth: int) -> object:
        width = chance.randint(1, 6)
        if depth == 0 or chance.random() < 0.1:
            return chance.choice([None, True, CANARY * width, 10**width, -1.5e300])
        if chance.random() < 0.5:
            return [grow(depth - 1) for _ in range(width)]
        return {f"{CANARY}{n}": grow(depth - 1) for n in range(width)}

    return _json({chance.choice(("inputs", "instances")): [{CANARY: grow(chance.randint(1, 5))}]})


def _wide(chance: random.Random) -> Attack:
    keys = chance.randint(1, 12_000)
    return _records(keys, chance.randint(1, max(1, 20_000 // keys)))


def _nest(chance: random.Random) -> Attack:
    opening = chance.choice((b"[", b'{"a":', b'[{"date":', b'["x",'))
    return Attack(JSON, b'{"dataframe_records": ' + opening * chance.randint(20, 60_000))


def _repeat(chance: random.Random) -> Attack:
    unit = chance.choice((b"[],", b"{},", b'"",', b"0,", b"null,", b'"\\u0041",', b'{"steps":1},', b"[[]],", b"1e9,"))
    return Attack(JSON, b'{"inputs": [' + unit * chance.randint(1, 200_000) + b'{"steps": 1}]}')


def _bad_rows(chance: random.Random) -> Attack:
    cell = chance.choice((CANARY, "2014-13-45", "9" * 5000, "01/02/2014", "", True, [1], {"a": 1}, 5))
    rows = [{"date": "2014-06-01", "value": 11.0}] * chance.randint(0, 8000) + [{"date": cell, "value": 11.0}]
    return _json({"dataframe_records": rows})


def _params(chance: random.Random) -> Attack:
    value = chance.choice((CANARY, 10**30, -1, 0, 1001, 1.5, [1] * 2000, {"a": 1}, [[1]], [CANARY] * 500))
    return _json({"inputs": [], "params": {"horizon": value}})


def _table(chance: random.Random) -> Attack:
    columns, rows = chance.randint(2, 3000), chance.randint(0, 300)
    names = [f"{CANARY}{n}" for n in range(columns)]
    lines = [",".join(str(chance.randint(0, 9)) for _ in range(columns)) for _ in range(min(rows, 60_000 // columns))]
    return Attack(CSV, "\n".join([",".join(names), *lines]).encode())


def _text(chance: random.Random) -> Attack:
    characters = ',"\n\r\t;\0\\aé1'
    return Attack(CSV, ("x," + "".join(chance.choices(characters, k=chance.randint(1, 30_000)))).encode())


def _noise(chance: random.Random) -> Attack:
    kind = chance.choice((JSON, CSV, PARQUET, "text/plain", "", "application/json; charset=utf-16"))
    return Attack(kind, b"\xff" + chance.randbytes(chance.randint(1, 200_000)))


def _columnar(chance: random.Random) -> Attack:
    return _parquet(chance.randint(1, 2000), chance.randint(0, 20_000))


_MAKERS: tuple[Callable[[random.Random], Attack], ...] = (
    *(_tree, _wide, _nest, _repeat, _bad_rows, _params, _table, _text, _noise, _columnar),
)
