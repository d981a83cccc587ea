"""What Python users write for a setting, as the plain values that settings are: lists, numbers and texts."""

from __future__ import annotations

import datetime
import os
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

__all__ = ["as_field_wants", "as_plain"]

# Of exactly these types a value is as it should be; NumPy's float64, which is a float too, is none of them.
_PLAIN = frozenset({bool, float, int, str, type(None)})


def as_plain(value: Any) -> Any:
    """Return a number or array of NumPy or pandas, a date, or a path as the plain value that it stands for.

    A date at midnight is the day, as ISO text.

    Raises:
        TypeError: for a value of any other kind.
    """
    if isinstance(value, datetime.date):  # also datetime, and pandas' Timestamp
        return _iso(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    raise TypeError(f"{value!r} is no plain value")


def as_field_wants(value: Any, annotation: Any) -> Any:
    """Return a value in the form that a strict field of this annotation takes; unchanged where there is none.

    Sequences become tuples where the field is one, numbers of NumPy become Python's; dates and paths become text where
    the field is text.
    """
    if type(value) in _PLAIN:
        return value
    kinds = list(_alternatives(annotation))
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, datetime.date | os.PathLike):
        return as_plain(value) if str in kinds else value
    if isinstance(value, list | tuple):
        return _sequence(value, kinds)
    if isinstance(value, Mapping):
        inner = next((get_args(kind)[1] for kind in kinds if get_origin(kind) is dict), None)
        return value if inner is None else {key: as_field_wants(item, inner) for key, item in value.items()}
    return value


def _sequence(value: list[Any] | tuple[Any, ...], kinds: list[Any]) -> Any:
    for kind in kinds:
        origin, inner = get_origin(kind), get_args(kind)
        if origin in (list, tuple) and _PLAIN.issuperset(map(type, value)):
            return origin(value)
        if origin is list:
            return [as_field_wants(item, inner[0]) for item in value]
        if origin is tuple:
            each = inner[:1] * len(value) if inner[-1] is Ellipsis else inner + (Any,) * len(value)
            return tuple(map(as_field_wants, value, each))
    return value


def _iso(value: datetime.date) -> str:
    if isinstance(value, datetime.datetime) and value == value.replace(hour=0, minute=0, second=0, microsecond=0):
        return value.date().isoformat() if value.tzinfo is None else value.isoformat()
    return value.isoformat()


def _alternatives(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for one in get_args(annotation):
            yield from _alternatives(one)
    else:
        yield annotation
