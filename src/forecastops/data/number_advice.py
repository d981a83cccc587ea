"""What to say of a cell that is no plain number: how it could be read, and the options that would read it so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from forecastops.data.config import DataConfig
from forecastops.data.number_format import NumberFormat
from forecastops.data.unit_advice import stripped

__all__ = ["advice", "infinite", "options_of"]

_MARKS = (".", ",", " ", "'", "_")
_LONGEST_NAME = 12
_MOST_NAMES = 12
_MOST_TEXTS = 10_000
_PLAIN = (NumberFormat("."), NumberFormat(","))
_NO_ADVICE = "write it as 1234.5, without separators or units"


class _Reading(NamedTuple):
    """One way to read a whole column: the options that say so, and what the cell at fault becomes."""

    options: tuple[str, ...]
    number: str


def infinite(cell: str) -> bool:
    """Whether a text names an infinity, which stands for no missing value."""
    return cell.strip("+-").lower() in ("inf", "infinity")


def advice(row: int, text: pa.Array, missing: pa.Array, config: DataConfig) -> tuple[str, str]:
    """Return what a cell is, and the way out: every reading under which all cells of the column are numbers.

    Args:
        row: of the cell at fault.
        text: the column, trimmed.
        missing: which cells are known to be missing.
        config: how numbers are written, as far as it is known.
    """
    cell = str(text[row].as_py())
    texts = pc.unique(text.filter(pc.invert(missing))).to_pylist()[:_MOST_TEXTS]
    names = list(dict.fromkeys(other for other in texts if _is_name(other)))
    numbers = [other for other in texts if not _is_name(other)]
    options, bare, question = stripped(numbers, config)
    if names:
        options = (f"data.na_values={_listed((*config.na_values, *names))}", *options)
    if question is not None:
        return "no plain number", question
    readings = _readings(_bare_of(cell, bare, numbers), bare, config) if bare is not None else []
    if not readings and names and _is_name(cell):
        return "no plain number", _remedy(options)
    if not readings:
        return "no plain number", _no_advice(cell, numbers)
    if len(readings) == 1:
        ways = " and ".join((*readings[0].options, *options))
        return "no plain number", f"set {ways}" if ways else _no_advice(cell, numbers)
    first, second = readings[:2]
    what = f"either {first.number} or {second.number}"
    remedy = ", or ".join(f"{' and '.join(one.options)} for {one.number}" for one in (first, second))
    return what, f"set {remedy}" + (f"; besides, {' and '.join(options)}" if options else "")


def options_of(texts: list[str], config: DataConfig) -> list[tuple[str, ...]]:
    """Return the options of each reading that makes all texts numbers, the fewest first; of none without digits."""
    names = list(dict.fromkeys(one for one in texts if _is_name(one)))
    numbers = [one for one in texts if not _is_name(one)]
    options, bare, _ = stripped(numbers, config)
    if bare is None or not numbers:
        return []
    if names:
        options = (f"data.na_values={_listed((*config.na_values, *names))}", *options)
    return [(*one.options, *options) for one in _readings("", bare, config)]


def _no_advice(cell: str, numbers: Sequence[str]) -> str:
    """Return what to say where no way to write numbers fits the whole column."""
    other = next((one for one in numbers if one != cell and any(mark.fits(one) for mark in _PLAIN)), None)
    if other is None or not re.search(r"\d", cell):
        return _NO_ADVICE
    return f"write it as {other!r} is written, for no data.decimal, data.thousands or data.units reads both"


def _remedy(options: Iterable[str]) -> str:
    found = " and ".join(options)
    return f"if it stands for a missing value, set {found}"


def _is_name(cell: str) -> bool:
    """Whether a text could be the name of a missing value: without digits, or a bound such as ``<1``."""
    if infinite(cell) or cell.lower() in ("true", "false"):
        return False
    return len(cell) <= _LONGEST_NAME and (not re.search(r"\d", cell) or cell[:1] in "<>")


def _listed(names: Sequence[str]) -> str:
    few = list(dict.fromkeys(names))[:_MOST_NAMES]
    return few[0] if len(few) == 1 and not few[0].startswith(("[", "<")) else "[" + ", ".join(map(repr, few)) + "]"


def _bare_of(cell: str, bare: list[str] | None, numbers: list[str]) -> str:
    return bare[numbers.index(cell)] if bare and cell in numbers else ""


def _readings(cell: str, bare: list[str], config: DataConfig) -> list[_Reading]:
    """Every pair of marks under which all texts are numbers, the fewest options first; no two with the same number."""
    found: dict[tuple[str, ...], _Reading] = {}
    for decimal in (config.decimal,) if config.decimal else (None, ","):
        for thousands in (config.thousands,) if config.thousands else (None, *_MARKS):
            written = NumberFormat(decimal or ("." if thousands != "." else None), thousands)
            if written.decimal == thousands or not all(written.fits(text) for text in bare):
                continue
            changed = (("decimal", decimal, config.decimal), ("thousands", thousands, config.thousands))
            options = tuple(f"data.{name}={_quoted(new)}" for name, new, old in changed if new != old and new)
            read = tuple(str(float(written.plain(text))) for text in bare)
            if read not in found or len(found[read].options) > len(options):
                found[read] = _Reading(options, written.plain(cell) or "missing")
    return sorted(found.values(), key=lambda one: len(one.options))


def _quoted(mark: str | None) -> str:
    return f'"{mark}"' if mark in (" ", "'") else str(mark)
