"""Text that passes a build system's eyes without being taken for a command.

Whatever we print - a file's name, a reason, an error of a library - may contain what an agent takes for a command:
Azure DevOps finds ``##vso[`` anywhere in a line, GitHub ``##[`` anywhere and ``::`` where a line begins.
"""

from __future__ import annotations

import re
from typing import Any, TextIO

__all__ = ["GuardedStream", "guarded_json", "harmless"]

_KEPT = 200  # characters of a line under way: commands begin with fewer
_GITHUB_START = re.compile(r"(?:(?<=[\r\n])|\A)([^\S\r\n]*:)(?=:)")


class GuardedStream:
    """A text stream that breaks every beginning of a command with a space; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self.raw = stream
        self._line = ""  # of the line under way, so that a command in two pieces is seen too

    def write(self, text: str) -> int:
        """Write ``text``; what it says stays readable."""
        whole = harmless(self._line + text)
        self.raw.write(whole[len(self._line) :])
        self._line = harmless(re.split(r"[\r\n]", whole)[-1][-_KEPT:])
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)  # the way around us
        return getattr(self.raw, name)


def guarded_json(text: str) -> str:
    """Return the same JSON document with no beginning of a command in it."""
    return text.replace("##[", "##\\u005b").replace("##vso[", "##vso\\u005b")


def harmless(text: str) -> str:
    """Return the text with every beginning of a command broken by a space."""
    text = text.replace("##vso[", "##vso [").replace("##[", "## [")
    return _GITHUB_START.sub(r"\1 ", text)
