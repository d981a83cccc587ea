"""Which fields of the configuration are text, so that what is written for them is taken as it stands."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import yaml
from pydantic import BaseModel

__all__ = ["Kind", "as_texts", "kind_of", "nearest_key"]

_NULLS = ("null", "Null", "NULL", "~")
_TEXT, _NULL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"


class Kind(NamedTuple):
    """The type of a field; None where there is no such field."""

    type: Any

    @property
    def accepts(self) -> tuple[Any, ...]:
        """The types of which a value may be."""
        return tuple(_alternatives(self.type))

    @property
    def is_text(self) -> bool:
        """Whether a value can only be text, or nothing."""
        return bool(self.accepts) and str in self.accepts and all(one in (str, type(None)) for one in self.accepts)

    @property
    def is_texts(self) -> bool:
        """Whether a value is a list of texts."""
        return any(get_origin(one) is tuple and get_args(one)[0] is str for one in self.accepts)

    def is_plain_text(self, text: str) -> bool:
        """Tell whether a field's value is the text as written, not YAML: quotes and null keep their meaning."""
        written = text.strip()
        if self.is_texts:
            return bool(written) and not written.startswith("[") and not _is_quoted(written)
        if not self.is_text or _is_quoted(written) or text.strip().startswith("!!"):
            return False
        return not (type(None) in self.accepts and written in (*_NULLS, "")) or (bool(text) and not written)


def kind_of(record: type[BaseModel], parts: Sequence[str]) -> Kind:
    """Return the kind of the field that a dotted key names; below a mapping, that of its values."""
    kind: Any = record
    for part in parts:
        found = None
        for one in _alternatives(kind):
            if isinstance(one, type) and issubclass(one, BaseModel) and part in one.model_fields:
                found = one.model_fields[part].annotation
            elif get_origin(one) is dict:
                found = get_args(one)[1]
        if found is None:
            return Kind(None)
        kind = found
    return Kind(kind)


def as_texts(node: yaml.Node, kind: Any) -> None:
    """Tag the scalars of a YAML tree as text where their field is, whatever YAML would make of them."""
    _tag(node, kind, depth=0)


def _tag(node: yaml.Node, kind: Any, depth: int) -> None:
    if depth > 8 or kind is None:
        return
    for one in _alternatives(kind):
        if isinstance(node, yaml.MappingNode):
            _tag_mapping(node, one, depth)
        elif isinstance(node, yaml.SequenceNode) and get_origin(one) is tuple:
            for item in node.value:
                _tag(item, get_args(one)[0], depth + 1)
    if isinstance(node, yaml.ScalarNode) and Kind(kind).is_text and not _is_explicit(node):
        node.tag = _TEXT


def _tag_mapping(node: yaml.MappingNode, kind: Any, depth: int) -> None:
    is_record = isinstance(kind, type) and issubclass(kind, BaseModel)
    for key, value in node.value:
        if is_record and isinstance(key, yaml.ScalarNode) and key.value in kind.model_fields:
            _tag(value, kind.model_fields[key.value].annotation, depth + 1)
        elif get_origin(kind) is dict:
            if isinstance(key, yaml.ScalarNode) and key.tag.startswith("tag:yaml.org,2002:"):
                key.tag = _TEXT
            _tag(value, get_args(kind)[1], depth + 1)


def _is_explicit(node: yaml.ScalarNode) -> bool:
    """Tell whether a value says itself what it is: nothing, or a tag that is no standard one."""
    return node.tag == _NULL or not node.tag.startswith("tag:yaml.org,2002:")


def _is_quoted(text: str) -> bool:
    return len(text) >= 2 and text[0] == text[-1] and text[0] in "'\""


def _alternatives(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _alternatives(get_args(kind)[0])
    elif origin is Union or origin is types.UnionType:
        for one in get_args(kind):
            yield from _alternatives(one)
    elif origin is Literal:
        yield from {type(one) for one in get_args(kind)}
    elif kind is not None:
        yield kind


def nearest_key(record: type[BaseModel], key: str) -> str | None:
    """Return the known key that is most like an unknown one; None where none is."""
    known = list(_keys(record, ""))
    found = difflib.get_close_matches(key, known, n=1, cutoff=0.75)
    if found:
        return found[0]
    last = [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2]]
    return last[0] if len(last) == 1 else None


def _keys(record: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in record.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{prefix}{name}.")
