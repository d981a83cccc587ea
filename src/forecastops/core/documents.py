"""JSON and YAML in which no key stands twice: the second would silently replace the first, a whole section even."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable
from typing import Any

import yaml

__all__ = ["StrictLoader", "each_key_once", "json_document", "yaml_document"]


def json_document(text: str | bytes) -> Any:
    """Return what a JSON text holds.

    Raises:
        ValueError: when it is no JSON, or a key stands twice in one object.
    """
    return json.loads(text, object_pairs_hook=each_key_once)


def yaml_document(text: str | bytes) -> Any:
    """Return what a text of plain YAML holds.

    Raises:
        yaml.YAMLError: when it is none, or a key stands twice in one mapping.
    """
    return yaml.load(text, StrictLoader)  # noqa: S506 - which is a SafeLoader


class StrictLoader(yaml.SafeLoader):
    """Plain YAML in which no key stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, unless one of its keys stands twice."""
        names = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := [name for name, count in names.items() if count > 1]:
            raise yaml.constructor.ConstructorError(None, None, f"key {twice[0]!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object of its members, for ``object_pairs_hook``.

    Raises:
        ValueError: when a key stands twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = Counter(name for name, _ in pairs)
        raise ValueError(f"key {names.most_common(1)[0][0]!r:.80} stands twice")
    return found
