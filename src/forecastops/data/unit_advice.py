"""What stands around the numbers of a column: signs and units, and what is certain about them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from forecastops.data.config import DataConfig
from forecastops.data.number_format import NumberFormat, without_units

__all__ = ["Stripped", "stripped"]

# Capital letters as they stand in quotations; a small m may be metres.
_FACTORS = {"K": 1000, "k": 1000, "Tsd": 1000, "M": 1000000, "Mio": 1000000, "mio": 1000000, "mn": 1000000}
_FACTORS |= {"B": 1000000000, "bn": 1000000000, "Mrd": 1000000000}
_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "Rs", "kr")
_MOST_UNITS = 5
_PLAIN = (NumberFormat("."), NumberFormat(","))
_AROUND = re.compile(
    r"[+-]?\s*([^\d+\-.,()]{0,8}?\.?)\s*([+-]?[\d.,'\u2019_ \u00a0\u202f]*\d[\d.,]*)\s*([^\d()+.,\-][^\d()+,\-]{0,7})?"
)


class Stripped(NamedTuple):
    """Numbers without signs and units.

    Attributes:
        options: those that take them off.
        bare: the texts that are left; None where no such options do it.
        question: what only a person can know about the units; None where all is certain.
    """

    options: tuple[str, ...] = ()
    bare: list[str] | None = None
    question: str | None = None


def stripped(numbers: Sequence[str], config: DataConfig) -> Stripped:
    """Take signs and units off the different texts of a column, as far as they are known or can be found."""
    found, options = _signs(numbers, config)
    signed = without_units(pa.array(numbers, pa.string()), found)[0].to_pylist()
    counts = _units(signed)
    if counts is None:
        return Stripped()
    if counts:
        factors = {unit: _factor(unit) for unit in counts}
        question = _question(counts, factors, len(signed))
        if question is not None:
            return Stripped(question=question)
        units = {**found.units, **factors}
        options = (*options, f"data.units={_mapping(units)}")
        found = found.model_copy(update={"units": units})
    return Stripped(options, without_units(pa.array(numbers, pa.string()), found)[0].to_pylist())


def _signs(numbers: Sequence[str], config: DataConfig) -> tuple[DataConfig, tuple[str, ...]]:
    """Find how negative numbers are written, where it is not as configured."""
    if config.negative != "minus":
        return config, ()
    kinds = (("parentheses", r"[^()\d]*\([^()]*\d[^()]*\)[^()\d]*"), ("trailing", r".*\d[^-]*-"))
    for kind, written in kinds:
        if any(re.fullmatch(written, one) for one in numbers):
            return config.model_copy(update={"negative": kind}), (f"data.negative={kind}",)
    return config, ()


def _units(signed: Sequence[str]) -> Counter[str] | None:
    """Count how many texts have each unit; None where one is no number with at most a unit on either side."""
    counts: Counter[str] = Counter()
    for one in signed:
        if any(written.fits(one) for written in _PLAIN):
            continue
        parts = _AROUND.fullmatch(one)
        if parts is None:
            return None
        units = ((parts[1] or "").strip(), (parts[3] or "").strip())
        counts.update(unit for unit in units if unit and unit.lower() not in ("e", "'", "_"))
    return counts if len(counts) <= _MOST_UNITS else None


def _factor(unit: str) -> int:
    return _FACTORS.get(unit.removesuffix("."), 1)


def _question(counts: Mapping[str, int], factors: Mapping[str, int], total: int) -> str | None:
    """Say what to ask where units may be of different worth: several of them, or one on some of the numbers only."""
    alike = [unit for unit, factor in factors.items() if factor == 1]
    if len(alike) > 1:
        asked = ", ".join(f"{unit!r}: ?" for unit in alike)
        return f"set data.units={{{asked}}}, with what each multiplies by, e.g. 1, -1 or 1000"
    if alike and counts[alike[0]] < total and not _is_currency(alike[0]):
        remedy = f"set data.units={_mapping({**factors, alike[0]: 1})}"
        return f"not every number has {alike[0]!r}: if it says nothing about their size, {remedy}"
    return None


def _is_currency(unit: str) -> bool:
    return unit.rstrip(".") in _CURRENCIES or all(unicodedata.category(mark) == "Sc" for mark in unit)


def _mapping(units: Mapping[str, float]) -> str:
    return "{" + ", ".join(f"{unit!r}: {factor:.15g}" for unit, factor in units.items()) + "}"
