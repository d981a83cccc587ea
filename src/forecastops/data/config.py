"""How files become one regular series: the options of the section ``data``."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from forecastops.core.strict import StrictRecord
from forecastops.data.weekmask import open_weekdays

__all__ = ["DataConfig"]


def _listed(given: Any) -> Any:
    """Take one text as a list of one, so that ``--set data.na_values=.`` needs no brackets."""
    if isinstance(given, str):
        return (given,)
    return tuple(given or ()) if isinstance(given, list | None) else given


def _tab(given: Any) -> Any:
    r"""Return a shell passes ``\t`` on as two characters."""
    return "\t" if given in ("\\t", "tab", "TAB") else given


_Texts = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
_Lines = Annotated[
    int | tuple[int, ...], BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given)
]
_Separator = Annotated[str | None, BeforeValidator(_tab)]


class DataConfig(StrictRecord):
    """How files become one regular series."""

    date_column: str = Field(
        "TransactionDate",
        description="Column that holds the dates; empty for a column without a name; Date+Time for two that belong "
        "together.",
    )
    value_column: str = Field("PaidAmount", description="Column that holds the values to forecast.")
    series_column: _Texts = Field(
        (),
        description="Column, or several, that name the series of a long table: all are then one model, a panel; none "
        "for one series.",
    )
    where: dict[str, str] = Field(
        default_factory=dict, description="Only rows whose columns hold these values, e.g. {Store: 1}."
    )
    columns: _Texts = Field((), description="Names of the columns of a text file that has no header, in their order.")
    separator: _Separator = Field(
        None,
        min_length=1,
        max_length=1,
        description="What separates columns; found from the header when null: comma, semicolon, tab or bar.",
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="The decimal mark; a point when null, unless that leaves two readings."
    )
    thousands: str | None = Field(
        None, min_length=1, max_length=1, description="What groups digits by three, e.g. a comma or an apostrophe."
    )
    units: dict[str, float] = Field(
        default_factory=dict,
        description="Texts around a number, and what each multiplies it by, e.g. {$: 1, K: 1000, M: 1000000}.",
    )
    negative: Literal["minus", "trailing", "parentheses"] = Field(
        "minus", description="How negative numbers are written: -1, 1- or (1)."
    )
    encoding: str | None = Field(
        None, description="Encoding of text files, e.g. cp1252; by byte order mark when null, else UTF-8."
    )
    date_format: str | None = Field(
        None,
        min_length=1,
        description="How dates stand, e.g. %d.%m.%Y; s, ms, us or ns for a number since 1970; ISO 8601 when null.",
    )
    na_values: _Texts = Field((), description="Texts that stand for a missing value, as a blank does.")
    skip_rows: _Lines = Field(
        0, description="How many lines stand above the header; or a list of the lines to leave out, from 1."
    )
    skip_footer: int = Field(0, ge=0, description="How many lines at the end hold no data, such as totals or sources.")
    timezone: str | None = Field(
        None, description="Time zone whose days and hours the series has, e.g. Europe/Berlin; UTC when null."
    )
    duplicates: Literal["error", "sum", "mean", "first", "last"] = Field(
        "error",
        description="What several rows of one date are: a mistake, parts of a sum or mean, or versions of which the "
        "first or the last counts, in the order of the files.",
    )
    until: str | None = Field(None, description="ISO date of the last row that is used; later ones are left out.")
    drop_last: int = Field(0, ge=0, description="How many periods at the end are not complete yet, and left out.")
    frequency: str | None = Field(
        None, description="Pandas frequency of the series, e.g. D or W-SUN; found from the dates when absent."
    )
    weekmask: str | None = Field(
        None, description="The open weekdays, e.g. Mon-Sat; the others are no part of the series."
    )
    gaps: Literal["missing", "zero", "interpolate", "error"] = Field(
        "missing",
        description="What missing dates are: left out, so that the model bridges them and no score counts them; zero, "
        "where only what happened is recorded; filled linearly in time, which no score counts either; or refused.",
    )
    max_gap: int = Field(7, ge=1, description="The longest run of missing dates that is still interpolated.")
    max_missing_share: float = Field(
        0.2, ge=0, lt=1, description="The largest share of the dates that may be missing or interpolated."
    )

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                "".encode(name)
                codecs.lookup(name)
            except (LookupError, ValueError) as error:
                raise ValueError(f"no encoding is called {name!r}; take e.g. cp1252, latin-1 or utf-16") from error
        return name

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, name: str | None) -> str | None:
        if name is not None:
            from zoneinfo import ZoneInfo

            try:
                ZoneInfo(name)
            except (LookupError, ValueError, OSError) as error:
                raise ValueError(f"no time zone is called {name!r}; take e.g. Europe/Berlin or UTC") from error
        return name

    @field_validator("until")
    @classmethod
    def _until_is_a_date(cls, text: str | None) -> str | None:
        if text is not None:
            from datetime import datetime

            if datetime.fromisoformat(text).tzinfo is not None:
                raise ValueError("write it without a time zone")
        return text

    @field_validator("weekmask")
    @classmethod
    def _weekmask_is_known(cls, text: str | None) -> str | None:
        if text is not None:
            open_weekdays(text)
        return text

    @field_validator("thousands")
    @classmethod
    def _groups_are_marked(cls, mark: str | None) -> str | None:
        if mark is not None and (mark.isalnum() or mark in '+-()"\t\r\n'):
            raise ValueError("it marks no groups of digits")
        return mark

    @field_validator("skip_rows")
    @classmethod
    def _lines_are_numbered(cls, lines: int | tuple[int, ...]) -> int | tuple[int, ...]:
        smallest = 0 if isinstance(lines, int) else 1
        if any(line < smallest for line in ([lines] if isinstance(lines, int) else lines)):
            raise ValueError(f"a number below {smallest} is no number of lines")
        return lines

    @model_validator(mode="after")
    def _marks_differ(self) -> DataConfig:
        if self.thousands is not None and self.thousands == self.decimal:
            raise ValueError(f"data.decimal and data.thousands are both {self.decimal!r}")
        if self.weekmask and self.frequency not in (None, "D"):
            raise ValueError(f"data.weekmask goes with days, not with data.frequency {self.frequency}")
        return self
