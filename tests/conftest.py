from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Command
from hypothesis import settings

# Machines differ in speed, and a slow one must not fail a property that holds; every run tries the same examples.
settings.register_profile("forecastops", deadline=None, derandomize=True)
settings.load_profile("forecastops")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real series beside the repository; tests that need it skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real series at {folder}")
    return folder


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with its tables made, to be copied: making them takes seconds."""
    from mlflow.store.db.utils import _initialize_tables
    from sqlalchemy import create_engine

    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    engine = create_engine(f"sqlite:///{path}")
    _initialize_tables(engine)
    engine.dispose()
    return path


@pytest.fixture()
def forecastops(tmp_path: Path, empty_database: Path) -> Iterator[Command]:
    """The command, in a folder with its own tracking database, registry and local endpoints."""
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "FORECASTOPS"))}
    environment = kept | {
        "FORECASTOPS_HOME": str(tmp_path / "home"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
    }
    command = Command(tmp_path, environment)
    yield command
    _stop_endpoints(tmp_path / "home")


def _stop_endpoints(home: Path) -> None:
    from mlflow.deployments import get_deploy_client

    before = os.environ.get("FORECASTOPS_HOME")
    os.environ["FORECASTOPS_HOME"] = str(home)
    try:
        client = get_deploy_client("forecastops-local")
        for deployment in client.list_deployments():
            client.delete_deployment(deployment["name"])
    finally:
        if before is None:
            del os.environ["FORECASTOPS_HOME"]
        else:
            os.environ["FORECASTOPS_HOME"] = before
