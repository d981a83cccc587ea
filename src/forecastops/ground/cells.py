"""Reading single cells strictly: what counts as a date, and what as a number."""

from __future__ import annotations

import datetime
import decimal
import numbers
from typing import Any

import numpy as np
import pandas as pd

from forecastops.ground.errors import DataError

__all__ = ["read_dates", "read_numbers", "shown"]

# Nanoseconds in 64 bits hold differences of up to 292 years.
_EARLIEST, _LATEST = 1800, 2090
# Whole numbers beyond this are not exact in float64, and such sizes are identifiers or mistakes rather than amounts.
_LARGEST = 2.0**53
_ISO = (
    r"\A(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?\Z"
)
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_UTC = ("Z", "+00:00", "+0000")


def shown(cell: Any) -> str:
    """A cell as it may stand in a message: quoted, and cut where it is long."""
    if isinstance(cell, int) and abs(cell) >= 10**60:
        return "a whole number of more than 60 digits"
    text = repr(cell) if isinstance(cell, str) else str(cell)
    return text if len(text) <= 60 else text[:57] + "..."


def read_dates(rows: pd.DataFrame, column: str) -> tuple[pd.Series, bool]:
    """Dates of one file's rows (columns ``date``, ``source``, ``row``), and whether they were marked as UTC.

    Text must be ``YYYY-MM-DD``, optionally with a time of day, written the same way in the whole file. Times in UTC
    lose the mark; another timezone is refused, because it leaves open to which day a row belongs.

    Returns:
        Datetimes without timezone, one for each row, in nanoseconds.

    Raises:
        DataError: naming file, row and the cell that is no such date.
    """
    cells = rows["date"]
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        if str(cells.dtype.tz) != "UTC":
            raise _bad_date(rows, 0, column, f"in timezone {cells.dtype.tz}", "convert to UTC or drop the timezone")
        return _in_range(rows, cells.dt.tz_localize(None), column), True
    if pd.api.types.is_datetime64_dtype(cells.dtype):
        return _in_range(rows, cells, column), False
    if cells.dtype != object and not isinstance(cells.dtype, pd.CategoricalDtype | pd.StringDtype):
        remedy = "store dates or ISO text such as 2013-07-31"
        raise _bad_date(rows, 0, column, f"of type {cells.dtype}, which is no date", remedy)
    return _text_dates(rows, cells.astype(object).map(_date_text), column)


def read_numbers(rows: pd.DataFrame, column: str) -> pd.Series:
    """Numbers of one file's rows (columns ``value``, ``source``, ``row``, and ``date`` as read) as float64.

    Text must be a plain decimal number, with or without an exponent; spaces around it do not count. Thousands
    separators, underscores, units, blanks, NaN, infinities and truth values are refused, never guessed at.

    Raises:
        DataError: naming file, row, date, column and the cell that is no such number.
    """
    cells = rows["value"]
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        if pd.api.types.is_complex_dtype(cells.dtype):
            raise _bad_number(rows, 0, column, "a complex number")
        floats = pd.Series(cells.to_numpy(dtype="float64", na_value=float("nan")), index=cells.index)
    else:
        text = cells.astype(object).map(_number_text).str.strip(" \t")
        plain = text.str.fullmatch(_NUMBER)
        _refuse_first(rows, ~plain, column)
        floats = text.map(float).astype("float64")
    _refuse_first(rows, floats.isna(), column)
    _refuse_first(rows, floats.abs() > _LARGEST, column, "larger than 2**53", "check it, or use a larger unit")
    return floats


def _date_text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell.strip(" \t")
    return cell.isoformat() if isinstance(cell, datetime.date) else ""


def _number_text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, numbers.Real | decimal.Decimal):
        return ""
    # Python refuses to print integers of thousands of digits; they are far too large in any case.
    return "1e999" if isinstance(cell, numbers.Integral) and abs(int(cell)) > _LARGEST else str(cell)


def _text_dates(rows: pd.DataFrame, text: pd.Series, column: str) -> tuple[pd.Series, bool]:
    parts = text.str.extract(_ISO)
    if (bad := parts["day"].isna().to_numpy()).any():
        raise _bad_date(rows, int(np.argmax(bad)), column, "which is no ISO date", "write dates as 2013-07-31")
    shape = parts[["clock", "zone"]].notna()
    if (bad := (shape != shape.iloc[0]).any(axis=1).to_numpy()).any():
        what = f"but {shown(rows['date'].iloc[0])} in row {rows['row'].iloc[0]}"
        raise _bad_date(rows, int(np.argmax(bad)), column, what, "write all dates of a file the same way")
    if (bad := (parts["zone"].notna() & ~parts["zone"].isin(_UTC)).to_numpy()).any():
        remedy = "convert to UTC or drop the timezone"
        raise _bad_date(rows, int(np.argmax(bad)), column, "which is not in UTC", remedy)
    years = parts["day"].str[:4].astype(int)
    _refuse_years(rows, years, column)
    dates = pd.to_datetime(parts["day"] + "T" + parts["clock"].fillna("00:00"), format="ISO8601", errors="coerce")
    if (bad := dates.isna().to_numpy()).any():
        raise _bad_date(rows, int(np.argmax(bad)), column, "which the calendar does not have", "correct the date")
    return dates.astype("datetime64[ns]"), bool(shape["zone"].iloc[0])


def _in_range(rows: pd.DataFrame, dates: pd.Series, column: str) -> pd.Series:
    if (bad := dates.isna().to_numpy()).any():
        raise _bad_date(rows, int(np.argmax(bad)), column, "which is no date", "give the date or remove the row")
    _refuse_years(rows, dates.dt.year, column)
    return dates.astype("datetime64[ns]")


def _refuse_years(rows: pd.DataFrame, years: pd.Series, column: str) -> None:
    if (bad := ~years.between(_EARLIEST, _LATEST).to_numpy()).any():
        what = f"which lies outside the years {_EARLIEST} to {_LATEST}"
        raise _bad_date(rows, int(np.argmax(bad)), column, what, "correct the date or remove the row")


def _bad_date(rows: pd.DataFrame, position: int, column: str, what: str, remedy: str) -> DataError:
    row = rows.iloc[position]
    return DataError(f"{row['source']}:{row['row']}", f"column {column!r} holds {shown(row['date'])}, {what}", remedy)


def _refuse_first(rows: pd.DataFrame, bad: pd.Series, column: str, what: str = "", remedy: str = "") -> None:
    if bad.any():
        raise _bad_number(rows, int(np.argmax(bad.to_numpy())), column, what, remedy)


def _bad_number(rows: pd.DataFrame, position: int, column: str, what: str = "", remedy: str = "") -> DataError:
    row = rows.iloc[position]
    cell = row["value"]
    if cell is None or cell is pd.NA or (isinstance(cell, str) and not cell.strip()):
        what = what or "blank"
        remedy = remedy or "give the value, or remove the row so that the date counts as a gap"
    held = f"column {column!r} holds {shown(cell)} on {row['date']:%Y-%m-%d}, which is {what or 'no plain number'}"
    return DataError(f"{row['source']}:{row['row']}", held, remedy or "write it as 1234.5, without separators or units")
