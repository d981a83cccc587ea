"""The AdventureWorks daily sets: mean paid amount per day, from Microsoft's public OLTP install script."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from forecastops.core.errors import DataError
from forecastops.core.files import write_tables
from forecastops.data.config import DataConfig
from forecastops.data.dates import read_dates
from forecastops.data.numbers import read_numbers
from forecastops.data.table import RawTable

__all__ = ["daily_paid_amount", "write_daily_sets"]

_MEMBER = "TransactionHistory.csv"
# TransactionID, ProductID, ReferenceOrderID, ReferenceOrderLineID, TransactionDate, TransactionType, Quantity,
# ActualCost, ModifiedDate; the file has no header.
_CELLS, _DATE, _QUANTITY, _COST = 9, 4, 6, 7
_FIRST, _TURN, _LAST = (pd.Timestamp(date) for date in ("2013-07-01", "2014-01-01", "2014-05-31"))
_MAX_BYTES = 256 * 2**20  # the real file has 8 MB; more than this is no transaction history but a zip bomb
_REMEDY = "name the AdventureWorks OLTP install script zip, or the TransactionHistory.csv in it"


def daily_paid_amount(source: Path) -> dict[str, pd.DataFrame]:
    """Return the mean of ``Quantity * ActualCost`` by day, interpolated linearly over days without transactions.

    Args:
        source: the install script's zip, wherever in it the table may be, or the table itself; tab-separated, without a
            header, in UTF-8 or UTF-16. Nothing is unpacked to disk.

    Returns:
        By name: ``transaction_ts2013`` (the table's first day, 2013-07-31, to 2013-12-31), ``transaction_ts2014``
        (2014-01-01 to 2014-05-31) and ``transaction_ts`` (both), each with the columns ``TransactionDate`` (ISO text)
        and ``PaidAmount`` (float64), a row a day.

    Raises:
        DataError: naming the file, the row where there is one, and what is wrong.
    """
    place, data = _read_table(source)
    columns, lines = _split_rows(place, _decode(place, data))
    dates, amount = _amounts(place, columns, lines)
    daily = amount.groupby(dates.dt.normalize()).mean()
    daily = daily[daily.index >= _FIRST].asfreq("D").interpolate(method="linear")
    if daily.empty or daily.index[0] >= _TURN or daily.index[-1] < _LAST:
        span = f"{dates.min():%Y-%m-%d} to {dates.max():%Y-%m-%d}"
        # Newer install scripts hold the same rows with every date moved by some eleven years.
        remedy = "use an AdventureWorks whose dates were not moved, from before 2025"
        raise DataError(place, f"has transactions from {span}, not from 2013 to {_LAST:%Y-%m-%d}", remedy)
    daily = daily[:_LAST]
    sets = {"2013": daily[daily.index < _TURN], "2014": daily[daily.index >= _TURN], "": daily}
    return {
        f"transaction_ts{year}": pd.DataFrame(
            {"TransactionDate": pd.DatetimeIndex(values.index).strftime("%Y-%m-%d"), "PaidAmount": values.to_numpy()}
        )
        for year, values in sets.items()
    }


def write_daily_sets(source: Path, out_dir: Path) -> list[Path]:
    """Write the three sets as CSV files named after them; files that exist with the same content stay as they are.

    Raises:
        DataError: as ``daily_paid_amount``, or when a file exists with other content; then nothing is written.
    """
    sets = daily_paid_amount(source)
    return write_tables(out_dir, sets)


def _read_table(source: Path) -> tuple[str, bytes]:
    """Return the table's bytes, and the place to name in messages."""
    try:
        if not source.is_file():
            raise DataError(str(source), "is a directory" if source.is_dir() else "is not a file", _REMEDY)
        if source.suffix.lower() == ".zip" or zipfile.is_zipfile(source):
            return _read_member(source)
        with source.open("rb") as file:
            return str(source), _bounded(str(source), file.read(_MAX_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(str(source), f"is not a zip that can be read: {error}", "download it again") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(str(source), f"cannot be read: {reason}", _REMEDY) from error


def _read_member(source: Path) -> tuple[str, bytes]:
    with zipfile.ZipFile(source) as archive:
        members = [info for info in archive.infolist() if PurePosixPath(info.filename).name.lower() == _MEMBER.lower()]
        if len(members) != 1:
            found = "several members" if members else "no member"
            raise DataError(str(source), f"has {found} named {_MEMBER}", _REMEDY)
        place = f"{source}/{members[0].filename}"
        # Bounded by what is read, not by the size that the zip's directory claims.
        with archive.open(members[0]) as file:
            return place, _bounded(place, file.read(_MAX_BYTES + 1))


def _bounded(place: str, data: bytes) -> bytes:
    if len(data) > _MAX_BYTES:
        raise DataError(place, f"is larger than {_MAX_BYTES // 2**20} MiB, uncompressed", _REMEDY)
    return data


def _decode(place: str, data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(place, f"byte {error.start} is neither UTF-8 nor UTF-16", _REMEDY) from error


def _amounts(place: str, columns: dict[str, list[str]], lines: npt.NDArray[np.int64]) -> tuple[pd.Series, pd.Series]:
    """Return date and paid amount of each transaction."""
    product = pd.Series(1.0, index=range(len(lines)))
    for name in ("Quantity", "ActualCost"):
        config = DataConfig(date_column="TransactionDate", value_column=name, decimal=".")
        table = RawTable(place, pa.array(columns["date"]), pa.array(columns[name]), lines)
        stamps = read_dates(table, config).stamps
        numbers = read_numbers(table, stamps, config)
        if np.isnan(numbers).any():
            raise DataError(table.place(int(np.argmax(np.isnan(numbers)))), f"has no {name}", _REMEDY)
        product *= numbers
    return pd.Series(stamps), product


def _split_rows(place: str, text: str) -> tuple[dict[str, list[str]], npt.NDArray[np.int64]]:
    rows = []
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        cells = line.rstrip("\n").split("\t")
        if len(cells) == _CELLS:
            rows.append((cells[_DATE], cells[_QUANTITY], cells[_COST], number))
        elif cells != [""]:
            raise DataError(f"{place}:{number}", f"has {len(cells)} cells between tabs, not {_CELLS}", _REMEDY)
    if not rows:
        raise DataError(place, "holds no rows", _REMEDY)
    dates, quantities, costs, lines = zip(*rows, strict=True)
    return {"date": list(dates), "Quantity": list(quantities), "ActualCost": list(costs)}, np.array(lines)
