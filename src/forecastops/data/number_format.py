"""How numbers are written: decimal mark, groups of digits, units and signs, as patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forecastops.data.config import DataConfig

__all__ = ["NumberFormat", "plain_numbers", "without_units"]

_SPACES = " \u00a0\u2007\u202f\u2009"
_APOSTROPHES = "'\u2019"
# The minus of typesetters, and the dashes that stand for it, before a number: there is no other reading.
_OTHER_MINUS = "^([^0-9]?)[\u2212\u2013\ufe63\uff0d]([^0-9]?[0-9])"


@dataclass(frozen=True)
class NumberFormat:
    """The marks of a number.

    Attributes:
        decimal: the decimal mark; None where numbers are whole.
        thousands: what groups digits by three; None where nothing does.
    """

    decimal: str | None = "."
    thousands: str | None = None

    @classmethod
    def of(cls, config: DataConfig) -> NumberFormat:
        """Return the format that is configured: a point is the decimal mark unless it groups digits."""
        decimal = config.decimal or ("." if config.thousands != "." else None)
        return cls(decimal, config.thousands)

    @cached_property
    def group(self) -> str:
        """A character class of what groups digits: spaces and apostrophes have several forms."""
        mark = self.thousands or ""
        for alike in (_SPACES, _APOSTROPHES):
            if mark and mark in alike:
                return f"[{alike}]"
        return re.escape(mark)

    @cached_property
    def pattern(self) -> str:
        """A regular expression of the whole number; groups must hold three digits, or there are none.

        Above the thousands they may hold two, as in India: ``12,34,567``.
        """
        three, two = f"{self.group}[0-9]{{3}}", f"{self.group}[0-9]{{2}}"
        groups = f"[0-9]{{1,3}}(?:{three})+|[0-9]{{1,2}}(?:{two})+{three}"
        whole = f"(?:{groups}|[0-9]+)" if self.thousands else "[0-9]+"
        if self.decimal is None:
            return rf"\A[+-]?{whole}\z"
        mark = re.escape(self.decimal)
        return rf"\A[+-]?(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?\z"

    def fits(self, text: str) -> bool:
        """Whether a text is such a number."""
        return re.fullmatch(self.pattern[2:-2], text) is not None

    def plain(self, text: str) -> str:
        """Return the text of such a number with a point and no groups."""
        text = re.sub(self.group, "", text) if self.thousands else text
        return text.replace(self.decimal, ".") if self.decimal == "," else text


def plain_numbers(text: pa.Array, missing: pa.Array, written: NumberFormat) -> npt.NDArray[np.float64]:
    """Texts that fit the format as float64, each the nearest to what is written; NaN where missing."""
    if written.thousands:
        text = pc.replace_substring_regex(text, written.group, "")
    if written.decimal == ",":
        text = pc.replace_substring(text, ",", ".")
    # Arrow's parser knows no leading plus, and no number without digits before or after the point.
    if pc.any(pc.match_substring_regex(text, r"^\+|\.(?:$|e|E)|^-?\."), min_count=0).as_py():
        text = pc.replace_substring_regex(text, r"^\+", "")
        text = pc.replace_substring_regex(text, r"^(-?)\.", r"\g<1>0.".replace(r"\g<1>", r"\1"))
        text = pc.replace_substring_regex(text, r"\.($|e|E)", r".0\1")
    known = pc.if_else(missing, pa.scalar(None, pa.string()), text)
    return np.asarray(pc.fill_null(known.cast(pa.float64()), np.nan), dtype=np.float64)


def without_units(text: pa.Array, config: DataConfig) -> tuple[pa.Array, npt.NDArray[np.float64] | None]:
    """Texts with a leading sign and without the units that are configured, and what these multiply each by."""
    if pc.any(pc.match_substring_regex(text, _OTHER_MINUS), min_count=0).as_py():
        text = pc.replace_substring_regex(text, _OTHER_MINUS, r"\1-\2")
    if config.negative == "parentheses":
        text = pc.replace_substring_regex(text, r"^([^()]*)\(([^()]*)\)([^()]*)$", r"-\1\2\3")
    elif config.negative == "trailing":
        text = pc.replace_substring_regex(text, r"^([^-].*)-$", r"-\1")
    if not config.units:
        return text, None
    factors = np.ones(len(text))
    for unit, factor in sorted(config.units.items(), key=lambda item: -len(item[0])):
        mark = re.escape(unit.strip())
        after, before = rf"\s*{mark}$", rf"^([+-]?)\s*{mark}\s*"
        has = pc.or_(pc.match_substring_regex(text, after), pc.match_substring_regex(text, before))
        factors = np.where(np.asarray(has), factors * factor, factors)
        text = pc.replace_substring_regex(pc.replace_substring_regex(text, after, ""), before, r"\1")
    return text, factors
