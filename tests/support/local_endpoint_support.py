"""A tiny real model, and the means to look at the processes of a deployment."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
from mlflow.models import ModelSignature
from mlflow.types.schema import ParamSchema, ParamSpec

from forecastops.adapters.model_artifact import save_model as save_model_folder
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster
from forecastops_local import lifecycle, loading
from forecastops_local.locks import holder
from forecastops_local.state import Layout

CLI = [str(Path(sys.executable).with_name("mlflow")), "deployments"]
# The same commands without the rest of `mlflow`, whose import takes seconds.
COMMANDS = [sys.executable, "-c", "from mlflow.deployments.cli import commands; commands()"]

_LOADER = '''
"""Loads a tiny model from a JSON file."""
import json
import os
import time

import pandas as pd


class Tiny:
    def __init__(self, spec):
        self.spec = spec

    def predict(self, model_input, params=None):
        horizon = (params or {})["horizon"]
        if horizon == 666:
            raise RuntimeError("broken inside " + __file__)
        if horizon == 667:
            return bytearray(1 << 30)
        if horizon == 13:
            time.sleep(1.0)
        if not 1 <= horizon <= 1000:
            raise ValueError(f"horizon must be from 1 to 1000, not {horizon}")
        return pd.DataFrame({"step": range(1, horizon + 1), "model": self.spec["name"]})


def _load_pyfunc(path):
    with open(path) as stream:
        spec = json.load(stream)
    time.sleep(spec["load_seconds"])
    if spec["broken"]:
        raise ValueError("the reference forecast differs")
    return Tiny(spec)
'''


def let_it_take_any_model(patch: pytest.MonkeyPatch) -> None:
    """Let the endpoints of this process, and of those it starts, load the tiny models, which forecastops never made."""
    folder = Path(__file__).with_name("unbound")
    patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
    spec = importlib.util.spec_from_file_location("unbound", folder / "sitecustomize.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    finders = sys.meta_path[:]
    spec.loader.exec_module(hook)
    sys.meta_path[:] = finders  # this process has imported them already
    for module, name in ((loading, "require_bound"), (loading, "load_verified"), (lifecycle, "binding_of")):
        patch.setattr(module, name, getattr(module, name))  # to be put back
        hook.unbind(module)


def save_model(root: Path, name: str, *, load_seconds: float = 0.0, broken: bool = False) -> str:
    """Save a model without any pickle in it; its path, which is its URI."""
    source = root / f"source-{name}"
    source.mkdir(parents=True)
    (source / "tiny_loader.py").write_text(_LOADER)
    (source / "spec.json").write_text(json.dumps({"name": name, "load_seconds": load_seconds, "broken": broken}))
    mlflow.pyfunc.save_model(
        str(root / name),
        loader_module="tiny_loader",
        data_path=str(source / "spec.json"),
        code_paths=[str(source / "tiny_loader.py")],
        signature=ModelSignature(params=ParamSchema([ParamSpec("horizon", "long", 7)])),
        pip_requirements=["mlflow"],
    )
    return str(root / name)


def save_forecaster(folder: Path) -> str:
    """Save a forecastops model of 98 days, estimated by nobody; its path, which is its URI."""
    days = pd.date_range("2014-02-23", periods=98, freq="D", name="date")
    season = np.tile([10.0, 12.0, 11.0, 13.0, 15.0, 8.0, 7.0], 14)
    noise = np.random.default_rng(0).normal(0.0, 1.0, len(days))
    params = {"const": 11.0, "ar.L1": 0.3, "ma.S.L7": 0.4, "sigma2": 4.0}
    seasonal = Arima((1, 0, 0), (0, 0, 1, 7), None, False, params)
    naive = Arima((0, 0, 0), (0, 1, 0, 7), None, False, {"sigma2": 4.0})
    values = pd.Series(season + noise, days, name="value")
    save_model_folder(Forecaster(Fit((seasonal, naive), "2014-05-31", True), values), folder)
    return str(folder)


def pids_of(layout: Layout) -> list[int]:
    """The live processes of a deployment, by the locks they hold."""
    files = [layout.supervisor, *(layout.servers.iterdir() if layout.servers.is_dir() else ())]
    return [pid for pid in map(holder, files) if pid]


def end_everything(home: Path) -> list[int]:
    """Kill whatever still runs under this home; those it had to kill."""
    killed = []
    for directory in (home / "endpoints").glob("[!.]*"):
        for pid in pids_of(Layout(directory)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed.append(pid)
    return killed


def stop_endpoints(home: Path) -> None:
    """End every process of that home's deployments at once, and remove them."""
    end_everything(home)
    shutil.rmtree(home / "endpoints", ignore_errors=True)


def eventually(condition: Callable[[], bool], seconds: float = 300) -> bool:
    """Whether the condition comes to hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def request_bytes(horizon: int = 1) -> bytes:
    """A whole HTTP request as it goes over the wire."""
    body = json.dumps({"inputs": [], "params": {"horizon": horizon}})
    lines = ["POST /invocations HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}"])
    return f"{head}\r\n\r\n{body}".encode()


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received
