"""A trained model where only its own requirements are installed: it loads, and forecasts as it did at training."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient

from command import Command
from forecastops.adapters.model_artifact import folder_sha256
from forecastops.core.signatures import Trusted
from forecastops.forecasting.artifact import verified_model
from local_endpoint_support import save_forecaster

HORIZON, LEVELS = 30, [50, 80, 95]
FILES = {
    "MLmodel",
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    "code/forecastops_model.py",
    "data/forecaster/model.json",
    "data/forecaster/series.csv",
}
# What a stranger with the model's folder runs.
PROGRAM = """
import importlib.util, json, sys
assert importlib.util.find_spec("forecastops") is None, "forecastops is importable"
import mlflow
model = mlflow.pyfunc.load_model(sys.argv[1])
table = model.predict([], params={"horizon": int(sys.argv[2]), "levels": json.loads(sys.argv[3])})
assert "forecastops" not in sys.modules
print(json.dumps({"python": sys.version_info[:2], "rows": table.to_dict("records")}))
"""


def model_folder(forecastops: Command) -> Path:
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    made = forecastops.ok("train", "--data", "data/transaction_ts.csv")
    run = MlflowClient(forecastops.environment["MLFLOW_TRACKING_URI"]).get_run(made["run_id"])
    return Path(run.info.artifact_uri.removeprefix("file://")) / "model"


def run(arguments: list[str], **rest: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False, **rest)


def interpreter() -> str:
    """Python 3.10, which the model's environment names, where this machine has one; else the one that runs this."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for candidate in [shutil.which("python3.10"), *pyenv.glob("versions/3.10.*/bin/python3.10")]:
        version = (
            run([str(candidate), "-c", "import ensurepip, sys; print(*sys.version_info[:2])"]) if candidate else None
        )
        if version is not None and version.stdout.split() == ["3", "10"]:
            return str(candidate)
    return sys.executable


def installer(python: Path) -> list[str]:
    """The command that installs for that interpreter; uv, which `make` installs, needs a twentieth of pip's time."""
    uv = Path(sys.executable).with_name("uv")
    # Whoever configures pip, and not uv, has a registry that uv does not know of.
    if uv.exists() and not any(name.startswith("PIP_") and "INDEX" in name for name in os.environ):
        return [str(uv), "pip", "install", "-q", "--python", str(python)]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install"]
    return [*pip, "-q", "--no-input", "--disable-pip-version-check", "--no-compile", "--retries", "2"]


def fresh_environment(folder: Path, requirements: Path) -> Path:
    """The interpreter of a new virtual environment that holds the requirements; skips where no registry answers."""
    made = run([interpreter(), "-m", "venv", "--without-pip", str(folder)])
    assert made.returncode == 0, made.stderr
    python = folder / "bin/python"
    installed = run([*installer(python), "-r", str(requirements)])
    if installed.returncode != 0:
        of_pip = ("Max retries exceeded", "NewConnectionError", "ConnectTimeoutError", "from versions: none")
        of_uv = ("Failed to fetch", "error sending request")
        if any(sign in installed.stderr for sign in (*of_pip, *of_uv)):
            pytest.skip(f"pip reaches no package registry: {installed.stderr.strip().splitlines()[-1]}")
        pytest.fail(installed.stderr)
    return python


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Path]:
    """Where the environment goes; removed afterwards, because it holds hundreds of megabytes."""
    yield tmp_path / "environment"
    shutil.rmtree(tmp_path / "environment", ignore_errors=True)


def test_a_model_takes_nothing_from_the_folder_where_it_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"uv.lock": "version = 1", "pyproject.toml": "[project]", "requirements.txt": "pandas"}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    model = Path(save_forecaster(tmp_path / "model"))
    assert {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()} == FILES
    verified_model(model, folder_sha256(model), Trusted(), None, "the model")


def test_a_model_needs_nothing_but_its_own_requirements(
    forecastops: Command, tmp_path: Path, environment: Path
) -> None:
    trained = model_folder(forecastops)
    expected = (
        verified_model(trained, folder_sha256(trained), Trusted(), None, "the model")
        .forecast(HORIZON, tuple(LEVELS))
        .to_dict("records")
    )
    # Elsewhere, as a container has it.
    model = Path(shutil.copytree(trained, tmp_path / "elsewhere/model"))

    files = {path.relative_to(model).as_posix(): path.read_bytes() for path in model.rglob("*") if path.is_file()}
    size = sum(map(len, files.values()))
    print(f"the model: {len(files)} files, {size} bytes, {size / 305:.0f} for each observation")  # noqa: T201
    assert size < 80_000  # of four members, a sixth of it their states
    assert files.keys() == FILES
    assert [name for name, content in files.items() if content[:1] == b"\x80" or b"\0" in content] == []  # text, all
    json.loads(files["data/forecaster/model.json"])
    flavors = yaml.safe_load(files["MLmodel"])["flavors"]
    assert flavors.keys() == {"python_function"}
    assert "cloudpickle" not in str(flavors)

    begun = time.monotonic()
    python = fresh_environment(environment, model / "requirements.txt")
    print(f"its environment: {time.monotonic() - begun:.0f} s")  # noqa: T201
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "PYTHON", "FORECASTOPS"))
    }
    strict = {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    result = run(
        [str(python), "-c", PROGRAM, str(model), str(HORIZON), json.dumps(LEVELS)],
        cwd=tmp_path / "elsewhere",
        env=kept | strict | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/none.db"},
    )
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    print(f"loaded by Python {'.'.join(map(str, answer['python']))}")  # noqa: T201
    rows = answer["rows"]
    assert [row["date"] for row in rows] == [row["date"] for row in expected]
    for found, wanted in zip(rows, expected, strict=True):
        assert found.keys() == wanted.keys()
        numbers = {key: value for key, value in wanted.items() if key != "date"}
        assert {key: found[key] for key in numbers} == pytest.approx(numbers, rel=1e-9)
