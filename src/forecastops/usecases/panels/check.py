"""What a long table holds, before anything is trained: which series there are, and what becomes of each."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecastops.adapters.sources.read_series import Source, read_tables, source_names
from forecastops.config import Config
from forecastops.core.errors import DataError
from forecastops.gate.data_sense import Doubt
from forecastops.reporting.sentences.obstacles import doubt_sentence
from forecastops.usecases.panels.work import work_through

__all__ = ["FATES", "PanelReport", "Problem", "check_panel"]

FATES = ("kept", "defaulted", "refused")
_NAMED = 5
_VARYING = re.compile(
    r"'(?:[^'\\]|\\.)*'|[-+]?\d[\d.,:T-]*(?:e[-+]?\d+)?"
)  # what differs between series: names, numbers


@dataclass(frozen=True)
class Problem:
    """What is wrong with, or odd about, some series.

    Attributes:
        fate: what becomes of them: ``kept``, ``defaulted`` to the seasonal naive, or ``refused``.
        reason: of the first, in words, with the way out.
        series: how many there are.
        examples: their names, the first ones.
    """

    fate: str
    reason: str
    series: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class PanelReport:
    """What a long table holds.

    Attributes:
        series: how many.
        fates: how many are kept, defaulted to the seasonal naive, refused.
        frequencies: how many are of which; refused ones are of none.
        problems: what is wrong or odd, those of most series first.
        start: ISO date of the first row of any series; None where none can be read. ``end`` that of the last.
        sha256: over the names of all series and the digests of their values.
    """

    series: int
    fates: dict[str, int]
    frequencies: dict[str, int]
    problems: tuple[Problem, ...]
    start: str | None
    end: str | None
    rows: int
    frequency: str | None
    missing: int
    filled: int
    interpolated: int
    rows_read: int
    sum: float
    sha256: str
    notes: tuple[str, ...]


def check_panel(config: Config, sources: Sequence[Source], *, newest_part: bool = False) -> PanelReport:
    """Read a long table as `train` does, or `renew` where it is a newest part, and say what becomes of each series.

    Raises:
        DataError: when the data cannot be read, or no series can be.
    """
    kind: Any = "check_newest" if newest_part else "check"
    with tempfile.TemporaryDirectory() as scratch:
        table = work_through(config, read_tables(sources, config.data), None, Path(scratch), kind=kind)
    found = _found(table)
    report = _report(config, found)
    if report.fates["refused"] == report.series:
        raise DataError(source_names(sources), _all_refused(report), "correct the data, or the section data")
    return report


def _found(table: pa.Table) -> list[dict[str, Any]]:
    """Return what was found of each series; of one that could not even be looked at, why."""
    rows = table.select(["unique_id", "why", "evidence"]).to_pylist()
    return [
        {"name": row["unique_id"]}
        | (
            json.loads(row["evidence"])
            if row["evidence"]
            else {"fate": "refused", "why": {"where": "", "what": row["why"], "remedy": "look at its rows"}}
        )
        for row in rows
    ]


def _report(config: Config, found: Sequence[Mapping[str, Any]]) -> PanelReport:
    read = [one for one in found if "rows" in one]
    frequencies = Counter(one["frequency"] for one in read if one["frequency"])
    fates = Counter(one["fate"] for one in found)
    ranked = dict(sorted(frequencies.items(), key=lambda pair: (-pair[1], pair[0])))
    digest = hashlib.sha256(json.dumps([[one["name"], one["sha256"]] for one in read]).encode()).hexdigest()
    return PanelReport(
        series=len(found),
        fates={fate: fates[fate] for fate in FATES},
        frequencies=ranked,
        problems=tuple(_problems(found)),
        start=min((one["start"] for one in read), default=None),
        end=max((one["end"] for one in read), default=None),
        rows=sum(one["rows"] for one in read),
        frequency=next(iter(ranked), None),
        missing=sum(one["missing"] for one in read),
        filled=sum(one["interpolated"] + one["zeros"] for one in read),
        interpolated=sum(one["interpolated"] for one in read),
        rows_read=sum(one["rows_read"] for one in read),
        sum=math.fsum(one["sum"] for one in read),
        sha256=digest,
        notes=tuple(_notes(config, read, fates, frequencies)),
    )


def _problems(found: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Return what is said of the series, alike sentences together, those that cost most first."""
    alike: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for one in found:
        for said in _said(one):
            alike[one["fate"], _VARYING.sub("#", said)].append((one["name"], said))
    problems = [
        Problem(fate, members[0][1], len(members), tuple(name for name, _ in members[:_NAMED]))
        for (fate, _), members in alike.items()
    ]
    return sorted(problems, key=lambda one: (-FATES.index(one.fate), -one.series, one.reason))


def _said(one: Mapping[str, Any]) -> list[str]:
    why = one["why"]
    reasons = ["; ".join(filter(None, (_placed(why), why["remedy"])))] if why else []
    return [*reasons, *(doubt_sentence(Doubt(**doubt)) for doubt in one.get("doubts", ())), *one.get("notes", ())]


def _placed(why: Mapping[str, str]) -> str:
    return f"{why['where']}: {why['what']}" if why["where"] else why["what"]


def _notes(
    config: Config, read: Sequence[Mapping[str, Any]], fates: Mapping[str, int], frequencies: Mapping[str, int]
) -> list[str]:
    notes = []
    if any(not one["name"] for one in read):
        notes.append("rows without a name are taken for a series, whose name is empty.")
    if len(frequencies) > 1:
        usual = max(frequencies.values())
        rarer = [one for one in read if one["frequency"] and frequencies[one["frequency"]] < usual]
        said = ", ".join(f"{count} of {name}" for name, count in frequencies.items())
        such = f", rarer are e.g. {', '.join(repr(one['name']) for one in rarer[:_NAMED])}" if rarer else ""
        notes.append(f"the series are of several frequencies: {said}{such}; each keeps its own horizon and window.")
    bound = config.panel.max_failed_share
    failing = 1 - fates.get("kept", 0) / max(sum(fates.values()), 1)
    if bound is not None and failing > bound:
        notes.append(
            f"{failing:.0%} of the series have no model; panel.max_failed_share {bound:.0%} changes nothing then."
        )
    return notes


def _all_refused(report: PanelReport) -> str:
    first = report.problems[0]
    return f"none of {report.series} series can be read: {first.reason} ({first.series} of them)"
