"""Dates of one format: strptime's, also of weeks without a weekday, months of other languages, and numbers of days."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

__all__ = ["COUNTED", "ENGLISH", "by_format", "counted", "english"]

# Numbers that count from a day: since 1970, or days as Excel stores them.
COUNTED = ("s", "ms", "us", "ns", "excel")
_EXCEL_DAY_0 = "1899-12-30"  # from March 1900 on, which Excel's own leap day of that year precedes
_NAMES = (
    "jan januar jän jänner january janvier janv enero ene gennaio gen janeiro januari",
    "feb februar february février févr fév febrero febbraio fevereiro fev februari",
    "mar märz mär mrz march mars marzo março maart mrt",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "jun juni june juin junio giugno giu junho",
    "jul juli july juillet juil julio luglio lug julho",
    "aug august août agosto ago augustus",
    "sep sept september septembre septiembre settembre set setembro",
    "oct okt oktober october octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec dez dezember december décembre déc diciembre dicembre dic dezembro",
)
ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_OF = {name: month for names, month in zip(_NAMES, ENGLISH, strict=True) for name in names.split()}
_WORD = re.compile(r"[^\W\d_]{3,}\.?")


def by_format(texts: list[str], written: str) -> pd.Series[pd.Timestamp]:
    """Read dates of texts, missing where one is not of the format; in UTC where the format has an offset.

    Args:
        texts: trimmed.
        written: as ``strptime`` has it.
    """
    kinds: Any = pd.Series(texts, dtype=object)
    has_zone = "%z" in written or "%Z" in written
    if re.search("%[VUW]", written) and not re.search("%[uwaAd]", written):
        kinds, written = kinds + " 1", f"{written} {'%u' if '%V' in written else '%w'}"
    found: Any = _parsed(kinds, written, utc=has_zone)
    if "%b" in written.lower() and found.isna().any():
        rest = found.isna()
        found[rest] = _parsed(kinds[rest].map(english), written.replace("%B", "%b"), utc=has_zone)
    return found.dt.tz_localize(None) if has_zone else found  # type: ignore[no-any-return]


def english(text: str) -> str:
    """Return the text with the names of months in English and short."""
    return _WORD.sub(lambda word: _MONTH_OF.get(word[0].rstrip(".").casefold(), word[0]), text)


def counted(numbers: pd.Series[Any], unit: str) -> pd.Series[pd.Timestamp]:
    """Read dates of numbers, or texts of numbers, that count since 1970, or count days and their parts as Excel does.

    Raises:
        ValueError: where one is no such number.
    """
    if unit == "excel":
        seconds = (numbers.astype(float) * 86400).round()
        return pd.Timestamp(_EXCEL_DAY_0) + pd.to_timedelta(seconds, unit="s")
    whole = numbers.astype(str).str.replace(r"\.0*$", "", regex=True)
    return pd.Series(whole.astype("int64").to_numpy().astype(f"datetime64[{unit}]"), index=numbers.index)


def _parsed(texts: Any, written: str, *, utc: bool) -> Any:
    return pd.to_datetime(texts, format=written, errors="coerce", utc=utc, exact=True)
