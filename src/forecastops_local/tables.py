"""The table in a request, in any of MLflow's forms: its size, its column names, and cells that can be read at once."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from forecastops_local.refusal import RefusedError

__all__ = ["check_request", "check_rows", "typed_cell"]

MAX_ROWS = 10_000
MAX_COLUMNS = 100
MAX_PARAM = 1000  # characters of a text, or values of a list
_FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")
_PARAMS = "params"
_FRAME = ("columns", "index", "data")
_SHOWN = 5
_DATE = "datetime"
# Anything else is left to a parser that tries every format there is; 900 KB of one date kept it for minutes.
_ISO_DATE = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)"
    r"([T ]([01]\d|2[0-3])((:?)[0-5]\d(\8[0-5]\d(\.\d{1,9})?)?)?)?",
    re.ASCII,
)
_YEARS = range(1678, 2262)  # that nanoseconds can count
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = frozenset({"long", "integer"})
_NUMBERS = frozenset({"double", "float"}) | _WHOLE
_MISSING = frozenset({"", "nan", "na", "null"})

Kinds = Mapping[str, str]
Cell = tuple[int, str, Any]  # row, from 1; column; value


def check_request(content: Mapping[str, Any], kinds: Kinds | None) -> None:
    """Refuse a decoded JSON request whose table is too large, or has columns or cells that the model cannot take.

    Args:
        content: the JSON object.
        kinds: MLflow's type of each column that the model knows; None for a model that does not say.

    Raises:
        RefusedError: 400, naming what is wrong.
    """
    if unknown := [key for key in content if key not in (*_FORMS, _PARAMS)]:
        _refuse(f"unknown fields {_listed(unknown)}; there are {', '.join((*_FORMS, _PARAMS))}")
    forms = [key for key in _FORMS if key in content]
    if len(forms) != 1:
        _refuse(f"the body must have exactly one of {', '.join(_FORMS)}")
    _check_params(content.get(_PARAMS))
    table = content[forms[0]]
    if forms[0] == "dataframe_split":
        _check_split(table, kinds)
    elif forms[0] == "dataframe_records" or _is_records(table):
        _check_records(table, kinds)
    elif isinstance(table, dict):
        _check_columns(table, kinds)
    else:
        _check_nameless(table, kinds)


def _check_params(params: Any) -> None:
    """Refuse parameters that are many or long, since messages quote them; the model knows which exist."""
    if params is None:
        return
    if not isinstance(params, dict) or len(params) > MAX_COLUMNS:
        _refuse(f"params must be an object of at most {MAX_COLUMNS} names")
    for name, value in params.items():
        values = value if isinstance(value, list) else [value]
        if len(name) > MAX_PARAM or len(values) > MAX_PARAM:
            _refuse(f"params: {name[:MAX_PARAM]!r:.40} is longer than {MAX_PARAM}")
        if any(isinstance(one, (dict, list)) for one in values):
            _refuse(f"params: {name!r:.40} must be a value or a list of values")
        if any(isinstance(one, bool) for one in values):
            _refuse(f"params: {name!r:.40} is true or false, no number")
        if any(isinstance(one, str) and len(one) > MAX_PARAM for one in values):
            _refuse(f"params: {name!r:.40} is longer than {MAX_PARAM}")


def check_rows(names: Sequence[Any], rows: Sequence[Any], kinds: Kinds | None) -> None:
    """Refuse rows that are too many, not as long as the names, or of names that the model does not know."""
    _check_names(names, kinds)
    _check_count(len(rows))
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            found = f"has {len(row)} values" if isinstance(row, list) else "is no list"
            _refuse(f"row {number} {found}; there are {len(names)} columns")


def typed_cell(row: int, name: str, text: str, kinds: Kinds) -> object:
    """Return a CSV cell as JSON has it: null for a missing one, a number in a column of numbers, else its text."""
    if text.strip().lower() in _MISSING:
        return None
    if kinds[name] not in _NUMBERS:
        return text
    if len(text) > 40 or not _NUMBER.fullmatch(text.strip()):
        _refuse(f"row {row}: {name} {text!r:.40} is no number")
    number = float(text)
    if not math.isfinite(number):
        _refuse(f"row {row}: {name} {text!r:.40} is not finite")
    return int(text) if kinds[name] in _WHOLE and re.fullmatch(r"[+-]?[0-9]+", text) else number


def check_cells(cells: Iterable[Cell], kinds: Kinds | None) -> None:
    """Refuse cells that hold more than one value, texts and truths for numbers, and dates that are not ISO."""
    if kinds is None:
        return
    for row, name, cell in cells:
        if kinds[name] and isinstance(cell, (list, dict)):
            _refuse(f"row {row}: {name} is no single value")
        if kinds[name] in _NUMBERS and isinstance(cell, (bool, str)):
            shown = json.dumps(cell, ensure_ascii=False)
            _refuse(f"row {row}: {name} {shown:.40} is no number; null is for a missing one")
        if kinds[name] in _WHOLE and cell is None:
            _refuse(f"row {row}: {name} is missing; it stands in every row, or in none")
        if kinds[name] == _DATE and cell is not None and not _is_date(cell):
            _refuse(f"row {row}: {name} {cell!r:.40} is no ISO date without timezone, such as 2014-05-31")


def _is_date(cell: object) -> bool:
    """Tell whether it is a date that there is, and that every reader of the model takes for the same one."""
    found = _ISO_DATE.fullmatch(cell) if isinstance(cell, str) else None
    if found is None or int(found[1]) not in _YEARS:
        return False
    try:
        datetime.date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return False
    return True


def _check_split(frame: Any, kinds: Kinds | None) -> None:
    if not isinstance(frame, dict) or set(frame) - set(_FRAME):
        _refuse(f"dataframe_split must be an object of {', '.join(_FRAME)}")
    names, rows = frame.get("columns"), frame.get("data")
    if names is None and rows in (None, []):
        return
    if not isinstance(names, list) or not isinstance(rows, list):
        _refuse("dataframe_split must name its columns and give its data, each as a list")
    check_rows(names, rows, kinds)
    check_cells(
        ((number, name, cell) for number, row in enumerate(rows, 1) for name, cell in zip(names, row, strict=True)),
        kinds,
    )


def _is_records(table: Any) -> bool:
    return isinstance(table, list) and bool(table) and all(isinstance(row, dict) for row in table)


def _check_records(rows: Any, kinds: Kinds | None) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        _refuse("the records must be a list of objects")
    _check_count(len(rows))
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
    _check_names(list(names), kinds)
    whole = [name for name in names if kinds is not None and kinds[name] in _WHOLE]
    check_cells(_by_record(rows, whole), kinds)


def _by_record(rows: list[dict[str, Any]], whole: list[str]) -> Iterator[Cell]:
    """Yield the cells of records, those of ``whole`` numbers also where a record leaves them out."""
    for number, row in enumerate(rows, start=1):
        yield from ((number, name, cell) for name, cell in row.items())
        yield from ((number, name, None) for name in whole if name not in row)


def _check_columns(columns: dict[str, Any], kinds: Kinds | None) -> None:
    _check_names(list(columns), kinds)
    lists = {name: cells if isinstance(cells, list) else [cells] for name, cells in columns.items()}
    _check_count(max(map(len, lists.values()), default=0))
    check_cells(_by_column(lists), kinds)


def _by_column(lists: Mapping[str, list[Any]]) -> Iterator[Cell]:
    for name, cells in lists.items():
        yield from ((row, name, cell) for row, cell in enumerate(cells, start=1))


def _check_nameless(table: Any, kinds: Kinds | None) -> None:
    """Refuse rows without names: a model that knows its columns takes none at all."""
    rows = table if isinstance(table, list) else [table]
    _check_count(len(rows))
    if kinds is not None and table != []:
        _refuse(f"rows must name their columns; this model knows {', '.join(kinds)}")


def _check_count(rows: int) -> None:
    if rows > MAX_ROWS:
        _refuse(f"{rows} rows are more than the {MAX_ROWS} that one request may hold")


def _check_names(names: Sequence[Any], kinds: Kinds | None) -> None:
    if kinds is not None:
        unknown = [name for name in names if not isinstance(name, str) or name not in kinds]
        if unknown:
            _refuse(f"unknown columns {_listed(unknown)}; this model knows {', '.join(kinds)}")
    if not all(isinstance(name, (str, int)) for name in names):
        _refuse("a column's name must be text")
    if len(names) > MAX_COLUMNS:
        _refuse(f"{len(names)} columns are more than the {MAX_COLUMNS} that a request may have")
    if len(set(names)) < len(names):
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        _refuse(f"column {twice!r:.40} stands twice")


def _listed(names: Sequence[Any]) -> str:
    shown = ", ".join(f"{name!r:.40}" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _refuse(message: str) -> NoReturn:
    raise RefusedError(400, message)
