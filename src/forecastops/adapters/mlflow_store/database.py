"""Databases that MLflow is given directly: looked at before it is, since it makes and migrates them unasked."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.core.errors import RegistryError
from forecastops.core.identity import database_file

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["require_database"]

_SCHEMES = ("sqlite", "postgresql", "mysql", "mssql")
# As alembic writes them into each migration.
_REVISION = re.compile(r"""^revision = ["'](\w+)["']""", re.MULTILINE)
_REPLACED = re.compile(r"^down_revision = (.+)", re.MULTILINE)
_QUOTED = re.compile(r"""["'](\w+)["']""")


def require_database(uri: str, *, may_create: bool) -> None:
    """Refuse a database that is not there, cannot be written to, or was made by another MLflow; change nothing.

    MLflow would retry for minutes, make an empty database at a mistyped path, which has no champion to beat, or migrate
    one, after which the server of an older MLflow that shares it cannot start any more.

    Args:
        uri: of a tracking store or registry; one that is no database passes.
        may_create: whether MLflow may make the tables where there are none.

    Raises:
        RegistryError: naming the database and the way out.
    """
    if uri.partition(":")[0].partition("+")[0] not in _SCHEMES:
        return
    place = f"MLflow at {uri}"
    path = database_file(uri)
    if path is not None:
        _require_file(place, path, may_create=may_create)
        if not os.path.exists(path) or os.path.getsize(path) == 0:
            if not may_create:
                raise RegistryError(place, "there is nothing in it", "train first, or set MLFLOW_TRACKING_URI")
            return
    _require_schema(place, uri, path, may_create=may_create)


def _require_file(place: str, path: str, *, may_create: bool) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RegistryError(place, f"there is no folder {folder}", "correct the path, or make the folder")
    if not os.path.exists(path) and not may_create:
        raise RegistryError(place, "there is no such database", "train first, or set MLFLOW_TRACKING_URI")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise RegistryError(place, "it cannot be written to", "fix its permissions, or set MLFLOW_TRACKING_URI")


def _require_schema(place: str, uri: str, path: str | None, *, may_create: bool) -> None:
    """Compare the revision that the database says with those that the installed MLflow knows."""
    revision, tables = _look(uri, path)
    if not tables:
        if not may_create:
            raise RegistryError(place, "it holds no tables of MLflow", "train first, or set MLFLOW_TRACKING_URI")
        return
    if revision == _newest_revision():
        return
    from mlflow.version import VERSION

    found = f"its tables are of revision {revision or 'none'}"
    if revision is not None and not _is_known(revision):
        what = f"{found}, which this MLflow {VERSION} does not know: a newer one made them"
        raise RegistryError(place, what, "install that MLflow here, or set MLFLOW_TRACKING_URI to its server")
    what = f"{found}, of an older MLflow than the {VERSION} here, whose servers cannot use them once they are migrated"
    remedy = f"make a copy, bring every server that uses it to MLflow {VERSION}, and run `mlflow db upgrade {uri}`"
    raise RegistryError(place, what, f"{remedy}; or set MLFLOW_TRACKING_URI to its server")


def _look(uri: str, path: str | None) -> tuple[str | None, bool]:
    """Return the revision, and whether there are tables at all; SQLite's file is opened, never made."""
    import sqlalchemy

    if path is not None:
        # Not for reading only: where a writer was killed, whoever opens the file next has to undo its half transaction.
        engine = sqlalchemy.create_engine(f"sqlite:///file:{_quoted(path)}?mode=rw&uri=true")
    else:
        engine = sqlalchemy.create_engine(uri)
    try:
        return _revision(engine)
    finally:
        engine.dispose()


def _revision(engine: Engine) -> tuple[str | None, bool]:
    import sqlalchemy

    tables = sqlalchemy.inspect(engine).get_table_names()
    if "alembic_version" not in tables:
        # Before 1.0 there was none; other programs' tables are no concern of MLflow's.
        return None, "runs" in tables and "metrics" in tables
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
    return (None if found is None else str(found)), found is not None or len(tables) > 1


def _newest_revision() -> str:
    """Return the revision of the installed MLflow's own tables.

    Of its migrations only the text is read, where that says it: MLflow executes all of them to find it, which it does
    once more as it opens the database.
    """
    from mlflow.store.db import utils

    revisions: set[str] = set()
    replaced: set[str] = set()
    for path in Path(utils.__file__).parents[1].glob("db_migrations/versions/*.py"):
        text = path.read_text("utf-8")
        revisions.update(_REVISION.findall(text))
        replaced.update(word for line in _REPLACED.findall(text) for word in _QUOTED.findall(line))
    newest = revisions - replaced
    return newest.pop() if len(newest) == 1 else str(utils._get_latest_schema_revision())


def _is_known(revision: str) -> bool:
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
    from mlflow.store.db.utils import _get_alembic_config

    try:
        return ScriptDirectory.from_config(_get_alembic_config("")).get_revision(revision) is not None
    except CommandError:
        return False


def _quoted(path: str) -> str:
    """Return a path inside of SQLite's own kind of URI."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
