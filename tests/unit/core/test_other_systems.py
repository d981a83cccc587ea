"""Nothing but the local endpoint's package needs what only POSIX has."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# What the libraries need of the system has been decided once they are imported; then what Windows lacks is taken away
# and the name of the system changed, before anything of ours is imported.
_PROGRAM = """
import os, pkgutil, signal, sys, importlib
import click, filelock, jinja2, mlflow, mlflow.deployments, mlflow.pyfunc, numpy, pandas, pyarrow.parquet, pydantic
import asyncio, multiprocessing, smtplib
import matplotlib.backends.backend_agg, matplotlib.backends.backend_svg, matplotlib.figure
import scipy.stats, sqlalchemy, statsmodels.tsa.arima.model, yaml, uvicorn, starlette.applications
assert not any(name.startswith("forecastops") for name in sys.modules)
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"):
    sys.modules[name] = None
for name in ("fork", "forkpty", "setsid", "killpg", "pread", "pwrite", "getuid", "geteuid", "umask", "O_NOFOLLOW",
             "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY"):
    delattr(os, name)
for name in ("SIGKILL", "SIGHUP", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "alarm", "setitimer"):
    delattr(signal, name)
os.O_BINARY = os.O_NOINHERIT = 0
sys.platform = "win32"

import forecastops
for module in pkgutil.walk_packages(forecastops.__path__, "forecastops."):
    if not module.name.endswith("__main__") and not module.name.startswith("forecastops.adapters.local_endpoint"):
        importlib.import_module(module.name)
posix_only = sorted(name for name in sys.modules if name.startswith("forecastops_local"))
assert not posix_only, posix_only
print("all imported")
"""
_READ = """
from pathlib import Path
from forecastops.core.artifact_files import UnfitFileError, copy_files, read_file, read_tree
from forecastops.core.bounded_writes import bounded_writes
folder = Path(sys.argv[1])
assert read_tree(folder / "good") == {"a": b"1", "inner/b": b"22"}
assert read_file(folder, "good/inner/b") == b"22"
with bounded_writes():
    copied = copy_files(folder, "good", folder / "copy")
assert (copied / "inner" / "b").read_bytes() == b"22"
refused = 0
for name in ("link", "pipe", "good/../good/a", "inner-link/b"):
    try:
        read_file(folder, name)
    except UnfitFileError:
        refused += 1
for name in ("with-link", "with-pipe", "folder-link"):
    try:
        read_tree(folder / name)
    except UnfitFileError:
        refused += 1
print(refused)
"""
_TARGET = """
from forecastops_local.plugin import LocalEndpointClient
try:
    LocalEndpointClient("forecastops-local")
except mlflow.exceptions.MlflowException as error:
    print(error.message)
from forecastops.config_file import load_config
from forecastops.core.errors import EndpointError
from forecastops.usecases.serve import serving
try:
    serving(load_config(None))
except EndpointError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What one process prints that goes through all of it, since it has to import everything first."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "good" / "inner").mkdir(parents=True)
    (folder / "good" / "a").write_bytes(b"1")
    (folder / "good" / "inner" / "b").write_bytes(b"22")
    (folder / "link").symlink_to(folder / "good" / "a")
    (folder / "inner-link").symlink_to(folder / "good" / "inner")
    (folder / "folder-link").symlink_to(folder / "good")
    os.mkfifo(folder / "pipe")
    for name in ("with-link", "with-pipe"):
        (folder / name).mkdir()
    (folder / "with-link" / "x").symlink_to(folder / "good" / "a")
    os.mkfifo(folder / "with-pipe" / "x")
    command = [sys.executable, "-c", _PROGRAM + _READ + _TARGET, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout.splitlines()


def test_every_module_but_the_local_endpoints_is_imported_where_posix_is_missing(printed: list[str]) -> None:
    assert printed[0] == "all imported"


def test_artifacts_are_read_as_strictly_by_paths_as_by_descriptors(printed: list[str]) -> None:
    assert printed[1] == "7"


def test_the_local_endpoint_says_in_one_line_what_it_needs(printed: list[str]) -> None:
    by_mlflow, by_serve = printed[2:]
    assert by_mlflow.startswith("forecastops-local needs Linux or macOS")
    assert "WSL" in by_mlflow
    assert by_mlflow in by_serve
