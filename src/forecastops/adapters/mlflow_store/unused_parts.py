"""What MLflow imports along, and we do not use: for a process of our own, where it may wait until it is."""

from __future__ import annotations

from forecastops.core.deferred_imports import defer_imports

__all__ = ["defer_unused_parts"]

# Measured: more than half of `import mlflow`, by which most commands begin, where Azure's plugin is installed.
_MLFLOW = (
    "azureml.mlflow",  # its entry points are functions that import the rest when they are called
    "mlflow.gateway",
    "mlflow.genai",
    "mlflow.genai.datasets",
    "mlflow.genai.scorers",
    "mlflow.genai.scorers.online",
)
# A sixth of what is left. scipy lists all that numpy has, which imports what numpy itself imports on demand.
_BENEATH = (
    "alembic.autogenerate",
    "alembic.runtime.plugins",
    "mako.codegen",
    "mako.exceptions",  # with pygments, to colour them
    "mako.parsetree",
    "numpy.f2py",
    "numpy.testing",
    "psutil",
    "pydoc",
    "scipy._lib.array_api_compat.numpy",
    "sqlalchemy.dialects.mssql",
    "tomllib",
)
# Which class migrates a database is registered as its module is executed; SQLite's is always wanted.
_DATABASES = {
    f"alembic.ddl.{name}": f"sqlalchemy.dialects.{name}" for name in ("mssql", "mysql", "oracle", "postgresql")
}


def defer_unused_parts() -> None:
    """Have parts of MLflow, and of what it stands on, execute when something of them is asked for."""
    defer_imports((*_MLFLOW, *_BENEATH), until=_DATABASES)
