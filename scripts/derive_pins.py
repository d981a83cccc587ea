"""Write both conda files and the models' own requirements from requirements.lock: versions come from one place."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
CONDA = ROOT / "conda.yaml"
AZURE = ROOT / "azureml/conda.yaml"
SERVING = ROOT / "src/forecastops/adapters/serving_requirements.txt"

_MADE = "# Made by `make lock` from requirements.lock; do not edit.\n"
_EXACT = ("azureml-mlflow", "mlflow")  # shown in conda.yaml by name: they only work as this pair
_SERVING = ("mlflow", "numpy", "pandas", "scipy", "statsmodels")


def pins(names: tuple[str, ...]) -> list[str]:
    """The lock's lines for these packages, with their markers."""
    lines = locked()
    return [line for name in names for line in lines if re.match(rf"{re.escape(name)}==", line)]


def locked() -> list[str]:
    """All of the lock's lines, without its comments."""
    return [line for line in LOCK.read_text("utf-8").splitlines() if re.match(r"[a-z]", line)]


def conda(name: str, lines: list[str]) -> str:
    """A conda environment in which pip installs these."""
    pip = "".join(f"      - {line}\n" for line in lines)
    return f"{_MADE}name: {name}\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n{pip}"


def main() -> None:
    """Write the three files."""
    CONDA.write_text(conda("forecastops", [*pins(_EXACT), "-r requirements.lock", "-e ."]), encoding="utf-8")
    # Azure ML builds an environment from the conda file alone: it can name no other file.
    AZURE.write_text(conda("forecastops-job", locked()), encoding="utf-8")
    serving = "\n".join(pins(_SERVING))
    SERVING.write_text(f"{_MADE}{serving}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
