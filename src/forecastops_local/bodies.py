"""What a body may make the server build: bounds that are read off its bytes before anything is decoded from them.

A small body can decode to something large: a table with a column for each of its keys, a date that takes minutes to
read. Parquet is not accepted, since a few bytes of it may stand for any number of values, and nothing outside says so.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from forecastops.core.documents import each_key_once
from forecastops_local.refusal import RefusedError
from forecastops_local.tables import check_request, check_rows, typed_cell

__all__ = ["CSV", "JSON", "Checked", "checked_body"]

JSON, CSV = "application/json", "text/csv"

# 10,000 rows of three columns, each row written with its names or with an index.
_MAX_VALUES = 60_000
_MAX_DEPTH = 8
_MAX_QUOTES = 4 * _MAX_VALUES  # two strings for each value: its name and itself
_ALL_BUT_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")


class Checked(NamedTuple):
    """A body within its bounds: decoded, or as text of a type for MLflow to decode."""

    content: dict[str, Any] | None
    kind: str = JSON
    body: bytes = b""


def checked_body(content_type: str | None, body: bytes, columns: Mapping[str, str] | None) -> Checked:
    """Return the body as it may be scored, or decoded by MLflow.

    Args:
        content_type: as the request names it.
        body: as it was sent.
        columns: the kind of each column that the model knows; None for a model that does not say.

    Raises:
        RefusedError: 415 for another type, 400 for a body that is malformed, too much to decode, or names columns
            that the model does not know.
    """
    kind = _kind(content_type)
    try:
        text = body.decode("utf-8")
    except UnicodeError:
        raise RefusedError(400, "the body is not UTF-8 text") from None
    if kind == CSV:
        return _from_csv(text, columns)
    _require_bounded_json(body)
    content = _decoded_json(text)
    check_request(content, columns)
    return Checked(content)


def _kind(content_type: str | None) -> str:
    kind, *parameters = [part.strip().lower() for part in (content_type or "").split(";")]
    if kind not in (JSON, CSV):
        raise RefusedError(415, f"the content type must be {JSON} or {CSV}, not {kind[:80] or 'missing'}")
    if any(parameter.replace('"', "") not in ("", "charset=utf-8") for parameter in parameters):
        raise RefusedError(415, "the content type may say charset=utf-8 and nothing else")
    return kind


def _require_bounded_json(body: bytes) -> None:
    """Count values and nesting outside of strings. What is no JSON may count wrongly after the place that is none."""
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if plain.count(b'"') > _MAX_QUOTES:
        _refuse_size()
    outside = b"".join(plain.split(b'"')[::2])
    if sum(map(outside.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        _refuse_size()
    depth = 0
    for bracket in outside.translate(None, _ALL_BUT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > _MAX_DEPTH:
            raise RefusedError(400, f"the JSON is nested deeper than {_MAX_DEPTH} levels")


def _refuse_size() -> NoReturn:
    raise RefusedError(400, f"the body holds more than {_MAX_VALUES} values")


def _decoded_json(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=each_key_once)
        if not isinstance(content, dict):
            raise ValueError("it must be an object")
        # Finds what only shows when written: numbers beyond a float's range, and halves of surrogate pairs.
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeError:
        raise RefusedError(400, "the body is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the body is not valid JSON: {error}") from None
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _from_csv(text: str, columns: Mapping[str, str] | None) -> Checked:
    """Return the CSV's cells; of a model without columns written anew, so that MLflow's reader finds no others."""
    if sum(map(text.count, (",", "\n", "\r"))) > _MAX_VALUES:
        _refuse_size()
    try:
        lines = [line for line in csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True) if line]
    except csv.Error as error:
        raise RefusedError(400, f"the body is not valid CSV: {error}") from None
    if not lines:
        raise RefusedError(400, "the CSV is empty: its first line must name the columns")
    header, rows = lines[0], lines[1:]
    check_rows(header, rows, columns)
    if columns is None:
        return Checked(None, CSV, _written(lines))
    cells = [
        [typed_cell(number, name, cell, columns) for name, cell in zip(header, row, strict=True)]
        for number, row in enumerate(rows, start=1)
    ]
    content: dict[str, Any] = {"dataframe_split": {"columns": header, "data": cells}}
    check_request(content, columns)
    return Checked(content)


def _written(lines: list[list[str]]) -> bytes:
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerows(lines)
    return output.getvalue().encode()
