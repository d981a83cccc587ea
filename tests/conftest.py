from __future__ import annotations

import os

from repository import SHARED

# Threads fight over matrices as small as ours; numpy reads this when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import fcntl
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from examples import QUICK
from shared_forks import SHARED_BY_WORKERS

# What imports MLflow is imported by the fixtures that need it: the tests of what is pure do not wait for it.
if TYPE_CHECKING:
    from browser import Browser
    from command import Command
    from standin.workspace import Workspace
    from workshop import Stage, Workshop

# Machines differ in speed, and a slow one must not fail a property that holds; every run tries the same examples.
settings.register_profile("forecastops", deadline=None, derandomize=True)
settings.register_profile("quick", settings.get_profile("forecastops"), max_examples=QUICK)
settings.load_profile("forecastops")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder that all workers share, by the process that starts them."""
    if SHARED_BY_WORKERS not in os.environ:
        folder = tempfile.mkdtemp(prefix="forecastops-tests-")
        os.environ[SHARED_BY_WORKERS] = folder

        def clean_up() -> None:
            os.environ.pop(SHARED_BY_WORKERS, None)
            shutil.rmtree(folder, ignore_errors=True)

        config.add_cleanup(clean_up)


_LONGEST = (
    "test_interruptions_postgresql_rollback",
    "test_interruptions_postgresql",
    "test_azure_endpoints",
    "test_interruptions",
    "test_model_environment",
    "test_renew",
    "test_azure_tracking",
    "test_azureml_pipeline",
    "test_notebook",
    "test_report_page",
    "test_backtest",
    "test_interruptions_hold",
    "test_pipeline",
    "test_interruptions_renewal",
    "test_promotion",
    "test_local_endpoint",
    "test_estimation",
    "test_signing",
    "test_verified_files",
    "test_registry_respect",
    "test_server_faults",
    "test_secrets",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: _LONGEST.index(item.path.stem) if item.path.stem in _LONGEST else len(_LONGEST))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real series beside the repository; tests that need it skip where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"no real series at {folder}")
    return folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker to need it makes, for all of them."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, made = root / name, root / f"{name}.made"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with its tables made, to be copied: making them takes seconds."""
    return made_once(tmp_path_factory, "database", make_database) / "mlflow.db"


def make_database(folder: Path) -> None:
    """Make an empty one there."""
    from mlflow.store.db.utils import _initialize_tables
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{folder / 'mlflow.db'}")
    _initialize_tables(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Workshop:
    """Trained runs, to be copied."""

    from command import Command, new_command
    from workshop import Workshop

    def make(folder: Path) -> None:
        built = Workshop.build(new_command(folder, empty_database))
        (folder / "runs.json").write_text(json.dumps([built.first, built.second, built.third]))

    folder = made_once(tmp_path_factory, "trained", make)
    first, second, third = json.loads((folder / "runs.json").read_text())
    return Workshop(Command(folder, {}), first, second, third, f"sqlite:///{folder / 'mlflow.db'}")


@pytest.fixture
def forecastops(tmp_path: Path, empty_database: Path) -> Iterator[Command]:
    """The command, in a folder with its own tracking database, registry and local endpoints."""
    from command import new_command
    from local_endpoint_support import stop_endpoints

    yield new_command(tmp_path, empty_database)
    stop_endpoints(tmp_path / "home")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, trained: Workshop) -> Iterator[Workshop]:
    """Trained runs that the tests of a module share, each with a registered model of its own."""
    from command import new_command
    from local_endpoint_support import stop_endpoints

    folder = tmp_path_factory.mktemp("workshop")
    yield trained.copied(new_command(folder, trained.forecastops.folder / "mlflow.db"))
    stop_endpoints(folder / "home")


@pytest.fixture
def stage(workshop: Workshop, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A model without versions, named after the test; this process sees the same tracking server and endpoints."""
    from local_endpoint_support import stop_endpoints

    for name in ("FORECASTOPS_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, workshop.forecastops.environment[name])
    yield workshop.stage(re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:100].rstrip("-"))
    stop_endpoints(workshop.forecastops.folder / "home")


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Workspace]:
    """A stand-in for an Azure ML workspace, for the tests of a module."""
    from standin.workspace import workspace

    with workspace(tmp_path_factory.mktemp("azure"), empty_database) as found:
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Headless Chromium, whose screenshots (``browser.screenshot``) stay in a folder of pytest's."""
    from browser import chromium

    with chromium(tmp_path_factory.mktemp("screenshots")) as found:
        yield found
