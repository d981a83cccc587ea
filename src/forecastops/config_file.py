"""Reading the configuration: a YAML file, and single settings laid over it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from forecastops.config import Config
from forecastops.core.documents import StrictLoader
from forecastops.core.errors import ConfigError
from forecastops.core.plain import as_plain
from forecastops.core.text_fields import as_texts, kind_of, nearest_key

__all__ = ["load_config"]

_MOST_VALUES = 10_000
# PyYAML lets the errors of its own conversions through, e.g. of `!!int ''`.
_UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)


def load_config(path: Path | None, overrides: Iterable[str] | Mapping[str, Any] = ()) -> Config:
    """Read a YAML file (none: the defaults), apply ``key.sub=value`` overrides or a mapping, and check the whole.

    A field that is text takes what is written as text, such as ``2023``, ``No`` or ``#Passengers``.

    Raises:
        ConfigError: naming the file or option, the key, and what is wrong with its value.
    """
    place = f"configuration {path}" if path else "configuration"
    tree = _read_yaml(path) if path else {}
    if isinstance(overrides, Mapping):
        _lay_over(tree, overrides)
    else:
        for override in overrides:
            _apply(tree, override)
    try:
        _require_small(place, tree)
        return Config.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        raise _config_error(place, error) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            place, f"holds a value that is no plain number, text or list ({error})", "quote it"
        ) from error


def _read_yaml(path: Path) -> dict[str, Any]:
    place = f"configuration {path}"
    try:
        tree = _parsed(path.read_text(encoding="utf-8"), Config)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(place, f"cannot be read: {reason}", "name an existing YAML file") from error
    except _UNREADABLE as error:
        raise ConfigError(place, f"is not plain YAML: {error}", "correct the line it names") from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(place, f"is a {type(tree).__name__}, not a mapping", "start from `forecastops config show`")
    return tree


def _parsed(text: str, kind: Any) -> Any:
    """Return YAML whose values are read as the kind of each field wants them."""
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        as_texts(node, kind)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _apply(tree: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    place = f"option --set {override!r}"
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise ConfigError(place, "is not of the form key=value", "write e.g. --set evaluation.horizon=7")
    kind = kind_of(Config, parts)
    try:
        value = text if kind.is_plain_text(text) else _parsed(text, kind.type)
    except _UNREADABLE as error:
        raise ConfigError(place, f"has a value that is not plain YAML: {error}", "quote it") from error
    for part in parts[:-1]:
        branch = tree.setdefault(part, {})
        if not isinstance(branch, dict):
            raise ConfigError(place, f"{part!r} is a value, not a section", "see `forecastops config schema`")
        tree = branch
    tree[parts[-1]] = value


def _lay_over(tree: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Set what a mapping says, whose keys are sections with mappings of their own, or dotted."""
    for key, value in given.items():
        branch, parts = tree, str(key).split(".")
        for part in parts[:-1]:
            branch = _section(branch, part, str(key))
        if isinstance(value, Mapping) and isinstance(branch.get(parts[-1]), dict):
            _lay_over(branch[parts[-1]], value)
        elif isinstance(value, Mapping):
            branch[parts[-1]] = {}
            _lay_over(branch[parts[-1]], value)
        else:
            branch[parts[-1]] = _plain(value, str(key))


def _plain(value: Any, key: str) -> Any:
    try:
        return json.loads(json.dumps(value, default=as_plain))
    except (TypeError, ValueError, RecursionError) as error:
        remedy = "give a number, a text, or a list of them"
        raise ConfigError(f"setting {key!r}", f"is no plain value ({error})", remedy) from error


def _section(tree: dict[str, Any], part: str, key: str) -> dict[str, Any]:
    branch = tree.setdefault(part, {})
    if not isinstance(branch, dict):
        raise ConfigError(f"setting {key!r}", f"{part!r} is a value, not a section", "see `forecastops config schema`")
    return branch


def _require_small(place: str, tree: Any) -> None:
    """Refuse what nested YAML aliases can blow up to, and a tree that contains itself, before writing it out."""
    left, stack = _MOST_VALUES, [tree]
    while stack:
        found = stack.pop()
        left -= 1
        if left < 0:
            raise ConfigError(place, f"holds more than {_MOST_VALUES} values", "write it without nested aliases")
        if isinstance(found, dict):
            stack += found.values()
        elif isinstance(found, list):
            stack += found


def _config_error(place: str, error: ValidationError) -> ConfigError:
    first, *others = error.errors(include_url=False, include_context=False)
    key = ".".join(str(part) for part in first["loc"]) or "the whole"
    more = f" (and {len(others)} more)" if others else ""
    if first["type"] == "extra_forbidden":
        near = nearest_key(Config, key)
        remedy = f"is {near!r} meant? `forecastops config schema` has all" if near else ""
        return ConfigError(
            place, f"unknown key {key!r}{more}", remedy or "see `forecastops config schema` for the known ones"
        )
    value = json.dumps(first["input"], default=str)
    shown = value if len(value) <= 80 else value[:77] + "..."
    message = first["msg"].removeprefix("Value error, ")
    return ConfigError(place, f"{key} = {shown}: {message}{more}", "see `forecastops config schema`")
