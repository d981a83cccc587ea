"""What every result is: a record that compares, pickles, and shows itself in a notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from forecastops.reporting.build_systems.report import Report
from forecastops.reporting.notebook import preformatted

__all__ = ["Result", "part"]

_T = TypeVar("_T")


def part(record: type[_T], document: Mapping[str, Any]) -> _T:
    """Return the record of those keys of a document that are its fields."""
    names = {one.name for one in fields(record)} & document.keys()  # type: ignore[arg-type]  # each is a dataclass
    return record(**{name: document[name] for name in names})


@dataclass(frozen=True)
class Result:
    """What an operation came to.

    Two results are equal when their fields are. ``str()`` gives the text that the command prints.
    """

    _json: str = field(kw_only=True, repr=False, compare=False)
    _text: str = field(kw_only=True, repr=False, compare=False)
    _report: Report | None = field(kw_only=True, repr=False, compare=False, default=None)

    @staticmethod
    def shown(document: Mapping[str, Any], text: str, report: Report | None = None) -> dict[str, Any]:
        """Return what every result is made with beside its own fields."""
        return {"_json": json.dumps(document, allow_nan=False), "_text": text, "_report": report}

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that the command prints with ``--json``, as a new dictionary."""
        document: dict[str, Any] = json.loads(self._json)
        return document

    def to_report(self) -> Report | None:
        """Return what a build system is told; None where that is nothing."""
        return self._report

    def __str__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return preformatted(self._text)
