"""The rows of a database query: ``sqlite:///sales.db?query=select day, amount from sales``."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa

from forecastops.adapters.sources.address import require_no_secret
from forecastops.core.errors import ConfigError, DataError
from forecastops.core.redaction import redact_uri
from forecastops.data.config import DataConfig
from forecastops.data.dialect import position
from forecastops.data.table import RawTable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

__all__ = ["PASSWORD", "is_query", "read_query"]

PASSWORD = "FORECASTOPS_SQL_PASSWORD"  # noqa: S105  # the name of the variable that holds it
_MARK = re.compile(r"[?&]query=")
_SECONDS = 600
_CHUNK = 50_000
_MOST_ROWS = 20_000_000
_READ_ONLY = {
    "postgresql": (f"SET statement_timeout = {1000 * _SECONDS}", "SET TRANSACTION READ ONLY"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY",),
    "oracle": ("SET TRANSACTION READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON",),
}


def is_query(path: str) -> bool:
    """Tell whether a text is a database's address with a query."""
    return "://" in path and _MARK.search(path) is not None and not path.startswith(("http://", "https://"))


def read_query(address: str, config: DataConfig) -> RawTable:
    """Return the rows that one SELECT gives, in a transaction that can only read and is never committed.

    A password comes from the environment: the driver's own variable (``PGPASSWORD``) or ``FORECASTOPS_SQL_PASSWORD``.

    Raises:
        ConfigError: for an address without database or with a password, another statement, or a missing driver.
        DataError: when the database refuses it, or it has no rows or columns as named.
    """
    from sqlalchemy.exc import SQLAlchemyError

    mark = _MARK.search(address)
    base, statement = (address[: mark.start()], unquote(address[mark.end() :])) if mark else (address, "")
    require_no_secret(base)
    shown = redact_uri(base)
    _require_select(shown, statement)
    engine = _engine(base, shown)
    try:
        with engine.connect() as connection:
            return _table(connection, statement.strip().rstrip(";"), shown, config)
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise DataError(
            shown, f"the query fails: {reason}", "correct the query, or the access to the database"
        ) from error
    finally:
        engine.dispose()


def _require_select(shown: str, statement: str) -> None:
    text = statement.strip().rstrip(";")
    if not re.match(r"(?is)(select|with)\b", text) or ";" in text:
        raise ConfigError(f"data {shown}", "its query is not one SELECT", "give one statement that only reads")


def _engine(base: str, shown: str) -> Engine:
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        url = make_url(base)
        if password := os.environ.get(PASSWORD):
            url = url.set(password=password)
        return create_engine(_read_only_file(url, shown) if url.get_backend_name() == "sqlite" else url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        remedy = "write e.g. sqlite:///sales.db?query=SELECT..., and install the database's driver"
        raise ConfigError(f"data {shown}", f"is no database that can be opened: {error}", remedy) from error


def _read_only_file(url: URL, shown: str) -> URL:
    """Return the address opened for reading only: SQLite would create a file that is not there."""
    if not url.database or not Path(url.database).is_file():
        raise DataError(shown, "is no file", "name an existing database")
    return url.set(database=f"file:{Path(url.database).resolve()}", query={"mode": "ro", "uri": "true"})


def _table(connection: Connection, statement: str, shown: str, config: DataConfig) -> RawTable:
    from sqlalchemy import text

    for command in _READ_ONLY.get(connection.dialect.name, ()):
        connection.exec_driver_sql(command)
    # A colon in a query is no parameter of ours.
    result = connection.execution_options(stream_results=True).execute(text(statement.replace(":", "\\:")))
    header = [str(name).strip() for name in result.keys()]  # noqa: SIM118  # a method that is no dictionary's
    options = ((config.date_column, "data.date_column"), (config.value_column, "data.value_column"))
    dates, values = (position(shown, 0, header, name, option) for name, option in options)
    rows: list[Sequence[Any]] = []
    while batch := result.fetchmany(_CHUNK):
        rows += batch
        if len(rows) > _MOST_ROWS:
            raise DataError(shown, f"the query gives more than {_MOST_ROWS} rows", "aggregate in the query")
    connection.rollback()
    if not rows:
        raise DataError(shown, "the query gives no rows", "correct the query")
    columns = {name: _cells([row[i] for row in rows]) for i, name in enumerate(header)}
    others = {name: cells for i, (name, cells) in enumerate(columns.items()) if i not in (dates, values)}
    lines = np.arange(1, len(rows) + 1, dtype=np.int64)
    cells = list(columns.values())
    return RawTable(shown, cells[dates], cells[values], lines, lambda: others, len(rows), len(rows))


def _cells(values: list[Any]) -> pa.Array:
    """Return the column as Arrow's dates or numbers; as texts where a database mixes kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        texts = [one.isoformat() if isinstance(one, datetime.date) else one for one in values]
        return pa.array([None if one is None else str(one) for one in texts], pa.string())
