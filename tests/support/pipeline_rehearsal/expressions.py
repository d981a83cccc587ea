"""Expressions of Azure Pipelines, as far as the pipeline uses them; anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["STATUS_FUNCTIONS", "Call", "ExpressionError", "Reference", "evaluate", "parse", "parts"]

STATUS_FUNCTIONS = frozenset({"always", "canceled", "failed", "succeeded", "succeededOrFailed"})
_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_]\w*)|(?P<mark>[][().,]))")


class ExpressionError(Exception):
    """An expression that is wrong, or that this rehearsal does not know."""


@dataclass(frozen=True)
class Literal:
    value: str | bool


@dataclass(frozen=True)
class Reference:
    """``variables['Build.Reason']`` is ``("variables", "Build.Reason")``."""

    path: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Node, ...]


Node = Literal | Reference | Call


def parse(text: str) -> Node:
    """The tree of an expression."""
    tokens = list(_tokens(text))
    node, rest = _node(tokens, text)
    if rest:
        raise ExpressionError(f"{text!r}: what is {rest[0]!r} after its end?")
    return node


def parts(node: Node) -> Iterator[Node]:
    """The node and all within it."""
    yield node
    for argument in node.arguments if isinstance(node, Call) else ():
        yield from parts(argument)


def evaluate(node: Node, contexts: Mapping[str, Any], status: Mapping[str, Callable[[], bool]]) -> str | bool:
    """The value; a path that leads nowhere is the empty string, as in Azure Pipelines, but its root must be known."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Reference):
        return _look_up(node.path, contexts)
    if node.name in status and not node.arguments:
        return status[node.name]()
    if node.name not in _FUNCTIONS:
        raise ExpressionError(f"function {node.name} is not known here")
    return _FUNCTIONS[node.name]([evaluate(argument, contexts, status) for argument in node.arguments])


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            raise ExpressionError(f"{text!r}: what is {text[place:]!r}?")
        yield found[0].strip()
        place = found.end()


def _node(tokens: list[str], text: str) -> tuple[Node, list[str]]:
    first, rest = _next(tokens, text)
    if first.startswith("'"):
        return Literal(_unquoted(first)), rest
    if first.lower() in ("true", "false"):
        return Literal(first.lower() == "true"), rest
    if not first.isidentifier():
        raise ExpressionError(f"{text!r}: {first!r} begins nothing")
    return _call(first, rest[1:], text) if rest[:1] == ["("] else _reference(first, rest, text)


def _call(name: str, tokens: list[str], text: str) -> tuple[Node, list[str]]:
    arguments: list[Node] = []
    while tokens[:1] != [")"]:
        if arguments:
            tokens = _expect(",", tokens, text)
        argument, tokens = _node(tokens, text)
        arguments.append(argument)
    return Call(name, tuple(arguments)), tokens[1:]


def _reference(name: str, tokens: list[str], text: str) -> tuple[Node, list[str]]:
    path = [name]
    while tokens[:1] in (["."], ["["]):
        mark, (key, tokens) = tokens[0], _next(tokens[1:], text)
        if mark == "[":
            tokens = _expect("]", tokens, text)
        if key.startswith("'") != (mark == "["):
            raise ExpressionError(f"{text!r}: {key!r} is no name of a part")
        path.append(_unquoted(key) if mark == "[" else key)
    return Reference(tuple(path)), tokens


def _next(tokens: list[str], text: str) -> tuple[str, list[str]]:
    if not tokens:
        raise ExpressionError(f"{text!r} ends too early")
    return tokens[0], tokens[1:]


def _expect(mark: str, tokens: list[str], text: str) -> list[str]:
    found, rest = _next(tokens, text)
    if found != mark:
        raise ExpressionError(f"{text!r}: {found!r} stands where {mark!r} should")
    return rest


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'")


def _look_up(path: tuple[str, ...], contexts: Mapping[str, Any]) -> str | bool:
    if path[0] not in contexts:
        raise ExpressionError(f"{path[0]} is no context here; there are {', '.join(contexts)}")
    found: Any = contexts
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
        if found is None:
            return ""
    if not isinstance(found, str | bool):
        raise ExpressionError(f"{'.'.join(path)} is no single value")
    return found


def _equal(left: str | bool, right: str | bool) -> bool:
    """Texts without regard to case; other mixtures have rules of conversion that the pipeline should not lean on."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, bool) and isinstance(right, bool):
        return left == right
    raise ExpressionError(f"{left!r} and {right!r} are of different kinds")


def _truth(value: str | bool) -> bool:
    if not isinstance(value, bool):
        raise ExpressionError(f"{value!r} is neither true nor false")
    return value


_FUNCTIONS: dict[str, Callable[[list[str | bool]], bool]] = {
    "and": lambda values: all(map(_truth, values)),
    "or": lambda values: any(map(_truth, values)),
    "not": lambda values: not _truth(*values),
    "eq": lambda values: _equal(*values),
    "ne": lambda values: not _equal(*values),
    "endsWith": lambda values: str(values[0]).lower().endswith(str(values[1]).lower()),
    "in": lambda values: any(_equal(values[0], value) for value in values[1:]),
}
