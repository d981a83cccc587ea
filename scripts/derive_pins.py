"""Write the conda files and the models' own requirements from the locks: versions come from one place.

Usage: derive_pins.py UV, the program that knows which file of a release a platform installs.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
CONDA = ROOT / "conda.yaml"
AZURE = ROOT / "azureml/conda.yaml"
PARALLEL_LOCK = ROOT / "requirements-parallel.lock"
PARALLEL = ROOT / "azureml/parallel/conda.yaml"
SERVING = ROOT / "src/forecastops/adapters/serving_requirements.txt"

_MADE = "# Made by `make lock` from {}; do not edit.\n"
_SERVING = ("mlflow", "numpy", "pandas", "scipy", "statsmodels")
_PYTHON = "3.11"
_PLATFORM = "x86_64-manylinux_2_28"  # of Azure ML's computes


def pins(names: tuple[str, ...]) -> list[str]:
    """Return the lock's lines for these packages, with their markers."""
    lines = locked()
    return [line for name in names for line in lines if re.match(rf"{re.escape(name)}==", line)]


def locked() -> list[str]:
    """Return all of the lock's lines, without comments and hashes."""
    lines = LOCK.read_text("utf-8").splitlines()
    return [line.removesuffix("\\").rstrip() for line in lines if re.match(r"[a-z]", line)]


def locked_files(uv: str, lock: Path = LOCK) -> list[str]:
    """Return what a lock installs on Azure ML's computes: each package with the hashes of the files that fit."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "pylock.toml"
        platform = ["--python-version", _PYTHON, "--python-platform", _PLATFORM]
        options = ["-q", "--format", "pylock.toml", "--no-deps", "--generate-hashes", "--output-file", str(found)]
        subprocess.run([uv, "pip", "compile", *platform, *options, str(lock)], check=True)
        packages = toml.loads(found.read_text("utf-8"))["packages"]
    return [_with_hashes(package) for package in packages]


def conda(name: str, lines: list[str], note: str = "", lock: Path = LOCK) -> str:
    """Return a conda environment in which pip installs these."""
    pip = "".join(f"      - {line}\n" for line in lines)
    head = f"{_MADE.format(lock.name)}{note}name: {name}\nchannels:\n  - conda-forge\n"
    return f"{head}dependencies:\n  - python={_PYTHON}\n  - pip\n  - pip:\n{pip}"


def main() -> None:
    """Write the four files."""
    note = "# Without hashes: pip takes none beside a project that is installed as it lies here.\n"
    CONDA.write_text(conda("forecastops", [*locked(), "-e ."], note), encoding="utf-8")
    # Azure ML builds an environment from the conda file alone: it can name no other file.
    AZURE.write_text(conda("forecastops-job", locked_files(sys.argv[1])), encoding="utf-8")
    parallel = conda("forecastops-parallel", locked_files(sys.argv[1], PARALLEL_LOCK), lock=PARALLEL_LOCK)
    PARALLEL.write_text(parallel, encoding="utf-8")
    serving = "\n".join(pins(_SERVING))
    SERVING.write_text(f"{_MADE.format(LOCK.name)}{serving}\n", encoding="utf-8")


def _with_hashes(package: dict[str, Any]) -> str:
    files = package.get("wheels") or [package["sdist"]]
    hashes = sorted(file["hashes"]["sha256"] for file in files)
    return " ".join([f"{package['name']}=={package['version']}", *(f"--hash=sha256:{one}" for one in hashes)])


if __name__ == "__main__":
    main()
