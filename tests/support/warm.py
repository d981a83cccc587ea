"""What every forked command would otherwise do anew; imported last by the process that they are forked from.

A command imports late what only some commands need; MLflow reads its fifty migrations to know the newest one, and looks
through every installed package when it loads a model; SQLAlchemy makes each statement's text when it is first used. So
that process has trained, judged and looked once, by itself.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import pkgutil
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.store.db import utils
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore
from mlflow.utils import requirements_utils
from sqlalchemy.orm import configure_mappers

import forecastops as fo
import forecastops_local
from unsynced import wait_for_no_disk

_LATE = [
    "alembic.command",
    "alembic.config",
    "git",
    "model_signing.signing",
    "model_signing.verifying",
    "mlflow.store.model_registry.sqlalchemy_workspace_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "pandas.core.methods.to_dict",
    "pandas.io.formats.csvs",
    "pyarrow.pandas_compat",
    "sqlalchemy.dialects.mssql",
    "sqlalchemy.dialects.mysql",
    "sqlalchemy.dialects.sqlite",
    "statsmodels.base.covtype",
]


def _import_all() -> None:
    for name in _LATE:
        importlib.import_module(name)
    for package in (fo, forecastops_local):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def _use_once() -> None:
    """Train a small model, judge it, and ask for the champion, on a database of its own."""
    before, folder = dict(os.environ), Path(tempfile.mkdtemp(prefix="forecastops-warm-"))
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    os.environ |= {"MLFLOW_TRACKING_URI": uri, "FORECASTOPS_HOME": str(folder / "home")}
    place = os.getcwd()
    os.chdir(folder)
    try:
        engine = utils.create_sqlalchemy_engine(uri)
        utils._initialize_tables(engine)
        engine.dispose()
        model = {"selection": "fixed", "order": [0, 1, 0], "seasonal_order": [0, 0, 0, 0]}
        config = fo.load_config(overrides={"model": model, "evaluation": {"horizon": 3, "window": 14}})
        values = 100 + np.random.default_rng(0).normal(size=90)
        days = pd.Series(values, index=pd.date_range("2024-01-01", periods=len(values)))
        run = fo.train(days, config)
        fo.evaluate(run.run_id, config)
        fo.status(config)
        for store in (TrackingStore, RegistryStore):
            _share_statements(store, uri)
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder)


def _share_statements(store: Any, uri: str) -> None:
    """Let the engines that a child makes for SQLite know the statements that this process has made."""
    known = store._engine_map.pop(uri)
    known.dispose()

    def get_engine(cls: Any, uri: str) -> Any:
        if uri not in cls._engine_map:
            made = utils.create_sqlalchemy_engine_with_retry(uri)
            if made.dialect.name == "sqlite":
                made.dialect = made.pool._dialect = known.dialect
                made._compiled_cache = known._compiled_cache
            cls._engine_map[uri] = made
        return cls._engine_map[uri]

    store._get_or_create_engine = classmethod(get_engine)


wait_for_no_disk()
_import_all()
configure_mappers()
_database: Any = utils
_database._get_latest_schema_revision = functools.cache(utils._get_latest_schema_revision)
utils._get_latest_schema_revision()
requirements_utils._init_packages_to_modules_map()
_use_once()
assert threading.active_count() == 1, threading.enumerate()  # a child would miss the others, and wait for their locks
# What is never looked at again is never copied for the child's sake.
gc.collect()
gc.freeze()
