"""What every forked command would otherwise do anew; imported last by the process that they are forked from.

A command imports late what only some commands need; MLflow reads its fifty migrations to know the newest one, and looks
through every installed package when it loads a model.
"""

from __future__ import annotations

import functools
import gc
import importlib
from typing import Any

from mlflow.store.db import utils
from mlflow.utils import requirements_utils
from sqlalchemy.orm import configure_mappers

_LATE = [
    "alembic.command",
    "alembic.config",
    "forecastops_local.plugin",
    "git",
    "model_signing.signing",
    "model_signing.verifying",
    "mlflow.store.model_registry.sqlalchemy_workspace_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "pandas.io.formats.csvs",
    "pyarrow.pandas_compat",
    "sqlalchemy.dialects.mssql",
    "sqlalchemy.dialects.mysql",
    "sqlalchemy.dialects.sqlite",
    "statsmodels.base.covtype",
]

for _name in _LATE:
    importlib.import_module(_name)
configure_mappers()
_database: Any = utils
_database._get_latest_schema_revision = functools.cache(utils._get_latest_schema_revision)
utils._get_latest_schema_revision()
requirements_utils._init_packages_to_modules_map()
# What is never looked at again is never copied for the child's sake.
gc.collect()
gc.freeze()
