"""Logging commands, found and unescaped as ``Command.TryParse`` of microsoft/azure-pipelines-agent does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LoggingCommand", "find_command"]

_PREFIX = "##vso["
_CODES = {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]"}


@dataclass(frozen=True)
class LoggingCommand:
    """``name`` is ``area.event``; property names are in lower case."""

    name: str
    properties: Mapping[str, str]
    data: str


def find_command(line: str) -> LoggingCommand | None:
    """The command in a line, wherever it begins."""
    _, prefix, rest = line.partition(_PREFIX)
    head, bracket, data = rest.partition("]")
    name, _, listed = head.partition(" ")
    if not prefix or not bracket or len(list(filter(None, name.split(".")))) != 2:
        return None
    pairs = [pair.partition("=") for pair in listed.split(";")]
    properties = {key.lower(): _unescaped(value) for key, equals, value in pairs if key and equals and value}
    return LoggingCommand(name.lower(), properties, _unescaped(data))


def _unescaped(text: str) -> str:
    for code, char in _CODES.items():
        text = text.replace(code, char)
    return text.replace("%AZP25", "%")
